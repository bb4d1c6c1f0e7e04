"""COSE_Sign1 (RFC 9052 §4.2) with ES256 (RFC 9053 §2.1): the signed envelope of credentials and status lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from verify import cbor
from verify.errors import EncodingError, MalformedTokenError

Sign: TypeAlias = Callable[[bytes], bytes]  # message to DER ECDSA-Sig-Value over its SHA-256, key on P-256

TAG_SIGN1: Final = 18  # RFC 9052 §4.2
ALG, KID, TYP = 1, 4, 16  # header labels: RFC 9052 §3.1, RFC 9596 §2
ES256: Final = -7  # RFC 9053 §2.1
KID_BYTES: Final = 8
HALF: Final = 32  # octets of r and of s on P-256, RFC 9053 §2.1
MAX_TYP_CHARS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign1:
    """A decoded message. Its signature has not been looked at."""

    kid: bytes
    typ: str | None
    protected: bytes
    payload: bytes
    signature: bytes  # r || s


def encode(payload: bytes, *, kid: bytes, sign: Sign, typ: str | None = None) -> bytes:
    """Return the tagged COSE_Sign1 over `payload`.

    Raises:
        EncodingError: the kid has another length, or `sign` did not return a P-256 ECDSA signature in DER.
    """
    if len(kid) != KID_BYTES:
        raise EncodingError(f"a kid has {KID_BYTES} octets")
    protected = cbor.encode({ALG: ES256, KID: kid} | ({} if typ is None else {TYP: typ}))
    signature = raw_signature(sign(signed_bytes(protected, payload)))
    return cbor.encode(cbor.Tag(TAG_SIGN1, [protected, {}, payload, signature]))


def decode(data: bytes) -> Sign1:
    """Split a message in its one spelling: tag 18, alg and kid protected, nothing unprotected, payload inside.

    Raises:
        MalformedTokenError: anything else.
    """
    match cbor.decode(data):
        case cbor.Tag(18, [bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as signature]):
            pass
        case _:
            raise MalformedTokenError("not a COSE_Sign1 message")
    if unprotected:
        raise MalformedTokenError("COSE headers that no signature covers")
    if len(signature) != 2 * HALF:
        raise MalformedTokenError("an ES256 signature has 64 octets")
    match cbor.decode(protected):
        case {1: -7, 4: bytes() as kid, **rest} if len(kid) == KID_BYTES and rest.keys() <= {TYP}:
            typ = rest.get(TYP)
        case _:
            raise MalformedTokenError("COSE headers other than ES256 with a kid of 8 octets")
    if typ is not None and not (isinstance(typ, str) and len(typ) <= MAX_TYP_CHARS):
        raise MalformedTokenError("a COSE type that is not a short text")
    return Sign1(kid=kid, typ=typ, protected=protected, payload=payload, signature=signature)


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure that is signed (RFC 9052 §4.4), without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


def is_signed_by(message: Sign1, key: ec.EllipticCurvePublicKey) -> bool:
    """True if the signature is over this message by this key."""
    return verify_es256(key, signed_bytes(message.protected, message.payload), message.signature)


def verify_es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """Check r || s over `message`; a key on another curve, or another length, is a plain no (RFC 9053 §2.1)."""
    if len(signature) != 2 * HALF or not isinstance(key.curve, ec.SECP256R1):
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:HALF], signature[HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def raw_signature(der: bytes) -> bytes:
    """Turn a DER ECDSA-Sig-Value (RFC 3279 §2.2.3) into r || s of 32 octets each.

    Raises:
        EncodingError: not DER, or numbers too large for P-256.
    """
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")
    except (ValueError, OverflowError) as exc:
        raise EncodingError("the signer did not return a P-256 ECDSA signature in DER") from exc
