"""Who may sign licence codes and status lists: a certificate for that purpose, under an anchor the verifier chose.

Paths here are short and of one shape, so this walks them itself: each issuer is tried by name and signature, each
certificate at one time, and a critical extension that is not understood ends the path (RFC 5280 §4.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from verify import oids
from verify.keylist import kid_of
from verify.report import Finding, Verdict
from verify.signer_revocation import REFUSALS, revocation
from verify.trust import Trust

MAX_PATH: Final = 4  # certificates, signer and anchor included
MAX_TRIED: Final = 64  # issuer signatures looked at for one key: a bound on work, far above any honest list
MAX_REMEMBERED: Final = 256
UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)

Path = tuple[x509.Certificate, ...]  # signer first, anchor last


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerCheck:
    """What was found about one key identifier. `path` is there if the key may be believed."""

    findings: tuple[Finding, ...]
    path: Path = ()

    @property
    def key(self) -> ec.EllipticCurvePublicKey | None:
        """The signer's key."""
        public = self.path[0].public_key() if self.path else None
        return public if isinstance(public, ec.EllipticCurvePublicKey) else None


def check_signer(kid: bytes, trust: Trust, *, now: datetime, area: str) -> SignerCheck:
    """Find the certificate by its key identifier and judge whether it may sign at `now`. `area` begins finding ids."""
    candidates = [one for one in trust.certificates if kid_of(one) == kid]
    if not candidates:
        return _only(
            f"{area}.key",
            Verdict.INDETERMINATE,
            f"The signing key {kid.hex()} is not in the key list. Fetch the authority's current key list and check again.",
            f"密钥列表中没有签名密钥{kid.hex()}。请获取登记机关最新的密钥列表后再次核验。",
        )
    certificate = candidates[0]
    path = next(_paths(certificate, trust, now=now), None)
    if path is None:
        return _without_path(certificate, now=now, area=area)
    if not _may_sign(certificate):
        return _only(
            f"{area}.signer",
            Verdict.FAILED,
            "The signing certificate is not one for licence codes.",
            "签名证书不得用于签发执照二维码。",
        )
    return _with_revocation(path, trust, now=now, area=area)


def _without_path(certificate: x509.Certificate, *, now: datetime, area: str) -> SignerCheck:
    if not _in_time(certificate, now):
        return _only(
            f"{area}.signer",
            Verdict.FAILED,
            "The signing certificate is outside its validity period.",
            "签名证书不在有效期内。",
        )
    return _only(
        f"{area}.signer",
        Verdict.INDETERMINATE,
        "The signing certificate does not lead to a root that this checker trusts.",
        "签名证书无法追溯到本核验方信任的根证书。",
    )


def _with_revocation(path: Path, trust: Trust, *, now: datetime, area: str) -> SignerCheck:
    findings = [
        Finding(
            f"{area}.signer",
            Verdict.PASSED,
            "The signing certificate leads to a trusted root and is for licence codes.",
            "签名证书可追溯到受信任的根证书，且用途为签发执照二维码。",
        )
    ]
    for certificate, issuer in pairwise(path):
        if found := revocation(certificate, issuer, trust, now=now, area=area):
            findings.append(found)
    revoked = any(found.verdict is Verdict.FAILED for found in findings)
    return SignerCheck(findings=tuple(findings), path=() if revoked else path)


def _paths(certificate: x509.Certificate, trust: Trust, *, now: datetime) -> Iterator[Path]:
    budget = [MAX_TRIED]

    def grow(path: Path) -> Iterator[Path]:
        for issuer in (*trust.anchors, *trust.certificates):
            if issuer.subject != path[-1].issuer or issuer in path:
                continue
            if budget[0] == 0:
                return
            budget[0] -= 1
            if not _issued(path[-1], issuer, below=len(path) - 1, now=now):
                continue
            longer = (*path, issuer)
            if issuer in trust.anchors:
                yield longer
            elif len(longer) < MAX_PATH:
                yield from grow(longer)

    if _sound(certificate, now):
        yield from grow((certificate,))


def _issued(subject: x509.Certificate, issuer: x509.Certificate, *, below: int, now: datetime) -> bool:
    """True if `issuer` may issue and did; `below` counts the CAs between it and the signer."""
    if not _sound(issuer, now):
        return False
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        if not constraints.ca or not usage.key_cert_sign:
            return False
        if constraints.path_length is not None and constraints.path_length < below:
            return False
    except (*REFUSALS, x509.ExtensionNotFound):
        return False
    return _signed(subject, issuer)


@lru_cache(maxsize=MAX_REMEMBERED)
def _signed(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    """A fact about two certificates, whatever the time: worth remembering, for every code asks it again."""
    try:
        subject.verify_directly_issued_by(issuer)
    except REFUSALS:
        return False
    return True


def _sound(certificate: x509.Certificate, now: datetime) -> bool:
    try:
        critical = {one.oid for one in certificate.extensions if one.critical}
    except REFUSALS:
        return False
    return critical <= UNDERSTOOD and _in_time(certificate, now)


def _in_time(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _may_sign(certificate: x509.Certificate) -> bool:
    """For this purpose, with a P-256 key, and no CA."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return oids.EKU_CREDENTIAL in purposes and usage.digital_signature and not usage.key_cert_sign


def _only(identifier: str, verdict: Verdict, text: str, text_zh: str) -> SignerCheck:
    return SignerCheck(findings=(Finding(identifier, verdict, text, text_zh),))
