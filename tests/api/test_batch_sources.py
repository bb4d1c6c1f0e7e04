"""Names and archives that come from outside: nothing in them leaves its folder, and nothing unpacks without bounds."""

import io
import tarfile
from typing import Any

import pytest

from api.acts.batch_sources import entries, good_name
from api.errors import BatchSourceError
from tests.support.batches import zip_of


def tar_of(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]  # the mode is a parameter
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    made.seek(0)
    return made


def linked(kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo("a.pdf")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_tar_archives_are_read_in_order(mode: str) -> None:
    made = tar_of((tarfile.TarInfo("./a.pdf"), b"1"), (tarfile.TarInfo("b/c.pdf"), b"22"), mode=mode)
    assert [(name, size, read.read()) for name, size, read in entries(made, max_entry=2)] == [
        ("a.pdf", 1, b"1"),
        ("b/c.pdf", 2, b"22"),
    ]
    made.seek(0)
    assert [name for name, _, _ in entries(made, max_entry=2, skip=1)] == ["b/c.pdf"]


@pytest.mark.parametrize(
    "archive",
    [
        lambda: tar_of((tarfile.TarInfo("../a.pdf"), b"")),
        lambda: tar_of((tarfile.TarInfo("/a.pdf"), b"")),
        lambda: tar_of((linked(tarfile.SYMTYPE), b"")),
        lambda: tar_of((linked(tarfile.LNKTYPE), b"")),
        lambda: tar_of((linked(tarfile.FIFOTYPE), b"")),
        lambda: tar_of((tarfile.TarInfo("a.pdf"), b"1"), (tarfile.TarInfo("./a.pdf"), b"2")),
        lambda: tar_of((tarfile.TarInfo("a.pdf"), b"x" * 11)),
        lambda: io.BytesIO(zip_of({"../a.pdf": b""})),
        lambda: io.BytesIO(zip_of({"c:\\a.pdf": b""})),
        lambda: io.BytesIO(zip_of({"c:/a.pdf": b""})),
        lambda: io.BytesIO(zip_of({"a.pdf": b"x" * 11})),
        lambda: io.BytesIO(b"PK\x05\x06 no archive"),
    ],
)
def test_a_tricky_archive_is_refused(archive: Any) -> None:
    with pytest.raises(BatchSourceError):
        list(entries(archive(), max_entry=10))


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BatchSourceError, match="too many times"):
        list(entries(io.BytesIO(zip_of({"a.pdf": bytes(2 << 20)})), max_entry=10 << 20))


@pytest.mark.parametrize("name", ["a.pdf", "合同/a b.pdf", "..a", "x" * 255, "a/" * 511 + "bc"])
def test_a_name_that_stays_in_its_folder_is_good(name: str) -> None:
    assert good_name(name)


@pytest.mark.parametrize(
    "name", ["", "/a", "a//b", "a/", "./a", "a/../b", "a\\b", "C:/a", "a\n", "a\x00b", "x" * 256, "a/" * 512 + "b"]
)
def test_a_name_that_does_not_is_not(name: str) -> None:
    assert not good_name(name)
