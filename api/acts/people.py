"""People: invited by code, known by passkey, with one role in each enterprise."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api.acts import control
from api.acts.access import hash_of
from api.acts.control import Opened
from api.acts.office import Office
from api.db.access import Token
from api.db.people import Invitation, Member, Person, Role
from api.db.work import SqlUnitOfWork
from api.errors import (
    AssertionReason,
    AssertionRefusedError,
    BadInputError,
    ForbiddenError,
    InvitationError,
    MemberExistsError,
    NotFoundError,
)
from seals.intent import NONCE_BYTES, Intent, IntentKind, details_digest

LENDING: Final = frozenset({Role.MANAGER})  # may lend seals to others
INVITED_FOR: Final = timedelta(days=7)
CODE_BYTES: Final = 20  # 160 random bits; read once from a letter or a message
APPOINTS: Final[Mapping[Role, frozenset[Role]]] = {
    Role.REPRESENTATIVE: frozenset({Role.MANAGER, Role.USER, Role.AUDITOR}),
    Role.MANAGER: frozenset({Role.USER}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation and its one-time code, which is never shown again."""

    invitation: Invitation
    code: str


def person(office: Office, person_id: str) -> Person:
    """Return one person.

    Raises:
        NotFoundError: there is none.
    """
    with office.reading() as work:
        return person_of(work, person_id)


def member(work: SqlUnitOfWork, person_id: str, uscc: str) -> Member | None:
    """The person's present role in the enterprise."""
    return work.people.member(person_id, uscc)


def members_of(work: SqlUnitOfWork, uscc: str) -> list[Member]:
    """Everybody with a role in the enterprise now."""
    return work.people.members_of(uscc)


def memberships(work: SqlUnitOfWork, person_id: str) -> list[Member]:
    """Every role that the person has now."""
    return work.people.memberships(person_id)


def require_member(work: SqlUnitOfWork, person_id: str, uscc: str) -> Member:
    """Return the person's role.

    Raises:
        NotFoundError: none; a stranger is not told whether the enterprise exists.
    """
    found = work.people.member(person_id, uscc)
    if found is None:
        raise NotFoundError(f"no enterprise with the code {uscc} is open to you")
    return found


# -- agreement to an appointment: whoever may lend seals is not named by a stolen session


def begin_appointment(office: Office, uscc: str, *, role: Role, name: str, by: Token) -> Opened:
    """Ask a person to agree that somebody of this name gets the role.

    Raises:
        NotFoundError: the enterprise is not the caller's.
        ForbiddenError: the caller may not give this role.
    """
    with office.reading() as work:
        caller = require_member(work, by.person or "", uscc)
    _may_appoint(caller, role)
    return control.begin(office, caller.person, _appointment(uscc, role, name, nonce=office.random(NONCE_BYTES)))


def _appointment(uscc: str, role: Role, name: str, *, nonce: bytes) -> Intent:
    facts = {"act": "appoint", "uscc": uscc, "role": role.value, "name": name}
    return Intent(
        kind=IntentKind.GRANT,
        subject=uscc,
        documents=(),
        purpose=f"appoint as {role.value}: {name}",
        nonce=nonce,
        details_sha256=details_digest(facts),
    )


def _require_agreement(
    office: Office, work: SqlUnitOfWork, caller: Member, role: Role, name: str, agreement: Mapping[str, Any] | None
) -> None:
    """Whoever may lend seals is appointed by passkey, as part of the caller's transaction.

    Raises:
        AssertionRefusedError: it is missing, does not prove it, or is to something else.
    """
    if role not in LENDING:
        return
    if agreement is None:
        raise AssertionRefusedError(AssertionReason.MISSING, "agree to this appointment with your passkey")
    made = control.confirm(office, caller.person, agreement, work=work)
    if made.intent != _appointment(caller.uscc, role, name, nonce=made.intent.nonce):
        raise AssertionRefusedError(AssertionReason.OTHER_INTENT, "you agreed to something else")


# -- invitations


def invite(
    office: Office,
    uscc: str,
    *,
    role: Role,
    name: str | None,
    contact: str,
    by: Token,
    agreement: Mapping[str, Any] | None = None,
) -> Invited:
    """Make a one-time code for a role. The hall invites representatives, these managers and so on (`APPOINTS`).

    Raises:
        AssertionRefusedError: a manager is invited without the caller's agreement by passkey.
        NotFoundError: no such enterprise, or not the caller's.
        ForbiddenError: the caller may not give this role.
        BadInputError: the representative is not the one in the register, or nobody is named.
    """
    now = office.now()
    with office.work() as work:
        if by.person is not None:
            caller = require_member(work, by.person, uscc)
            _may_appoint(caller, role)
            _require_agreement(office, work, caller, role, name or "", agreement)
        elif role is not Role.REPRESENTATIVE:
            raise ForbiddenError("the hall invites legal representatives only; these invite everybody else")
        enterprise = work.enterprises.get(uscc)
        if enterprise is None:
            raise NotFoundError(f"no enterprise with the code {uscc} is registered")
        registered = enterprise.legal_representative
        if role is Role.REPRESENTATIVE and name not in {None, registered}:
            raise BadInputError("the legal representative is the one in the register; change the licence first")
        chosen = registered if role is Role.REPRESENTATIVE else name
        if not chosen:
            raise BadInputError("name: say who is invited")
        made = Invitation(
            id=secrets.token_hex(16),
            uscc=uscc,
            role=role,
            name=chosen,
            contact=contact,
            by=by.person or by.id,
            made_at=now,
            expires_at=now + INVITED_FOR,
        )
        code = secrets.token_urlsafe(CODE_BYTES)
        work.people.invite(made, sha256=hash_of(code))
        work.ledger.note(
            at=now, actor=by.name, act="person.invite", subject=uscc, invitation=made.id, role=role.value, name=chosen
        )
        work.commit()
    return Invited(invitation=made, code=code)


