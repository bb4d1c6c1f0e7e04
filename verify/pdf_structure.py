"""The bytes of a PDF: where its revisions end, what a signature's byte range covers, and the digests of what is signed.

pyHanko parses; what it overlooks is added here: bytes after the last %%EOF, bytes between revisions, odd byte ranges.
"""

import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, read_object_header

from verify.certificates import PARSE_ERRORS
from verify.errors import VerifyError
from verify.path_rules import ChainLimits

PDF_ERRORS: Final = (*PARSE_ERRORS, PdfError, EOFError, OSError, MemoryError, zlib.error)

WHITE_SPACE: Final = b"\x00\t\n\x0c\r "  # ISO 32000-2 §7.2.3, table 1
END_OF_REVISION: Final = re.compile(rb"startxref[\x00\t\n\x0c\r ]+\d+[\x00\t\n\x0c\r ]+%%EOF")
ONLY_WHITE_OR_COMMENT: Final = re.compile(rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*(?:\r|\n|$))*")
CONTENTS: Final = re.compile(rb"/Contents[\x00\t\n\x0c\r ]*<([0-9A-Fa-f]+)>")
HEX: Final = re.compile(rb"<[0-9A-Fa-f]*>")
LINEARIZED_WITHIN: Final = 1024  # ISO 32000-2 Annex F.3.3
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLimits:
    """Inclusive bounds of what one file may ask of a check."""

    max_bytes: int = 512 * 1024 * 1024
    max_revisions: int = 512
    max_signatures: int = 256
    max_objects: int = 500_000  # cross-reference entries
    max_decoded_bytes: int = 256 * 1024 * 1024  # unpacked, over the whole check
    max_contents: int = 4 * 1024 * 1024  # one signature
    max_trailer: int = 256 * 1024  # between a cross-reference section and the end of its revision
    max_gap: int = 64 * 1024  # white space and comments between two revisions
    max_pages: int = 4096  # compared page by page for the words about a change
    chain: ChainLimits = field(default_factory=ChainLimits)


