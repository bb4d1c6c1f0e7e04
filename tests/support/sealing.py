"""A small PKI for sealing tests: root, seal CA, service CA, a seal, a time-stamper and a source of evidence."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol

from asn1crypto import algos, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm
from seals.errors import EvidenceError
from seals.model import FormXObject
from seals.placement import Invisible
from seals.ports import Evidence
from seals.signing import Level, Sealed, SealingKey, seal_pdf
from tests.support.keys import MemorySigner, make_key, rsa_key
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS

NOW = datetime.now(UTC).replace(microsecond=0)  # the judges have no other clock than this one

PICTURE = FormXObject(
    content=b"0.784 0.086 0.114 RG 4 w 2 2 115.04 115.04 re S 0.784 0.086 0.114 rg 40 40 30 30 re f",
    width_mm=42,
    height_mm=42,
)


class Keyed(Protocol):
    """A private key, or a signer: what a certificate can be made for."""

    def public_key(self) -> PublicKey: ...


@dataclass(frozen=True, slots=True)
class Ca:
    """A certificate authority of the tests."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def crl(self, revoked: Sequence[x509.Certificate] = (), *, now: datetime = NOW) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=7))
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "朱砂测试有限公司"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(**named: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    return x509.KeyUsage(**(every | named))


def _builder(subject: x509.Name, issuer: x509.Name, key: Keyed, issuer_key: Keyed) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )


def make_ca(common: str, parent: Ca | None = None) -> Ca:
    key = ec.generate_private_key(ec.SECP384R1())
    issuer_name, issuer_key = (parent.certificate.subject, parent.key) if parent else (_name(common), key)
    certificate = (
        _builder(_name(common), issuer_name, key, issuer_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuer_key, hashes.SHA384())
    )
    return Ca(certificate=certificate, key=key)


def make_leaf(ca: Ca, common: str, key: Keyed, *, timestamping: bool = False) -> x509.Certificate:
    builder = _builder(_name(common), ca.certificate.subject, key, ca.key).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    if timestamping:
        builder = builder.add_extension(_usage(digital_signature=True), critical=True).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
    else:
        builder = builder.add_extension(_usage(content_commitment=True), critical=True)
    return builder.sign(ca.key, hashes.SHA384())


