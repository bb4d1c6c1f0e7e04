"""Files in the making: in memory while small, on disk when large, gone when the block ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, cast

IN_MEMORY_BYTES: Final = 8 << 20
PIECE_BYTES: Final = 1 << 20


@contextmanager
def scratch_file(folder: Path) -> Iterator[BinaryIO]:
    """Yield an empty file that is forgotten at the end."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder)) as file:
        yield cast("BinaryIO", file)  # it has every method, but the standard library does not say so to type checkers


def sha256_of(file: BinaryIO) -> bytes:
    """Return the SHA-256 of the whole file, and leave it at its beginning."""
    hasher = sha256()
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        hasher.update(piece)
    file.seek(0)
    return hasher.digest()
