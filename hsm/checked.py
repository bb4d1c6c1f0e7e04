"""The signer that every store hands out: it refuses what does not fit and checks each signature before it leaves."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from hsm.algorithms import (
    default_algorithm,
    digest_of,
    load_public_key,
    require_digest,
    require_fit,
    spec_of,
    verify_digest,
    verify_signature,
)
from hsm.errors import KeyNotFoundError, MechanismError, WrongKeyError
from hsm.signer import KeyRef, PublicKey, SignatureAlgorithm

TEST_KEY_LABEL: Final = "vermilion-test-key"  # resident, signs nothing but health probes
TEST_MESSAGE: Final = b"vermilion health probe; not a document"
_PUBLIC_KEYS_KEPT: Final = 4096  # parsed keys, about 1 kB each

RawSign: TypeAlias = Callable[[bytes, SignatureAlgorithm], bytes]
"""Takes the digest, or the message itself for Ed25519."""

public_key_of = lru_cache(maxsize=_PUBLIC_KEYS_KEPT)(load_public_key)


def recorded_key(ref: KeyRef) -> PublicKey:
    """Raises:
    WrongKeyError: the record names another kind of key than it holds.
    MechanismError: the recorded key cannot be read.
    """
    key = public_key_of(ref.spki)
    if spec_of(key) is not ref.spec:
        raise WrongKeyError(f"the record says {ref.spec}, but its public key is of another kind")
    return key


class CheckedSigner:
    """Implements `Signer` upon a bare signing function. Good until `end`."""

    __slots__ = ("_key", "_live", "_raw", "_ref")

    def __init__(self, ref: KeyRef, raw: RawSign) -> None:
        self._ref = ref
        self._key = recorded_key(ref)
        self._raw = raw
        self._live = True

    def public_key(self) -> PublicKey:
        return self._key

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        return default_algorithm(self._ref.spec)

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """See `Signer.sign`.

        Raises:
            KeyNotFoundError: the lease is over.
            MechanismError, KeyBusyError, WrongKeyError, DeviceError: see `Signer.sign`.
        """
        self._require(algorithm)
        if algorithm is not SignatureAlgorithm.ED25519:
            return self._sign_digest(digest_of(message, algorithm), algorithm)
        signature = self._raw(message, algorithm)
        verify_signature(self._key, algorithm, signature, message)
        return signature

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """As `sign`, for a message hashed already.

        Raises:
            MechanismError: also for a digest of the wrong length.
        """
        self._require(algorithm)
        if algorithm is SignatureAlgorithm.ED25519:
            raise MechanismError("Ed25519 signs whole messages, not digests")
        require_digest(digest, algorithm)
        return self._sign_digest(digest, algorithm)

    def end(self) -> None:
        """The lease is over: nothing is signed from here on, even if someone kept the object."""
        self._live = False

    def _sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        signature = self._raw(digest, algorithm)
        verify_digest(self._key, algorithm, signature, digest)
        return signature

    def _require(self, algorithm: SignatureAlgorithm) -> None:
        if not self._live:
            raise KeyNotFoundError("the lease of this key is over")
        require_fit(self._ref.spec, algorithm)