class UnreadablePdfError(VerifyError):
    """The file cannot be judged. Never leaves `check_pdf`: it becomes the finding `ident`."""

    def __init__(self, ident: str, **values: object) -> None:
        super().__init__(ident)
        self.ident = ident
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A parsed PDF. `ends[k]` is the offset behind the %%EOF of revision `k`, never less than that of its forerunner.

    `first` is the last section of the original file: 1 where it is linearized, for that has two.
    """

    document: BinaryIO
    reader: PdfFileReader
    size: int
    ends: tuple[int, ...]
    first: int
    tail: int  # bytes that are not white space, behind the last revision


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRange:
    """A byte range of the one allowed form: [0, gap_start) and [gap_end, end)."""

    gap_start: int
    gap_end: int
    end: int


def open_pdf(document: BinaryIO, limits: PdfLimits) -> Opened:
    """Parse the file.

    Raises:
        UnreadablePdfError: with the finding to report.
    """
    size = document.seek(0, io.SEEK_END)
    if size > limits.max_bytes:
        raise UnreadablePdfError("pdf.too-large", limit=limits.max_bytes)
    if not _slice(document, 0, 8).startswith(b"%PDF-"):
        raise UnreadablePdfError("pdf.not-pdf")
    try:
        return _parse(document, size, limits)
    except PdfDecodeLimitError as exc:
        raise UnreadablePdfError("pdf.too-complex", what="packed data") from exc
    except PDF_ERRORS as exc:
        raise UnreadablePdfError("pdf.broken", what=str(exc) or type(exc).__name__) from exc


def _parse(document: BinaryIO, size: int, limits: PdfLimits) -> Opened:
    budget = DocumentDecodeBudget(base_allowance=limits.max_decoded_bytes, max_ratio=0)
    reader = PdfFileReader(document, strict=False, decode_limits=DecodeLimits(document_budget=budget))
    if reader.total_revisions > limits.max_revisions:
        raise UnreadablePdfError("pdf.too-complex", what=f"{reader.total_revisions} revisions")
    if (count := _count_objects(reader)) > limits.max_objects:
        raise UnreadablePdfError("pdf.too-complex", what=f"{count} objects")
    if "/Encrypt" in reader.trailer:
        raise UnreadablePdfError("pdf.encrypted")
    _ = reader.root["/Pages"]
    ends = _ends(document, reader, limits)
    first = int(_is_linearized(document, reader))
    tail = _tail(document, ends[-1], size)
    return Opened(document=document, reader=reader, size=size, ends=ends, first=first, tail=tail)


def _is_linearized(document: BinaryIO, reader: PdfFileReader) -> bool:
    """ISO 32000-2 Annex F: the section of the first page stands before the main one and points to it."""
    if reader.total_revisions == 1 or b"/Linearized" not in _slice(document, 0, LINEARIZED_WITHIN):
        return False
    main, first_page = (reader.xrefs.get_xref_container_info(number) for number in (0, 1))
    return bool(first_page.end_location < main.start_location)


def _count_objects(reader: PdfFileReader) -> int:
    return sum(
        len(reader.xrefs.get_xref_data(number).explicit_refs_in_revision) for number in range(reader.total_revisions)
    )


def _ends(document: BinaryIO, reader: PdfFileReader, limits: PdfLimits) -> tuple[int, ...]:
    """The end of each revision; in a linearized file the first section stands before the main one."""
    ends: list[int] = []
    for number in range(reader.total_revisions):
        start = reader.xrefs.get_xref_container_info(number).end_location
        found = END_OF_REVISION.search(_slice(document, start, start + limits.max_trailer))
        if found is None:
            raise UnreadablePdfError("pdf.broken", what=f"revision {number + 1} has no end")
        ends.append(max([start + found.end(), *ends[-1:]]))
    return tuple(ends)


def _tail(document: BinaryIO, end: int, size: int) -> int:
    """How many bytes behind `end` are not white space."""
    count = 0
    document.seek(end)
    while document.tell() < size and (chunk := document.read(CHUNK)):
        count += len(chunk.translate(None, WHITE_SPACE))
    return count


def stray_revision(opened: Opened, *, after: int, limits: PdfLimits) -> int | None:
    """The first revision behind `after` that does not follow its forerunner byte upon byte, or None."""
    for number in range(max(after, opened.first) + 1, len(opened.ends)):
        begin = opened.ends[number - 1]
        info = opened.reader.xrefs.get_xref_container_info(number)
        if info.start_location < begin:
            return number
        data = opened.reader.xrefs.get_xref_data(number)
        starts = [offset for _, offset in data.standard_xrefs.values() if offset >= begin]
        first = min([*starts, info.start_location])
        between = _slice(opened.document, begin, first).removesuffix(b"\n").removesuffix(b"\r").removesuffix(b"xref")
        if len(between) > limits.max_gap or not ONLY_WHITE_OR_COMMENT.fullmatch(between):
            return number
    return None


def preload(opened: Opened, reference: Any, limits: PdfLimits) -> None:
    """Parse a signature object without its long hexadecimal string, which pyHanko reads digit by digit.

    Only where there is no doubt which string that is; otherwise nothing is done and pyHanko reads the object as usual.
    """
    reader, offset = opened.reader, opened.reader.xrefs[reference]
    if not isinstance(offset, int):
        return
    data = _slice(opened.document, offset, offset + 2 * limits.max_contents)
    data = data[: data.find(b"endobj") + 1]
    found = CONTENTS.search(data)
    if found is None or data.count(b"/Contents") != 1 or len(found[1]) % 2:
        return
    stream = io.BytesIO(data[: found.start(1)] + data[found.end(1) :])
    idnum, generation = read_object_header(stream, strict=False)
    value = generic.read_object(stream, generic.Reference(idnum, generation, reader))
    if (idnum, generation) != (reference.idnum, reference.generation) or not isinstance(
        value, generic.DictionaryObject
    ):
        return
    if "/Contents" in value and value.raw_get("/Contents").original_bytes == b"":
        value[pdf_name("/Contents")] = generic.ByteStringObject(bytes.fromhex(found[1].decode("ascii")))
        value.container_ref = generic.Reference(idnum, generation, reader)
        reader.cache_indirect_object(generation, idnum, value)


def signed_range(raw: object, contents: bytes, opened: Opened, revision: int, reference: Any) -> SignedRange | str:
    """The byte range, if it has the one allowed form and covers its revision; otherwise what is wrong with it."""
    signed = _ordered(raw, opened.size)
    if signed is None:
        return "its byte range is not four ordered numbers inside the file"
    gap = _slice(opened.document, signed.gap_start, signed.gap_end)
    if not HEX.fullmatch(gap) or bytes.fromhex(gap[1:-1].decode("ascii").ljust(2 * len(contents), "0")) != contents:
        return "its byte range leaves out more than the signature"
    offset = opened.reader.xrefs.get_historical_ref(reference, revision)
    if offset is None or isinstance(offset, ObjStreamRef) or not offset < signed.gap_start:
        return "it does not stand where its byte range says"
    if b"endobj" in _slice(opened.document, offset, signed.gap_start):
        return "its byte range leaves out another object than the signature"
    end = opened.ends[revision]
    if signed.end < end or _slice(opened.document, end, signed.end).strip(WHITE_SPACE):
        return "its byte range does not end where its revision ends"
    return signed


def _ordered(raw: object, size: int) -> SignedRange | None:
    match raw:
        case [int(zero), int(gap_start), int(gap_end), int(rest)] if zero == 0 and rest >= 0:
            signed = SignedRange(gap_start=int(gap_start), gap_end=int(gap_end), end=int(gap_end) + int(rest))
            return signed if 0 < signed.gap_start < signed.gap_end and signed.end <= size else None
    return None


def covers_whole(opened: Opened, signed: SignedRange) -> bool:
    """Whether nothing but white space stands behind the signed bytes."""
    return _tail(opened.document, signed.end, opened.size) == 0


def digests(document: BinaryIO, wanted: Iterable[tuple[SignedRange, str]]) -> dict[tuple[SignedRange, str], bytes]:
    """Digest every range with its algorithm, reading the common beginning of the file once per algorithm."""
    found: dict[tuple[SignedRange, str], bytes] = {}
    pending = set(wanted)
    for algorithm in {name for _, name in pending}:
        running, position = hashlib.new(algorithm), 0
        for signed in sorted((one for one, name in pending if name == algorithm), key=lambda one: one.gap_start):
            _feed(running, document, position, signed.gap_start)
            position = signed.gap_start
            own = running.copy()
            _feed(own, document, signed.gap_end, signed.end)
            found[signed, algorithm] = own.digest()
    return found


def _feed(running: Any, document: BinaryIO, start: int, end: int) -> None:
    document.seek(start)
    while start < end and (chunk := document.read(min(CHUNK, end - start))):
        running.update(chunk)
        start += len(chunk)


def _slice(document: BinaryIO, start: int, end: int) -> bytes:
    document.seek(start)
    return document.read(max(0, end - start))


def shared(values: Sequence[object]) -> set[int]:
    """The positions of values that stand more than once."""
    return {position for position, value in enumerate(values) if values.count(value) > 1}
