"""What the rest of the service sees of a key: an algorithm, a reference, a signer, a store."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class KeySpec(StrEnum):
    """A kind of key pair that a store can generate."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ED25519 = "ed25519"


class SignatureAlgorithm(StrEnum):
    """A signature scheme with its digest. PSS: MGF1 with the same digest, salt as long as the digest."""

    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRef:
    """What a record keeps of a key. Holds nothing secret: `wrapped` is encrypted under the store's master key."""

    store: str  # name of the store that made it
    spec: KeySpec
    label: str
    spki: bytes  # DER SubjectPublicKeyInfo; the truth about which key this is
    wrapped: bytes | None = None  # None: a resident key, found in the store by its label

    @property
    def resident(self) -> bool:
        return self.wrapped is None


class Signer(Protocol):
    """A private key that never leaves its store. Every signature is verified before it is returned."""

    def public_key(self) -> PublicKey:
        """The key as recorded in its `KeyRef`, never as the device tells it."""
        ...

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        """ECDSA with the digest of the curve's size, RSA PKCS#1 v1.5 with SHA-256, or Ed25519."""
        ...

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature over `message`; for ECDSA a DER ECDSA-Sig-Value (RFC 3279 §2.2.3).

        Raises:
            MechanismError: key and algorithm do not fit, or the store lacks the algorithm.
            KeyBusyError: the device was not free in time; worth a retry.
            WrongKeyError: the signature does not fit the recorded public key.
            DeviceError: the device failed and its sessions were discarded.
        """
        ...

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """As `sign`, for a message hashed already. Ed25519 has no such form: MechanismError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a probe of the store found: a test key signed and its signature verified, or the reason why not."""

    healthy: bool
    detail: str  # for the operator; no secret in it
    specs: frozenset[KeySpec] = frozenset()


class KeyStore(Protocol):
    """One place where keys live. Opened lazily, once per process, never before a fork."""

    @property
    def name(self) -> str: ...

    @property
    def hardware(self) -> bool:
        """False for the software store, which every page and transcript labels as no HSM."""
        ...

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        """Make a key pair: a lasting object of the store (`resident`), or one wrapped under its master key.

        Raises:
            KeyExistsError: a resident key with this label exists.
            TokenFullError, MechanismError, KeyBusyError, DeviceError: see there.
        """
        ...

    def lease(self, ref: KeyRef) -> AbstractContextManager[Signer]:
        """Lend the key for the length of a `with` block: found by label, or unwrapped and destroyed afterwards.

        Raises:
            KeyNotFoundError: the store has no such key, or the wrapped bytes are not of its master key.
        """
        ...

    def delete(self, ref: KeyRef) -> None:
        """Destroy a resident key. Deleting a wrapped one means forgetting its record: nothing to do here."""
        ...

    def health(self) -> Health: ...

    def close(self) -> None: ...
