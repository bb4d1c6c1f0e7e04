"""A PKI in a few lines for the tests of checking: made with `cryptography` alone, at a fixed time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def name(common: str, **more: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if "organization" in more:
        attributes.insert(1, x509.NameAttribute(NameOID.ORGANIZATION_NAME, more["organization"]))
    if "identifier" in more:
        attributes.insert(1, x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), more["identifier"]))
    return x509.Name(attributes)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{one: one in names for one in USAGES})


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, eq=False)
class Authority:
    """A CA of the tests."""

    certificate: x509.Certificate
    key: Key

    def issue(
        self,
        common: str,
        *,
        key: Key | None = None,
        usages: Sequence[str] | None = ("content_commitment",),
        extended: Sequence[x509.ObjectIdentifier] = (),
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        not_before: datetime = NOW - 30 * DAY,
        not_after: datetime = NOW + 365 * DAY,
        ca: bool = False,
        signing_key: Key | None = None,
        crl_point: str | None = None,
        **named: str,
    ) -> "Authority":
        """Issue a certificate; what is returned can itself issue, rightly or not."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name(common, **named), self.certificate.subject, own, not_before, not_after)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if usages is not None:
            builder = builder.add_extension(usage(*usages), critical=True)
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=True)
        if crl_point is not None:
            builder = builder.add_extension(points(crl_point), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        signed: Any = builder.sign(signing_key or self.key, hashes.SHA256())
        return Authority(signed, own)

    def crl(
        self,
        revoked: Iterable[tuple[int, datetime, x509.ReasonFlags | None]] = (),
        *,
        at: datetime = NOW - timedelta(hours=1),
        until: datetime = NOW + 7 * DAY,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        key: Key | None = None,
        number: int = 1,
    ) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(until)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        for serial, moment, reason in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp(
        self,
        certificate: x509.Certificate,
        *,
        revoked: datetime | None = None,
        status: ocsp.OCSPCertStatus | None = None,
        at: datetime = NOW - timedelta(hours=1),
        until: datetime | None = NOW + DAY,
        responder: "Authority | None" = None,
        reason: x509.ReasonFlags | None = None,
        digest: hashes.HashAlgorithm | None = None,
        extension: x509.ExtensionType | None = None,
    ) -> bytes:
        good = ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED
        signer = responder or self
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                certificate,
                self.certificate,
                digest or hashes.SHA1(),  # noqa: S303 -- RFC 6960 names certificates by it
                status or good,
                at,
                until,
                revoked,
                reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if responder is not None:
            builder = builder.certificates([responder.certificate])
        if extension is not None:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def points(url: str) -> x509.CRLDistributionPoints:
    where = [x509.UniformResourceIdentifier(url)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(where, None, None, None)])


def ocsp_url(url: str) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def make_root(
    common: str = "Root",
    *,
    not_after: datetime = NOW + 3650 * DAY,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ca: bool = True,
) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name(common), name(common), key, NOW - 365 * DAY, not_after)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Authority(builder.sign(key, hashes.SHA256()), key)


@dataclass(frozen=True, eq=False)
class Pki:
    """Root, issuing CA, a signer and a time-stamper."""

    root: Authority
    ca: Authority
    signer: Authority
    stamper: Authority

    def crls(self, *revoked: tuple[int, datetime, x509.ReasonFlags | None]) -> tuple[bytes, bytes]:
        return self.root.crl(), self.ca.crl(revoked)


@cache
def pki() -> Pki:
    """One for the whole run."""
    root = make_root()
    ca = root.issue("Issuing CA", usages=("key_cert_sign", "crl_sign"), ca=True, not_after=NOW + 3000 * DAY)
    return Pki(
        root=root,
        ca=ca,
        signer=ca.issue("Contract seal", organization="Vermilion Ltd", identifier="NTRCN-91350100M000100Y43"),
        stamper=ca.issue(
            "Time-stamper",
            key=rsa_key(),
            usages=("digital_signature",),
            extended=[ExtendedKeyUsageOID.TIME_STAMPING],
            not_after=NOW + 1000 * DAY,
        ),
    )
