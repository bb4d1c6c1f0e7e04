"""Mandates in SQL. Every change of state is conditional on the state before; every use is counted under a row lock."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, insert, select, update

from api.db.mandates_tables import mandate_grantors, mandates
from seals.errors import MandateStateError
from seals.mandates import Grantee, GranteeKind, Mandate, MandateState
from seals.model import SealKind

OPEN: Final = tuple(one.value for one in (MandateState.DRAFTED, MandateState.OFFERED, MandateState.ACTIVE))
MAX_WHY: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMandate:
    """A mandate, and what is kept beside its terms."""

    mandate: Mandate
    offered_by: str
    grant_assertion: str | None
    accept_assertion: str | None
    made_at: datetime
    state_at: datetime
    why: str


class SqlMandates:
    """Mandates."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, one: Mandate, *, by: str, at: datetime, why: str = "") -> None:
        self._connection.execute(
            insert(mandates).values(
                id=one.id,
                state=one.state.value,
                grantee_kind=one.grantee.kind.value,
                grantee=one.grantee.id,
                kinds=" ".join(sorted(kind.value for kind in one.kinds)),
                seals=" ".join(sorted(one.seals)),
                matters=json.dumps(one.matters, ensure_ascii=False),
                max_amount=None if one.max_amount is None else str(one.max_amount),
                currency=one.currency,
                max_pages=one.max_pages,
                not_before=one.not_before,
                not_after=one.not_after,
                max_uses=one.max_uses,
                uses=one.uses,
                automatic=one.automatic,
                substitution=one.substitution,
                parent=one.parent,
                text=one.text,
                offered_by=by,
                made_at=at,
                state_at=at,
                why=why[:MAX_WHY],
            )
        )
        self._connection.execute(
            insert(mandate_grantors),
            [
                {"mandate": one.id, "uscc": uscc, "place": place, "licence": one.licences[uscc]}
                for place, uscc in enumerate(one.grantors)
            ],
        )

    def get(self, mandate_id: str) -> StoredMandate | None:
        return next(iter(self._found(select(mandates).where(mandates.c.id == mandate_id))), None)

    def lock(self, mandate_id: str) -> StoredMandate | None:
        """As `get`, and nobody changes or counts on it before this transaction ends."""
        chosen = select(mandates).where(mandates.c.id == mandate_id).with_for_update()
        return next(iter(self._found(chosen)), None)

    def chain(self, mandate_id: str) -> list[StoredMandate]:
        """The mandate and those above it, from the bottom up."""
        found: list[StoredMandate] = []
        following: str | None = mandate_id
        while following is not None:
            one = self.get(following)
            if one is None:
                break
            found.append(one)
            following = one.mandate.parent
        return found

    def lock_chain(self, chain: Sequence[StoredMandate]) -> list[StoredMandate]:
        """The same as they are now, locked from the top down: whoever ends one goes the same way, so nobody waits in a ring."""
        locked = [self.lock(one.mandate.id) for one in reversed(chain)]
        return [one for one in reversed(locked) if one is not None]

    def below(self, mandate_id: str) -> list[StoredMandate]:
        """Every open mandate that stands on this one, at any depth."""
        found: list[StoredMandate] = []
        above = [mandate_id]
        while above:
            chosen = select(mandates).where(mandates.c.parent.in_(above), mandates.c.state.in_(OPEN))
            rows = self._found(chosen)
            found += rows
            above = [one.mandate.id for one in rows]
        return found

    def of_grantors(self, usccs: Iterable[str]) -> list[StoredMandate]:
        """All that these enterprises granted, newest first."""
        given = select(mandate_grantors.c.mandate).where(mandate_grantors.c.uscc.in_(list(usccs)))
        return self._found(self._newest(select(mandates).where(mandates.c.id.in_(given))))

    def of_grantees(self, ids: Iterable[str]) -> list[StoredMandate]:
        """All that these persons, enterprises or machines were given, newest first; no drafts."""
        chosen = select(mandates).where(mandates.c.grantee.in_(list(ids)), mandates.c.state != MandateState.DRAFTED)
        return self._found(self._newest(chosen))

    def open_of(self, uscc: str) -> list[StoredMandate]:
        """Those of the grantor that are drafted, offered or active."""
        given = select(mandate_grantors.c.mandate).where(mandate_grantors.c.uscc == uscc)
        return self._found(select(mandates).where(mandates.c.id.in_(given), mandates.c.state.in_(OPEN)))

    def active_of(self, grantees: Iterable[str]) -> list[StoredMandate]:
        """Active ones of these grantees, those that end first before the others."""
        chosen = select(mandates).where(
            mandates.c.grantee.in_(list(grantees)), mandates.c.state == MandateState.ACTIVE.value
        )
        return self._found(chosen.order_by(mandates.c.not_after, mandates.c.id))

    def past(self, now: datetime) -> list[StoredMandate]:
        """Open ones whose period is over."""
        return self._found(select(mandates).where(mandates.c.state.in_(OPEN), mandates.c.not_after < now))

    def set_state(
        self,
        mandate_id: str,
        state: MandateState,
        *,
        before: MandateState,
        at: datetime,
        why: str = "",
        grant_assertion: str | None = None,
        accept_assertion: str | None = None,
    ) -> None:
        """Move on.

        Raises:
            MandateStateError: somebody moved it before.
        """
        values: dict[str, Any] = {"state": state.value, "state_at": at, "why": why[:MAX_WHY]}
        if grant_assertion is not None:
            values["grant_assertion"] = grant_assertion
        if accept_assertion is not None:
            values["accept_assertion"] = accept_assertion
        done = self._connection.execute(
            update(mandates).where(mandates.c.id == mandate_id, mandates.c.state == before.value).values(**values)
        )
        if done.rowcount != 1:
            raise MandateStateError(f"mandate {mandate_id} is no longer {before}; somebody changed it just now")

    def count(self, mandate_id: str, *, by: int = 1) -> bool:
        """Count uses, all or none; False where the mandate is not active or its uses are used up."""
        done = self._connection.execute(
            update(mandates)
            .where(
                mandates.c.id == mandate_id,
                mandates.c.state == MandateState.ACTIVE.value,
                (mandates.c.max_uses.is_(None)) | (mandates.c.uses + by <= mandates.c.max_uses),
            )
            .values(uses=mandates.c.uses + by)
        )
        return done.rowcount == 1

    def _newest(self, chosen: Select[Any]) -> Select[Any]:
        return chosen.order_by(mandates.c.made_at.desc(), mandates.c.id.desc())

    def _found(self, chosen: Select[Any]) -> list[StoredMandate]:
        rows = self._connection.execute(chosen).all()
        if not rows:
            return []
        given = self._connection.execute(
            select(mandate_grantors)
            .where(mandate_grantors.c.mandate.in_([row.id for row in rows]))
            .order_by(mandate_grantors.c.mandate, mandate_grantors.c.place)
        ).all()
        return [_stored(row, [one for one in given if one.mandate == row.id]) for row in rows]


def _stored(row: Row[Any], given: Sequence[Row[Any]]) -> StoredMandate:
    return StoredMandate(
        mandate=Mandate(
            id=row.id,
            grantors=tuple(one.uscc for one in given),
            grantee=Grantee(kind=GranteeKind(row.grantee_kind), id=row.grantee),
            kinds=frozenset(SealKind(one) for one in row.kinds.split()),
            seals=frozenset(row.seals.split()),
            matters=tuple(json.loads(row.matters)),
            max_amount=None if row.max_amount is None else Decimal(row.max_amount),
            currency=row.currency,
            max_pages=row.max_pages,
            not_before=row.not_before,
            not_after=row.not_after,
            max_uses=row.max_uses,
            automatic=row.automatic,
            substitution=row.substitution,
            parent=row.parent,
            licences={one.uscc: one.licence for one in given},
            state=MandateState(row.state),
            uses=row.uses,
            text=row.text,
        ),
        offered_by=row.offered_by,
        grant_assertion=row.grant_assertion,
        accept_assertion=row.accept_assertion,
        made_at=row.made_at,
        state_at=row.state_at,
        why=row.why,
    )
