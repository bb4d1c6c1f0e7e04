"""The time-stamping authority (RFC 3161, RFC 5816): read a request, answer it, or say why not.

The caller records the token's serial number before `stamp` uses the key.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from hashlib import new as new_hash
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from ca.der import DerError, children, wrap
from ca.errors import MalformedRequestError, ProfileError
from ca.ocsp import Extension
from hsm.algorithms import identifier
from hsm.signer import SignatureAlgorithm, Signer
from verify.algorithms import DIGEST_OIDS, DIGEST_SIZES, SIGNATURE_DIGESTS
from verify.cms import ID_TST_INFO, signed_data

MAX_REQUEST_BYTES: Final = 4096  # an imprint, a policy and a nonce need about 150
MAX_NONCE_BITS: Final = 256  # RFC 3161 §2.4.1 speaks of 64; some clients send more
MAX_SERIAL_BITS: Final = 160  # RFC 3161 §2.4.2
_DIGESTS: Final = {oid: name for name, oid in DIGEST_OIDS.items()}
_SEQUENCE: Final = 0x30
_FAILURE_BITS: Final = 26  # systemFailure is bit 25, RFC 3161 §2.4.2


class Failure(IntEnum):
    """PKIFailureInfo bits, RFC 3161 §2.4.2."""

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


class Status(IntEnum):
    """PKIStatus, RFC 3161 §2.4.2."""

    GRANTED = 0
    REJECTION = 2


@asn1.sequence
class _Algorithm:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Imprint:
    algorithm: _Algorithm
    digest: bytes


@asn1.sequence
class _Request:
    version: int
    imprint: _Imprint
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    certificate_wanted: bool | None  # some clients write out the default, FALSE
    extensions: Annotated[list[Extension] | None, asn1.Implicit(0)]


@asn1.sequence
class _Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class _TstInfo:
    """RFC 3161 §2.4.2; ordering has its default FALSE, the name of the TSA stands in its certificate."""

    version: int
    policy: x509.ObjectIdentifier
    imprint: _Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: _Accuracy
    nonce: int | None


@asn1.sequence
class _StatusInfo:
    status: int
    text: list[str] | None
    failure: asn1.BitString | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A request that may be granted."""

    digest_name: str  # a key of `verify.algorithms.DIGEST_OIDS`
    digest: bytes
    imprint: bytes  # DER MessageImprint, repeated in the token as it came
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    certificate_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a request is not granted."""

    failure: Failure
    text: str

    def response(self) -> bytes:
        """Return the DER TimeStampResp that says so."""
        bits = 1 << (_FAILURE_BITS - 1 - self.failure)
        width = self.failure + 1  # named bits: no trailing zeros, ITU-T X.690 §11.2.2
        octets, unused = (width + 7) // 8, -width % 8
        packed = (bits >> (_FAILURE_BITS - width) << unused).to_bytes(octets, "big")
        failure = asn1.BitString(packed, unused)
        status = _StatusInfo(status=Status.REJECTION.value, text=[self.text], failure=failure)
        return wrap(_SEQUENCE, asn1.encode_der(status))


def parse_request(der: bytes, *, policies: Collection[x509.ObjectIdentifier]) -> TimestampRequest | Rejection:
    """Read a TimeStampReq and decide whether it may be granted under one of `policies`. Never raises for bad bytes."""
    if len(der) > MAX_REQUEST_BYTES:
        return Rejection(failure=Failure.BAD_DATA_FORMAT, text=f"longer than {MAX_REQUEST_BYTES} bytes")
    try:
        asked = asn1.decode_der(_Request, der)
    except ValueError:
        return Rejection(failure=Failure.BAD_DATA_FORMAT, text="not a TimeStampReq in DER")
    if (objection := _objection(asked, policies)) is not None:
        return objection
    return TimestampRequest(
        digest_name=_DIGESTS[asked.imprint.algorithm.algorithm],
        digest=asked.imprint.digest,
        imprint=asn1.encode_der(asked.imprint),
        policy=asked.policy,
        nonce=asked.nonce,
        certificate_wanted=bool(asked.certificate_wanted),
    )


def _objection(asked: _Request, policies: Collection[x509.ObjectIdentifier]) -> Rejection | None:
    if asked.version != 1:
        return Rejection(failure=Failure.BAD_REQUEST, text="the version is not 1")
    if asked.policy is not None and asked.policy not in policies:
        return Rejection(failure=Failure.UNACCEPTED_POLICY, text="this policy is not offered")
    if asked.nonce is not None and asked.nonce.bit_length() > MAX_NONCE_BITS:
        return Rejection(failure=Failure.BAD_REQUEST, text=f"the nonce has more than {MAX_NONCE_BITS} bits")
    if asked.extensions:  # we know none, and RFC 3161 §2.4.1 wants any that is not handled refused
        return Rejection(failure=Failure.UNACCEPTED_EXTENSION, text="no extension is known here")
    return _imprint_objection(asked.imprint)


def _imprint_objection(imprint: _Imprint) -> Rejection | None:
    name = _DIGESTS.get(imprint.algorithm.algorithm)
    if name is None:
        return Rejection(failure=Failure.BAD_ALG, text="the digest must be SHA-256, SHA-384 or SHA-512")
    if len(imprint.digest) != DIGEST_SIZES[name]:
        return Rejection(failure=Failure.BAD_DATA_FORMAT, text="the imprint does not have the length of its digest")
    return None


def stamp(
    request: TimestampRequest,
    *,
    serial: int,
    now: datetime,
    policy: x509.ObjectIdentifier,
    signer: Signer,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    accuracy: timedelta = timedelta(seconds=1),
    algorithm: SignatureAlgorithm | None = None,
) -> bytes:
    """Return a DER TimeStampResp with a token over the imprint. `policy` is used when the request names none.

    The token carries the certificate and its `chain` only if the request wants them (RFC 3161 §2.4.1). `genTime` is
    `now` cut to the second; `accuracy` must cover that.

    Raises:
        ProfileError: a serial number that is not 1 to 160 bits, a time without zone, an accuracy below one second, or a
            key that is not the certificate's (it was not used).
        KeyBusyError, DeviceError, WrongKeyError: see `Signer.sign`.
    """
    content = _tst_info(request, serial=serial, now=now, policy=policy, accuracy=accuracy)
    if signer.public_key() != certificate.public_key():
        raise ProfileError("the key is not that of the time-stamping certificate")
    algorithm = algorithm or signer.default_algorithm
    digest_name = SIGNATURE_DIGESTS[algorithm]
    embedded = [one.public_bytes(Encoding.DER) for one in (certificate, *chain)] if request.certificate_wanted else []
    token = signed_data(
        content_type=ID_TST_INFO,
        content=content,
        message_digest=new_hash(digest_name, content).digest(),
        digest_name=digest_name,
        signer_certificate=certificate,
        certificates=embedded,
        signature_algorithm=identifier(algorithm),
        sign=lambda attributes: signer.sign(attributes, algorithm),
    )
    granted = asn1.encode_der(_StatusInfo(status=Status.GRANTED.value, text=None, failure=None))
    return wrap(_SEQUENCE, granted, token)


def token_of(response: bytes) -> bytes:
    """Return the time-stamp token (DER ContentInfo) in a response of `stamp`.

    Raises:
        MalformedRequestError: not a response that grants a token.
    """
    try:
        _, token = children(response)
    except (DerError, ValueError) as exc:
        raise MalformedRequestError("not a response with a time-stamp token") from exc
    return token


def _tst_info(
    request: TimestampRequest, *, serial: int, now: datetime, policy: x509.ObjectIdentifier, accuracy: timedelta
) -> bytes:
    if serial <= 0 or serial.bit_length() > MAX_SERIAL_BITS:
        raise ProfileError(f"a token's serial number has 1 to {MAX_SERIAL_BITS} bits")
    if now.tzinfo is None or accuracy < timedelta(seconds=1):
        raise ProfileError("a time with a zone is needed, and an accuracy of at least the second it is cut to")
    millis, micros = divmod(accuracy.microseconds, 1000)
    return asn1.encode_der(
        _TstInfo(
            version=1,
            policy=request.policy or policy,
            imprint=asn1.decode_der(_Imprint, request.imprint),
            serial=serial,
            time=asn1.GeneralizedTime(now.astimezone(UTC).replace(microsecond=0)),
            accuracy=_Accuracy(
                seconds=accuracy.days * 86_400 + accuracy.seconds, millis=millis or None, micros=micros or None
            ),
            nonce=request.nonce,
        )
    )
