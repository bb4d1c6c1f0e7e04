"""OCSP (RFC 6960, 9654, 9919): read a question about one certificate, answer it by a delegated responder.

Structures are encoded declaratively; what a responder repeats in every answer is encoded once.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from hashlib import new as new_hash
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import OCSPExtensionOID

from ca.certificate_states import Reason, Standing, Status
from ca.der import DerError, children, generalized_time, unwrap, wrap
from ca.errors import MalformedRequestError, ProfileError
from hsm.algorithms import identifier
from hsm.signer import SignatureAlgorithm, Signer

MAX_REQUEST_BYTES: Final = 2048  # one CertID and a nonce need about 200
MAX_NONCE_BYTES: Final = 128  # RFC 9654 §2.1: 1 to 128 octets
MAX_SERIAL_OCTETS: Final = 20  # RFC 5280 §4.1.2.2
HASHES: Final[Mapping[str, str]] = {  # by OID: RFC 9919 recommends SHA-256, older clients only know SHA-1
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_BASIC: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")  # id-pkix-ocsp-basic, RFC 6960 §4.2.1
_BASIC_DER: Final = asn1.encode_der(_BASIC)
_NONCE_DER: Final = asn1.encode_der(OCSPExtensionOID.NONCE)
_OCTET_STRING: Final = 0x04
_ENUMERATED: Final = 0x0A
_SEQUENCE: Final = 0x30
_GOOD: Final = b"\x80\x00"  # [0] IMPLICIT NULL
_UNKNOWN: Final = b"\x82\x00"  # [2] IMPLICIT NULL
_EXPLICIT_0: Final = 0xA0
_EXPLICIT_1: Final = 0xA1
_EXPLICIT_2: Final = 0xA2
_BIT_STRING: Final = 0x03
_REASON_CODES: Final = {  # RFC 5280 §5.3.1
    Reason.UNSPECIFIED: 0, Reason.KEY_COMPROMISE: 1, Reason.CA_COMPROMISE: 2, Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4, Reason.CESSATION: 5, Reason.HOLD: 6, Reason.PRIVILEGE_WITHDRAWN: 9,
}  # fmt: skip


class ResponseStatus(IntEnum):
    """OCSPResponseStatus, RFC 6960 §4.2.1."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


@asn1.sequence
class _Algorithm:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _CertId:
    hash_algorithm: _Algorithm
    name_hash: bytes
    key_hash: bytes
    serial: int


@asn1.sequence
class Extension:
    """Of a request, OCSP or time-stamp (RFC 5280 §4.1)."""

    oid: x509.ObjectIdentifier
    critical: bool | None  # some clients write out the default, FALSE
    value: bytes


@asn1.sequence
class _Request:
    cert_id: _CertId
    extensions: Annotated[list[Extension] | None, asn1.Explicit(0)]


@asn1.sequence
class _DirectoryName:
    name: Annotated[asn1.TLV, asn1.Explicit(4)]


@asn1.sequence
class _TbsRequest:
    version: Annotated[int | None, asn1.Explicit(0)]
    requestor: Annotated[_DirectoryName | None, asn1.Implicit(1)]  # [1] around [4]: as EXPLICIT GeneralName encodes
    requests: list[_Request]
    extensions: Annotated[list[Extension] | None, asn1.Explicit(2)]


@asn1.sequence
class _Signature:
    algorithm: asn1.TLV
    signature: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@asn1.sequence
class _OcspRequest:
    tbs: _TbsRequest
    signature: Annotated[_Signature | None, asn1.Explicit(0)]  # anyone may ask: not looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspQuestion:
    """One certificate, named by hashes of its issuer and its serial number."""

    hash_name: str  # "sha1", "sha256"…, or the dotted OID of a hash we do not know
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    cert_id: bytes  # DER, repeated in the answer as it came
    nonce: bytes | None = None


