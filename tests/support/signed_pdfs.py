"""PDFs signed by pyHanko's own signers, so that the tests of checking need nothing of ours but the check."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import asyncio
import io
from collections.abc import Callable, Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from asn1crypto import crl as asn1_crl
from asn1crypto import keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.support.check_pki import NOW, Authority, Key, der, pki

PLAIN = b"BT /F1 24 Tf 72 700 Td (Party A pays 100) Tj ET"


def make_pdf(pages: int = 1, *, text_field: bool = False, signature_fields: Iterable[str] = ()) -> bytes:
    """A small PDF, perhaps with a text field named `amount` and empty signature fields."""
    writer = PdfFileWriter(stream_xrefs=False)
    font = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type1"),
            pdf_name("/BaseFont"): pdf_name("/Helvetica"),
        }
    )
    resources = generic.DictionaryObject(
        {pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F1"): writer.add_object(font)})}
    )
    for _ in range(pages):
        stream = writer.add_object(generic.StreamObject(stream_data=PLAIN))
        writer.insert_page(PageObject(contents=stream, media_box=(0, 0, 595, 842), resources=resources))
    if text_field:
        _add_text_field(writer)
    for named in signature_fields:
        fields.append_signature_field(writer, fields.SigFieldSpec(named, box=(10, 10, 110, 60)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _add_text_field(writer: PdfFileWriter) -> None:
    appearance = writer.add_object(form_xobject(b"q Q"))
    page = writer.root["/Pages"]["/Kids"][0]
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.TextStringObject("amount"),
                pdf_name("/V"): generic.TextStringObject("100"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (72, 600, 272, 620))),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): appearance}),
            }
        )
    )
    page[pdf_name("/Annots")] = generic.ArrayObject([field])
    form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([field])})
    writer.root[pdf_name("/AcroForm")] = writer.add_object(form)


def form_xobject(content: bytes) -> generic.StreamObject:
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 20)))
    entries = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): box,
    }
    return generic.StreamObject(entries, stream_data=content)


def signer_of(one: Authority, *others: Authority) -> signers.SimpleSigner:
    store = SimpleCertificateStore()
    store.register_multiple([asn1.Certificate.load(der(other.certificate)) for other in (*others, pki().ca)])
    return signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(der(one.certificate)), signing_key=private(one.key), cert_registry=store
    )


def private(key: Key) -> Any:
    encoded = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return keys.PrivateKeyInfo.load(encoded)


def stamper(one: Authority | None = None, *, at: datetime = NOW) -> DummyTimeStamper:
    own = one or pki().stamper
    store = SimpleCertificateStore()
    store.register_multiple([asn1.Certificate.load(der(pki().ca.certificate))])
    return DummyTimeStamper(
        tsa_cert=asn1.Certificate.load(der(own.certificate)),
        tsa_key=private(own.key),
        certs_to_embed=store,
        fixed_dt=at,
    )


def sign(
    document: bytes,
    *,
    by: Authority | None = None,
    field: str = "Seal1",
    stamped: datetime | None = None,
    pades: bool = True,
    certify: fields.MDPPerm | None = None,
    lock: fields.FieldMDPSpec | None = None,
    digest: str = "sha256",
    signer: signers.Signer | None = None,
    stamp_by: Authority | None = None,
    claimed: datetime = NOW,
) -> bytes:
    """Sign in a new revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    if lock is not None:
        fields.append_signature_field(writer, fields.SigFieldSpec(field, field_mdp_spec=lock))
    permissions: dict[str, Any] = {} if certify is None else {"docmdp_permissions": certify}
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=digest,
        subfilter=fields.SigSeedSubFilter.PADES if pades else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=certify is not None,
        **permissions,
    )
    pdf_signer = signers.PdfSigner(
        metadata,
        signer=signer or signer_of(by or pki().signer),
        timestamper=None if stamped is None else stamper(stamp_by, at=stamped),
    )
    with mock.patch("pyhanko.sign.signers.pdf_signer.datetime", _clock(claimed)):
        out = pdf_signer.sign_pdf(writer, in_place=False)
    data: bytes = out.getvalue()
    return data


def _clock(moment: datetime) -> type[datetime]:
    """PyHanko reads the computer's clock; this one stands still."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override] # stands still, whatever the class
            return moment if tz is None else moment.astimezone(tz)

    return Clock


def add_store(
    document: bytes, *, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = (), certificates: Iterable[Authority] = ()
) -> bytes:
    """Add a document security store in a revision of its own."""
    out = io.BytesIO(document)
    DocumentSecurityStore.add_dss(
        out,
        None,
        certs=[asn1.Certificate.load(der(one.certificate)) for one in certificates],
        crls=[asn1_crl.CertificateList.load(one) for one in crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in ocsps],
    )
    return out.getvalue()


def stamp_document(document: bytes, *, at: datetime, by: Authority | None = None, field: str = "Stamp1") -> bytes:
    """Add a document time-stamp in a revision of its own."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    out = signers.PdfTimeStamper(stamper(by, at=at), field_name=field).timestamp_pdf(writer, md_algorithm="sha256")
    data: bytes = out.getvalue()
    return data


def update(document: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Change a document in a new revision, as any editor would."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def sign_with(document: bytes, subfilter: str, container: Callable[[bytes], Any], *, digest: str = "sha256") -> bytes:
    """Sign with a container of one's own: `container` makes it of the digest of the byte range."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    steps = PdfCMSEmbedder().write_cms("Own", writer)
    next(steps)
    kind: Any = SimpleNamespace(value=pdf_name(subfilter))
    steps.send(SigObjSetup(PdfSignedData(obj_type=pdf_name("/Sig"), subfilter=kind, bytes_reserved=16000)))
    prepared, output = steps.send(SigIOSetup(md_algorithm=digest, in_place=True))
    made = container(prepared.document_digest)
    steps.send(made if isinstance(made, bytes) else made.dump())
    output.seek(0)
    data: bytes = output.read()
    return data


def wrapped(content: bytes, *, detached: bool = False) -> Any:
    """A CMS of pyHanko's over `content`."""
    maker = signer_of(pki().signer).async_sign_general_data(content, "sha256", detached=detached)
    return asyncio.run(maker)
