"""A key store in memory: fast, in clear, for tests of everything above `hsm`. Never shipped."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm.errors import KeyExistsError, KeyNotFoundError, MechanismError, WrongKeyError
from hsm.signer import Health, KeyRef, KeySpec, PublicKey, SignatureAlgorithm

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

DIGESTS: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def make_key(spec: KeySpec) -> PrivateKey:
    """A fresh key pair in clear, for tests that need the private key itself (a CSR, a certificate of a stranger)."""
    match spec:
        case KeySpec.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeySpec.EC_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeySpec.RSA_3072 | KeySpec.RSA_4096:
            return rsa.generate_private_key(65537, 3072 if spec is KeySpec.RSA_3072 else 4096)
        case KeySpec.ED25519:
            return ed25519.Ed25519PrivateKey.generate()


@cache
def rsa_key(spec: KeySpec, number: int) -> PrivateKey:
    """The same RSA keys for every store of one test run: making one takes up to seconds."""
    return make_key(spec)


def spki_of(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(slots=True)
class MemorySigner:
    """Implements `hsm.signer.Signer` on a key in clear."""

    key: PrivateKey

    def public_key(self) -> PublicKey:
        return self.key.public_key()

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        match self.key:
            case ec.EllipticCurvePrivateKey():
                large = self.key.key_size > 256
                return SignatureAlgorithm.ECDSA_SHA384 if large else SignatureAlgorithm.ECDSA_SHA256
            case rsa.RSAPrivateKey():
                return SignatureAlgorithm.RSA_PKCS1_SHA256
            case _:
                return SignatureAlgorithm.ED25519

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            if algorithm is not SignatureAlgorithm.ED25519:
                raise MechanismError(f"an Ed25519 key cannot do {algorithm}")
            return self.key.sign(message)
        return self.sign_digest(_hash(message, algorithm), algorithm)

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        family, _, name = algorithm.value.rpartition("-")
        prehashed = utils.Prehashed(DIGESTS[name]) if name in DIGESTS else None
        if prehashed is None:
            raise MechanismError("Ed25519 hashes by itself")
        if isinstance(self.key, ec.EllipticCurvePrivateKey) and family == "ecdsa":
            return self.key.sign(digest, ec.ECDSA(prehashed))
        if isinstance(self.key, rsa.RSAPrivateKey) and family == "rsa-pkcs1":
            return self.key.sign(digest, padding.PKCS1v15(), prehashed)
        if isinstance(self.key, rsa.RSAPrivateKey) and family == "rsa-pss":
            return self.key.sign(digest, padding.PSS(padding.MGF1(DIGESTS[name]), padding.PSS.DIGEST_LENGTH), prehashed)
        raise MechanismError(f"this key cannot do {algorithm}")


def _hash(message: bytes, algorithm: SignatureAlgorithm) -> bytes:
    name = algorithm.value.rpartition("-")[2]
    if name not in DIGESTS:
        raise MechanismError(f"this key cannot do {algorithm}")
    hasher = hashes.Hash(DIGESTS[name])
    hasher.update(message)
    return hasher.finalize()


@dataclass(slots=True)
class LyingSigner:
    """A faulty device: shows one key and signs with another."""

    shown: MemorySigner
    used: MemorySigner

    def public_key(self) -> PublicKey:
        return self.shown.public_key()

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        return self.shown.default_algorithm

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        return self.used.sign(message, algorithm)

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        return self.used.sign_digest(digest, algorithm)


@dataclass(slots=True)
class MemoryStore:
    """Implements `hsm.signer.KeyStore`. `signed` counts the signatures made, by label: an oracle for tests."""

    name: str = "memory"
    hardware: bool = False
    resident: dict[str, PrivateKey] = field(default_factory=dict)
    session: dict[bytes, PrivateKey] = field(default_factory=dict)  # wrapped bytes -> key
    signed: dict[str, int] = field(default_factory=dict)
    rsa_made: int = 0

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        if resident and label in self.resident:
            raise KeyExistsError(f"a key {label!r} exists")
        key = self._make(spec)
        spki = spki_of(key.public_key())
        if resident:
            self.resident[label] = key
            return KeyRef(store=self.name, spec=spec, label=label, spki=spki)
        wrapped = b"memory:" + hashes_of(spki)
        self.session[wrapped] = key
        return KeyRef(store=self.name, spec=spec, label=label, spki=spki, wrapped=wrapped)

    def _make(self, spec: KeySpec) -> PrivateKey:
        if spec in {KeySpec.RSA_3072, KeySpec.RSA_4096}:
            self.rsa_made += 1
            return rsa_key(spec, self.rsa_made)
        return make_key(spec)

    @contextmanager
    def lease(self, ref: KeyRef) -> Iterator["CountingSigner"]:
        found = self.resident.get(ref.label) if ref.wrapped is None else self.session.get(ref.wrapped)
        if found is None:
            raise KeyNotFoundError(f"no key {ref.label!r}")
        if spki_of(found.public_key()) != ref.spki:
            raise WrongKeyError(f"the key {ref.label!r} is not the recorded one")
        yield CountingSigner(found, self, ref.label)

    def delete(self, ref: KeyRef) -> None:
        if ref.resident:
            self.resident.pop(ref.label, None)

    def health(self) -> Health:
        return Health(healthy=True, detail="in memory", specs=frozenset(KeySpec))

    def close(self) -> None:
        self.resident.clear()
        self.session.clear()


@dataclass(slots=True)
class CountingSigner(MemorySigner):
    """A leased key, which counts what it signs and checks it as `Signer` promises."""

    store: MemoryStore
    label: str

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            self.store.signed[self.label] = self.store.signed.get(self.label, 0) + 1
        return MemorySigner.sign(self, message, algorithm)

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        self.store.signed[self.label] = self.store.signed.get(self.label, 0) + 1
        return MemorySigner.sign_digest(self, digest, algorithm)


def hashes_of(data: bytes) -> bytes:
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(data)
    return hasher.finalize()


def signs_for(signature: bytes, message: bytes, key: PublicKey) -> bool:
    """Whether the signature, made by the key's default algorithm, is good."""
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                digest = hashes.SHA384() if key.key_size > 256 else hashes.SHA256()
                key.verify(signature, message, ec.ECDSA(digest))
            case rsa.RSAPublicKey():
                key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            case _:
                key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
