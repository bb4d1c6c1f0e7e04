"""Where the files of a batch come from: a folder, an archive that is unpacked within limits, or a bucket."""

import os
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final, Protocol, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from api.acts.office import Office
from api.db.batches import Batch, Item, SourceKind
from api.errors import BatchSourceError, ObjectMissingError
from api.scratch import scratch_file

MAX_FILES: Final = 200_000  # in one batch, inclusive
MAX_NAME: Final = 1024  # characters of a relative name, inclusive
MAX_PART_BYTES: Final = 255  # of one part of a name: what file systems take
MAX_RATIO: Final = 200  # of an entry's size to what it takes in a ZIP archive, inclusive; text compresses to a tenth
MIN_SUSPECT: Final = 1 << 20  # bytes: below, no ratio is a bomb
MAX_TOTAL: Final = 100 * (1 << 30)  # bytes of all that an archive unpacks to, inclusive
PIECE: Final = 1 << 20
_ARCHIVE_ERRORS: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, RuntimeError,
    NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file of a source."""

    name: str  # relative, with slashes
    source: str
    size: int


class Source(Protocol):
    """Lists files in an order that stays, and opens them."""

    def files(self, *, skip: int) -> Iterator[Found]: ...
    def open(self, item: Item) -> AbstractContextManager[BinaryIO]: ...


def source_of(office: Office, batch: Batch) -> Source:
    """Return the source of a batch."""
    if batch.source_kind is SourceKind.FOLDER:
        return FolderSource(Path(batch.source))
    if batch.source_kind is SourceKind.ARCHIVE:
        return ArchiveSource(office, batch.source)
    return BucketSource(office, open_bucket(batch.source))


def good_name(name: str) -> bool:
    """Whether a relative name stays below its folder wherever it is written, and can be shown."""
    parts = name.split("/")
    return (
        0 < len(name) <= MAX_NAME
        and all(part not in {"", ".", ".."} and len(part.encode(errors="replace")) <= MAX_PART_BYTES for part in parts)
        and "\\" not in name
        and not (len(parts[0]) > 1 and parts[0][1] == ":")  # a drive
        and not any(unicodedata.category(one) in {"Cc", "Cs"} for one in name)
    )


@dataclass(frozen=True, slots=True)
class FolderSource:
    """All regular files below a folder of this host; hidden ones and links are left out."""

    folder: Path

    def files(self, *, skip: int) -> Iterator[Found]:
        """In the order of their names.

        Raises:
            BatchSourceError: not a folder, a name that cannot be used, or too many files.
        """
        if not self.folder.is_dir():
            raise BatchSourceError(f"{self.folder} is not a folder")
        for number, (name, size) in enumerate(sorted(self._walk())):
            _check(name, number)
            if number >= skip:
                yield Found(name=name, source=name, size=size)

    def _walk(self) -> Iterator[tuple[str, int]]:
        for where, folders, names in os.walk(self.folder):
            folders[:] = [one for one in folders if not one.startswith(".")]
            for name in names:
                path = Path(where, name)
                facts = path.lstat()
                if stat.S_ISREG(facts.st_mode) and not name.startswith("."):
                    yield path.relative_to(self.folder).as_posix(), facts.st_size

    @contextmanager
    def open(self, item: Item) -> Iterator[BinaryIO]:
        """A file that became a link meanwhile is not followed."""
        descriptor = os.open(self.folder / item.source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            yield file


@dataclass(frozen=True, slots=True)
class BucketSource:
    """All objects below an address."""

    office: Office
    store: ObjectStore

    def files(self, *, skip: int) -> Iterator[Found]:
        """In the order of their keys.

        Raises:
            BatchSourceError: the bucket does not answer, a key that cannot be used, or too many objects.
        """
        try:
            listed = [(str(one["path"]), int(one["size"])) for page in obstore.list(self.store) for one in page]
        except (OSError, BaseError) as exc:
            raise BatchSourceError(f"the bucket cannot be listed: {type(exc).__name__}") from exc
        visible = ((name, size) for name, size in listed if not PurePosixPath(name).name.startswith("."))
        for number, (name, size) in enumerate(sorted(visible)):
            _check(name, number)
            if number >= skip:
                yield Found(name=name, source=name, size=size)

    @contextmanager
    def open(self, item: Item) -> Iterator[BinaryIO]:
        """The object, copied to a file in the making."""
        try:
            pieces = obstore.get(self.store, item.source).stream(min_chunk_size=PIECE)
        except (FileNotFoundError, BaseError) as exc:
            raise ObjectMissingError(f"{item.name} is no longer in the bucket") from exc
        with scratch_file(self.office.scratch) as file:
            for piece in pieces:
                file.write(bytes(piece))
            file.seek(0)
            yield file


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A ZIP or TAR archive in the object store: its entries become objects of their own before anything is sealed."""

    office: Office
    name: str

    def files(self, *, skip: int) -> Iterator[Found]:
        """In the order of the archive.

        Raises:
            BatchSourceError: not an archive, or one that is damaged, tricky or too large.
        """
        with scratch_file(self.office.scratch) as archive:
            for piece in self.office.objects.stream(self.name):
                archive.write(piece)
            archive.seek(0)
            try:
                for name, size, read in entries(archive, max_entry=self.office.settings.max_document_bytes, skip=skip):
                    with scratch_file(self.office.scratch) as file:
                        _copy(read, file, size)
                        yield Found(name=name, source=self.office.objects.put("batch", ".in", file), size=size)
            except _ARCHIVE_ERRORS as exc:
                raise BatchSourceError("the archive is damaged or of a kind that is not supported") from exc

    @contextmanager
    def open(self, item: Item) -> Iterator[BinaryIO]:
        with scratch_file(self.office.scratch) as file:
            for piece in self.office.objects.stream(item.source):
                file.write(piece)
            file.seek(0)
            yield file


