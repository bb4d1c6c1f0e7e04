"""Mass sealing when something is gone: a time-stamp, a token, a process, the source."""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.acts import batch_results, batch_sealing, batches
from api.acts.batch_sealing import let_go_of_lost, seal_chunk
from api.acts.timestamping import OfficeTimeStamper
from api.db.batches import BatchState, ItemState, SourceKind
from api.errors import BatchTargetError
from hsm.errors import DeviceGoneError
from seals.errors import TimestampError
from seals.register import UseState
from seals.signing import Level, finish_seal
from tests.support.batches import (
    Machine,
    documents,
    fill,
    folder_batch,
    items_of,
    machine_of,
    order,
    work_through,
)
from tests.support.office import Hall, open_hall
from tests.support.sealing import make_pdf


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("batches")
    with open_hall(folder, batch_buckets=(f"file://{folder}/bucket",)) as hall:
        yield machine_of(hall)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def test_a_time_stamp_that_cannot_be_had_makes_the_batch_wait_and_leaves_no_file_half_done(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(3))
    batch = folder_batch(hall.office, who, source, tmp_path / "out", order=order(level=Level.B_T))
    batches.read_in(hall.office, batch.id)

    def down(*_: object) -> list[bytes]:
        raise TimestampError("the time-stamping service cannot work now")

    with monkeypatch.context() as patched:
        patched.setattr(OfficeTimeStamper, "stamp_many", down)
        with pytest.raises(TimestampError):
            seal_chunk(hall.office, batch.id)
    items = items_of(hall.office, batch.id)
    assert [(item.state, item.lost) for item in items] == [(ItemState.WAITING, 1)] * 3
    with hall.office.reading() as work:
        log = work.uses.of_seal(who.code, after=None, limit=10)
    assert [(use.state, use.intent_sha256 is not None) for use in log] == [(UseState.REFUSED, True)] * 3
    batches.wait(hall.office, batch.id, "TimestampError: down")
    assert batches.get(hall.office, batch.id).wait_until is not None
    assert work_through(hall.office, batch.id).sealed == 3


def test_a_token_that_is_gone_costs_no_signature_and_no_file(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(2))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)

    def gone(*_: object) -> None:
        raise DeviceGoneError("the token is gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(hall.store), "lease", gone)
        with pytest.raises(DeviceGoneError):
            seal_chunk(hall.office, batch.id)
    assert [(item.state, item.lost) for item in items_of(hall.office, batch.id)] == [(ItemState.WAITING, 0)] * 2
    assert work_through(hall.office, batch.id).sealed == 2


def test_a_file_whose_signatures_were_all_lost_is_refused_in_the_end(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(1))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)
    full = OSError(28, "No space left on device")
    for _ in range(batch_sealing.MAX_LOST + 1):
        with monkeypatch.context() as patched:
            patched.setattr(batch_sealing, "finish_seal", lambda *_: (_ for _ in ()).throw(full))
            with pytest.raises(OSError, match="No space"):
                seal_chunk(hall.office, batch.id)
    work_through(hall.office, batch.id)
    (item,) = items_of(hall.office, batch.id)
    assert (item.state, item.reason) == (ItemState.REFUSED, "signature-lost")


def test_files_of_a_process_that_is_gone_wait_again_and_their_uses_are_refused(
    hall: Hall, source: Path, tmp_path: Path
) -> None:
    who = machine_of(hall)
    fill(source, documents(2))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)
    with hall.office.work() as work:
        assert len(work.batches.claim(batch.id, process="gone", claim="c", most=9, most_bytes=10**9)) == 2
        work.commit()
    assert seal_chunk(hall.office, batch.id) == 0
    assert batches.close(hall.office, batch.id) is False
    assert let_go_of_lost(hall.office) == 2
    assert let_go_of_lost(hall.office) == 0
    assert work_through(hall.office, batch.id).sealed == 2


