"""Mandates: drafted and granted with a passkey by who lends, accepted with one by who is lent to, declined, revoked."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from api.acts.agreement import intend, open_for, require_agreed
from api.acts.control import Opened
from api.acts.mandate_life import end, told
from api.acts.office import Office
from api.acts.people import require_member
from api.db.mandates import StoredMandate
from api.db.people import PersonState, Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from ca.licences import LicenceState
from seals.errors import MandateError, MandateStateError
from seals.intent import Intent, IntentKind, details_digest
from seals.mandates import (
    MAX_DEPTH,
    Grantee,
    GranteeKind,
    Mandate,
    MandateEvent,
    MandateState,
    follow,
    require_narrower,
)
from seals.model import SealKind

GRANT: Final = "grant a mandate"
ACCEPT: Final = "accept a mandate"
MANAGING: Final = (Role.REPRESENTATIVE, Role.MANAGER)
READING: Final = (Role.REPRESENTATIVE, Role.MANAGER, Role.AUDITOR)
USING: Final = (Role.REPRESENTATIVE, Role.USER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a mandate is to say. Of grantor and parent one is given: a sub-mandate has its parent's grantors."""

    grantor: str | None
    parent: str | None
    grantee: Grantee
    kinds: frozenset[SealKind]
    seals: frozenset[str]
    matters: tuple[str, ...]
    max_amount: Decimal | None
    currency: str
    max_pages: int | None
    not_before: datetime
    not_after: datetime
    max_uses: int | None
    automatic: bool
    substitution: bool
    text: str


def draft(office: Office, person: str, terms: Terms) -> tuple[StoredMandate, Opened]:
    """Write a mandate down and ask the drafter to grant it with a passkey.

    Raises:
        NotFoundError, ForbiddenError: the caller may not grant it.
        MandateError: it cannot be given so.
    """
    now = office.now()
    with office.work() as work:
        made = _of_terms(work, terms)
        _require_granter(work, person, made)
        _check_grantee(work, made)
        _check_seals(work, made)
        if made.not_after < now:
            raise MandateError("the period is over already")
        work.mandates.add(made, by=person, at=now)
        work.ledger.note(at=now, actor=person, act="mandate.draft", subject=made.id, grantors=list(made.grantors))
        work.commit()
    return mandate_for(office, person, made.id), open_for(office, person, _intent(office, made, GRANT))


def begin(office: Office, person: str, mandate_id: str) -> Opened:
    """Ask whoever's turn it is: the grantor of a draft, the grantee of an offer.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's turn.
        MandateStateError: it is nobody's.
    """
    with office.reading() as work:
        one = _visible(work, person, mandate_id).mandate
        if one.state is MandateState.DRAFTED:
            _require_granter(work, person, one)
        elif one.state is MandateState.OFFERED:
            _require_grantee(work, person, one)
        else:
            raise MandateStateError(f"the mandate is {one.state}; nobody is asked to agree to it")
    purpose = GRANT if one.state is MandateState.DRAFTED else ACCEPT
    return open_for(office, person, _intent(office, one, purpose))


def confirm(office: Office, person: str, mandate_id: str, response: Mapping[str, Any]) -> StoredMandate:
    """Grant a draft. A machine accepts nothing: its mandate is active at once.

    Raises:
        NotFoundError, ForbiddenError, MandateStateError: not the caller's to grant, or not now.
        AssertionRefusedError, RightError: the passkey's answer is not to this mandate.
    """
    now = office.now()
    with office.work() as work:
        one = _locked(work, person, mandate_id)
        after = follow(one.state, MandateEvent.GRANT)
        _require_granter(work, person, one)
        _check_standing(work, one)
        _check_grantee(work, one)
        given = require_agreed(office, work, person, response, _intent(office, one, GRANT))
        if one.grantee.kind is GranteeKind.MACHINE:
            after = follow(after, MandateEvent.ACCEPT)
        work.mandates.set_state(one.id, after, before=one.state, at=now, grant_assertion=given.id)
        _tell(work, one, "granted" if after is MandateState.ACTIVE else "offered", at=now, actor=person)
        work.commit()
    return mandate_for(office, person, mandate_id)


def accept(office: Office, person: str, mandate_id: str, response: Mapping[str, Any]) -> StoredMandate:
    """Take up an offer.

    Raises:
        NotFoundError, ForbiddenError, MandateStateError: not the caller's to accept, or not now.
        AssertionRefusedError, RightError: the passkey's answer is not to this mandate.
    """
    now = office.now()
    with office.work() as work:
        one = _locked(work, person, mandate_id)
        after = follow(one.state, MandateEvent.ACCEPT)
        _require_grantee(work, person, one)
        _check_standing(work, one)
        _check_grantee(work, one)
        if now > one.not_after:
            raise MandateStateError("the period of the mandate is over")
        given = require_agreed(office, work, person, response, _intent(office, one, ACCEPT))
        work.mandates.set_state(one.id, after, before=one.state, at=now, accept_assertion=given.id)
        _tell(work, one, "accepted", at=now, actor=person)
        work.commit()
    return mandate_for(office, person, mandate_id)


