"""The digest of the beginning of a file."""

from hashlib import sha256
from typing import BinaryIO, Final

CHUNK: Final = 1 << 20  # bytes


def digest_of(source: BinaryIO, size: int) -> bytes:
    """Return the SHA-256 of the first `size` bytes, or of all if there are fewer."""
    running = sha256()
    source.seek(0)
    while size > 0 and (chunk := source.read(min(size, CHUNK))):
        running.update(chunk)
        size -= len(chunk)
    return running.digest()
