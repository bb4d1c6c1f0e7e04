"""Signatures by persons with one-time keys in SQL: asked, authorised, done or refused, as uses of seals are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.db.people_tables import person_uses
from seals.errors import RightError, RightReason, SealStateError
from seals.register import UseState


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUse:
    """One signature by a person, from the agreement to the outcome."""

    id: str
    person: str
    state: UseState
    assertion: str
    envelope: str | None
    purpose: str
    level: str
    document_sha256: bytes  # of what was agreed to
    asked_at: datetime
    process: str
    serial: int | None = None  # of the one-time certificate
    intent_sha256: bytes | None = None
    signed_sha256: bytes | None = None
    object: str | None = None
    decided_at: datetime | None = None
    detail: str | None = None


class SqlPersonUses:
    """The log of signatures by persons."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def ask(self, use: PersonUse) -> None:
        """Enter a use.

        Raises:
            RightError: this agreement to this document was used already.
        """
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(person_uses).values(
                        id=use.id,
                        person=use.person,
                        state=use.state.value,
                        assertion=use.assertion,
                        envelope=use.envelope,
                        purpose=use.purpose,
                        level=use.level,
                        document_sha256=use.document_sha256,
                        asked_at=use.asked_at,
                        process=use.process,
                    )
                )
        except IntegrityError as exc:
            raise RightError(
                RightReason.ASSERTION_MISMATCH, "this agreement was used for this document already"
            ) from exc

    def certify(self, use_id: str, *, serial: int) -> None:
        """Note the one-time certificate; the key is not used yet."""
        self._move(use_id, UseState.ASKED, UseState.ASKED, serial=f"{serial:x}")

    def authorise(self, use_id: str, *, intent_sha256: bytes, again: bool = False) -> None:
        before = UseState.AUTHORISED if again else UseState.ASKED
        self._move(use_id, before, UseState.AUTHORISED, intent_sha256=intent_sha256)

    def done(self, use_id: str, *, signed_sha256: bytes, name: str | None, at: datetime) -> None:
        self._move(use_id, UseState.AUTHORISED, UseState.DONE, signed_sha256=signed_sha256, object=name, decided_at=at)

    def refuse(self, use_id: str, *, detail: str, at: datetime) -> bool:
        """End a use that came to nothing; False if it has ended already."""
        done = self._connection.execute(
            update(person_uses)
            .where(
                person_uses.c.id == use_id,
                person_uses.c.state.in_([UseState.ASKED.value, UseState.AUTHORISED.value]),
            )
            .values(state=UseState.REFUSED.value, detail=detail[:512], decided_at=at)
        )
        return done.rowcount == 1

    def get(self, use_id: str) -> PersonUse | None:
        row = self._connection.execute(select(person_uses).where(person_uses.c.id == use_id)).one_or_none()
        return None if row is None else _use(row)

    def unfinished(self) -> list[PersonUse]:
        chosen = select(person_uses).where(person_uses.c.state.in_([UseState.ASKED.value, UseState.AUTHORISED.value]))
        return [_use(row) for row in self._connection.execute(chosen)]

    def _move(self, use_id: str, before: UseState, after: UseState, **values: Any) -> None:
        done = self._connection.execute(
            update(person_uses)
            .where(person_uses.c.id == use_id, person_uses.c.state == before.value)
            .values(state=after.value, **values)
        )
        if done.rowcount != 1:
            raise SealStateError(f"the signature {use_id} is no longer {before.value}")


def _use(row: Row[Any]) -> PersonUse:
    found = row._asdict()
    return PersonUse(
        **{**found, "state": UseState(row.state), "serial": None if row.serial is None else int(row.serial, 16)}
    )
