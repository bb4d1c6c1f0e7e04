"""What each signature algorithm is: its hash, its key family, its DER identifier, and how a signature is checked."""

from enum import Enum
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from hsm.errors import MechanismError, WrongKeyError
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm

Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


class Scheme(Enum):
    ECDSA = "ecdsa"
    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"
    ED25519 = "ed25519"


_SHA256: Final = hashes.SHA256()
_SHA384: Final = hashes.SHA384()
_SHA512: Final = hashes.SHA512()

_PARTS: Final[dict[SignatureAlgorithm, tuple[Scheme, Digest | None]]] = {
    SignatureAlgorithm.ECDSA_SHA256: (Scheme.ECDSA, _SHA256),
    SignatureAlgorithm.ECDSA_SHA384: (Scheme.ECDSA, _SHA384),
    SignatureAlgorithm.ECDSA_SHA512: (Scheme.ECDSA, _SHA512),
    SignatureAlgorithm.RSA_PKCS1_SHA256: (Scheme.RSA_PKCS1, _SHA256),
    SignatureAlgorithm.RSA_PKCS1_SHA384: (Scheme.RSA_PKCS1, _SHA384),
    SignatureAlgorithm.RSA_PKCS1_SHA512: (Scheme.RSA_PKCS1, _SHA512),
    SignatureAlgorithm.RSA_PSS_SHA256: (Scheme.RSA_PSS, _SHA256),
    SignatureAlgorithm.RSA_PSS_SHA384: (Scheme.RSA_PSS, _SHA384),
    SignatureAlgorithm.RSA_PSS_SHA512: (Scheme.RSA_PSS, _SHA512),
    SignatureAlgorithm.ED25519: (Scheme.ED25519, None),
}

_SCHEMES: Final[dict[KeySpec, frozenset[Scheme]]] = {
    KeySpec.EC_P256: frozenset({Scheme.ECDSA}),
    KeySpec.EC_P384: frozenset({Scheme.ECDSA}),
    KeySpec.RSA_3072: frozenset({Scheme.RSA_PKCS1, Scheme.RSA_PSS}),
    KeySpec.RSA_4096: frozenset({Scheme.RSA_PKCS1, Scheme.RSA_PSS}),
    KeySpec.ED25519: frozenset({Scheme.ED25519}),
}

_DEFAULTS: Final[dict[KeySpec, SignatureAlgorithm]] = {
    KeySpec.EC_P256: SignatureAlgorithm.ECDSA_SHA256,
    KeySpec.EC_P384: SignatureAlgorithm.ECDSA_SHA384,
    KeySpec.RSA_3072: SignatureAlgorithm.RSA_PKCS1_SHA256,
    KeySpec.RSA_4096: SignatureAlgorithm.RSA_PKCS1_SHA256,
    KeySpec.ED25519: SignatureAlgorithm.ED25519,
}

_NULL: Final = b"\x05\x00"
_HASH_OIDS: Final = {  # 2.16.840.1.101.3.4.2.{1,2,3}, RFC 4055 §2.1
    "sha256": bytes.fromhex("0609608648016503040201"),
    "sha384": bytes.fromhex("0609608648016503040202"),
    "sha512": bytes.fromhex("0609608648016503040203"),
}
_OIDS: Final[dict[tuple[Scheme, str], bytes]] = {
    (Scheme.ECDSA, "sha256"): bytes.fromhex("06082a8648ce3d040302"),  # 1.2.840.10045.4.3.2, RFC 5758 §3.2
    (Scheme.ECDSA, "sha384"): bytes.fromhex("06082a8648ce3d040303"),
    (Scheme.ECDSA, "sha512"): bytes.fromhex("06082a8648ce3d040304"),
    (Scheme.RSA_PKCS1, "sha256"): bytes.fromhex("06092a864886f70d01010b"),  # 1.2.840.113549.1.1.11, RFC 4055 §5
    (Scheme.RSA_PKCS1, "sha384"): bytes.fromhex("06092a864886f70d01010c"),
    (Scheme.RSA_PKCS1, "sha512"): bytes.fromhex("06092a864886f70d01010d"),
}
_PSS_OID: Final = bytes.fromhex("06092a864886f70d01010a")  # id-RSASSA-PSS, RFC 4055 §3.1
_MGF1_OID: Final = bytes.fromhex("06092a864886f70d010108")  # id-mgf1, RFC 4055 §2.2
_ED25519_OID: Final = bytes.fromhex("06032b6570")  # id-Ed25519 without parameters, RFC 8410 §3
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02


def scheme_of(algorithm: SignatureAlgorithm) -> Scheme:
    return _PARTS[algorithm][0]


def hash_of(algorithm: SignatureAlgorithm) -> Digest:
    """Return the digest that is signed.

    Raises:
        MechanismError: Ed25519 signs the message itself.
    """
    digest = _PARTS[algorithm][1]
    if digest is None:
        raise MechanismError(f"{algorithm} signs whole messages, not digests")
    return digest


def pss_padding(digest: Digest) -> padding.PSS:
    """MGF1 with the same digest, salt as long as the digest."""
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def default_algorithm(spec: KeySpec) -> SignatureAlgorithm:
    return _DEFAULTS[spec]