def decline(office: Office, person: str, mandate_id: str, reason: str) -> StoredMandate:
    """Refuse an offer.

    Raises:
        NotFoundError, ForbiddenError, MandateStateError: not the caller's to decline, or not now.
    """
    with office.work() as work:
        one = _locked(work, person, mandate_id)
        _require_grantee(work, person, one)
        end(work, one, MandateEvent.DECLINE, why=reason, at=office.now(), actor=person)
        work.commit()
    return mandate_for(office, person, mandate_id)


def revoke(office: Office, person: str, mandate_id: str, reason: str) -> StoredMandate:
    """Take a mandate back; those that stand on it end with it. It takes no passkey: ending a right must be easy.

    Raises:
        NotFoundError, ForbiddenError, MandateStateError: not the caller's to revoke, or it has ended.
    """
    with office.work() as work:
        one = _locked(work, person, mandate_id)
        roles = {found.uscc: found.role for found in work.people.memberships(person)}
        if not any(roles.get(uscc) in MANAGING for uscc in one.grantors):
            _require_granter(work, person, one)
        end(work, one, MandateEvent.REVOKE, why=reason, at=office.now(), actor=person)
        work.commit()
    return mandate_for(office, person, mandate_id)


def enter(work: SqlUnitOfWork, one: Mandate, *, by: str, at: datetime, why: str) -> None:
    """Enter a mandate that several grantors gave by other means (a group's election), in the caller's transaction.

    `by` names what it stands on: the grantors' own agreement is the caller's to prove.

    Raises:
        MandateError: a grantor has no licence in force, or another one than the mandate is bound to.
    """
    if dict(one.licences) != _licences(work, one.grantors):
        raise MandateError("the mandate is not bound to the grantors' licences in force")
    work.mandates.add(one, by=by, at=at, why=why)
    _tell(work, one, "granted" if one.state is MandateState.ACTIVE else "offered", at=at, actor=by)


def mandate_for(office: Office, person: str, mandate_id: str) -> StoredMandate:
    """Return a mandate to somebody whom it concerns.

    Raises:
        NotFoundError: there is none, or it is none of the caller's business.
    """
    with office.reading() as work:
        return _visible(work, person, mandate_id)


def mandates_for(office: Office, person: str) -> list[StoredMandate]:
    """All that concern the caller, newest first."""
    with office.reading() as work:
        reading = [one.uscc for one in work.people.memberships(person) if one.role in READING]
        found = [*work.mandates.of_grantors(reading), *work.mandates.of_grantees([person, *reading])]
    unique = {one.mandate.id: one for one in found}
    return sorted(unique.values(), key=lambda one: (one.made_at, one.mandate.id), reverse=True)


# -- who may


def _visible(work: SqlUnitOfWork, person: str, mandate_id: str) -> StoredMandate:
    found = work.mandates.get(mandate_id)
    if found is None or not _concerns(work, person, found):
        raise NotFoundError(f"there is no mandate {mandate_id}")
    return found


def _concerns(work: SqlUnitOfWork, person: str, stored: StoredMandate) -> bool:
    one = stored.mandate
    if stored.offered_by == person:
        return True
    given = set() if one.state is MandateState.DRAFTED else {one.grantee.id}  # a draft is the grantor's own business
    reading = {found.uscc for found in work.people.memberships(person) if found.role in READING}
    return person in given or bool(reading & {*one.grantors, *given})


def _locked(work: SqlUnitOfWork, person: str, mandate_id: str) -> Mandate:
    _visible(work, person, mandate_id)
    found = work.mandates.lock(mandate_id)
    if found is None:
        raise NotFoundError(f"there is no mandate {mandate_id}")
    return found.mandate


def _require_granter(work: SqlUnitOfWork, person: str, one: Mandate) -> None:
    """Managers lend seals; what a machine may do without a person is for the legal representative himself."""
    needed = (Role.REPRESENTATIVE,) if one.automatic else MANAGING
    if one.parent is None:
        for uscc in one.grantors:
            if require_member(work, person, uscc).role not in needed:
                raise ForbiddenError("only " + " or ".join(needed) + " can grant this mandate")
        return
    parent = work.mandates.get(one.parent)
    if parent is None:
        raise NotFoundError(f"there is no mandate {one.parent}")
    _require_holder(work, person, parent.mandate.grantee, needed)
    if one.automatic and parent.mandate.grantee.kind is GranteeKind.PERSON:
        raise ForbiddenError("only a legal representative can let a machine use seals")


def _require_grantee(work: SqlUnitOfWork, person: str, one: Mandate) -> None:
    _require_holder(work, person, one.grantee, MANAGING)


def _require_holder(work: SqlUnitOfWork, person: str, holder: Grantee, needed: tuple[Role, ...]) -> None:
    if holder.kind is GranteeKind.ENTERPRISE:
        found = work.people.member(person, holder.id)
        allowed = found is not None and found.role in needed
    else:
        allowed = holder == Grantee(kind=GranteeKind.PERSON, id=person)
    if not allowed:
        raise ForbiddenError("this is for whom the mandate is given to")


