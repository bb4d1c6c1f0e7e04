"""Keys in one encrypted file, for a first try on any machine. The keys are in clear in the memory of the process."""

import base64
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hsm.algorithms import Scheme, hash_of, pss_padding, scheme_of, spki_of
from hsm.checked import TEST_KEY_LABEL, TEST_MESSAGE, CheckedSigner
from hsm.errors import HsmError, KeyExistsError, KeyFileError, KeyNotFoundError, WrongKeyError
from hsm.keyfile import KdfCost, KeyFile, Stamp
from hsm.signer import Health, KeyRef, KeySpec, SignatureAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_VERSION: Final = 1
_MASTER_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # NIST SP 800-38D §8.2
_WRAPPED_VERSION: Final = b"\x01"
_WRAP_CONTEXT: Final = b"vermilion software store: wrapped keys, version 1"
_KEYS_KEPT: Final = 1024  # unwrapped keys; the least recently used one goes first
_RSA_EXPONENT: Final = 65537
_RSA_BITS: Final = {KeySpec.RSA_3072: 3072, KeySpec.RSA_4096: 4096}
_CURVES: Final = {KeySpec.EC_P256: ec.SECP256R1(), KeySpec.EC_P384: ec.SECP384R1()}
_DEFAULT_COST: Final = KdfCost()


class SoftwareStore:
    """Implements `KeyStore`. Several processes may share the file; each sees what the others made or deleted."""

    hardware: Final = False

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._unwrapped: OrderedDict[tuple[bytes, bytes], PrivateKey] = OrderedDict()
        self._stamp: Stamp | None = None
        self._content = self._reread()
        self._name = self._content.name
        self._wrapper = AESGCM(HKDF(SHA256(), 32, None, _WRAP_CONTEXT).derive(self._content.master))

    @classmethod
    def create(
        cls, path: Path, passphrase: bytes, *, name: str = "software", cost: KdfCost = _DEFAULT_COST
    ) -> "SoftwareStore":
        """Make the file with a random master key and the test key in it.

        Raises:
            KeyFileError: the file exists or cannot be written.
        """
        content = _Content(name, secrets.token_bytes(_MASTER_BYTES), {TEST_KEY_LABEL: _make(KeySpec.EC_P256)})
        return cls(KeyFile.create(path, passphrase, content.encode(), cost=cost))

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> "SoftwareStore":
        """Raises:
        KeyFileError: the file is missing, damaged, or its passphrase is wrong.
        """
        return cls(KeyFile.open(path, passphrase))

    @property
    def name(self) -> str:
        return self._name

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        """See `KeyStore.generate`.

        Raises:
            KeyExistsError: a resident key with this label exists.
            KeyFileError: the file cannot be read or written.
        """
        key = _make(spec)
        spki = spki_of(key.public_key())
        if resident:
            self._add(label, key)
            return KeyRef(store=self.name, spec=spec, label=label, spki=spki)
        wrapped = self._wrap(spec, spki, key)
        return KeyRef(store=self.name, spec=spec, label=label, spki=spki, wrapped=wrapped)

    @contextmanager
    def lease(self, ref: KeyRef) -> Iterator[CheckedSigner]:
        """See `KeyStore.lease`.

        Raises:
            KeyNotFoundError: no such key, or the wrapped bytes do not belong to this record and store.
            KeyFileError: the file is gone or damaged.
        """
        if ref.store != self.name:
            raise KeyNotFoundError(f"the key {ref.label!r} belongs to another store")
        key = self._resident(ref.label) if ref.wrapped is None else self._unwrap(ref, ref.wrapped)
        signer = CheckedSigner(ref, lambda data, algorithm: _sign(key, data, algorithm))
        try:
            yield signer
        finally:
            signer.end()

    def delete(self, ref: KeyRef) -> None:
        """See `KeyStore.delete`.

        Raises:
            KeyNotFoundError: there is no such resident key.
            WrongKeyError: another key has this label; it stays.
        """
        if ref.wrapped is not None:
            return
        with self._lock, self._file.locked():
            content = self._reread()
            key = content.keys.get(ref.label)
            if key is None or ref.store != self.name:
                raise KeyNotFoundError(f"no such key as {ref.label!r}")
            if spki_of(key.public_key()) != ref.spki:
                raise WrongKeyError(f"the key {ref.label!r} is not the recorded one; it stays")
            kept = {label: other for label, other in content.keys.items() if label != ref.label}
            self._replace(_Content(content.name, content.master, kept))

    def health(self) -> Health:
        """Read the file again and let the test key sign."""
        try:
            with self._lock:
                self._stamp = None
            key = self._resident(TEST_KEY_LABEL)
            ref = KeyRef(store=self.name, spec=KeySpec.EC_P256, label=TEST_KEY_LABEL, spki=spki_of(key.public_key()))
            with self.lease(ref) as signer:
                signer.sign(TEST_MESSAGE, signer.default_algorithm)
        except HsmError as exc:
            return Health(healthy=False, detail=f"{type(exc).__name__}: {exc}")
        return Health(healthy=True, detail="software keys, no HSM", specs=frozenset(KeySpec))

    def close(self) -> None:
        """Forget what was unwrapped."""
        with self._lock:
            self._unwrapped.clear()

    def _resident(self, label: str) -> PrivateKey:
        with self._lock:
            if self._file.stamp() != self._stamp:
                self._content = self._reread()
            key = self._content.keys.get(label)
        if key is None:
            raise KeyNotFoundError(f"no such key as {label!r}")
        return key

    def _add(self, label: str, key: PrivateKey) -> None:
        with self._lock, self._file.locked():
            content = self._reread()  # another process may have added keys since
            if label in content.keys:
                raise KeyExistsError(f"a key with the label {label!r} exists")
            self._replace(_Content(content.name, content.master, {**content.keys, label: key}))

    def _replace(self, content: "_Content") -> None:
        self._file.write(content.encode())
        self._content = content
        self._stamp = self._file.stamp()

    def _reread(self) -> "_Content":
        self._stamp = self._file.stamp()  # before the content: a change in between is then noticed next time
        return _Content.decode(self._file.read())

    def _wrap(self, spec: KeySpec, spki: bytes, key: PrivateKey) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _WRAPPED_VERSION + nonce + self._wrapper.encrypt(nonce, _encode(key), _bound_to(spec, spki))

    def _unwrap(self, ref: KeyRef, wrapped: bytes) -> PrivateKey:
        place = (wrapped, _bound_to(ref.spec, ref.spki))
        with self._lock:
            if place in self._unwrapped:
                self._unwrapped.move_to_end(place)
                return self._unwrapped[place]
        key = _decode(self._decrypt(wrapped, place[1]))
        with self._lock:
            self._unwrapped[place] = key
            if len(self._unwrapped) > _KEYS_KEPT:
                self._unwrapped.popitem(last=False)
        return key

    def _decrypt(self, wrapped: bytes, bound_to: bytes) -> bytes:
        nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if wrapped[:1] != _WRAPPED_VERSION or len(nonce) != _NONCE_BYTES:
            raise KeyNotFoundError("the wrapped key is not of this store")
        try:
            return self._wrapper.decrypt(nonce, sealed, bound_to)
        except InvalidTag as exc:
            raise KeyNotFoundError("the wrapped key does not belong to this store and record") from exc


