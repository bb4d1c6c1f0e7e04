"""CRLs, time-stamps, counters, events and running processes in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from api.db.counters import advance, changes_of, value
from api.db.tables import crls, events, processes, timestamps
from ca.errors import StateError


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCrl:
    """A CRL that was signed."""

    issuer: str
    number: int
    der: bytes
    this_update: datetime
    next_update: datetime
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running service process, so that others can tell its unfinished work from work that was lost."""

    id: str
    host: str
    pid: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit trail."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: Mapping[str, Any]


class SqlLedger:
    """What is recorded before a service key signs."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def count(self, name: str, *, by: int = 1) -> int:
        """Take `by` numbers of a counter and return the first."""
        return advance(self._connection, name, by=by)

    def changes_of(self, issuer: str) -> int:
        """How often the status of a certificate of this issuer changed."""
        return value(self._connection, changes_of(issuer))

    def intend_crl(
        self,
        issuer: str,
        number: int,
        tbs: bytes,
        *,
        process: str,
        this_update: datetime,
        next_update: datetime,
        changes: int,
    ) -> None:
        self._connection.execute(
            insert(crls).values(
                issuer=issuer,
                number=number,
                state="intent",
                process=process,
                tbs=tbs,
                this_update=this_update,
                next_update=next_update,
                changes=changes,
            )
        )

    def signed_crl(self, issuer: str, number: int, der: bytes) -> None:
        """Store the signed list; what it replaces loses its bytes but not its line."""
        done = self._connection.execute(
            update(crls)
            .where(crls.c.issuer == issuer, crls.c.number == number, crls.c.state == "intent")
            .values(state="signed", der=der)
        )
        if done.rowcount != 1:
            raise StateError(f"CRL {number} of {issuer} has no open intent")

    def newest_crl(self, issuer: str) -> StoredCrl | None:
        row = self._connection.execute(
            select(crls)
            .where(crls.c.issuer == issuer, crls.c.state == "signed")
            .order_by(crls.c.number.desc())
            .limit(1)
        ).one_or_none()
        if row is None:
            return None
        return StoredCrl(
            issuer=row.issuer,
            number=row.number,
            der=row.der,
            this_update=row.this_update,
            next_update=row.next_update,
            changes=row.changes,
        )

    def intend_timestamp(self, serial: int, *, process: str, digest_name: str, imprint: bytes, at: datetime) -> None:
        self.intend_timestamps([(serial, imprint)], process=process, digest_name=digest_name, at=at)

    def intend_timestamps(
        self, stamps: Sequence[tuple[int, bytes]], *, process: str, digest_name: str, at: datetime
    ) -> None:
        """Serial numbers and imprints of tokens that will all say the same time."""
        same = {"state": "intent", "process": process, "digest_name": digest_name, "at": at}
        rows = [{"serial": f"{serial:x}", "imprint": imprint, **same} for serial, imprint in stamps]
        self._connection.execute(insert(timestamps), rows)

    def signed_timestamp(self, serial: int) -> None:
        self.signed_timestamps([serial])

    def signed_timestamps(self, serials: Sequence[int]) -> None:
        chosen = timestamps.c.serial.in_([f"{serial:x}" for serial in serials])
        self._connection.execute(update(timestamps).where(chosen).values(state="signed"))

    def newest_timestamp(self) -> datetime | None:
        found: datetime | None = self._connection.execute(
            select(timestamps.c.at).order_by(timestamps.c.at.desc()).limit(1)
        ).scalar_one_or_none()
        return found

    def void_of(self, dead: Sequence[str]) -> int:
        """Close what processes that are gone left open; returns how many lines that were."""
        closed = 0
        for table in (crls, timestamps):
            done = self._connection.execute(
                update(table).where(table.c.state == "intent", table.c.process.in_(dead)).values(state="void")
            )
            closed += done.rowcount
        return closed

    def note(self, *, at: datetime, actor: str, act: str, subject: str, **detail: Any) -> None:
        """Write a line of the audit trail. Details are facts, never secrets."""
        text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
        self._connection.execute(insert(events).values(at=at, actor=actor, act=act, subject=subject, detail=text))

    def events_of(self, subject: str, *, after: int, limit: int) -> list[Event]:
        rows = self._connection.execute(
            select(events).where(events.c.subject == subject, events.c.id > after).order_by(events.c.id).limit(limit)
        )
        return [
            Event(
                id=row.id, at=row.at, actor=row.actor, act=row.act, subject=row.subject, detail=json.loads(row.detail)
            )
            for row in rows
        ]

    def enlist(self, process: Process) -> None:
        self._connection.execute(
            insert(processes).values(
                id=process.id,
                host=process.host,
                pid=process.pid,
                started_at=process.seen_at,
                seen_at=process.seen_at,
            )
        )

    def seen(self, process_id: str, *, at: datetime) -> bool:
        """Renew a process's line; False if it has none any more."""
        done = self._connection.execute(update(processes).where(processes.c.id == process_id).values(seen_at=at))
        return done.rowcount == 1

    def processes(self) -> list[Process]:
        rows = self._connection.execute(select(processes))
        return [Process(id=row.id, host=row.host, pid=row.pid, seen_at=row.seen_at) for row in rows]

    def forget(self, process_ids: Sequence[str]) -> None:
        self._connection.execute(processes.delete().where(processes.c.id.in_(process_ids)))
