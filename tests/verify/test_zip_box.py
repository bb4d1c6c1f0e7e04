"""An archive is read in one way only, and within bounds."""

import io
import struct
import zipfile
import zlib
from contextlib import nullcontext

import pytest

from tests.support.boxes import packed
from verify import zip_box
from verify.zip_box import BoxLimits, UnreadableBoxError, open_box

ONE = packed([("mimetype", b"x"), ("a.txt", b"hello")])
END = zip_box.END.size


def read(data: bytes, **limits: int) -> dict[str, bytes]:
    box = open_box(io.BytesIO(data), BoxLimits(**limits))
    return {name: b"".join(box.pieces(name)) for name in box.entries}


def refused(data: bytes, **limits: int) -> str:
    with pytest.raises(UnreadableBoxError) as caught:
        read(data, **limits)
    return caught.value.ident


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def directory(data: bytes, which: int = 0) -> int:
    """Where a line of the directory begins."""
    at = data.index(zip_box.MARKS[3])
    for _ in range(which):
        at = data.index(zip_box.MARKS[3], at + 1)
    return at


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_come_out_as_they_went_in(method: int) -> None:
    files = [("mimetype", b"x"), ("a.txt", b"a" * 3000), ("b/empty", b""), ("合同.pdf", bytes(range(256)) * 9000)]
    assert read(packed(files, method=method)) == dict(files)


def test_what_other_programs_write_with_descriptors_and_folders_is_read() -> None:
    class Pipe(io.RawIOBase):
        """A target that cannot go back: sizes then follow the data."""

        def __init__(self) -> None:
            super().__init__()
            self.got = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.got += bytes(data)  # type: ignore[call-overload] # any buffer
            return len(bytes(data))  # type: ignore[call-overload] # any buffer

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("META-INF/", b"")
        made.writestr("a.txt", b"hello" * 100)
        with made.open("b.txt", "w", force_zip64=True) as place:
            place.write(b"more")
    assert read(pipe.got) == {"a.txt": b"hello" * 100, "b.txt": b"more"}


def test_an_archive_with_64_bit_sizes_is_read() -> None:
    assert read(wide(ONE)) == read(ONE)


def wide(data: bytes, **changes: int) -> bytes:
    """The same archive with a 64-bit end."""
    end = len(data) - END
    _, _, _, _, count, length, start, _ = zip_box.END.unpack(data[end:])
    given = {"rest": 44, "disk": 0, "here": count, "where": end, "disks": 1} | changes
    record = zip_box.END_64.pack(
        b"PK\x06\x06", given["rest"], 45, 45, given["disk"], 0, given["here"], count, length, start
    )
    locator = zip_box.LOCATOR_64.pack(b"PK\x06\x07", 0, given["where"], given["disks"])
    full = zip_box.END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:end] + record + locator + full


@pytest.mark.parametrize("changes", [{"rest": 45}, {"disk": 1}, {"here": 9}, {"where": 0}, {"disks": 2}], ids=str)
def test_a_64_bit_end_that_contradicts_itself_is_refused(changes: dict[str, int]) -> None:
    assert refused(wide(ONE, **changes)) == "asic.broken"


def test_a_file_of_64_bit_sizes_is_read_and_its_sizes_count() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        with made.open("a.txt", "w", force_zip64=True) as place:
            place.write(b"hello")
        made.writestr("b.txt", b"x")
    data = target.getvalue()
    assert read(data) == {"a.txt": b"hello", "b.txt": b"x"}
    line = directory(data)
    name, extra = b"a.txt", struct.pack("<2HQQ", 1, 16, 5, 5)
    grown = patched(data, line + 20, struct.pack("<2L2H", 0xFFFFFFFF, 0xFFFFFFFF, len(name), 4 + len(extra)))
    at = line + 46 + len(name)
    other = struct.pack("<2H", 0xCAFE, 0)  # a field of somebody else comes first
    grown = grown[:at] + other + extra + grown[at:]
    end = len(grown) - END
    length = struct.unpack("<L", grown[end + 12 : end + 16])[0]
    grown = patched(grown, end + 12, struct.pack("<L", length + len(other) + len(extra)))
    assert read(grown) == {"a.txt": b"hello", "b.txt": b"x"}
    missing = grown.replace(other + extra, struct.pack("<2H", 0xCAFE, len(extra)) + extra)
    assert refused(missing) == "asic.broken"


@pytest.mark.parametrize("cut", [1, END, len(ONE) // 2, len(ONE)])
def test_an_archive_that_is_cut_short_is_refused(cut: int) -> None:
    assert (
        refused(ONE[:-cut]) == "asic.broken" if cut != 1 else refused(ONE[:-cut]) in {"asic.broken", "asic.outer-bytes"}
    )


@pytest.mark.parametrize(
    "data",
    [ONE + b"!", b"#!/bin/sh\n" + ONE, ONE[: directory(ONE)] + b"hidden" + ONE[directory(ONE) :]],
    ids=["after", "before", "in between"],
)
def test_bytes_that_belong_to_no_file_are_told(data: bytes) -> None:
    assert refused(data) == "asic.outer-bytes"


def test_a_gap_before_the_directory_is_told_even_if_the_end_knows_of_it() -> None:
    at, end = directory(ONE), len(ONE) - END
    data = patched(ONE, end + 16, struct.pack("<L", at + 6))
    assert refused(data[:at] + b"hidden" + data[at:]) == "asic.outer-bytes"


def test_the_one_comment_that_a_container_may_have_is_its_type() -> None:
    for comment, fine in ((b"mimetype=application/vnd.etsi.asic-e+zip", True), (b"read me", False)):
        data = patched(ONE, len(ONE) - 2, struct.pack("<H", len(comment))) + comment
        assert (read(data) == read(ONE)) if fine else refused(data) == "asic.outer-bytes"


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (4, b"\x01"),  # part of several
        (8, b"\x09"),  # another number of files here
    ],
)
def test_an_end_that_speaks_of_other_parts_is_refused(at: int, value: bytes) -> None:
    assert refused(patched(ONE, len(ONE) - END + at, value)) == "asic.broken"


