"""What becomes of a licence: suspended, reinstated, revoked, cancelled; its certificates and seals follow in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from api.acts.mandate_life import void_for
from api.acts.office import Office
from api.db.licences import StoredLicence
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from ca import licences
from ca.certificate_states import Reason, Standing, Status
from ca.licences import SEAL_EFFECT, LicenceState, SealEffect
from seals.register import Seal
from seals.states import RULES, SealEvent, SealState, follow

LEADS_TO: Final = {
    "suspend": LicenceState.SUSPENDED,
    "reinstate": LicenceState.ACTIVE,
    "revoke": LicenceState.REVOKED,
    "cancel": LicenceState.CANCELLED,
}
REASON_OF: Final = {
    LicenceState.REVOKED: Reason.PRIVILEGE_WITHDRAWN,
    LicenceState.CANCELLED: Reason.CESSATION,
}
EVENT_OF: Final = {
    SealEffect.SUSPEND: SealEvent.SUSPEND,
    SealEffect.RESUME: SealEvent.RESUME,
    SealEffect.CANCEL: SealEvent.CANCEL,
    SealEffect.INVALIDATE: SealEvent.INVALIDATE,
}


def licence(office: Office, number: str) -> StoredLicence:
    """Return one licence.

    Raises:
        NotFoundError: there is none of this number.
    """
    with office.reading() as work:
        return _licence(work, number)


def _licence(work: SqlUnitOfWork, number: str) -> StoredLicence:
    found = work.licences.get(number)
    if found is None:
        raise NotFoundError(f"there is no licence {number}")
    return found


def decide(office: Office, number: str, decision: str, *, reason: str, actor: str) -> StoredLicence:
    """Move a licence on; `decision` is one of suspend, reinstate, revoke, cancel.

    Raises:
        NotFoundError: there is none of this number.
        StateError: not possible in its present state.
    """
    now = office.now()
    with office.work() as work:
        row = _licence(work, number)
        before, after = row.licence, licences.step(row.licence, LEADS_TO[decision])
        work.licences.set_state(after, before=before.state, at=now)
        _certificate_follows(work, row.serial, after.state, at=now)
        seals = work.seals.of_licence(number)
        apply_to_seals(work, seals, SEAL_EFFECT[after.state], reason=REASON_OF.get(after.state), at=now, actor=actor)
        if after.state is not LicenceState.ACTIVE:
            void_for(work, before.enterprise.uscc, why=f"licence {number} is {after.state}", at=now, actor=actor)
        work.ledger.note(
            at=now,
            actor=actor,
            act=f"licence.{decision}",
            subject=before.enterprise.uscc,
            licence=number,
            reason=reason,
        )
        row = _licence(work, number)
        work.commit()
    return row


def _certificate_follows(work: SqlUnitOfWork, serial: int, state: LicenceState, *, at: datetime) -> None:
    record = work.certificates.get(serial)
    if record is None:
        raise NotFoundError(f"there is no certificate {serial:x}")
    standing = _standing_for(record.standing, state, at=at)
    if standing != record.standing:
        work.certificates.stand(serial, standing)


def _standing_for(standing: Standing, state: LicenceState, *, at: datetime) -> Standing:
    if standing.status is Status.REVOKED:
        return standing  # for good: a licence that was revoked and is then cancelled
    if state is LicenceState.SUSPENDED:
        return standing.suspend(at=at)
    if state is LicenceState.ACTIVE:
        return standing.reinstate()
    return standing.revoke(REASON_OF[state], at=at)


def apply_to_seals(
    work: SqlUnitOfWork,
    seals: Sequence[Seal],
    effect: SealEffect,
    *,
    reason: Reason | None,
    at: datetime,
    actor: str,
) -> None:
    """Let seals follow their licence. One that was suspended by itself before stays so when the licence comes back."""
    if effect is SealEffect.KEEP:
        return
    event = EVENT_OF[effect]
    for one in seals:
        state = SealState(one.state)
        if RULES[state].final:
            continue
        if event is SealEvent.SUSPEND and state is SealState.SUSPENDED:
            continue
        if event is SealEvent.RESUME and not one.with_licence:
            continue
        move_seal(work, one, event, reason=reason, with_licence=event is SealEvent.SUSPEND, at=at, actor=actor)


def move_seal(
    work: SqlUnitOfWork,
    one: Seal,
    event: SealEvent,
    *,
    reason: Reason | None,
    with_licence: bool,
    at: datetime,
    actor: str,
) -> None:
    """Move one seal and what CRL and OCSP say of its certificate.

    Raises:
        SealStateError: not possible in its present state.
    """
    after = follow(SealState(one.state), event)
    work.seals.set_state(one.code, after.value, before=one.state, with_licence=with_licence, at=at)
    record = work.certificates.get(one.serial)
    if record is None:
        raise NotFoundError(f"there is no certificate {one.serial:x}")
    match after:
        case SealState.SUSPENDED:
            standing = record.standing.suspend(at=at)
        case SealState.ACTIVE:
            standing = record.standing.reinstate() if record.standing.status is Status.SUSPENDED else record.standing
        case _:
            standing = record.standing.revoke(reason or Reason.CESSATION, at=at)
    work.certificates.stand(one.serial, standing)
    work.ledger.note(at=at, actor=actor, act=f"seal.{event.value}", subject=one.code, uscc=one.uscc)
