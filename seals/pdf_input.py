"""Look at a PDF before it is sealed: what cannot be sealed honestly is refused with a reason, and nothing is signed."""

import errno
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError

from seals import hex_strings
from seals.errors import DocumentRefusedError, Reason, SealError
from seals.mdp import Standing, standing
from seals.objects import dictionary, entry

hex_strings.install()
HEADER_WITHIN: Final = 1024  # bytes, ISO 32000-1 annex H, implementation note 13

# Whatever hostile bytes were seen to make the PDF library raise. Our own errors pass untouched.
_LIBRARY_ERRORS: Final = (
    PdfError, SigningError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError,
    RecursionError, MemoryError, NotImplementedError, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Both inclusive."""

    max_bytes: int = 400_000_000
    max_pages: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A PDF that may be sealed, open for one incremental update."""

    stream: BinaryIO  # the document itself, from its header on
    size: int
    writer: IncrementalPdfFileWriter
    page_count: int
    standing: Standing


def open_document(source: BinaryIO, limits: Limits) -> Document:
    """Parse `source`, leniently where viewers are lenient, and check it.

    Bytes before the header are no part of the document: they are left out of what is sealed.

    Raises:
        DocumentRefusedError: not a PDF, or not one that can be sealed.
    """
    size = source.seek(0, os.SEEK_END)
    if size > limits.max_bytes:
        raise DocumentRefusedError(Reason.TOO_LARGE, f"{size} bytes; at most {limits.max_bytes} are accepted")
    before = _bytes_before_header(source)
    stream = io.BufferedReader(_Shifted(source, before)) if before else source
    with refusing():
        reader = PdfFileReader(stream, strict=False)
        if reader.encrypt_dict is not None:
            raise DocumentRefusedError(Reason.ENCRYPTED, "the document is encrypted")
        _check_catalog(reader)
        page_count = _page_count(reader, limits)
        known = standing(reader)
        if before and known.signed:
            raise DocumentRefusedError(Reason.BROKEN, "a signed document has bytes before its header")
        return Document(
            stream=stream,
            size=size - before,
            writer=IncrementalPdfFileWriter(stream, prev=reader),
            page_count=page_count,
            standing=known,
        )


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the PDF library raises on bad bytes into a refusal.

    Raises:
        DocumentRefusedError: broken, or it decompresses to more than is reasonable.
    """
    try:
        yield
    except SealError:
        raise
    except PdfDecodeLimitError as exc:
        raise DocumentRefusedError(Reason.BOMB, "a stream decompresses to more than is reasonable") from exc
    except _LIBRARY_ERRORS as exc:
        raise DocumentRefusedError(Reason.BROKEN, "the document is damaged") from exc
    except OSError as exc:
        if exc.errno != errno.EINVAL:
            raise  # the disk's fault, not the document's
        # an offset before the beginning: a file on disk says so, one in memory raises ValueError
        raise DocumentRefusedError(Reason.BROKEN, "the document is damaged (an impossible offset)") from exc


def _bytes_before_header(source: BinaryIO) -> int:
    source.seek(0)
    before = source.read(HEADER_WITHIN).find(b"%PDF-")
    if before < 0:
        raise DocumentRefusedError(Reason.NOT_PDF, "no PDF header was found")
    return before


class _Shifted(io.RawIOBase):
    """A file without its first `base` bytes."""

    def __init__(self, file: BinaryIO, base: int) -> None:
        super().__init__()
        self._file = file
        self._base = base

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset + self._base if whence == os.SEEK_SET else offset, whence) - self._base

    def tell(self) -> int:
        return self._file.tell() - self._base


def _check_catalog(reader: PdfFileReader) -> None:
    root = reader.root
    if not isinstance(root, generic.DictionaryObject):
        raise DocumentRefusedError(Reason.BROKEN, "the document has no catalog")
    # A dynamic XFA form is drawn by the form engine alone, ISO 32000-1 §7.7.2 NeedsRendering.
    if entry(root, "/NeedsRendering"):
        raise DocumentRefusedError(Reason.XFA, "the document is a dynamic XFA form; print it to PDF first")


def _page_count(reader: PdfFileReader, limits: Limits) -> int:
    count = entry(dictionary(reader.root, "/Pages"), "/Count")
    if not isinstance(count, int) or count < 1:
        raise DocumentRefusedError(Reason.BROKEN, "the document has no pages")
    if count > limits.max_pages:
        raise DocumentRefusedError(Reason.TOO_MANY_PAGES, f"{count} pages; at most {limits.max_pages} are accepted")
    return int(count)