def test_a_directory_of_another_length_than_it_says_is_refused() -> None:
    end = len(ONE) - END
    assert refused(patched(ONE, end + 8, struct.pack("<2H", 3, 3))) == "asic.broken"


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (0, b"XX"),  # no line of a directory
        (8, b"\x01"),  # encrypted
        (10, b"\x0c"),  # packed in another way
        (16, b"\x00\x00\x00\x00"),  # another checksum than at the file
        (24, b"\x09"),  # another size
        (42, b"\x01"),  # another place
        (42, b"\xff\xff\xff\x7f"),  # a place far away
        (46, b"b"),  # another name
    ],
)
def test_a_directory_that_contradicts_a_file_is_refused(offset: int, value: bytes) -> None:
    assert refused(patched(ONE, directory(ONE, 1) + offset, value)) == "asic.broken"


def test_a_name_in_bytes_that_say_no_alphabet_is_refused() -> None:
    data = ONE.replace(b"a.txt", b"\xe4.txt")
    assert refused(data) == "asic.broken"


def test_a_file_whose_header_is_none_is_refused() -> None:
    assert refused(patched(ONE, 0, b"XX")) == "asic.broken"


@pytest.mark.parametrize(
    "name",
    ["../a", "/a", "a/../b", "a//b", "a/./b", "a\\b", "C:a", "a\x01", "a.", " a", "x" * 256, "a/"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    assert refused(packed([("mimetype", b"x"), (name, b"content")])) == "asic.path"


@pytest.mark.parametrize(("one", "other"), [("a.txt", "a.txt"), ("a.txt", "A.TXT"), ("é", "e\u0301"), ("a", "a/")])
def test_two_files_of_one_name_are_refused(one: str, other: str) -> None:
    files = [(one, b"1"), (other, b"2" if not other.endswith("/") else b"")]
    with pytest.warns(UserWarning, match="Duplicate") if one == other else nullcontext():
        data = packed(files)
    expected = "asic.duplicate" if not other.endswith("/") else None
    assert (refused(data) if expected else list(read(data))) == (expected or ["a"])


def test_limits_hold_at_the_limit_and_not_one_past_it() -> None:
    files = [(f"{number}.txt", b"x" * 10) for number in range(5)]
    data = packed(files)
    assert len(read(data, max_entries=5)) == 5
    assert refused(data, max_entries=4) == "asic.too-complex"
    assert len(read(data, max_unpacked=50)) == 5
    assert refused(data, max_unpacked=49) == "asic.too-complex"
    length = len(data) - END - directory(data)
    assert len(read(data, max_directory=length)) == 5
    assert refused(data, max_directory=length - 1) == "asic.too-complex"


def test_a_bomb_is_not_unpacked() -> None:
    data = packed([("a.txt", b"\0" * 100_000)], method=zipfile.ZIP_DEFLATED)
    assert len(read(data, free_bytes=100_000)["a.txt"]) == 100_000
    assert refused(data, free_bytes=1000, max_ratio=10) == "asic.too-complex"


def deflated(content: bytes, *, size: int, crc: int, packed_as: bytes | None = None) -> bytes:
    """An archive of one file whose header says what it is told to say."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed_as if packed_as is not None else stream.compress(content) + stream.flush()
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0x21, crc, len(body), size, 1, 0) + b"a"
    line = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x21, crc, len(body), size, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    start = len(head) + len(body)
    return head + body + line + zip_box.END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(line), start, 0)


def test_a_file_that_is_not_what_its_directory_promises_is_refused() -> None:
    content = b"hello" * 1000
    crc = zlib.crc32(content)
    assert read(deflated(content, size=5000, crc=crc)) == {"a": content}
    assert refused(deflated(content, size=4999, crc=crc)) == "asic.broken"
    assert refused(deflated(content, size=5001, crc=crc)) == "asic.broken"
    assert refused(deflated(content, size=5000, crc=crc ^ 1)) == "asic.broken"
    assert refused(deflated(content, size=5000, crc=crc, packed_as=b"\xff\xff")) == "asic.broken"
    whole = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = whole.compress(content) + whole.flush()
    assert refused(deflated(content, size=5000, crc=crc, packed_as=body + b"more")) == "asic.broken"
    assert refused(deflated(content, size=5000, crc=crc, packed_as=body[:-3])) == "asic.broken"


def test_a_large_file_of_little_content_comes_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_box, "CHUNK", 64)  # so that one piece unpacks to many, and the last ones are held back
    content = b"\0" * 100_000
    assert read(packed([("a", content)], method=zipfile.ZIP_DEFLATED), free_bytes=100_000) == {"a": content}
    short = b"\0" * 375  # zlib has taken all of its input before it has given all of its output
    assert read(deflated(short, size=375, crc=zlib.crc32(short))) == {"a": short}


def test_a_small_file_is_read_whole_only_up_to_its_bound() -> None:
    box = open_box(io.BytesIO(ONE), BoxLimits())
    assert box.read("a.txt", max_bytes=5) == b"hello"
    with pytest.raises(UnreadableBoxError):
        box.read("a.txt", max_bytes=4)


def test_a_64_bit_end_before_the_beginning_is_refused() -> None:
    assert refused(zip_box.END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)) == "asic.broken"


def test_an_archive_of_nothing_does_not_begin_with_a_type() -> None:
    assert not zip_box.begins_with_mimetype(open_box(io.BytesIO(packed([])), BoxLimits()))