def test_what_another_process_took_over_meanwhile_is_neither_recorded_nor_delivered(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk of a process that was taken for lost comes to its end after all."""
    who = machine_of(hall)
    fill(source, documents(3))
    target = tmp_path / "out"
    batch = folder_batch(hall.office, who, source, target)
    batches.read_in(hall.office, batch.id)
    sign = finish_seal

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(batch_sealing, "finish_seal", sign)
        monkeypatch.setattr(batch_sealing, "_claims", set())
        assert let_go_of_lost(hall.office) == 3
        assert seal_chunk(hall.office, batch.id) == 3  # the other one
        return sign(*given)

    monkeypatch.setattr(batch_sealing, "finish_seal", overtaken)
    seal_chunk(hall.office, batch.id)
    assert work_through(hall.office, batch.id).sealed == 3
    with hall.office.reading() as work:
        log = work.uses.of_seal(who.code, after=None, limit=10)
    assert sorted(use.state.value for use in log) == ["done"] * 3 + ["refused"] * 3
    for item in items_of(hall.office, batch.id):
        assert hashlib.sha256((target / item.name).read_bytes()).digest() == item.result_sha256
    assert not (target / ".vermilion").exists()


def test_a_source_that_cannot_be_read_fails_the_batch_and_says_why(who: Machine, source: Path, tmp_path: Path) -> None:
    office = who.hall.office
    for place, kind, why in (
        (source, SourceKind.FOLDER, "no file"),
        (tmp_path / "none", SourceKind.FOLDER, "not a folder"),
        (office.objects.put("batch", ".x", b"no archive"), SourceKind.ARCHIVE, "neither"),
    ):
        batch = folder_batch(office, who, place, tmp_path / "out", source_kind=kind)
        found = work_through(office, batch.id)
        assert (found.batch.state, why in found.batch.detail) == (BatchState.FAILED, True), found.batch.detail


def test_reading_goes_on_where_a_crash_ended_it(
    who: Machine, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LISTED_AT_ONCE", 2)
    fill(source, documents(5))
    batch = folder_batch(who.hall.office, who, source, tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_move", lambda *_, **__: None)
        batches.read_in(who.hall.office, batch.id)  # all entered, and not said so
    with who.hall.office.work() as work:
        work.batches.move(batch.id, before=[BatchState.WAITING], detail="")
        work.commit()
    batches.read_in(who.hall.office, batch.id)
    assert [item.name for item in items_of(who.hall.office, batch.id)] == sorted(documents(5))


def test_results_are_on_the_disk_before_their_uses_are_on_record_as_done(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []  # what, and how many files were on record as sealed then
    batch = folder_batch(hall.office, machine_of(hall), source, tmp_path / "out")

    def sync(path: Path) -> None:
        with hall.office.reading() as work:
            synced.append((path.relative_to(tmp_path).as_posix(), work.batches.count(batch.id)[ItemState.SEALED]))

    monkeypatch.setattr(batch_results, "_sync", sync)
    fill(source, {"a.pdf": make_pdf(), "deep/b.pdf": make_pdf()})
    batches.read_in(hall.office, batch.id)
    assert seal_chunk(hall.office, batch.id) == 2
    asides = {name for name, sealed in synced if sealed == 0}
    uses = [item.use for item in items_of(hall.office, batch.id)]
    assert asides == {*(f"out/.vermilion/{use}.pdf" for use in uses), "out/.vermilion", "out"}
    synced.clear()
    assert batches.close(hall.office, batch.id)
    assert {"out", "out/deep"} <= {name for name, _ in synced}


def test_a_disk_that_does_not_take_the_results_makes_the_batch_wait(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, documents(2))
    batch = folder_batch(hall.office, machine_of(hall), source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(BatchTargetError, match="Input/output error"):
            seal_chunk(hall.office, batch.id)
    assert not list((tmp_path / "out").rglob("*.pdf"))
    assert work_through(hall.office, batch.id).sealed == 2
