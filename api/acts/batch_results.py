"""Where sealed files of a batch go. A file is put aside first and takes its name after the use is on record as done."""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from api.acts.batch_sources import open_bucket
from api.acts.office import Office
from api.db.batches import Batch, Item
from api.errors import BatchTargetError

ASIDE: Final = ".vermilion"
PIECE: Final = 1 << 20
SYNCS_AT_ONCE: Final = 8  # of a hundred files: 0.3 ms each on an SSD, 3.5 ms one after the other


class Results(Protocol):
    """Keeps results. `put_aside` names a result by its use, so that what a crash left over is never taken for one."""

    def put_aside(self, use: str, file: BinaryIO) -> str | None:
        """Write the file; returns its name in the object store, if it is there for good already."""
        ...

    def settle(self, uses: Sequence[str]) -> None:
        """Return when what was put aside for these uses outlasts a power cut."""
        ...

    def deliver(self, item: Item) -> None:
        """Give the file its name; that it was done already is fine."""
        ...

    def drop(self, use: str, kept: str | None) -> None:
        """Forget a file whose use was not recorded as done."""
        ...

    def write(self, name: str, content: BinaryIO) -> None:
        """Write a file that is no result: the manifest."""
        ...

    def close(self) -> None:
        """Remove what was needed on the way."""
        ...


def results_of(office: Office, batch: Batch) -> Results:
    """Return where the results of a batch go."""
    if not batch.target:
        return KeptResults(office)
    if "://" in batch.target:
        return BucketResults(open_bucket(batch.target))
    return FolderResults(Path(batch.target))


@dataclass(frozen=True, slots=True)
class KeptResults:
    """In the object store, under the names that the uses say."""

    office: Office

    def put_aside(self, use: str, file: BinaryIO) -> str | None:  # noqa: ARG002 - the object store names its files itself
        return self.office.objects.put("sealed", ".pdf", file)

    def settle(self, uses: Sequence[str]) -> None:
        """It is as lasting as the object store."""

    def deliver(self, item: Item) -> None:
        """It has its name already."""

    def drop(self, use: str, kept: str | None) -> None:  # noqa: ARG002 - as above
        if kept is not None:
            self.office.objects.delete(kept)

    def write(self, name: str, content: BinaryIO) -> None:
        """The batch names its manifest itself."""

    def close(self) -> None:
        """Nothing is left over."""


@dataclass(frozen=True, slots=True)
class FolderResults:
    """A folder of this host."""

    folder: Path

    def _aside(self, use: str) -> Path:
        return self.folder / ASIDE / f"{use}.pdf"

    def put_aside(self, use: str, file: BinaryIO) -> str | None:
        path = self._aside(use)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as target:
                shutil.copyfileobj(file, target, PIECE)
        except OSError as exc:
            raise BatchTargetError(f"{self.folder} cannot be written: {exc.strerror}") from exc
        return None

    def settle(self, uses: Sequence[str]) -> None:
        if not uses:
            return
        try:
            with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:  # the disk takes many together at the price of a few
                list(pool.map(_sync, map(self._aside, uses)))
            _sync(self.folder / ASIDE)
            _sync(self.folder)
        except OSError as exc:
            raise BatchTargetError(f"{self.folder} cannot be written: {exc.strerror}") from exc

    def deliver(self, item: Item) -> None:
        if item.use is None:
            return
        aside, place = self._aside(item.use), self.folder / item.name
        try:
            try:
                aside.replace(place)
            except FileNotFoundError:
                if not aside.exists():
                    return
                place.parent.mkdir(parents=True, exist_ok=True)
                aside.replace(place)
        except OSError as exc:
            raise BatchTargetError(f"{place} cannot be written: {exc.strerror}") from exc

    def drop(self, use: str, kept: str | None) -> None:  # noqa: ARG002 - nothing is kept elsewhere
        self._aside(use).unlink(missing_ok=True)

    def write(self, name: str, content: BinaryIO) -> None:
        aside = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as target:
                shutil.copyfileobj(content, target, PIECE)
            _sync(aside)
            aside.replace(self.folder / name)
        except OSError as exc:
            raise BatchTargetError(f"{self.folder} cannot be written: {exc.strerror}") from exc

    def close(self) -> None:
        shutil.rmtree(self.folder / ASIDE, ignore_errors=True)
        try:
            for place, _, _ in os.walk(self.folder):  # the names that were given
                _sync(Path(place))
        except OSError as exc:
            raise BatchTargetError(f"{self.folder} cannot be written: {exc.strerror}") from exc


def _sync(path: Path) -> None:
    """Return when the file, or the names in the folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@dataclass(frozen=True, slots=True)
class BucketResults:
    """Below an address of a bucket."""

    store: ObjectStore

    def put_aside(self, use: str, file: BinaryIO) -> str | None:
        try:
            obstore.put(self.store, f"{ASIDE}/{use}.pdf", file)
        except (OSError, BaseError) as exc:
            raise BatchTargetError(f"the bucket cannot be written: {type(exc).__name__}") from exc
        return None

    def settle(self, uses: Sequence[str]) -> None:
        """A bucket answers when it has it for good."""

    def deliver(self, item: Item) -> None:
        if item.use is None:
            return
        try:
            obstore.rename(self.store, f"{ASIDE}/{item.use}.pdf", item.name)
        except FileNotFoundError:
            return  # done already
        except (OSError, BaseError) as exc:
            raise BatchTargetError(f"the bucket cannot be written: {type(exc).__name__}") from exc

    def drop(self, use: str, kept: str | None) -> None:  # noqa: ARG002 - nothing is kept elsewhere
        with suppress(FileNotFoundError, BaseError):
            obstore.delete(self.store, f"{ASIDE}/{use}.pdf")

    def write(self, name: str, content: BinaryIO) -> None:
        try:
            obstore.put(self.store, name, content)
        except (OSError, BaseError) as exc:
            raise BatchTargetError(f"the bucket cannot be written: {type(exc).__name__}") from exc

    def close(self) -> None:
        with suppress(OSError, BaseError):
            left = [one["path"] for page in obstore.list(self.store, f"{ASIDE}/") for one in page]
            obstore.delete(self.store, left)
