"""A `Signer` as a private key of the `cryptography` package, for its certificate, CRL, CSR and OCSP builders.

Those builders look for subclasses of its abstract classes and call `sign`. Whatever would need the private key itself
raises. New versions of the package add abstract methods: a test makes one of each class.
"""

from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.utils import Buffer

from hsm.errors import MechanismError
from hsm.signer import SignatureAlgorithm, Signer

TokenPrivateKey: TypeAlias = "TokenEcKey | TokenRsaKey | TokenEd25519Key"

_ECDSA: Final = {
    "sha256": SignatureAlgorithm.ECDSA_SHA256,
    "sha384": SignatureAlgorithm.ECDSA_SHA384,
    "sha512": SignatureAlgorithm.ECDSA_SHA512,
}
_PKCS1: Final = {
    "sha256": SignatureAlgorithm.RSA_PKCS1_SHA256,
    "sha384": SignatureAlgorithm.RSA_PKCS1_SHA384,
    "sha512": SignatureAlgorithm.RSA_PKCS1_SHA512,
}
_PSS: Final = {
    "sha256": SignatureAlgorithm.RSA_PSS_SHA256,
    "sha384": SignatureAlgorithm.RSA_PSS_SHA384,
    "sha512": SignatureAlgorithm.RSA_PSS_SHA512,
}


def private_key_for(signer: Signer) -> TokenPrivateKey:
    """Return a key object that signs through `signer`, for as long as that one's lease lasts.

    Its `sign` raises what `Signer.sign` raises, and MechanismError for a digest or padding that the store has not.
    """
    key = signer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return TokenEcKey(signer, key)
    if isinstance(key, rsa.RSAPublicKey):
        return TokenRsaKey(signer, key)
    return TokenEd25519Key(signer, key)


def _refuse(*_args: Any) -> NoReturn:
    raise MechanismError("the private key never leaves its store")


class TokenEcKey(ec.EllipticCurvePrivateKey):
    def __init__(self, signer: Signer, key: ec.EllipticCurvePublicKey) -> None:
        self._signer = signer
        self._key = key

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._key.curve

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Raises:
        MechanismError: no ECDSA, or another digest than SHA-2 of 256, 384 or 512 bits.
        """
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise MechanismError("an EC key signs with ECDSA")
        return _sign(self._signer, bytes(data), signature_algorithm.algorithm, _ECDSA)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        _refuse(algorithm, peer_public_key)

    def private_numbers(self) -> NoReturn:
        _refuse()

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,  # noqa: A002  # the name in the abstract class
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        _refuse(encoding, format, encryption_algorithm)

    def __reduce__(self) -> NoReturn:
        _refuse()

    def __copy__(self) -> "TokenEcKey":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenEcKey":
        return self


class TokenRsaKey(rsa.RSAPrivateKey):
    def __init__(self, signer: Signer, key: rsa.RSAPublicKey) -> None:
        self._signer = signer
        self._key = key

    def public_key(self) -> rsa.RSAPublicKey:
        return self._key

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def sign(
        self,
        data: bytes,
        padding: padding.AsymmetricPadding,
        algorithm: utils.Prehashed | hashes.HashAlgorithm | utils.NoDigestInfo,
    ) -> bytes:
        """Raises:
        MechanismError: neither PKCS #1 v1.5 nor PSS as `SignatureAlgorithm` has it, or another digest than SHA-2.
        """
        return _sign(self._signer, bytes(data), algorithm, _rsa_table(padding, algorithm))

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> NoReturn:
        _refuse(ciphertext, padding)

    def private_numbers(self) -> NoReturn:
        _refuse()

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,  # noqa: A002  # the name in the abstract class
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        _refuse(encoding, format, encryption_algorithm)

    def __reduce__(self) -> NoReturn:
        _refuse()

    def __copy__(self) -> "TokenRsaKey":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenRsaKey":
        return self


class TokenEd25519Key(ed25519.Ed25519PrivateKey):
    def __init__(self, signer: Signer, key: ed25519.Ed25519PublicKey) -> None:
        self._signer = signer
        self._key = key

    def public_key(self) -> ed25519.Ed25519PublicKey:
        return self._key

    def sign(self, data: Buffer) -> bytes:
        return self._signer.sign(bytes(data), SignatureAlgorithm.ED25519)

    def private_bytes_raw(self) -> NoReturn:
        _refuse()

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,  # noqa: A002  # the name in the abstract class
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        _refuse(encoding, format, encryption_algorithm)

    def __reduce__(self) -> NoReturn:
        _refuse()

    def __copy__(self) -> "TokenEd25519Key":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenEd25519Key":
        return self


def _sign(signer: Signer, data: bytes, digest: object, table: dict[str, SignatureAlgorithm]) -> bytes:
    kind = _unwrapped(digest)
    algorithm = table.get(kind.name) if isinstance(kind, hashes.HashAlgorithm) else None
    if algorithm is None:
        raise MechanismError("the digest is none of SHA-256, SHA-384 and SHA-512")
    call: Callable[[bytes, SignatureAlgorithm], bytes] = (
        signer.sign_digest if isinstance(digest, utils.Prehashed) else signer.sign
    )
    return call(data, algorithm)


def _unwrapped(digest: object) -> object:
    return digest._algorithm if isinstance(digest, utils.Prehashed) else digest  # noqa: SLF001  # it has no public name


def _rsa_table(scheme: padding.AsymmetricPadding, digest: object) -> dict[str, SignatureAlgorithm]:
    if isinstance(scheme, padding.PKCS1v15):
        return _PKCS1
    kind = _unwrapped(digest)
    if not isinstance(scheme, padding.PSS) or not isinstance(kind, hashes.HashAlgorithm):
        raise MechanismError("an RSA key signs with PKCS #1 v1.5 or PSS over a digest")
    salt = scheme._salt_length  # noqa: SLF001  # it has no public name
    mask = getattr(scheme.mgf, "_algorithm", None)
    if salt not in {kind.digest_size, padding.PSS.DIGEST_LENGTH} or not isinstance(mask, type(kind)):
        raise MechanismError("PSS is done with MGF1 of the same digest and a salt as long as it")
    return _PSS
