"""A small trust hierarchy for licence codes: root, service CA, credential signer, status list; made of plain values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from verify import oids
from verify.credential import Credential, details_digest
from verify.elq1 import encode_elq1
from verify.keylist import kid_of
from verify.status import StatusList, encode_status_list
from verify.trust import Trust

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
STATUS_URI = "https://licence.example/pki/status/1"
CRL_URI = "http://licence.example/pki/crl/service.crl"
ADDRESS = "福建省福州市鼓楼区软件大道89号"
SCOPE = "软件开发；信息系统集成服务。"


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The same key for the same name throughout one run."""
    return ec.generate_private_key(ec.SECP256R1())


def signing(name: str) -> Callable[[bytes], bytes]:
    return lambda message: key(name).sign(message, ec.ECDSA(SHA256()))


def name_of(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One certificate of the hierarchy; the defaults make a good credential signer."""

    subject: str = "credential"
    issuer: str = "service"
    key_name: str | None = None
    public: object = None
    not_before: datetime = NOW - 365 * DAY
    not_after: datetime = NOW + 365 * DAY
    ca: bool = False
    path_length: int | None = None
    constraints: bool = True
    usage: tuple[str, ...] | None = ("digital_signature",)
    purposes: tuple[x509.ObjectIdentifier, ...] = (oids.EKU_CREDENTIAL,)
    critical_oid: x509.ObjectIdentifier | None = None
    crl: bool = True
    serial: int = 7


SIGNER = Plan()
SERVICE = Plan(
    subject="service", issuer="root", ca=True, path_length=0, usage=("key_cert_sign", "crl_sign"), purposes=(), serial=5
)
ROOT = replace(SERVICE, subject="root", path_length=None, crl=False, serial=1)

USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


def certificate(plan: Plan) -> x509.Certificate:
    public = plan.public or key(plan.key_name or plan.subject).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(plan.subject))
        .issuer_name(name_of(plan.issuer))
        .public_key(public)  # type: ignore[arg-type] # tests also plant keys of other kinds
        .serial_number(plan.serial)
        .not_valid_before(plan.not_before)
        .not_valid_after(plan.not_after)
    )
    if plan.constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca=plan.ca, path_length=plan.path_length), critical=True)
    if plan.usage is not None:
        flags = {usage: usage in plan.usage for usage in USAGES}
        builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    if plan.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(plan.purposes), critical=False)
    if plan.critical_oid is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(plan.critical_oid, b"\x05\x00"), critical=True)
    if plan.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(CRL_URI)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return builder.sign(key(plan.issuer), SHA256())


@cache
def standard() -> tuple[x509.Certificate, x509.Certificate, x509.Certificate]:
    """Signer, service CA, root."""
    return certificate(SIGNER), certificate(SERVICE), certificate(ROOT)


def crl(
    issuer: str = "service",
    *,
    revoked: tuple[int, ...] = (),
    issued: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    signed_by: str | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(name_of(issuer)).last_update(issued).next_update(until)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(issued).build()
        builder = builder.add_revoked_certificate(entry)
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key(signed_by or issuer), SHA256()).public_bytes(Encoding.DER)


CLAIMS = Credential(
    iss="licence.example",
    issued_at=NOW - DAY,
    expires_at=NOW + 300 * DAY,
    cti=b"\x01\x02\x03\x04\x05\x06\x07\x08",
    status_uri=STATUS_URI,
    status_index=5,
    uscc="91350100M000100Y43",
    name="福州朱砂信息技术有限公司",
    kind="有限责任公司",
    legal_representative="林朱砂",
    capital=Decimal("5000000.00"),
    currency="CNY",
    founded_on=date(2015, 3, 18),
    term_until=None,
    authority="福州市市场监督管理局",
    version=1,
    details=details_digest(address=ADDRESS, scope=SCOPE),
)


def code(claims: Credential = CLAIMS, *, signer: x509.Certificate | None = None, key_name: str = "credential") -> str:
    return encode_elq1(claims, kid=kid_of(signer or standard()[0]), sign=signing(key_name))


def status_list(
    packed: bytes = b"\x00\x00",
    *,
    uri: str = STATUS_URI,
    issued: datetime = NOW - timedelta(hours=1),
    until: datetime = NOW + DAY,
    signer: x509.Certificate | None = None,
    key_name: str = "credential",
) -> bytes:
    listed = StatusList(uri=uri, issued_at=issued, expires_at=until, ttl=timedelta(hours=1), packed=packed)
    return encode_status_list(listed, kid=kid_of(signer or standard()[0]), sign=signing(key_name))


def trust(
    *,
    signer: x509.Certificate | None = None,
    crls: tuple[bytes, ...] = (),
    status_lists: tuple[bytes, ...] | None = None,
    others: tuple[x509.Certificate, ...] = (),
) -> Trust:
    good, service, root = standard()
    return Trust(
        anchors=(root,),
        certificates=(signer or good, service, *others),
        crls=crls,
        status_lists=(status_list(),) if status_lists is None else status_lists,
    )