class _Content:
    """What the file holds, in clear."""

    __slots__ = ("keys", "master", "name")

    def __init__(self, name: str, master: bytes, keys: dict[str, PrivateKey]) -> None:
        self.name = name
        self.master = master
        self.keys = keys

    def encode(self) -> bytes:
        keys = {label: _text(_encode(key)) for label, key in self.keys.items()}
        whole = {"version": _VERSION, "name": self.name, "master": _text(self.master), "keys": keys}
        return json.dumps(whole).encode()

    @classmethod
    def decode(cls, data: bytes) -> "_Content":
        """`data` was authenticated: it is as `encode` wrote it, in this or another version.

        Raises:
            KeyFileError: of another version.
        """
        whole = json.loads(data)
        if whole["version"] != _VERSION:
            raise KeyFileError("the key file is of a version that this program does not know")
        keys = {label: _decode(base64.b64decode(text)) for label, text in whole["keys"].items()}
        return cls(whole["name"], base64.b64decode(whole["master"]), keys)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bound_to(spec: KeySpec, spki: bytes) -> bytes:
    return spec.value.encode() + b"\x00" + spki


def _make(spec: KeySpec) -> PrivateKey:
    if spec in _CURVES:
        return ec.generate_private_key(_CURVES[spec])
    if spec in _RSA_BITS:
        return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS[spec])
    return ed25519.Ed25519PrivateKey.generate()


def _encode(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _decode(data: bytes) -> PrivateKey:
    # authenticated a moment ago: testing the primes again would take longer than the signature
    key = serialization.load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyFileError("the store holds a key of a kind that this program does not know")
    return key


def _sign(key: PrivateKey, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    digest = hash_of(algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(Prehashed(digest)))
    scheme = padding.PKCS1v15() if scheme_of(algorithm) is Scheme.RSA_PKCS1 else pss_padding(digest)
    return key.sign(data, scheme, Prehashed(digest))
