"""What certificate revocation lists at hand say about the certificates behind a licence code (RFC 5280 §6.3.3)."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from verify.report import Finding, Verdict
from verify.trust import Trust

REFUSALS: Final = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.DuplicateExtension)


def revocation(
    certificate: x509.Certificate, issuer: x509.Certificate, trust: Trust, *, now: datetime, area: str
) -> Finding | None:
    """What the lists at hand say. With no list of this issuer there is nothing to say: the key list is the answer then."""
    lists = [found for found in map(_crl, trust.crls) if found is not None and _signed_by(found, issuer)]
    if any(found.get_revoked_certificate_by_serial_number(certificate.serial_number) for found in lists):
        return Finding(
            f"{area}.signer-revocation",
            Verdict.FAILED,
            "A certificate behind the signature has been revoked.",
            "签名所依据的证书已被吊销。",
        )
    if any(_covers(found, certificate) and _fresh(found, now) for found in lists):
        return Finding(
            f"{area}.signer-revocation",
            Verdict.PASSED,
            f"{_name(certificate)} is not on its issuer's current revocation list.",
            f"{_name(certificate)}未列入其签发者的最新吊销列表。",
        )
    if lists:
        return Finding(
            f"{area}.signer-revocation",
            Verdict.INDETERMINATE,
            "The revocation lists at hand are out of date or do not cover the signing certificate. Fetch current ones.",
            "现有吊销列表已过期或不涵盖该签名证书，请获取最新列表。",
        )
    return None


def _crl(der: bytes) -> x509.CertificateRevocationList | None:
    try:
        return x509.load_der_x509_crl(der)
    except ValueError:
        return None  # what cannot be read proves nothing; others may be there


def _signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type] # others raise TypeError
    except REFUSALS:
        return False


def _fresh(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.last_update_utc <= now and crl.next_update_utc is not None and now <= crl.next_update_utc


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """True if the list would name this certificate, were it revoked (RFC 5280 §5.2.4, §5.2.5, §6.3.3)."""
    try:
        critical = {one.oid: one.value for one in crl.extensions if one.critical}
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    except REFUSALS:
        return False
    scope = critical.pop(ExtensionOID.ISSUING_DISTRIBUTION_POINT, None)
    if critical:
        return False  # a delta list, or something not understood
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return True
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        return False
    if (scope.only_contains_user_certs and is_ca) or (scope.only_contains_ca_certs and not is_ca):
        return False
    return scope.full_name is None or bool(set(scope.full_name) & _points(certificate))


def _points(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return set()
    return {name for point in points for name in point.full_name or ()}


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