def parse_request(der: bytes) -> OcspQuestion:
    """Read a request for one certificate.

    Raises:
        MalformedRequestError: longer than 2048 bytes, not DER, not version 1, not exactly one certificate, a serial number
            that is not positive or too long, a nonce outside 1 to 128 octets, or an unknown critical extension.
    """
    if len(der) > MAX_REQUEST_BYTES:
        raise MalformedRequestError(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
    try:
        tbs = asn1.decode_der(_OcspRequest, der).tbs
    except ValueError as exc:
        raise MalformedRequestError("not an OCSP request in DER") from exc
    if tbs.version or len(tbs.requests) != 1:
        raise MalformedRequestError("not a version 1 request for exactly one certificate")
    asked = tbs.requests[0]
    one = asked.cert_id
    if not 0 < one.serial < 1 << (8 * MAX_SERIAL_OCTETS):
        raise MalformedRequestError("the serial number is not positive or too long")
    dotted = one.hash_algorithm.algorithm.dotted_string
    _refuse_critical(asked.extensions or [], known=frozenset())
    return OcspQuestion(
        hash_name=HASHES.get(dotted, dotted),
        issuer_name_hash=one.name_hash,
        issuer_key_hash=one.key_hash,
        serial=one.serial,
        cert_id=asn1.encode_der(one),
        nonce=_nonce(tbs.extensions or []),
    )


def request_of_path(path: str) -> bytes:
    """Return the request in the last part of a GET address: base64, percent-encoded (RFC 6960 appendix A.1).

    Raises:
        MalformedRequestError: too long, or not base64.
    """
    if len(path) > 4 * MAX_REQUEST_BYTES:  # base64, every third character percent-encoded at the worst
        raise MalformedRequestError(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
    try:
        return base64.b64decode(unquote_to_bytes(path.removeprefix("/")), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MalformedRequestError("not a request in base64") from exc


@dataclass(frozen=True, slots=True)
class IssuerIndex:
    """Which of our CAs a question is about."""

    names: Mapping[tuple[str, bytes, bytes], str]

    @classmethod
    def of(cls, issuers: Mapping[str, x509.Certificate]) -> "IssuerIndex":
        """Index CA certificates by each known hash of their subject and key (RFC 6960 §4.1.1)."""
        return cls(
            {
                (hash_name, *issuer_hashes(certificate, hash_name)): name
                for name, certificate in issuers.items()
                for hash_name in HASHES.values()
            }
        )

    def find(self, question: OcspQuestion) -> str | None:
        """Return the name of the issuer, or None if it is none of ours: answer `unauthorized`."""
        return self.names.get((question.hash_name, question.issuer_name_hash, question.issuer_key_hash))


def issuer_hashes(certificate: x509.Certificate, hash_name: str) -> tuple[bytes, bytes]:
    """Return the hashes of the CA's subject and of its public key's bits, without the tag (RFC 6960 §4.1.1)."""
    key_bits = _key_bits(certificate)
    return new_hash(hash_name, certificate.subject.public_bytes()).digest(), new_hash(hash_name, key_bits).digest()


def _key_bits(certificate: x509.Certificate) -> bytes:
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return unwrap(children(spki)[1])[1][1:]  # without the count of unused bits, which is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A delegated responder by its certificate, issued by the CA that it answers for (RFC 6960 §4.2.2.2)."""

    certificate: x509.Certificate
    algorithm: SignatureAlgorithm

    def __hash__(self) -> int:
        """By serial number alone: what its answers share is looked up for each of them."""
        return hash(self.certificate.serial_number)


def respond(
    question: OcspQuestion,
    standing: Standing | None,
    *,
    responder: Responder,
    signer: Signer,
    now: datetime,
    fresh_for: timedelta,
) -> bytes:
    """Return the DER OCSPResponse about the one certificate asked for; a nonce is echoed as it came (RFC 9654 §2.1).

    `standing` None means that this issuer made no such certificate: `unknown`.

    Raises:
        ProfileError: the time has no zone, the answer would not be fresh for more than nothing, or the key is not that of
            the responder's certificate (it was not used).
        KeyBusyError, DeviceError, WrongKeyError: see `Signer.sign`.
    """
    if now.tzinfo is None or fresh_for <= timedelta():
        raise ProfileError("an answer needs a time with a zone and must be fresh for a while")
    responder_id, certificates, key = _constants(responder)
    if signer.public_key() != key:
        raise ProfileError("the key is not that of the responder's certificate")
    this_update = generalized_time(now)
    single = wrap(
        _SEQUENCE,
        question.cert_id,
        _status(standing),
        this_update,
        wrap(_EXPLICIT_0, generalized_time(now + fresh_for)),
    )
    extensions = b"" if question.nonce is None else wrap(_EXPLICIT_1, wrap(_SEQUENCE, _nonce_extension(question.nonce)))
    tbs = wrap(_SEQUENCE, responder_id, this_update, wrap(_SEQUENCE, single), extensions)
    signature = wrap(_BIT_STRING, b"\x00", signer.sign(tbs, responder.algorithm))
    basic = wrap(_SEQUENCE, tbs, identifier(responder.algorithm), signature, certificates)
    body = wrap(_SEQUENCE, _BASIC_DER, wrap(_OCTET_STRING, basic))
    return wrap(_SEQUENCE, _status_code(ResponseStatus.SUCCESSFUL), wrap(_EXPLICIT_0, body))


def refuse(status: ResponseStatus) -> bytes:
    """Return an unsigned OCSPResponse that says why there is no answer (RFC 6960 §2.3).

    Raises:
        ProfileError: `SUCCESSFUL` is no refusal.
    """
    if status is ResponseStatus.SUCCESSFUL:
        raise ProfileError("a successful response must carry an answer")
    return wrap(_SEQUENCE, _status_code(status))


@lru_cache(maxsize=64)
def _constants(responder: Responder) -> tuple[bytes, bytes, CertificatePublicKeyTypes]:
    """Return ResponderID by key, the certs field and the key: the same in every answer of one responder."""
    key_hash = new_hash("sha1", _key_bits(responder.certificate), usedforsecurity=False).digest()  # RFC 6960 §4.2.1
    by_key = wrap(_EXPLICIT_2, wrap(_OCTET_STRING, key_hash))
    certificates = wrap(_EXPLICIT_0, wrap(_SEQUENCE, responder.certificate.public_bytes(Encoding.DER)))
    return by_key, certificates, responder.certificate.public_key()


def _status(standing: Standing | None) -> bytes:
    if standing is None:
        return _UNKNOWN
    if standing.status is Status.GOOD or standing.since is None:
        return _GOOD
    reason = standing.reason or Reason.UNSPECIFIED
    told = b"" if reason is Reason.UNSPECIFIED else wrap(_EXPLICIT_0, _enumerated(_REASON_CODES[reason]))
    return wrap(_EXPLICIT_1, generalized_time(standing.since), told)  # [1] IMPLICIT RevokedInfo


def _nonce_extension(nonce: bytes) -> bytes:
    return wrap(_SEQUENCE, _NONCE_DER, wrap(_OCTET_STRING, wrap(_OCTET_STRING, nonce)))


def _nonce(extensions: list[Extension]) -> bytes | None:
    _refuse_critical(extensions, known=frozenset({OCSPExtensionOID.NONCE}))
    nonces = [extension.value for extension in extensions if extension.oid == OCSPExtensionOID.NONCE]
    if not nonces:
        return None
    try:
        tag, nonce = unwrap(nonces[0])
    except DerError as exc:
        raise MalformedRequestError("the nonce is not DER") from exc
    if len(nonces) != 1 or tag != _OCTET_STRING or not 1 <= len(nonce) <= MAX_NONCE_BYTES:
        raise MalformedRequestError(f"a nonce is one OCTET STRING of 1 to {MAX_NONCE_BYTES} octets (RFC 9654 §2.1)")
    return nonce


def _refuse_critical(extensions: list[Extension], *, known: frozenset[x509.ObjectIdentifier]) -> None:
    for extension in extensions:
        if extension.critical and extension.oid not in known:
            raise MalformedRequestError(f"unknown critical extension {extension.oid.dotted_string}")


def _status_code(status: ResponseStatus) -> bytes:
    return _enumerated(status.value)


def _enumerated(number: int) -> bytes:
    return wrap(_ENUMERATED, bytes((number,)))
