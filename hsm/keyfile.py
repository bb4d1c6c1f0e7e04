"""One encrypted file: Argon2id over the passphrase, AES-256-GCM over the content, the header as associated data."""

import fcntl
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hsm.errors import KeyFileError

_MAGIC: Final = b"VRMLKEY1"
_HEADER: Final = struct.Struct(">8sIII16s12s")  # magic, memory, passes, lanes, salt, nonce
_SALT_BYTES: Final = 16  # RFC 9106 §3.1
_NONCE_BYTES: Final = 12  # NIST SP 800-38D §8.2
_KEY_BYTES: Final = 32
_TAG_BYTES: Final = 16
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024  # inclusive; some ten thousand resident keys
_MAX_MEMORY_KIB: Final = 1024 * 1024  # inclusive, like the two below: a forged header must not exhaust the machine
_MAX_PASSES: Final = 16
_MAX_LANES: Final = 16
_KIB_PER_LANE: Final = 8  # RFC 9106 §3.1


@dataclass(frozen=True, slots=True, kw_only=True)
class KdfCost:
    """Work of one passphrase guess; recorded in the file. The default is the second choice of RFC 9106 §4."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def check(self) -> None:
        """Raises:
        KeyFileError: outside the bounds of this reader.
        """
        if not (1 <= self.lanes <= _MAX_LANES and 1 <= self.passes <= _MAX_PASSES):
            raise KeyFileError("the key file asks for an unreasonable number of passes or lanes")
        if not self.lanes * _KIB_PER_LANE <= self.memory_kib <= _MAX_MEMORY_KIB:
            raise KeyFileError("the key file asks for an unreasonable amount of memory")


Stamp = tuple[int, int, int]  # inode, time of change, size: differs after every replacement


class KeyFile:
    """Reads and replaces the file as a whole. Holds the derived key, never the passphrase."""

    __slots__ = ("_aead", "_cost", "_path", "_salt")

    def __init__(self, path: Path, passphrase: bytes, *, cost: KdfCost, salt: bytes) -> None:
        cost.check()
        self._path = path
        self._cost = cost
        self._salt = salt
        kdf = Argon2id(
            salt=salt, length=_KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
        )
        self._aead = AESGCM(kdf.derive(passphrase))

    @classmethod
    def create(cls, path: Path, passphrase: bytes, content: bytes, *, cost: KdfCost) -> "KeyFile":
        """Raises:
        KeyFileError: the file exists, or cannot be written.
        """
        file = cls(path, passphrase, cost=cost, salt=secrets.token_bytes(_SALT_BYTES))
        with file.locked():
            if path.exists():
                raise KeyFileError("the key file exists; it is never replaced")
            file.write(content)
        return file

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> "KeyFile":
        """Raises:
        KeyFileError: the file is missing or is none of ours.
        """
        cost, salt = _parse(_read(path))
        return cls(path, passphrase, cost=cost, salt=salt)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer out, in this process and in others. The lock file stays where it is."""
        try:
            handle = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise _unwritable(exc) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def stamp(self) -> Stamp:
        """Raises:
        KeyFileError: the file is gone.
        """
        try:
            found = self._path.stat()
        except OSError as exc:
            raise KeyFileError("the key file is missing or unreadable") from exc
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> bytes:
        """Raises:
        KeyFileError: missing, damaged, replaced by another file, or the passphrase is wrong.
        """
        data = _read(self._path)
        if _parse(data) != (self._cost, self._salt):
            raise KeyFileError("the key file was replaced by another one")
        header, sealed = data[: _HEADER.size], data[_HEADER.size :]
        try:
            return self._aead.decrypt(header[-_NONCE_BYTES:], sealed, header)
        except InvalidTag as exc:
            raise KeyFileError("the key file is damaged, or the passphrase is wrong") from exc

    def write(self, content: bytes) -> None:
        """Replace the file in one step; call it under `locked`. After a crash it is the old or the new one, whole.

        Raises:
            KeyFileError: it cannot be written; the old file stands.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cost = self._cost
        header = _HEADER.pack(_MAGIC, cost.memory_kib, cost.passes, cost.lanes, self._salt, nonce)
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            _write_durably(temporary, header + self._aead.encrypt(nonce, content, header))
            temporary.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as exc:
            raise _unwritable(exc) from exc


def _parse(data: bytes) -> tuple[KdfCost, bytes]:
    if len(data) < _HEADER.size + _TAG_BYTES or not data.startswith(_MAGIC):
        raise KeyFileError("not a key file")
    _, memory_kib, passes, lanes, salt, _ = _HEADER.unpack_from(data)
    cost = KdfCost(memory_kib=memory_kib, passes=passes, lanes=lanes)
    cost.check()
    return cost, salt


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise KeyFileError("the key file is missing or unreadable") from exc
    if len(data) > _MAX_FILE_BYTES:
        raise KeyFileError(f"a key file has at most {_MAX_FILE_BYTES} bytes")
    return data


def _write_durably(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(exc: OSError) -> KeyFileError:
    return KeyFileError(f"the key file cannot be written: {exc.strerror}")
