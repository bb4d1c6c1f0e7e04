"""Object identifiers of the remote signing interface and the algorithms they stand for."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from asn1crypto import algos
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from api.errors import OAuthError
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm
from verify.algorithms import DIGEST_OIDS, DIGEST_SIZES

DIGEST_OF_OID: Final[Mapping[str, str]] = {oid.dotted_string: name for name, oid in DIGEST_OIDS.items()}
OID_OF_DIGEST: Final[Mapping[str, str]] = {name: oid for oid, name in DIGEST_OF_OID.items()}
DIGEST_OF_SIZE: Final[Mapping[int, str]] = {size: name for name, size in DIGEST_SIZES.items()}

_RSA: Final = "1.2.840.113549.1.1.1"  # rsaEncryption, RFC 8017 appendix A.1: the hash is named beside it
_PSS: Final = "1.2.840.113549.1.1.10"  # RFC 8017 appendix A.2.3
_EC: Final = "1.2.840.10045.2.1"  # id-ecPublicKey, RFC 5480 §2.1.1: the hash is named beside it
_BOUND: Final[Mapping[str, SignatureAlgorithm]] = {  # the hash is in the identifier: RFC 5758 §3.2, RFC 8017 A.2.4
    "1.2.840.10045.4.3.2": SignatureAlgorithm.ECDSA_SHA256,
    "1.2.840.10045.4.3.3": SignatureAlgorithm.ECDSA_SHA384,
    "1.2.840.10045.4.3.4": SignatureAlgorithm.ECDSA_SHA512,
    "1.2.840.113549.1.1.11": SignatureAlgorithm.RSA_PKCS1_SHA256,
    "1.2.840.113549.1.1.12": SignatureAlgorithm.RSA_PKCS1_SHA384,
    "1.2.840.113549.1.1.13": SignatureAlgorithm.RSA_PKCS1_SHA512,
}
_UNBOUND: Final[Mapping[str, str]] = {_RSA: "rsa-pkcs1", _PSS: "rsa-pss", _EC: "ecdsa"}
_EC_OIDS: Final = tuple(oid for oid, one in _BOUND.items() if one.startswith("ecdsa"))
_RSA_OIDS: Final = (*(oid for oid, one in _BOUND.items() if one.startswith("rsa")), _PSS, _RSA)
OIDS_OF_SPEC: Final[Mapping[KeySpec, tuple[str, ...]]] = {
    KeySpec.EC_P256: _EC_OIDS,
    KeySpec.EC_P384: _EC_OIDS,
    KeySpec.RSA_3072: _RSA_OIDS,  # hash-bound ones first: clients refuse rsaEncryption alone
    KeySpec.RSA_4096: _RSA_OIDS,
    KeySpec.ED25519: (),  # signs whole messages, never a digest
}
ALL_OIDS: Final = (*_EC_OIDS, *_RSA_OIDS)
CURVES: Final[Mapping[str, str]] = {
    "secp256r1": "1.2.840.10045.3.1.7",
    "secp384r1": "1.3.132.0.34",
}  # RFC 5480 §2.1.1.1


def digest_name(oid: str | None, hashes: tuple[bytes, ...]) -> str:
    """The name of the hash algorithm, by its OID or, where none was sent, by the length of the hashes.

    Raises:
        OAuthError: unknown, or not of this length.
    """
    sizes = {len(one) for one in hashes}
    name = DIGEST_OF_SIZE.get(min(sizes)) if oid is None else DIGEST_OF_OID.get(oid)
    if name is None:
        raise OAuthError("invalid_request", "Invalid parameter hashAlgo: SHA-256, SHA-384 and SHA-512 are known here")
    if sizes != {DIGEST_SIZES[name]}:
        raise OAuthError("invalid_request", "Invalid digest value length")
    return name


def signature_algorithm(oid: str, digest: str, parameters: bytes | None) -> SignatureAlgorithm:
    """The signature scheme that `signAlgo` means together with the hash algorithm.

    Raises:
        OAuthError: unknown, contradictory, or with other parameters than ours.
    """
    scheme = _UNBOUND.get(oid)
    found = _BOUND.get(oid) if scheme is None else SignatureAlgorithm(f"{scheme}-{digest}")
    if found is None or not found.endswith(digest):
        raise OAuthError("invalid_request", "Invalid parameter signAlgo")
    if parameters is not None and not _fits(found, digest, parameters):
        raise OAuthError("invalid_request", "Invalid parameter signAlgoParams")
    return found


def _fits(algorithm: SignatureAlgorithm, digest: str, parameters: bytes) -> bool:
    """PSS with the same hash in MGF1 and a salt as long as the hash; for the others NULL at most."""
    if not algorithm.startswith("rsa-pss"):
        return parameters == b"\x05\x00"
    try:
        found = algos.RSASSAPSSParams.load(parameters, strict=True)
        mask = found["mask_gen_algorithm"]
        return bool(
            found["hash_algorithm"]["algorithm"].native == digest
            and mask["algorithm"].native == "mgf1"
            and mask["parameters"]["algorithm"].native == digest
            and found["salt_length"].native == DIGEST_SIZES[digest]
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # whatever asn1crypto makes of outside bytes
        return False


def key_facts(key: PublicKey) -> tuple[int, str | None]:
    """Length in bits, and the curve's OID."""
    match key:
        case ec.EllipticCurvePublicKey():
            return key.key_size, CURVES.get(key.curve.name)
        case rsa.RSAPublicKey():
            return key.key_size, None
        case ed25519.Ed25519PublicKey():
            return 256, None  # RFC 8032 §5.1


def as_sha256(hash_: bytes) -> bytes:
    """The 32 octets by which a hash is agreed to and recorded: itself, or the SHA-256 of a longer one."""
    return hash_ if len(hash_) == DIGEST_SIZES["sha256"] else sha256(hash_).digest()