def entries(archive: BinaryIO, *, max_entry: int, skip: int = 0) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield name, size and content of the files in a ZIP or TAR archive, checked before anything is unpacked.

    Raises:
        BatchSourceError: neither of both; an entry that is encrypted, a link, a device, too large, or named so that it
            would leave its folder; two of one name; too many or too much.
    """
    if zipfile.is_zipfile(archive):
        archive.seek(0)
        with zipfile.ZipFile(archive) as opened:
            yield from _zipped(opened, max_entry, skip)
        return
    archive.seek(0)
    try:
        tar = tarfile.open(fileobj=archive, mode="r:*")  # noqa: SIM115 - closed by the block below
    except tarfile.TarError as exc:
        raise BatchSourceError("the file is neither a ZIP nor a TAR archive") from exc
    with tar:
        yield from _tarred(tar, max_entry, skip)


def _zipped(archive: zipfile.ZipFile, max_entry: int, skip: int) -> Iterator[tuple[str, int, IO[bytes]]]:
    seen = _Seen(max_entry)
    listed = [one for one in archive.infolist() if not one.is_dir()]
    for one in listed:
        mode = one.external_attr >> 16
        if one.flag_bits & 0x1:  # PKWARE APPNOTE §4.4.4, bit 0
            raise BatchSourceError(f"the archive's entry {one.filename!r} is encrypted")
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise BatchSourceError(f"the archive's entry {one.filename!r} is not a file")
        if one.file_size > MIN_SUSPECT and one.file_size > MAX_RATIO * max(one.compress_size, 1):
            raise BatchSourceError(f"the archive's entry {one.filename!r} unpacks to too many times its size")
        seen.add(one.filename, one.file_size)
    for one in listed[skip:]:
        with archive.open(one) as content:
            yield one.filename, one.file_size, content


def _tarred(archive: tarfile.TarFile, max_entry: int, skip: int) -> Iterator[tuple[str, int, IO[bytes]]]:
    seen = _Seen(max_entry)
    for one in archive:
        if one.isdir():
            continue
        if not one.isreg():
            raise BatchSourceError(f"the archive's entry {one.name!r} is not a file")
        name = one.name.removeprefix("./")
        seen.add(name, one.size)
        content = archive.extractfile(one)
        if content is not None and len(seen.names) > skip:
            yield name, one.size, content


class _Seen:
    """Keeps the bounds of an archive."""

    def __init__(self, max_entry: int) -> None:
        self.names: set[str] = set()
        self._total = 0
        self._max_entry = max_entry

    def add(self, name: str, size: int) -> None:
        _check(name, len(self.names))
        if name in self.names:
            raise BatchSourceError(f"the archive has two entries named {name!r}")
        self.names.add(name)
        self._total += size
        if size > self._max_entry:
            raise BatchSourceError(f"the archive's entry {name!r} is larger than {self._max_entry} bytes")
        if self._total > MAX_TOTAL:
            raise BatchSourceError(f"the archive unpacks to more than {MAX_TOTAL} bytes")


def _check(name: str, number: int) -> None:
    if not good_name(name):
        raise BatchSourceError(f"the name {name!r} cannot be used")
    if number >= MAX_FILES:
        raise BatchSourceError(f"a batch has at most {MAX_FILES} files")


def _copy(content: IO[bytes], target: BinaryIO, size: int) -> None:
    """Copy as many bytes as were announced and not one more."""
    got = 0
    while piece := content.read(PIECE):
        got += len(piece)
        if got > size:
            break
        target.write(piece)
    if got != size:
        raise BatchSourceError("an entry of the archive is not as long as it says")
    target.seek(0)


def open_bucket(address: str) -> ObjectStore:
    """Open `s3://BUCKET/PREFIX` or `file:///FOLDER`.

    Raises:
        BatchSourceError: the address is neither.
    """
    try:
        if address.startswith("s3://"):
            return cast("ObjectStore", S3Store.from_url(address))
        if address.startswith("file:///"):
            return cast("ObjectStore", LocalStore(address.removeprefix("file://"), mkdir=True))
    except (BaseError, ValueError, OSError) as exc:
        raise BatchSourceError(f"the bucket cannot be opened: {type(exc).__name__}") from exc
    raise BatchSourceError("a bucket's address is s3://BUCKET/PREFIX, or file:///FOLDER")
