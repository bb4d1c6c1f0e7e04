"""How mandates end: by a use, by time, with the mandate above them, or with the licence of a grantor. Top down, always."""

from datetime import datetime

from api.db.mandates import StoredMandate
from api.db.work import SqlUnitOfWork
from seals.mandates import GranteeKind, Mandate, MandateEvent, MandateState, follow

SERVICE = "service"


def end(work: SqlUnitOfWork, one: Mandate, event: MandateEvent, *, why: str, at: datetime, actor: str) -> None:
    """End a mandate, and void every open one that stands on it; grantors and an enterprise that was granted are told.

    Raises:
        MandateStateError: it has ended already.
    """
    after = follow(one.state, event)
    work.mandates.set_state(one.id, after, before=one.state, at=at, why=why)
    _tell(work, one, after, why=why, at=at, actor=actor)
    for below in work.mandates.below(one.id):
        mandate, because = below.mandate, f"the mandate above it is {after}"
        work.mandates.set_state(mandate.id, MandateState.VOID, before=mandate.state, at=at, why=because)
        _tell(work, mandate, MandateState.VOID, why=because, at=at, actor=actor)


def use_up(work: SqlUnitOfWork, mandate_id: str, *, at: datetime) -> None:
    """End a mandate whose last use was counted just now; does nothing to any other."""
    found = work.mandates.get(mandate_id)
    if found is None or found.mandate.max_uses is None or found.mandate.uses < found.mandate.max_uses:
        return
    if found.mandate.state is MandateState.ACTIVE:
        end(work, found.mandate, MandateEvent.USE_UP, why="its last use was made", at=at, actor=SERVICE)


def void_for(work: SqlUnitOfWork, uscc: str, *, why: str, at: datetime, actor: str) -> list[str]:
    """Void every open mandate that this enterprise granted, or was given, in the transaction of what voids them."""
    open_ones = {one.mandate.id: one for one in work.mandates.open_of(uscc)}
    for one in work.mandates.of_grantees([uscc]):
        if one.mandate.state in {MandateState.OFFERED, MandateState.ACTIVE}:
            open_ones.setdefault(one.mandate.id, one)
    ended = []
    for mandate_id in sorted(open_ones, key=lambda found: _depth(open_ones[found], work)):
        found = work.mandates.lock(mandate_id)  # one above it may have taken it along
        if found is not None and found.mandate.state.value in {"drafted", "offered", "active"}:
            end(work, found.mandate, MandateEvent.VOID, why=why, at=at, actor=actor)
            ended.append(mandate_id)
    return ended


def _depth(one: StoredMandate, work: SqlUnitOfWork) -> int:
    return len(work.mandates.chain(one.mandate.id))


def told(one: Mandate) -> list[str]:
    """Which enterprises are told of what becomes of a mandate."""
    grantee = [one.grantee.id] if one.grantee.kind is GranteeKind.ENTERPRISE else []
    return [*one.grantors, *grantee]


def _tell(work: SqlUnitOfWork, one: Mandate, after: MandateState, *, why: str, at: datetime, actor: str) -> None:
    past = {MandateState.VOID: "voided", MandateState.USED_UP: "used-up"}.get(after, after.value)
    grantee = f"{one.grantee.kind}:{one.grantee.id}"
    work.notices.add(to=told(one), kind=f"mandate.{past}", subject=one.id, at=at, grantee=grantee, why=why)
    work.ledger.note(at=at, actor=actor, act=f"mandate.{past}", subject=one.id, why=why)
