"""Licences and their faces in SQL."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from api.db.counters import LICENCE_CHANGES, advance, value
from api.db.register import enterprise_of_record
from api.db.tables import licences
from ca.errors import StateError
from ca.licences import Licence, LicenceState
from ca.register import enterprise_as_mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLicence:
    """A licence with its three faces."""

    licence: Licence
    serial: int  # of the X.509 face
    elq1: str  # the QR face
    pdf: str  # the sealed PDF, by its name in the object store
    state_at: datetime


class SqlLicences:
    """Licences by number; at most one of an enterprise is in force."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, row: StoredLicence) -> None:
        one = row.licence
        advance(self._connection, LICENCE_CHANGES)
        self._connection.execute(
            insert(licences).values(
                number=one.number,
                uscc=one.enterprise.uscc,
                version=one.version,
                state=one.state.value,
                authority=one.authority,
                authority_latin=one.authority_latin,
                snapshot=json.dumps(enterprise_as_mapping(one.enterprise), ensure_ascii=False),
                issued_at=one.issued_at,
                expires_at=one.expires_at,
                status_index=one.status_index,
                serial=f"{row.serial:x}",
                elq1=row.elq1,
                pdf=row.pdf,
                state_at=row.state_at,
            )
        )

    def get(self, number: str) -> StoredLicence | None:
        row = self._connection.execute(select(licences).where(licences.c.number == number)).one_or_none()
        return None if row is None else _stored(row)

    def in_force(self, uscc: str) -> StoredLicence | None:
        """The licence of the enterprise that is active or suspended."""
        states = [LicenceState.ACTIVE.value, LicenceState.SUSPENDED.value]
        row = self._connection.execute(
            select(licences).where(licences.c.uscc == uscc, licences.c.state.in_(states))
        ).one_or_none()
        return None if row is None else _stored(row)

    def versions(self, uscc: str) -> list[StoredLicence]:
        rows = self._connection.execute(select(licences).where(licences.c.uscc == uscc).order_by(licences.c.version))
        return [_stored(row) for row in rows]

    def page(self, *, after: str, limit: int) -> list[StoredLicence]:
        chosen = select(licences).where(licences.c.number > after).order_by(licences.c.number).limit(limit)
        return [_stored(row) for row in self._connection.execute(chosen)]

    def set_state(self, licence: Licence, *, before: LicenceState, at: datetime) -> None:
        """Move on from `before`; raises StateError if somebody else did so meanwhile."""
        advance(self._connection, LICENCE_CHANGES)
        done = self._connection.execute(
            update(licences)
            .where(licences.c.number == licence.number, licences.c.state == before.value)
            .values(state=licence.state.value, state_at=at)
        )
        if done.rowcount != 1:
            raise StateError(f"licence {licence.number} is no longer {before}; somebody changed it just now")

    def places(self) -> int:
        """How many places of status lists are taken."""
        highest = self._connection.execute(select(func.max(licences.c.status_index))).scalar_one()
        return 0 if highest is None else int(highest) + 1

    def changes(self) -> int:
        """How often licences came, went or changed their state."""
        return value(self._connection, LICENCE_CHANGES)

    def states(self) -> list[tuple[int, LicenceState]]:
        """Place in the status list and state of every licence that is not simply active."""
        rows = self._connection.execute(
            select(licences.c.status_index, licences.c.state).where(licences.c.state != LicenceState.ACTIVE.value)
        )
        return [(row.status_index, LicenceState(row.state)) for row in rows]


def _stored(row: Row[Any]) -> StoredLicence:
    licence = Licence(
        number=row.number,
        enterprise=enterprise_of_record(json.loads(row.snapshot)),
        version=row.version,
        state=LicenceState(row.state),
        authority=row.authority,
        authority_latin=row.authority_latin,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        status_index=row.status_index,
    )
    return StoredLicence(licence=licence, serial=int(row.serial, 16), elq1=row.elq1, pdf=row.pdf, state_at=row.state_at)