@dataclass
class LocalTimeStamper:
    """A real RFC 3161 authority in the process. `padding` makes its tokens larger than its certificates promise."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    time: datetime = NOW
    padding: int = 0
    asked: list[bytes] = field(default_factory=list)

    def certificates(self) -> Sequence[x509.Certificate]:
        return (self.certificate, *self.chain)

    def stamp(self, digest: bytes, digest_name: str) -> bytes:
        self.asked.append(digest)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.32473.7.1.4",
                "message_imprint": {
                    "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest_name}),
                    "hashed_message": digest,
                },
                "serial_number": len(self.asked),
                "gen_time": core.GeneralizedTime(self.time),
                "nonce": 1 << (8 * self.padding) if self.padding else 7,
            }
        ).dump()
        return cms.signed_data(
            content_type=cms.ID_TST_INFO,
            content=info,
            message_digest=hashlib.sha256(info).digest(),
            digest_name="sha256",
            signer_certificate=self.certificate,
            certificates=[one.public_bytes(Encoding.DER) for one in self.certificates()[:2]],
            signature_algorithm=SIGNATURE_ALGORITHMS["ecdsa-sha256"],
            sign=lambda data: self.key.sign(data, ec.ECDSA(hashes.SHA256())),
        )


@dataclass
class LocalRevocation:
    """Evidence by CRL from every CA; for certificates of `by_ocsp` by OCSP instead. `revoked` are revoked."""

    authorities: tuple[Ca, ...]
    by_ocsp: tuple[x509.Certificate, ...] = ()
    revoked: tuple[x509.Certificate, ...] = ()
    now: datetime = NOW

    def evidence(self, chain: Sequence[x509.Certificate]) -> Evidence:
        crls, responses = [], []
        for one in chain:
            if one.issuer == one.subject:
                continue
            ca = next((ca for ca in self.authorities if ca.certificate.subject == one.issuer), None)
            if ca is None:
                raise EvidenceError(one.subject.rfc4514_string())
            if one in self.by_ocsp:
                responses.append(self._response(ca, one))
            else:
                crls.append(_crl(ca, self.revoked, self.now))
        return Evidence(ocsp_responses=tuple(responses), crls=tuple(crls))

    def _response(self, ca: Ca, certificate: x509.Certificate) -> bytes:
        bad = certificate in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate,
            ca.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.REVOKED if bad else ocsp.OCSPCertStatus.GOOD,
            self.now,
            self.now + timedelta(days=1),
            self.now if bad else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ca.certificate)
        return builder.sign(ca.key, hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def _crl_of(certificate: x509.Certificate, key: int, revoked: tuple[x509.Certificate, ...], now: datetime) -> bytes:
    return Ca(certificate=certificate, key=_KEYS[key]).crl(revoked, now=now)


_KEYS: dict[int, ec.EllipticCurvePrivateKey] = {}


def _crl(ca: Ca, revoked: tuple[x509.Certificate, ...], now: datetime) -> bytes:
    """The same bytes for the same question: an authority publishes one CRL, not one per request."""
    _KEYS[id(ca.key)] = ca.key
    return _crl_of(ca.certificate, id(ca.key), revoked, now)


@dataclass(frozen=True, slots=True)
class Pki:
    """All of it."""

    root: Ca
    seal_ca: Ca
    service_ca: Ca
    timestamper: LocalTimeStamper
    revocation: LocalRevocation

    def key(
        self, spec: KeySpec = KeySpec.EC_P256, algorithm: SignatureAlgorithm | None = None, *, name: str = "合同专用章"
    ) -> SealingKey:
        private = rsa_key(spec, 1) if spec in {KeySpec.RSA_3072, KeySpec.RSA_4096} else make_key(spec)
        signer = MemorySigner(private)
        return SealingKey(
            certificate=make_leaf(self.seal_ca, name, private),
            chain=(self.seal_ca.certificate, self.root.certificate),
            signer=signer,
            algorithm=algorithm or signer.default_algorithm,
        )


@cache
def pki() -> Pki:
    """One PKI for the whole test run."""
    root = make_ca("Test Root")
    seal_ca, service_ca = make_ca("Test Seal CA", root), make_ca("Test Service CA", root)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_leaf(service_ca, "Test TSA", key, timestamping=True)
    return Pki(
        root=root,
        seal_ca=seal_ca,
        service_ca=service_ca,
        timestamper=LocalTimeStamper(
            certificate=certificate, key=key, chain=(service_ca.certificate, root.certificate)
        ),
        revocation=LocalRevocation(authorities=(root, seal_ca, service_ca)),
    )


def make_pdf(
    pages: int = 1,
    *,
    media_box: tuple[float, float, float, float] = (0, 0, 595, 842),
    extra: dict[str, generic.PdfObject] | None = None,
    content: bytes = b"BT /F1 24 Tf 72 700 Td (Contract: Party A seals here) Tj ET",
    stream_xrefs: bool = False,
) -> bytes:
    """A PDF of some pages with a text in Helvetica. `extra` are entries of every page."""
    writer = PdfFileWriter(stream_xrefs=stream_xrefs)
    font = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/Type1"),
                pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            }
        )
    )
    resources = generic.DictionaryObject({pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F1"): font})})
    tree, kids = writer.root.raw_get("/Pages"), writer.root["/Pages"]["/Kids"]
    for _ in range(pages):  # not by `insert_page`, which walks the whole tree for every page
        stream = writer.add_object(generic.StreamObject(stream_data=content))
        page = PageObject(contents=stream, media_box=media_box, resources=resources)
        page[pdf_name("/Parent")] = tree
        for key, value in (extra or {}).items():
            page[pdf_name(key)] = value
        kids.append(writer.add_object(page))
    writer.root["/Pages"]["/Count"] = generic.NumberObject(pages)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def seal_bytes(document: bytes, *, level: Level = Level.B_B, key: SealingKey | None = None, **wanted: Any) -> bytes:
    """Seal in memory with the test PKI; whatever is not said is ordinary."""
    return seal_file(document, level=level, key=key, **wanted)[1]


def seal_file(
    document: bytes, *, level: Level = Level.B_B, key: SealingKey | None = None, **wanted: Any
) -> tuple[Sealed, bytes]:
    given: dict[str, Any] = {
        "key": key or default_key(),
        "placement": Invisible(),
        "picture": PICTURE,
        "level": level,
        "timestamper": pki().timestamper,
        "revocation": pki().revocation,
        "now": NOW,
    }
    target = io.BytesIO()
    sealed = seal_pdf(io.BytesIO(document), target, **(given | wanted))
    return sealed, target.getvalue()


@cache
def default_key() -> SealingKey:
    return pki().key()