def _may_appoint(caller: Member, role: Role) -> None:
    if role not in APPOINTS.get(caller.role, frozenset()):
        raise ForbiddenError(f"as {caller.role.value} you may not give or take the role {role.value}")


def join(office: Office, who: Person, code: str) -> Member:
    """Redeem an invitation as somebody who has an account already.

    Raises:
        InvitationError: no open invitation has this code.
        ForbiddenError: it is for somebody of another name.
        MemberExistsError: the role is taken.
    """
    now = office.now()
    with office.work() as work:
        found = invitation_of(work, code, now=now)
        if found.name != who.name:
            raise ForbiddenError("this invitation is for somebody of another name")
        role = take_up(work, found, who, now=now)
        work.commit()
    return role


def invitation_of(work: SqlUnitOfWork, code: str, *, now: datetime) -> Invitation:
    found = work.people.invitation_by_code(hash_of(code))
    if found is None or found.used_at is not None or found.expires_at <= now:
        raise InvitationError("this code is unknown, used up or too old; ask for a new one")
    return found


def take_up(work: SqlUnitOfWork, found: Invitation, who: Person, *, now: datetime) -> Member:
    enterprise = work.enterprises.get(found.uscc)
    if found.role is Role.REPRESENTATIVE and (enterprise is None or enterprise.legal_representative != found.name):
        raise InvitationError("the register names another legal representative now")
    if not work.people.redeem(found.id, person=who.id, at=now):
        raise InvitationError("this code is unknown, used up or too old; ask for a new one")
    role = Member(
        id=secrets.token_hex(16),
        person=who.id,
        name=who.name,
        uscc=found.uscc,
        role=found.role,
        since=now,
        by=found.by,
    )
    work.people.appoint(role)
    work.ledger.note(
        at=now, actor=who.id, act="person.join", subject=found.uscc, person=who.id, name=who.name,
        role=found.role.value, invitation=found.id,
    )  # fmt: skip
    work.notices.add(
        to=[found.uscc], kind="member.joined", subject=who.id, at=now, name=who.name, role=found.role.value
    )
    return role


# -- members


def dismiss(office: Office, uscc: str, person_id: str, *, by: Token) -> None:
    """End somebody's role. The hall takes from legal representatives only what it gave them.

    Raises:
        NotFoundError: the enterprise is not the caller's, or the person has no role in it.
        ForbiddenError: the caller may not take this role.
    """
    now = office.now()
    with office.work() as work:
        caller = None if by.person is None else require_member(work, by.person, uscc)
        found = work.people.member(person_id, uscc)
        if found is None:
            raise NotFoundError("this person has no role in the enterprise")
        if caller is None and found.role is not Role.REPRESENTATIVE:
            raise ForbiddenError("the hall dismisses legal representatives only; these dismiss everybody else")
        if caller is not None and caller.person != person_id:  # everybody may resign
            _may_appoint(caller, found.role)
        _end(work, found, at=now, by=by.person or by.id, why="dismissed")
        work.commit()


def change_role(
    office: Office,
    uscc: str,
    person_id: str,
    *,
    role: Role,
    by: Token,
    agreement: Mapping[str, Any] | None = None,
) -> Member:
    """Give a member another role; the old one ends in the same transaction.

    Raises:
        AssertionRefusedError: a manager is made without the caller's agreement by passkey.
        NotFoundError: the enterprise is not the caller's, or the person has no role in it.
        ForbiddenError: the caller may not take the old role or give the new one.
    """
    now = office.now()
    with office.work() as work:
        caller = require_member(work, by.person or "", uscc)
        found = work.people.member(person_id, uscc)
        if found is None:
            raise NotFoundError("this person has no role in the enterprise")
        _may_appoint(caller, found.role)
        _may_appoint(caller, role)
        _require_agreement(office, work, caller, role, found.name, agreement)
        _end(work, found, at=now, by=caller.person, why="changed")
        made = Member(
            id=secrets.token_hex(16), person=person_id, name=found.name, uscc=uscc, role=role, since=now,
            by=caller.person,
        )  # fmt: skip
        work.people.appoint(made)
        work.ledger.note(
            at=now, actor=caller.person, act="person.appoint", subject=uscc, person=person_id, role=role.value
        )
        work.commit()
    return made


def representative_changed(work: SqlUnitOfWork, uscc: str, *, at: datetime, by: str) -> None:
    """The register names somebody else: the old representative's role ends in the caller's transaction."""
    found = work.people.representative(uscc)
    if found is not None:
        _end(work, found, at=at, by=by, why="register")


def _end(work: SqlUnitOfWork, found: Member, *, at: datetime, by: str, why: str) -> None:
    if not work.people.dismiss(found.id, at=at, by=by):
        raise MemberExistsError("somebody changed this role just now")
    work.ledger.note(
        at=at, actor=by, act="person.dismiss", subject=found.uscc, person=found.person, role=found.role.value, why=why
    )
    work.notices.add(
        to=[found.uscc], kind="member.left", subject=found.person, at=at, name=found.name, role=found.role.value
    )


def person_of(work: SqlUnitOfWork, person_id: str) -> Person:
    found = work.people.get(person_id)
    if found is None:
        raise NotFoundError("there is no such person")
    return found
