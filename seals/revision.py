"""Append one revision with a signature container to a PDF, hashing while copying: no byte is read twice."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_byterange import PdfSignedData

CHUNK: Final = 1 << 20  # bytes
_ID_BYTES: Final = 16  # as long as the MD5 digest that ISO 32000-1 §14.4 suggests


class ContainerTooSmallError(Exception):
    """The signature is larger than the room kept for it. Caught in this package, never seen outside."""

    def __init__(self, needed: int) -> None:
        """Say how many bytes it takes."""
        super().__init__(f"{needed} bytes needed")
        self.needed = needed


class Copy:
    """A file that grows by revisions, together with the digest of all that is in it so far."""

    def __init__(self, target: BinaryIO, digest_name: str) -> None:
        """Start empty: whatever is in `target` goes."""
        target.seek(0)
        target.truncate()
        self.target = target
        self.size = 0
        self.hash = hashlib.new(digest_name)
        self._last = b""

    def append_from(self, source: BinaryIO) -> None:
        """Copy all of `source`, a chunk at a time."""
        source.seek(0)
        while data := source.read(CHUNK):
            self.append(data)

    def append(self, data: bytes | bytearray | memoryview) -> None:
        self.hash.update(data)
        self.target.write(data)
        self.size += len(data)
        self._last = bytes(data[-1:])

    @property
    def ends_in_newline(self) -> bool:
        return self._last in {b"\n", b"\r"}


@contextmanager
def all_or_nothing(target: BinaryIO) -> Iterator[None]:
    """Leave `target` empty if what writes it fails."""
    try:
        yield
    except BaseException:
        target.seek(0)
        target.truncate()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A revision that is written but for the contents of its signature."""

    data: bytearray
    start: int  # of the hexadecimal string with its brackets, within `data`
    end: int
    digest: bytes  # over all bytes of the file but those from `start` to `end`

    def fill(self, contents: bytes) -> bytearray:
        """Put the signature in its place.

        Raises:
            ContainerTooSmallError: it does not fit.
        """
        digits = contents.hex().upper().encode()
        if len(digits) > self.end - self.start - 2:
            raise ContainerTooSmallError(len(contents))
        self.data[self.start + 1 : self.start + 1 + len(digits)] = digits
        return self.data


def prepare(copy: Copy, writer: IncrementalPdfFileWriter, container: PdfSignedData, *, seed: bytes) -> Pending:
    """Serialise what `writer` changed, with `container` in it, behind what `copy` holds. `seed` makes the file's /ID.

    Nothing is written to the target. The document's own metadata stay as they are: sealing is no edit.
    """
    buffer = _serialise(copy, writer, seed)
    end_of_file = buffer.tell()
    start, end = container.contents.offsets
    container.byte_range.fill_offsets(buffer, start, end, end_of_file)
    data = bytearray(buffer.getbuffer())
    digest = copy.hash.copy()
    view = memoryview(data)
    digest.update(view[: start - copy.size])
    digest.update(view[end - copy.size :])
    view.release()
    return Pending(data=data, start=start - copy.size, end=end - copy.size, digest=digest.digest())


def plain(copy: Copy, writer: IncrementalPdfFileWriter, *, seed: bytes) -> memoryview:
    """Serialise what `writer` changed, without a signature, behind what `copy` holds. Nothing is written to the target."""
    return _serialise(copy, writer, seed).getbuffer()


class _Tail(io.BytesIO):
    """A buffer that stands behind `base` bytes of a file and counts from the file's beginning."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self._base = base

    def tell(self) -> int:
        return super().tell() + self._base

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return super().seek(offset - self._base if whence == os.SEEK_SET else offset, whence) + self._base


def _serialise(copy: Copy, writer: IncrementalPdfFileWriter, seed: bytes) -> _Tail:
    _set_identifier(writer, copy, seed)
    buffer = _Tail(copy.size)
    if not copy.ends_in_newline:
        buffer.write(b"\n")
    writer._write_updated_section(buffer)  # noqa: SLF001 - the public `write` copies the whole file a second time
    return buffer


def _set_identifier(writer: IncrementalPdfFileWriter, copy: Copy, seed: bytes) -> None:
    """Give the revision an identifier that follows from its content (ISO 32000-1 §14.4); the first half stays."""
    fresh = hashlib.sha256(copy.hash.digest() + seed).digest()[:_ID_BYTES]
    first = writer._document_id[0]  # noqa: SLF001 - there is no public way to set it
    if "/ID" not in writer.prev.trailer:
        first = generic.ByteStringObject(fresh)
    writer._document_id = generic.ArrayObject([first, generic.ByteStringObject(fresh)])  # noqa: SLF001 - as above
