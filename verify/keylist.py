"""The published key list: the certificates that licence codes are signed with, and their issuers. JSON or PEM.

Nothing in it is believed for standing in it: every certificate must still lead to an anchor.
"""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from verify.cose import KID_BYTES
from verify.errors import MalformedCertificateError

MAX_BYTES: Final = 1_000_000
MAX_KEYS: Final = 256
MAX_CERTIFICATE_BYTES: Final = 16_384
MEMBERS: Final = frozenset({"kid", "certificate", "not_before", "not_after"})
TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
PEM_MARK: Final = b"-----BEGIN CERTIFICATE-----"


def kid_of(certificate: x509.Certificate) -> bytes:
    """The key identifier of a certificate: the first 8 octets of SHA-256 over its DER."""
    return sha256(certificate.public_bytes(Encoding.DER)).digest()[:KID_BYTES]


def key_list(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return the JSON document for these certificates, in the order given."""
    keys = [
        {
            "kid": kid_of(certificate).hex(),
            "certificate": base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
            "not_before": certificate.not_valid_before_utc.strftime(TIME),
            "not_after": certificate.not_valid_after_utc.strftime(TIME),
        }
        for certificate in certificates
    ]
    return json.dumps({"keys": keys}, indent=1).encode() + b"\n"


def parse_key_list(data: bytes) -> tuple[x509.Certificate, ...]:
    """Read the document, JSON or a PEM bundle.

    Raises:
        MalformedCertificateError: neither, beyond the limits, or a member that contradicts its certificate.
    """
    if len(data) > MAX_BYTES:
        raise MalformedCertificateError(f"a key list longer than {MAX_BYTES} octets")
    found = _pem(data) if data.lstrip().startswith(PEM_MARK) else tuple(_entry(entry) for entry in _entries(data))
    if len(found) > MAX_KEYS:
        raise MalformedCertificateError(f"a key list with more than {MAX_KEYS} certificates")
    return found


def _pem(data: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as exc:
        raise MalformedCertificateError("a PEM bundle that cannot be read") from exc


def _entries(data: bytes) -> list[Any]:
    try:
        document = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as exc:
        raise MalformedCertificateError("a key list that is neither JSON nor PEM") from exc
    match document:
        case {"keys": list() as keys, **other} if not other:
            return keys
        case _:
            raise MalformedCertificateError("a key list without exactly one member `keys`")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")
    return found


def _entry(entry: Any) -> x509.Certificate:
    if (
        not isinstance(entry, dict)
        or entry.keys() != MEMBERS
        or not all(isinstance(one, str) for one in entry.values())
    ):
        raise MalformedCertificateError(
            "a key list entry has exactly kid, certificate, not_before and not_after, all texts"
        )
    try:
        der = base64.b64decode(entry["certificate"], validate=True)
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise MalformedCertificateError(f"a certificate longer than {MAX_CERTIFICATE_BYTES} octets")
        certificate = x509.load_der_x509_certificate(der)
        dates = tuple(datetime.strptime(entry[name], TIME).replace(tzinfo=UTC) for name in ("not_before", "not_after"))
    except ValueError as exc:
        raise MalformedCertificateError("a key list entry that cannot be read") from exc
    if entry["kid"] != kid_of(certificate).hex():
        raise MalformedCertificateError("a key list entry whose kid is not that of its certificate")
    if dates != (certificate.not_valid_before_utc, certificate.not_valid_after_utc):
        raise MalformedCertificateError("a key list entry whose dates are not those of its certificate")
    return certificate
