"""Mass sealing in SQL. Every change of a file's row is conditional: what another process did meanwhile is never undone."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, select, update

from api.db.batches_tables import batch_items, batches
from seals.register import Grounds


class BatchState(StrEnum):
    """Where a batch is."""

    WAITING = "waiting"  # made; its source was not read
    SEALING = "sealing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"  # its source could not be read; nothing was sealed

    @property
    def open(self) -> bool:
        return self in {BatchState.WAITING, BatchState.SEALING}


class ItemState(StrEnum):
    """Where a file of a batch is."""

    WAITING = "waiting"
    SEALING = "sealing"
    SEALED = "sealed"
    REFUSED = "refused"


class SourceKind(StrEnum):
    """Where the files of a batch come from."""

    FOLDER = "folder"
    ARCHIVE = "archive"
    BUCKET = "bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Many files that one seal goes on."""

    id: str
    seal: str
    state: BatchState
    level: str
    placement: str  # JSON
    purpose: str
    grounds: Grounds
    owner: str
    source_kind: SourceKind
    source: str
    target: str
    host: str
    made_at: datetime
    total: int = 0
    round: int = 0
    detail: str = ""
    wait_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    manifest: str | None = None
    manifest_signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of a batch."""

    batch: str
    number: int
    name: str
    source: str
    size: int
    sha256: bytes | None = None
    state: ItemState = ItemState.WAITING
    process: str | None = None
    claim: str | None = None
    use: str | None = None
    lost: int = 0
    reason: str | None = None
    detail: str | None = None
    result: str | None = None
    result_sha256: bytes | None = None
    result_size: int | None = None


class SqlBatches:
    """Mass sealing."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, batch: Batch) -> None:
        grounds = batch.grounds
        named = {name: getattr(batch, name) for name in Batch.__slots__ if name != "grounds"}
        facts = {
            name: getattr(grounds, name) for name in ("actor", "person", "machine", "assertion", "mandate", "matter")
        }
        self._connection.execute(
            insert(batches).values(
                {**named, **facts, "state": batch.state.value, "source_kind": batch.source_kind.value}
            )
        )

    def get(self, batch_id: str) -> Batch | None:
        row = self._connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
        return None if row is None else _batch(row)

    def open(self) -> list[Batch]:
        """Those that there is something to do for, the oldest first."""
        states = [state.value for state in BatchState if state.open]
        rows = self._connection.execute(
            select(batches).where(batches.c.state.in_(states)).order_by(batches.c.made_at, batches.c.id)
        )
        return [_batch(row) for row in rows]

    def of_owner(self, owner: str, *, after: Batch | None, limit: int) -> list[Batch]:
        """The newest first."""
        chosen = select(batches).where(batches.c.owner == owner)
        if after is not None:
            older = batches.c.made_at < after.made_at
            chosen = chosen.where(older | and_(batches.c.made_at == after.made_at, batches.c.id < after.id))
        rows = self._connection.execute(chosen.order_by(batches.c.made_at.desc(), batches.c.id.desc()).limit(limit))
        return [_batch(row) for row in rows]

    def move(self, batch_id: str, *, before: Collection[BatchState], **values: Any) -> bool:
        """Change a batch that is in one of the states; False if it is not."""
        done = self._connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state.in_([state.value for state in before]))
            .values(**values)
        )
        return done.rowcount == 1

    def next_round(self, batch: Batch) -> bool:
        """Hand out the work of a batch once more; False if another process did so."""
        done = self._connection.execute(
            update(batches)
            .where(batches.c.id == batch.id, batches.c.round == batch.round)
            .values(round=batch.round + 1)
        )
        return done.rowcount == 1

    def add_items(self, items: Sequence[Item]) -> None:
        if items:
            rows = [{name: getattr(item, name) for name in Item.__slots__} for item in items]
            self._connection.execute(insert(batch_items), [{**row, "state": row["state"].value} for row in rows])

    def count(self, batch_id: str) -> Mapping[ItemState, int]:
        """How many files are in which state."""
        found = self._connection.execute(
            select(batch_items.c.state, func.count())
            .where(batch_items.c.batch == batch_id)
            .group_by(batch_items.c.state)
        )
        counted = Counter({ItemState(state): number for state, number in found})
        return {state: counted[state] for state in ItemState}

    def newest_number(self, batch_id: str) -> int:
        """How many files were entered so far."""
        found = self._connection.execute(
            select(func.max(batch_items.c.number)).where(batch_items.c.batch == batch_id)
        ).scalar_one_or_none()
        return found or 0

    def items(self, batch_id: str, *, after: int = 0, limit: int, state: ItemState | None = None) -> list[Item]:
        chosen = select(batch_items).where(batch_items.c.batch == batch_id, batch_items.c.number > after)
        if state is not None:
            chosen = chosen.where(batch_items.c.state == state.value)
        return [_item(row) for row in self._connection.execute(chosen.order_by(batch_items.c.number).limit(limit))]

    def claim(self, batch_id: str, *, process: str, claim: str, most: int, most_bytes: int) -> list[Item]:
        """Take the next files that nobody seals: at most so many, of at most so many bytes, but one in any case."""
        waiting = and_(batch_items.c.batch == batch_id, batch_items.c.state == ItemState.WAITING.value)
        found = self._connection.execute(
            select(batch_items)
            .where(waiting)
            .order_by(batch_items.c.number)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        taken: list[Item] = []
        room = most_bytes
        for row in found:
            room -= row.size
            if taken and room < 0:
                break
            taken.append(_item(row))
        numbers = [item.number for item in taken]
        if numbers:
            self._connection.execute(
                update(batch_items)
                .where(waiting, batch_items.c.number.in_(numbers))
                .values(state=ItemState.SEALING.value, process=process, claim=claim)
            )
        return taken

    def use(self, batch_id: str, claim: str, uses: Mapping[int, tuple[str, bytes]]) -> None:
        """Bind files of a chunk, by number, to their seal uses and the hashes of what came in."""
        if uses:
            self._connection.execute(
                update(batch_items)
                .where(
                    batch_items.c.batch == batch_id,
                    batch_items.c.claim == claim,
                    batch_items.c.number == bindparam("of_number"),
                )
                .values(use=bindparam("of_use"), sha256=bindparam("of_sha256")),
                [{"of_number": number, "of_use": use, "of_sha256": sha256} for number, (use, sha256) in uses.items()],
            )

    def claimed(self, batch_id: str, claim: str) -> set[int]:
        """The numbers of the files that are still this chunk's; nobody takes them before this transaction ends."""
        found = self._connection.execute(
            select(batch_items.c.number)
            .where(
                batch_items.c.batch == batch_id,
                batch_items.c.claim == claim,
                batch_items.c.state == ItemState.SEALING.value,
            )
            .with_for_update()
        )
        return set(found.scalars())

    def finish(self, items: Sequence[Item]) -> None:
        """Write down what became of files of a chunk: all that is in these rows but their names and sources."""
        kept = ("state", "use", "sha256", "reason", "detail", "result", "result_sha256", "result_size", "lost")
        if items:
            self._connection.execute(
                update(batch_items)
                .where(
                    batch_items.c.batch == bindparam("of_batch"),
                    batch_items.c.number == bindparam("of_number"),
                )
                .values(
                    process=None, claim=None, **{name: bindparam(f"of_{name}") for name in kept}
                ),
                [
                    {
                        "of_batch": item.batch,
                        "of_number": item.number,
                        **{f"of_{name}": getattr(item, name) for name in kept},
                        "of_state": item.state.value,
                    }
                    for item in items
                ],
            )  # fmt: skip

    def held(self) -> list[Item]:
        """All files that a process says to be sealing."""
        rows = self._connection.execute(select(batch_items).where(batch_items.c.state == ItemState.SEALING.value))
        return [_item(row) for row in rows]

    def let_go(self, items: Sequence[Item]) -> None:
        """Files whose claim came to nothing wait again. One that was to be signed may have been: that is counted."""
        for item in items:
            self._connection.execute(
                update(batch_items)
                .where(
                    batch_items.c.batch == item.batch,
                    batch_items.c.number == item.number,
                    batch_items.c.claim == item.claim,
                    batch_items.c.state == ItemState.SEALING.value,
                )
                .values(
                    state=ItemState.WAITING.value, process=None, claim=None, use=None,
                    lost=item.lost + (item.use is not None),
                )
            )  # fmt: skip


def _batch(row: Row[Any]) -> Batch:
    values = dict(row._mapping)  # noqa: SLF001 - the public way to a mapping, whatever its name
    facts = {name: values.pop(name) for name in ("actor", "person", "machine", "assertion", "mandate", "matter")}
    kind, state = SourceKind(values.pop("source_kind")), BatchState(values.pop("state"))
    return Batch(grounds=Grounds(**facts), source_kind=kind, state=state, **values)


def _item(row: Row[Any]) -> Item:
    values = dict(row._mapping)  # noqa: SLF001 - as above
    return Item(**{**values, "state": ItemState(values["state"])})
