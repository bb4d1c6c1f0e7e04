"""Durable work on DBOS: batches in chunks, and periodic tasks, once for each time they are due, over any number of workers.

Our own tables say what is to be done and what was done; DBOS says who does it, spreads it, and starts it again after a
crash. Whatever it runs twice does nothing the second time (docs/adr/0012).
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_errors

from api.acts import batches
from api.acts.batch_sealing import let_go_of_lost, seal_chunk
from api.acts.office import Office
from api.acts.recovery import resolve
from api.db.batches import Batch, BatchState, ItemState
from api.errors import ServiceError
from api.tasks.schedule import TASKS, run_task
from ca.errors import CaError
from hsm.errors import HsmError
from seals.errors import SealError

log = logging.getLogger("vermilion.worker")
APPLICATION: Final = "vermilion"
VERSION: Final = "1"  # of the workflows: raised when work in hand cannot be finished by newer code
TASK_QUEUE: Final = "tasks"
POLL_S: Final = 0.25
SHARE_CHUNKS: Final = 20  # of one workflow: then others have their turn
MAX_SHARES: Final = 16  # workflows of one batch that are handed out at once
TICK_S: Final = 0.5
LOST_EVERY_S: Final = 10.0
KEEP_HISTORY: Final = timedelta(days=1)
FORGOTTEN_AT_ONCE: Final = 2000
FORGET_EVERY_S: Final = 600.0
_FAULTS: Final = (ServiceError, CaError, SealError, HsmError)


@dataclass(slots=True)
class _Here:
    """What workflows of this process work with: one office at a time."""

    office: Office | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    busy: threading.Condition = field(default_factory=threading.Condition)
    running: int = 0
    said: list[str] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[Office | None]:
        """The office for the length of a step, or None when the process is about to stop."""
        with self.busy:
            office = None if self.stopping.is_set() else self.office
            self.running += office is not None
        try:
            yield office
        finally:
            if office is not None:
                with self.busy:
                    self.running -= 1
                    self.busy.notify_all()

    def wait_until_idle(self) -> None:
        with self.busy:
            self.stopping.set()
            self.busy.wait_for(lambda: self.running == 0)


HERE: Final = _Here()


def batch_queue(host: str) -> str:
    """Batches of folders are worked on where the folders are."""
    return f"batches@{host}" if host else "batches"


# -- workflows: names and arguments are kept in the database, so they stay as they are


@DBOS.step(name="vermilion.seal_chunk")
def _seal_chunk(batch_id: str) -> int:
    with HERE.at_work() as office:
        if office is None:
            return 0
        try:
            return seal_chunk(office, batch_id)
        except _FAULTS as exc:
            log.exception("batch %s waits", batch_id)
            with suppress(*_FAULTS):
                batches.wait(office, batch_id, f"{type(exc).__name__}: {exc}")
            return 0


@DBOS.workflow(name="vermilion.share")
def share(batch_id: str) -> int:
    """Seal chunks until none is left or others should have their turn."""
    done = 0
    for _ in range(SHARE_CHUNKS):
        taken = _seal_chunk(batch_id)
        if taken == 0:
            break
        done += taken
    return done


@DBOS.step(name="vermilion.read_in")
def _read_in(batch_id: str) -> None:
    with HERE.at_work() as office:
        if office is not None:
            batches.read_in(office, batch_id)


@DBOS.workflow(name="vermilion.read")
def read(batch_id: str) -> None:
    """Enter the files of a batch."""
    _read_in(batch_id)


@DBOS.step(name="vermilion.close_batch")
def _close(batch_id: str) -> bool:
    with HERE.at_work() as office:
        if office is None:
            return False
        try:
            return batches.close(office, batch_id)
        except _FAULTS as exc:
            log.exception("batch %s cannot be closed yet", batch_id)
            batches.wait(office, batch_id, f"{type(exc).__name__}: {exc}")
            return False


@DBOS.workflow(name="vermilion.close")
def close(batch_id: str) -> bool:
    """Write the manifest of a batch of which every file is sealed or refused."""
    return _close(batch_id)


@DBOS.step(name="vermilion.run_task")
def _run_task(name: str) -> str:
    with HERE.at_work() as office:
        said = "" if office is None else run_task(office, name)
    if said:
        HERE.said.append(f"{name}: {said}")
    return said


@DBOS.workflow(name="vermilion.task")
def task(name: str) -> str:
    """One turn of a periodic task."""
    return _run_task(name)


# -- the worker


def system_database(office: Office) -> str:
    """PostgreSQL: the same database, in the schema `dbos`. SQLite: a file beside ours, whose writers we never wait for."""
    url = office.settings.database_url
    if url.startswith("sqlite"):
        return f"sqlite:///{(office.settings.data / 'work.db').absolute()}"
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


class Worker:
    """A process's part in the durable work, from `working` on."""

    def __init__(self, office: Office, *, tasks: bool) -> None:
        self._office = office
        self._tasks = tasks
        self._next_lost = 0.0
        self._next_forget = time.monotonic() + FORGET_EVERY_S
        self._due = {name: 0.0 for name, one in TASKS.items() if one.everywhere}
        self._slots: dict[str, int] = {}

    def tick(self) -> list[str]:
        """Hand out what is due; returns what finished tasks had to say. Never raises what is worth a retry."""
        try:
            self._hand_out()
        except _FAULTS:
            log.exception("this turn of the worker failed")
        said, HERE.said[:] = list(HERE.said), []
        return said

    def _hand_out(self) -> None:
        office, now = self._office, time.monotonic()
        if now >= self._next_lost:
            self._next_lost = now + LOST_EVERY_S
            resolve(office.engine, office.settings.data / "run", now=office.now())
            let_go_of_lost(office)
            self._recover()
        if now >= self._next_forget:
            self._next_forget = now + FORGET_EVERY_S
            forget_history(time.time())
        if self._tasks:
            self._hand_out_tasks(now)
        with office.reading() as work:
            open_batches = work.batches.open()
        for batch in open_batches:
            if not batch.host or batch.host == socket.gethostname():
                self._advance(batch)

    def _hand_out_tasks(self, now: float) -> None:
        for name, one in TASKS.items():
            if one.everywhere:
                if now >= self._due[name]:
                    self._due[name] = now + one.every_s
                    said = run_task(self._office, name)
                    if said:
                        HERE.said.append(f"{name}: {said}")
                continue
            slot = int(self._office.now().timestamp() // one.every_s)
            if self._slots.get(name) == slot:
                continue
            self._slots[name] = slot
            _enqueue(TASK_QUEUE, f"task-{name}-{slot}", task, name, alone=f"task-{name}")

    def _advance(self, batch: Batch) -> None:
        queue = batch_queue(batch.host)
        if batch.state is BatchState.WAITING:
            _enqueue(queue, f"read-{batch.id}-{self._office.process}", read, batch.id, alone=f"read-{batch.id}")
            return
        if batch.wait_until is not None and self._office.now() < batch.wait_until:
            return
        if _active(f"share-{batch.id}-") or _active(f"close-{batch.id}-"):
            return
        with self._office.work() as work:
            counted = work.batches.count(batch.id)
            waiting = counted[ItemState.WAITING]
            sealing = counted[ItemState.SEALING]
            mine = (waiting > 0 or sealing == 0) and work.batches.next_round(batch)
            work.commit()
        if not mine:
            return
        if waiting == 0:
            _enqueue(queue, f"close-{batch.id}-{batch.round}", close, batch.id)
            return
        shares = min(-(-waiting // 100), MAX_SHARES)
        for number in range(shares):
            _enqueue(queue, f"share-{batch.id}-{batch.round}-{number}", share, batch.id)

    def _recover(self) -> None:
        """Hand work of processes that are gone to those that are there."""
        with self._office.reading() as work:
            alive = {process.id for process in work.ledger.processes()}
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        gone = {one.executor_id for one in pending if one.executor_id} - alive
        if gone:
            DBOS._recover_pending_workflows(sorted(gone))  # noqa: SLF001 - what its own recovery service calls


def _active(prefix: str) -> bool:
    return bool(
        DBOS.list_workflows(
            workflow_id_prefix=prefix, status=["ENQUEUED", "PENDING"], limit=1, load_input=False, load_output=False
        )
    )


def _enqueue(queue: str, workflow_id: str, function: object, argument: str, *, alone: str | None = None) -> None:
    """Once under its identity, and with `alone` never beside another one of that name that is not finished."""
    with (
        suppress(dbos_errors.DBOSQueueDeduplicatedError),
        SetWorkflowID(workflow_id),
        SetEnqueueOptions(deduplication_id=alone),
    ):
        DBOS.enqueue_workflow(queue, function, argument)  # type: ignore[arg-type]  # all of ours take one text


@contextmanager
def working(office: Office, *, tasks: bool = True) -> Iterator[Worker]:
    """Take part in the durable work for the length of a `with` block; what is in hand at its end is finished first."""
    HERE.office = office
    HERE.stopping.clear()
    HERE.said.clear()
    logging.getLogger("dbos").setLevel(logging.WARNING)
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": system_database(office),
        "application_version": VERSION,
        "executor_id": office.process,
        "log_level": "WARNING",
        "enable_otlp": False,
        "use_listen_notify": False,
        "max_executor_threads": 8,
        "notification_listener_polling_interval_sec": 1.0,
    }
    DBOS(config=config)
    queues = {batch_queue(""): 1, batch_queue(socket.gethostname()): 1, **({TASK_QUEUE: 4} if tasks else {})}
    DBOS.listen_queues(list(queues))
    try:
        DBOS.launch()
        for name, many in queues.items():
            DBOS.register_queue(name, worker_concurrency=many, polling_interval_sec=POLL_S)
        yield Worker(office, tasks=tasks)
    finally:
        HERE.wait_until_idle()
        DBOS.destroy()
        HERE.office = None


def forget_history(now: float) -> int:
    """Delete what DBOS remembers of work that ended a day before `now` (seconds since 1970); returns how many entries."""
    until = datetime.fromtimestamp(now, UTC) - KEEP_HISTORY
    old = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"], completed_before=until.isoformat(), limit=FORGOTTEN_AT_ONCE,
        load_input=False, load_output=False,
    )  # fmt: skip
    DBOS.delete_workflows([one.workflow_id for one in old])
    return len(old)
