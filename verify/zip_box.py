"""A ZIP archive from outside, read strictly and within bounds (PKWARE APPNOTE 6.3).

One reading only: every byte belongs to one file or to the directory, and headers and directory agree, so that no other
program can find other files in it. Nothing is unpacked to disk.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final
from unicodedata import normalize

from verify.asic_manifest import MIMETYPE_NAME, objection_to
from verify.errors import VerifyError

END: Final = struct.Struct("<4s4H2LH")  # end of central directory, §4.3.16
END_64: Final = struct.Struct("<4sQ2H2L4Q")  # §4.3.14
LOCATOR_64: Final = struct.Struct("<4sLQL")  # §4.3.15
ENTRY: Final = struct.Struct("<4s6H3L5H2L")  # §4.3.12
LOCAL: Final = struct.Struct("<4s5H3L2H")  # §4.3.7
MARKS: Final = (b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04")
FULL_16: Final = 0xFFFF
FULL_32: Final = 0xFFFFFFFF
STORED: Final = 0
DEFLATED: Final = 8
DESCRIPTOR_FLAG: Final = 0x0008  # sizes follow the data
UTF8_FLAG: Final = 0x0800
ENCRYPTED_FLAGS: Final = 0x0001 | 0x0040 | 0x2000
EXTRA_64: Final = 0x0001  # §4.5.3
DESCRIPTORS: Final = frozenset({12, 16, 20, 24})  # bytes, §4.3.9: with or without mark, 32 or 64 bits
END_64_REST: Final = 44  # bytes of the record that follow its length, without extensible data
COMMENT: Final = b"mimetype="  # the one comment a container may have, ETSI EN 319 162-1 annex A.1
MAX_COMMENT: Final = 256
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxLimits:
    """Bounds on one archive, inclusive."""

    max_entries: int = 4096
    max_unpacked: int = 8 << 30  # bytes, of all files together
    max_ratio: int = 200  # bytes out for one byte in; texts reach 20
    free_bytes: int = 1 << 20  # for which no ratio is asked
    max_directory: int = 8 << 20  # bytes


class UnreadableBoxError(VerifyError):
    """The archive cannot be read in one way only. Becomes the finding `ident`."""

    def __init__(self, ident: str, what: object) -> None:
        """Keep the finding's id and its value."""
        super().__init__(ident)
        self.ident = ident
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the archive."""

    name: str
    offset: int  # of its local header
    start: int  # of its data
    packed: int
    size: int
    method: int
    crc: int
    described: bool  # a data descriptor follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An archive whose directory was read and found consistent."""

    file: BinaryIO
    entries: dict[str, Entry]  # by name, in the order of the file; folders are left out

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes, a piece at a time.

        Raises:
            UnreadableBoxError: they are not what the directory says.
        """
        entry = self.entries[name]
        crc = size = 0
        for piece in _stored(self.file, entry) if entry.method == STORED else _inflated(self.file, entry):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            if size > entry.size:
                break
            yield piece
        if (crc, size) != (entry.crc, entry.size):
            raise UnreadableBoxError("asic.broken", f"{name}: not the bytes that its directory promises")

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """A small file whole.

        Raises:
            UnreadableBoxError: it is longer than `max_bytes`, or not what the directory says.
        """
        if self.entries[name].size > max_bytes:
            raise UnreadableBoxError("asic.too-complex", f"{name}: longer than {max_bytes} bytes")
        return b"".join(self.pieces(name))


def open_box(file: BinaryIO, limits: BoxLimits) -> Box:
    """Read the directory.

    Raises:
        UnreadableBoxError: it is not a ZIP archive, or one that could be read in two ways.
    """
    try:
        count, start, end = _directory(file)
        if count > limits.max_entries or end - start > limits.max_directory:
            raise UnreadableBoxError("asic.too-complex", f"{count} files")
        entries = list(_entries(file, start, end))
    except (struct.error, UnicodeDecodeError) as exc:
        raise UnreadableBoxError("asic.broken", "a record is cut short, or a name is not readable") from exc
    if len(entries) != count:
        raise UnreadableBoxError("asic.broken", "the directory lists another number of files than it says")
    entries.sort(key=lambda one: one.offset)
    _require_bounds(entries, limits)
    _require_no_gaps(entries, start)
    return Box(file=file, entries=_named(entries))


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """Number of files, and where the directory begins and ends."""
    size = file.seek(0, 2)
    at, record = _end(file, size)
    _, disk, first, here, count, length, start, _ = record
    if (disk, first) != (0, 0) or here != count:
        raise UnreadableBoxError("asic.broken", "an archive in several parts")
    if count == FULL_16 or FULL_32 in {length, start}:
        at, count, length, start = _end_64(file, at)
    if start + length != at:
        raise UnreadableBoxError("asic.outer-bytes", "beside the directory")
    return count, start, at


def _end(file: BinaryIO, size: int) -> tuple[int, tuple[bytes, int, int, int, int, int, int, int]]:
    tail_at = max(0, size - END.size - MAX_COMMENT)
    tail = _at(file, tail_at, size - tail_at)
    found = tail.rfind(MARKS[0])
    if found < 0:
        raise UnreadableBoxError("asic.broken", "it has no end")
    record: tuple[bytes, int, int, int, int, int, int, int] = END.unpack_from(tail, found)
    comment = tail[found + END.size :]
    if len(comment) != record[-1] or not (comment == b"" or comment.startswith(COMMENT)):
        raise UnreadableBoxError("asic.outer-bytes", "after the end")
    return tail_at + found, record


def _end_64(file: BinaryIO, at: int) -> tuple[int, int, int, int]:
    mark, disk, where, disks = LOCATOR_64.unpack(_at(file, at - LOCATOR_64.size, LOCATOR_64.size))
    if (mark, disk, disks) != (MARKS[2], 0, 1) or where + END_64.size + LOCATOR_64.size != at:
        raise UnreadableBoxError("asic.broken", "its 64-bit end is not in its place")
    mark, rest, _, _, disk, first, here, count, length, start = END_64.unpack(_at(file, where, END_64.size))
    if (mark, rest, disk, first) != (MARKS[1], END_64_REST, 0, 0) or here != count:
        raise UnreadableBoxError("asic.broken", "its 64-bit end is not readable")
    return where, count, length, start


def _entries(file: BinaryIO, start: int, end: int) -> Iterator[Entry]:
    directory, at = _at(file, start, end - start), 0
    while at < len(directory):
        record = ENTRY.unpack_from(directory, at)
        mark, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, *_, offset = record
        if mark != MARKS[3]:
            raise UnreadableBoxError("asic.broken", "the directory is not readable")
        at += ENTRY.size
        raw, extra = directory[at : at + name_size], directory[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment_size
        if flags & ENCRYPTED_FLAGS or method not in {STORED, DEFLATED}:
            raise UnreadableBoxError("asic.broken", "a file is encrypted, or packed in an unknown way")
        size, packed, offset = _wide(extra, size, packed, offset)
        data_at = _local(file, offset, raw, (flags, method, crc, packed, size))
        yield Entry(
            name=raw.decode("utf-8" if flags & UTF8_FLAG else "ascii"),
            offset=offset,
            start=data_at,
            packed=packed,
            size=size,
            method=method,
            crc=crc,
            described=bool(flags & DESCRIPTOR_FLAG),
        )


def _wide(extra: bytes, *values: int) -> Iterator[int]:
    """Put the 64-bit values of the extra field where the 32-bit ones say so (§4.5.3)."""
    wide = _extra_64(extra)
    for value in values:
        if value == FULL_32:
            yield int.from_bytes(wide[:8], "little")
            wide = wide[8:]
        else:
            yield value


def _extra_64(extra: bytes) -> bytes:
    while extra:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == EXTRA_64:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""


def _local(file: BinaryIO, offset: int, name: bytes, expected: tuple[int, int, int, int, int]) -> int:
    """Where the data begin, after a local header that says the same as the directory."""
    header = LOCAL.unpack(_at(file, offset, LOCAL.size))
    mark, _, flags, method, _, _, crc, packed, size, name_size, extra_size = header
    rest = _at(file, offset + LOCAL.size, name_size + extra_size)
    size, packed = _wide(rest[name_size:], size, packed)
    same = (flags, method) == expected[:2] and rest[:name_size] == name
    sizes = (crc, packed, size) == expected[2:] or bool(flags & DESCRIPTOR_FLAG)
    if mark != MARKS[4] or not same or not sizes:
        raise UnreadableBoxError("asic.broken", "a file and its line in the directory do not agree")
    return offset + LOCAL.size + len(rest)


def _require_bounds(entries: list[Entry], limits: BoxLimits) -> None:
    if sum(one.size for one in entries) > limits.max_unpacked:
        raise UnreadableBoxError("asic.too-complex", f"more than {limits.max_unpacked} bytes when unpacked")
    for one in entries:
        if one.size > limits.free_bytes + limits.max_ratio * one.packed:
            raise UnreadableBoxError("asic.too-complex", f"{one.name}: it unpacks to {one.size} bytes")


def _require_no_gaps(entries: list[Entry], end: int) -> None:
    """Every byte before the directory belongs to one file."""
    at, described = 0, False
    for offset, one in [*((entry.offset, entry) for entry in entries), (end, None)]:
        gap = offset - at
        if gap != 0 and not (described and gap in DESCRIPTORS):
            raise UnreadableBoxError("asic.outer-bytes", "between the files")
        if one is not None:
            at, described = one.start + one.packed, one.described


def _named(entries: list[Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    seen: set[str] = set()
    for one in entries:
        folder = one.name.endswith("/") and one.size == 0
        if objection := objection_to(one.name.removesuffix("/") if folder else one.name):
            raise UnreadableBoxError("asic.path", f"{one.name}: {objection}")
        plain = normalize("NFC", one.name).casefold()  # one and the same file on many systems
        if plain in seen:
            raise UnreadableBoxError("asic.duplicate", one.name)
        seen.add(plain)
        if not folder:
            found[one.name] = one
    return found


def _stored(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    at, left = entry.start, entry.packed
    while left:
        piece = _at(file, at, min(left, CHUNK))
        yield piece
        at, left = at + len(piece), left - len(piece)


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in _stored(file, entry):
            left = piece
            while left and not stream.eof:
                yield stream.decompress(left, CHUNK)
                left = stream.unconsumed_tail
        while not stream.eof and (rest := stream.decompress(b"", CHUNK)):  # what it still holds back
            yield rest
    except zlib.error as exc:
        raise UnreadableBoxError("asic.broken", f"{entry.name}: it does not unpack") from exc
    if not stream.eof or stream.unused_data:
        raise UnreadableBoxError("asic.broken", f"{entry.name}: it does not unpack to its end")


def _at(file: BinaryIO, at: int, count: int) -> bytes:
    """Exactly `count` bytes from `at`.

    Raises:
        UnreadableBoxError: they are not there.
    """
    if at < 0:
        raise UnreadableBoxError("asic.broken", "a record lies before the beginning")
    file.seek(at)
    data = file.read(count)
    if len(data) != count:
        raise UnreadableBoxError("asic.broken", "it is cut short")
    return data


def is_box(head: bytes) -> bool:
    """Whether a file that begins so is worth reading as a container."""
    return head.startswith(MARKS[4])


def begins_with_mimetype(box: Box) -> bool:
    """Whether its first file is an unpacked `mimetype` (ETSI EN 319 162-1 annex A.1)."""
    first = next(iter(box.entries.values()), None)
    return first is not None and first.name == MIMETYPE_NAME and first.method == STORED and first.offset == 0