# -- what may be given


def _of_terms(work: SqlUnitOfWork, terms: Terms) -> Mandate:
    parent = None if terms.parent is None else work.mandates.get(terms.parent)
    if (terms.parent is None) == (terms.grantor is None):
        raise MandateError("a mandate has either a grantor, or a mandate above it")
    if terms.parent is not None and parent is None:
        raise NotFoundError(f"there is no mandate {terms.parent}")
    grantors = (terms.grantor or "",) if parent is None else parent.mandate.grantors
    made = Mandate(
        id=secrets.token_hex(16),
        grantors=grantors,
        grantee=terms.grantee,
        kinds=terms.kinds,
        seals=terms.seals,
        matters=terms.matters,
        max_amount=terms.max_amount,
        currency=terms.currency,
        max_pages=terms.max_pages,
        not_before=terms.not_before,
        not_after=terms.not_after,
        max_uses=terms.max_uses,
        automatic=terms.automatic,
        substitution=terms.substitution,
        parent=terms.parent,
        licences=_licences(work, grantors) if parent is None else parent.mandate.licences,
        text=terms.text,
    )
    if parent is not None:
        _check_parent(work, made, parent.mandate)
    return made


def _check_parent(work: SqlUnitOfWork, made: Mandate, parent: Mandate) -> None:
    if parent.state is not MandateState.ACTIVE:
        raise MandateStateError(f"the mandate above is {parent.state}")
    if len(work.mandates.chain(parent.id)) >= MAX_DEPTH:
        raise MandateError(f"at most {MAX_DEPTH} mandates stand on one another")

    def kind_of(code: str) -> SealKind | None:
        found = work.seals.get(code)
        return None if found is None or found.uscc not in parent.grantors else found.kind

    require_narrower(made, parent, kind_of=kind_of)


def _licences(work: SqlUnitOfWork, grantors: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for uscc in grantors:
        row = work.licences.in_force(uscc)
        if row is None or row.licence.state is not LicenceState.ACTIVE:
            raise MandateError(f"{uscc} has no licence that is active")
        found[uscc] = row.licence.number
    return found


def _check_standing(work: SqlUnitOfWork, one: Mandate) -> None:
    """What the mandate stands on may have changed since it was drafted."""
    if dict(one.licences) != _licences(work, one.grantors):
        raise MandateStateError("a licence has changed since the mandate was drafted")
    for above in work.mandates.chain(one.id)[1:]:
        if above.mandate.state is not MandateState.ACTIVE:
            raise MandateStateError(f"the mandate above is {above.mandate.state}")


def _check_grantee(work: SqlUnitOfWork, one: Mandate) -> None:
    grantee = one.grantee
    if grantee.kind is GranteeKind.ENTERPRISE:
        if grantee.id in one.grantors:
            raise MandateError("an enterprise needs no mandate for its own seals")
        if work.licences.in_force(grantee.id) is None:
            raise MandateError("the grantee has no licence in force here")
    if grantee.kind is GranteeKind.PERSON:
        _check_person(work, one)


def _check_person(work: SqlUnitOfWork, one: Mandate) -> None:
    person = work.people.get(one.grantee.id)
    if person is None or person.state != PersonState.ACTIVE.value:
        raise MandateError("the grantee has no account here")
    lending = set(one.grantors)
    if one.parent is not None:
        above = (stored.mandate.grantee for stored in work.mandates.chain(one.parent))
        lending |= {grantee.id for grantee in above if grantee.kind is GranteeKind.ENTERPRISE}
    roles = {found.uscc: found.role for found in work.people.memberships(person.id)}
    if any(roles.get(uscc) in {Role.MANAGER, Role.AUDITOR} for uscc in one.grantors):
        raise MandateError("who manages or audits an enterprise never uses its seals")
    if not any(roles.get(uscc) in USING for uscc in lending):
        raise MandateError("seals are lent to people of the enterprise that lends them")


def _check_seals(work: SqlUnitOfWork, one: Mandate) -> None:
    for code in sorted(one.seals):
        found = work.seals.get(code)
        if found is None or found.uscc not in one.grantors:
            raise MandateError(f"the grantor has no seal {code}")


def _intent(office: Office, one: Mandate, purpose: str) -> Intent:
    return intend(office, IntentKind.GRANT, one.id, purpose=purpose, details_sha256=details_digest(one.terms()))


def _tell(work: SqlUnitOfWork, one: Mandate, verb: str, *, at: datetime, actor: str) -> None:
    grantee = f"{one.grantee.kind}:{one.grantee.id}"
    work.notices.add(to=told(one), kind=f"mandate.{verb}", subject=one.id, at=at, grantee=grantee)
    work.ledger.note(at=at, actor=actor, act=f"mandate.{verb}", subject=one.id, grantee=grantee)
