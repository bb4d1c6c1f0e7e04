"""Contracts of several parties for tests: laid out, sealed in turn, and attacked."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from seals.layout import (
    Attachment,
    FieldKind,
    Fill,
    FillKind,
    Frozen,
    FrozenField,
    Layout,
    Seam,
    Slot,
    freeze,
    prepare_slot,
    seal_slot,
)
from seals.placement import AtPosition, Invisible
from seals.signing import Level, Sealed, SealingKey, seal_pdf
from tests.support.seal_fonts import sans
from tests.support.sealing import NOW, PICTURE, make_leaf, make_pdf, pki
from tests.support.signed_pdfs import private
from verify.pdf import check_pdf
from verify.report import Report, SignatureReport
from verify.trust import Trust

STATEMENT = "我已知晓内容并同意签署"
PARTIES = ("甲方", "乙方", "丙方")
LATER: Final = NOW + timedelta(hours=3)  # clients of another make know no clock but the present; a suite takes its time


@cache
def party_key(name: str) -> SealingKey:
    return pki().key(name=name)


def text_fill(name: str = "备注", **more: Any) -> Fill:
    given: dict[str, Any] = {
        "kind": FillKind.TEXT,
        "page": 1,
        "x_mm": 20,
        "y_mm": 20,
        "width_mm": 60,
        "height_mm": 8,
    }
    return Fill(name=name, **(given | more))


def party_slot(number: int, **more: Any) -> Slot:
    """A slot with a visible seal at the foot of the last page and a seam seal, apart from those of the others."""
    given: dict[str, Any] = {
        "spots": (AtPosition(page=-1, x_mm=40 + 55 * number, y_mm=250),),
        "seam": Seam(y_mm=40 + 60 * number),
    }
    return Slot(name=PARTIES[number], **(given | more))


@dataclass(slots=True)
class Contract:
    """A document under way. Every act replaces `data`."""

    data: bytes
    frozen: Frozen
    steps: list[Sealed] = field(default_factory=list)

    def seal(self, slot: str, *, values: Mapping[str, str] | None = None, **more: Any) -> Sealed:
        target = io.BytesIO()
        given: dict[str, Any] = {
            "slot": slot,
            "frozen": self.frozen,
            "key": party_key(slot),
            "picture": PICTURE,
            "values": values or {},
            "font": sans(),
            "first": not self.steps and len(self.data) == self.frozen.size,
            "level": Level.B_B,
            "timestamper": pki().timestamper,
            "revocation": pki().revocation,
            "now": NOW,
        }
        sealed = seal_slot(io.BytesIO(self.data), target, **(given | more))
        self.data = target.getvalue()
        self.steps.append(sealed)
        return sealed

    def prepare(self, slot: str, values: Mapping[str, str] | None = None) -> bytes:
        target = io.BytesIO()
        given = values or {}
        digest = prepare_slot(
            io.BytesIO(self.data), target, slot=slot, frozen=self.frozen, picture=PICTURE, values=given, font=sans(),
            now=NOW,
        )  # fmt: skip
        self.data = target.getvalue()
        return digest

    def attack(self, slot: str, change: Callable[[IncrementalPdfFileWriter], None]) -> None:
        """The party signs its slot, and does in the same revision what it likes."""
        target = io.BytesIO()
        seal_pdf(
            io.BytesIO(self.data), target, key=party_key(slot), placement=Invisible(), picture=None, level=Level.B_B,
            now=NOW, field=self.signature(slot).name, prepare=change,
        )  # fmt: skip
        self.data = target.getvalue()

    def fields(self, slot: str, kind: FieldKind) -> list[FrozenField]:
        return [one for one in self.frozen.of(slot) if one.kind is kind]

    def signature(self, slot: str) -> FrozenField:
        return self.fields(slot, FieldKind.SIGNATURE)[0]

    def report(self) -> Report:
        crls = tuple(one.crl() for one in (pki().root, pki().seal_ca))
        return check_pdf(io.BytesIO(self.data), Trust(anchors=(pki().root.certificate,), crls=crls), now=LATER)

    def of(self, slot: str) -> SignatureReport:
        name = self.signature(slot).name
        return next(one for one in self.report().signatures if one.field == name)


def contract(*slots: Slot, pages: int = 3, document: bytes | None = None, attachments: Any = ()) -> Contract:
    """Lay out a document; three parties with seam seals if nothing else is said."""
    target = io.BytesIO()
    layout = Layout(slots=slots or tuple(party_slot(number) for number in range(3)))
    frozen = freeze(io.BytesIO(document or make_pdf(pages)), target, layout, attachments=attachments)
    return Contract(target.getvalue(), frozen)


def mandate() -> Attachment:
    return Attachment(name="授权书.json", media_type="application/json", data=b'{"grantor":"A"}', description="mandate")


def sign_with_pyhanko(document: bytes, name: str, *, certify: bool = False) -> bytes:
    """Sign the field with a client of another make."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_leaf(pki().seal_ca, "Own client", key)
    store = SimpleCertificateStore()
    store.register(asn1_x509.Certificate.load(pki().seal_ca.certificate.public_bytes(Encoding.DER)))
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=private(key),
        cert_registry=store,
    )
    metadata = signers.PdfSignatureMetadata(field_name=name, subfilter=fields.SigSeedSubFilter.PADES, certify=certify)
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    signed: bytes = signers.PdfSigner(metadata, signer=signer).sign_pdf(writer).getvalue()
    return signed