def algorithms_of(spec: KeySpec) -> frozenset[SignatureAlgorithm]:
    """All algorithms that a key of this kind can sign with."""
    return frozenset(a for a, (scheme, _) in _PARTS.items() if scheme in _SCHEMES[spec])


def require_fit(spec: KeySpec, algorithm: SignatureAlgorithm) -> None:
    """Raises:
    MechanismError: a key of this kind does not sign with this algorithm.
    """
    if scheme_of(algorithm) not in _SCHEMES[spec]:
        raise MechanismError(f"a key of kind {spec} does not sign with {algorithm}")


def digest_of(message: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """Raises:
    MechanismError: Ed25519 has no digest form.
    """
    hasher = hashes.Hash(hash_of(algorithm))
    hasher.update(message)
    return hasher.finalize()


def require_digest(digest: bytes, algorithm: SignatureAlgorithm) -> Digest:
    """Return the hash that `digest` claims to come from.

    Raises:
        MechanismError: its length is not that of the algorithm's hash, or the algorithm takes no digest.
    """
    kind = hash_of(algorithm)
    if len(digest) != kind.digest_size:
        raise MechanismError(f"{algorithm} takes a digest of {kind.digest_size} bytes, not {len(digest)}")
    return kind


@cache
def identifier(algorithm: SignatureAlgorithm) -> bytes:
    """Return the DER AlgorithmIdentifier: ECDSA and Ed25519 without parameters, PKCS #1 v1.5 with NULL, PSS in full."""
    scheme, digest = _PARTS[algorithm]
    if digest is None:
        return _tlv(_SEQUENCE, _ED25519_OID)
    if scheme is Scheme.RSA_PSS:
        return _tlv(_SEQUENCE, _PSS_OID + _pss_parameters(digest))
    parameters = _NULL if scheme is Scheme.RSA_PKCS1 else b""
    return _tlv(_SEQUENCE, _OIDS[scheme, digest.name] + parameters)


def _pss_parameters(digest: Digest) -> bytes:
    """RSASSA-PSS-params of RFC 4055 §3.1; the trailer field has its default and is left out, as DER demands."""
    hash_identifier = _tlv(_SEQUENCE, _HASH_OIDS[digest.name] + _NULL)
    mask = _tlv(_SEQUENCE, _MGF1_OID + hash_identifier)
    salt = _tlv(_INTEGER, bytes([digest.digest_size]))
    return _tlv(_SEQUENCE, _tlv(0xA0, hash_identifier) + _tlv(0xA1, mask) + _tlv(0xA2, salt))


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content  # every content here is below 128 bytes: short form, X.690 §8.1.3.4


def load_public_key(spki: bytes) -> PublicKey:
    """Parse a SubjectPublicKeyInfo of one of the kinds in `KeySpec`.

    Raises:
        MechanismError: it cannot be read, or is of another kind.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise MechanismError("the recorded public key cannot be read") from exc
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        raise MechanismError(f"no key of kind {type(key).__name__}")
    spec_of(key)
    return key


def spec_of(key: PublicKey) -> KeySpec:
    """Raises:
    MechanismError: a curve or size outside `KeySpec`.
    """
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeySpec.ED25519
    name = f"rsa-{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else _CURVES.get(key.curve.name, key.curve.name)
    try:
        return KeySpec(name)
    except ValueError as exc:
        raise MechanismError(f"no key of kind {name}") from exc


_CURVES: Final = {"secp256r1": KeySpec.EC_P256.value, "secp384r1": KeySpec.EC_P384.value}


def spki_of(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def verify_signature(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, message: bytes) -> None:
    """Raises:
    WrongKeyError: the signature is not one of `message` under `key`.
    MechanismError: key and algorithm do not fit.
    """
    if isinstance(key, ed25519.Ed25519PublicKey):
        require_fit(KeySpec.ED25519, algorithm)
        try:
            key.verify(signature, message)
        except InvalidSignature as exc:
            raise _wrong() from exc
        return
    verify_digest(key, algorithm, signature, digest_of(message, algorithm))


def verify_digest(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes) -> None:
    """As `verify_signature`, for a message hashed already."""
    kind = Prehashed(require_digest(digest, algorithm))
    scheme = scheme_of(algorithm)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme is Scheme.ECDSA:
            key.verify(signature, digest, ec.ECDSA(kind))
        elif isinstance(key, rsa.RSAPublicKey) and scheme is Scheme.RSA_PKCS1:
            key.verify(signature, digest, padding.PKCS1v15(), kind)
        elif isinstance(key, rsa.RSAPublicKey) and scheme is Scheme.RSA_PSS:
            key.verify(signature, digest, pss_padding(hash_of(algorithm)), kind)
        else:
            raise MechanismError(f"{algorithm} does not fit a key of kind {type(key).__name__}")
    except InvalidSignature as exc:
        raise _wrong() from exc


def _wrong() -> WrongKeyError:
    return WrongKeyError("the signature does not verify under the recorded public key")
