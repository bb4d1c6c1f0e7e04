"""Public keys from outside, throwaway keys for drafts, and whether a signature is good."""

from functools import cache
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from ca.errors import ProfileError
from hsm.algorithms import Digest, hash_of, pss_padding, spec_of, verify_signature
from hsm.errors import MechanismError, WrongKeyError
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

PUBLIC_EXPONENT: Final = 65537  # of every RSA key we make or accept; 2^16 < e is asked by NIST SP 800-89 §5.3.3
MAX_CSR_BYTES: Final = 16_384
_RSA_BITS: Final = {KeySpec.RSA_3072: 3072, KeySpec.RSA_4096: 4096}


def checked_key(key: object) -> PublicKey:
    """Return the key as one of those that the service uses.

    Raises:
        ProfileError: a kind, curve, modulus size or exponent that it does not use.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        raise ProfileError(f"the key must be one of {', '.join(KeySpec)}")
    if isinstance(key, rsa.RSAPublicKey) and key.public_numbers().e != PUBLIC_EXPONENT:
        raise ProfileError(f"the exponent of an RSA key must be {PUBLIC_EXPONENT}")
    try:
        spec_of(key)
    except MechanismError as exc:
        raise ProfileError(f"the key must be one of {', '.join(KeySpec)}") from exc
    return key


def public_key_of(csr: bytes) -> PublicKey:
    """Return the public key of a PKCS#10 request (DER or PEM) whose proof of possession is good.

    Nothing else of a request is ever used: names come from the register, extensions from the profile.

    Raises:
        ProfileError: no request, too long, a key that the service does not use, or its signature is wrong.
    """
    if len(csr) > MAX_CSR_BYTES:
        raise ProfileError(f"the request is longer than {MAX_CSR_BYTES} bytes")
    load = x509.load_pem_x509_csr if csr.lstrip().startswith(b"-----") else x509.load_der_x509_csr
    try:
        request = load(csr)
        key = checked_key(request.public_key())
        possession = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as exc:
        raise ProfileError("not a certificate request") from exc
    if not possession:
        raise ProfileError("the request is not signed by its own key (RFC 2986 §3)")
    return key


def is_good(signature: bytes, message: bytes, *, key: PublicKey, algorithm: SignatureAlgorithm) -> bool:
    """Tell whether the signature is good; False also for an algorithm that is not of this key."""
    try:
        verify_signature(key, algorithm, signature, message)
    except (WrongKeyError, MechanismError):
        return False
    return True


def digest_or_none(algorithm: SignatureAlgorithm) -> Digest | None:
    """Return the digest of the scheme; None for Ed25519, which hashes by itself."""
    return None if algorithm is SignatureAlgorithm.ED25519 else hash_of(algorithm)


def pss_or_none(algorithm: SignatureAlgorithm) -> padding.PSS | None:
    """Return the padding of an RSA-PSS scheme, None for any other."""
    return pss_padding(hash_of(algorithm)) if algorithm.value.startswith("rsa-pss-") else None


def drafting_key(spec: KeySpec) -> PrivateKey:
    """Return a throwaway key of the same type that is quick: a TBS names the algorithm of its issuer, not curve or size."""
    return throwaway({KeySpec.EC_P384: KeySpec.EC_P256, KeySpec.RSA_4096: KeySpec.RSA_3072}.get(spec, spec))


@cache
def throwaway(spec: KeySpec) -> PrivateKey:
    """Return this process's key for drafts of this kind. No certificate names it; nothing it signs leaves."""
    match spec:
        case KeySpec.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeySpec.EC_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeySpec.RSA_3072 | KeySpec.RSA_4096:
            return rsa.generate_private_key(PUBLIC_EXPONENT, _RSA_BITS[spec])
        case KeySpec.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
