"""The worker on DBOS: batches end without anybody asking, tasks run once when they are due, and it stops cleanly."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import DBOS

from api.acts import batches
from api.acts.timestamping import OfficeTimeStamper
from api.db.batches import BatchState
from api.tasks import durable, schedule
from api.tasks.durable import Worker, forget_history, working
from api.tasks.schedule import Task
from seals.errors import TimestampError
from seals.signing import Level
from tests.support.batches import documents, folder_batch, machine_of, order, zip_of
from tests.support.office import Hall, open_hall
from tests.support.postgres import Server, server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


def tick_until(worker: Worker, happened: Callable[[], bool]) -> list[str]:
    said = []
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        said += worker.tick()
        time.sleep(0.05)
    return said + worker.tick()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_worker_takes_a_batch_to_its_end(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    address = "" if database == "sqlite" else request.getfixturevalue("postgres").new_database()
    with open_hall(tmp_path / "data", database=address) as hall:
        who = machine_of(hall)
        batch_id = who.send(zip_of(documents(3))).json()["id"]
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.pdf").write_bytes(documents(1)["0000.pdf"])
        other = folder_batch(hall.office, who, tmp_path / "in", tmp_path / "out")
        with working(hall.office, tasks=False) as worker:
            tick_until(
                worker,
                lambda: not any(batches.get(hall.office, one).state.open for one in (batch_id, other.id)),
            )
        assert who.get(f"/api/v1/batches/{batch_id}").json()["sealed"] == 3
        assert (tmp_path / "out" / "a.pdf").exists()
        assert (tmp_path / "data" / "work.db").exists() is (database == "sqlite")


def test_a_batch_that_has_to_wait_says_why_and_goes_on(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(documents(1)["0000.pdf"])
    batch = folder_batch(hall.office, who, tmp_path / "in", tmp_path / "out", order=order(level=Level.B_T))

    def down(*_: object) -> list[bytes]:
        raise TimestampError("the time-stamping service cannot work now")

    with working(hall.office, tasks=False) as worker:
        with monkeypatch.context() as patched:
            patched.setattr(OfficeTimeStamper, "stamp_many", down)
            tick_until(worker, lambda: batches.get(hall.office, batch.id).wait_until is not None)
        found = batches.get(hall.office, batch.id)
        assert (found.state, "TimestampError" in found.detail) == (BatchState.SEALING, True)
        hall.clock.move(batches.WAIT_AFTER_FAULT)
        tick_until(worker, lambda: not batches.get(hall.office, batch.id).state.open)
    assert batches.progress(hall.office, batch.id).sealed == 1


def test_a_task_runs_once_for_each_time_it_is_due_whoever_hands_it_out(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    tasks = {
        "each": Task(60, lambda _: runs.append("each") or "said"),  # type: ignore[func-returns-value]  # a sentence in any case
        "mine": Task(3600, lambda _: runs.append("mine") or "", everywhere=True),  # type: ignore[func-returns-value]  # as above
    }
    monkeypatch.setattr(schedule, "TASKS", tasks)
    monkeypatch.setattr(durable, "TASKS", tasks)
    with working(hall.office) as one:
        said = tick_until(one, lambda: "each" in runs)
        said += tick_until(one, lambda: _ended("task-each-") == 1)
        another = Worker(hall.office, tasks=True)  # has handed out nothing yet
        for _ in range(3):
            said += another.tick()
        time.sleep(durable.POLL_S * 2)
        assert runs.count("each") == 1
        assert runs.count("mine") == 2
        hall.clock.move(timedelta(seconds=60))
        said += tick_until(one, lambda: runs.count("each") == 2)
        tick_until(one, lambda: _ended("task-each-") == 2)
    assert "each: said" in said


def _ended(prefix: str) -> int:
    return len(DBOS.list_workflows(workflow_id_prefix=prefix, status="SUCCESS"))


def test_a_worker_leaves_no_thread_behind_and_can_begin_again(hall: Hall) -> None:
    before = set(threading.enumerate())
    for _ in range(2):
        with working(hall.office, tasks=False) as worker:
            worker.tick()
    assert {one for one in threading.enumerate() if not one.daemon} <= before


def test_what_ended_long_ago_is_forgotten(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = {"each": Task(60, lambda _: "")}
    monkeypatch.setattr(schedule, "TASKS", tasks)
    monkeypatch.setattr(durable, "TASKS", tasks)
    with working(hall.office) as worker:
        tick_until(worker, lambda: _ended("task-each-") == 1)
        assert forget_history(time.time()) == 0
        assert forget_history(time.time() + 25 * 3600) == 1
        assert _ended("task-each-") == 0
