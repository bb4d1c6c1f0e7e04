"""Accounts: a person redeems an invitation with a passkey, logs in with one, adds and revokes them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from api.acts import passkeys
from api.acts.access import hash_of, new_secret
from api.acts.office import Office
from api.acts.passkeys import ANSWER_WITHIN
from api.acts.people import invitation_of, person_of, take_up
from api.acts.relying_party import relying_party
from api.db.access import Token
from api.db.people import Challenge, ChallengeKind, Member, Passkey, Person, PersonState
from api.db.work import SqlUnitOfWork
from api.errors import AssertionReason, AssertionRefusedError, BadInputError, ForbiddenError, NotFoundError

SCOPE: Final = "person"
SESSION_FOR: Final = timedelta(hours=12)  # absolute: it is not prolonged by use
MAX_PASSKEYS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has just proven a passkey, and the secret of the session, which is never shown again."""

    person: Person
    token: Token
    secret: str


def begin_redeem(office: Office, code: str) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is to be given for the holder of a code.

    Raises:
        InvitationError: no open invitation has this code.
    """
    with office.work() as work:
        found = invitation_of(work, code, now=office.now())
        chosen = secrets.token_hex(16)
        options = ask_to_register(office, work, person_id=chosen, name=found.name, known=(), invitation=found.id)
        work.commit()
    return options


def finish_redeem(office: Office, code: str, response: Mapping[str, Any], *, label: str) -> tuple[Session, Member]:
    """Make the person, the passkey, the role and a session, in one transaction.

    Raises:
        InvitationError: the code is used up.
        AssertionRefusedError: the authenticator's answer does not fit.
        MemberExistsError: the enterprise has a representative already.
    """
    now = office.now()
    with office.work() as work:
        found = invitation_of(work, code, now=now)
        asked = passkeys.open_challenge(work, passkeys.challenge_in(response), kind=ChallengeKind.REGISTER, now=now)
        if asked.invitation != found.id or asked.person is None:
            raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "this was asked for another invitation")
        made = Person(
            id=asked.person, name=found.name, contact=found.contact, state=PersonState.ACTIVE.value, made_at=now
        )
        passkeys.consume(work, asked, now=now)
        work.people.add(made)
        keep_passkey(office, work, made, asked, response, label=label)
        role = take_up(work, found, made, now=now)
        session = open_session(work, made, now=now)
        work.commit()
    return session, role


# -- sessions


def begin_login(office: Office) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is to be given: any discoverable passkey of ours may answer."""
    party = relying_party(office)
    with office.work() as work:
        work.people.forget_challenges(before=office.now() - ANSWER_WITHIN)
        asked = _challenge(office, ChallengeKind.LOGIN)
        work.people.open_challenge(asked)
        work.commit()
    return passkeys.request_options(party, challenge=asked.challenge)


def finish_login(office: Office, response: Mapping[str, Any]) -> Session:
    """Open a session for whoever's passkey answered.

    Raises:
        AssertionRefusedError: the answer does not prove it.
    """
    now = office.now()
    with office.work() as work:
        asked = passkeys.open_challenge(work, passkeys.challenge_in(response), kind=ChallengeKind.LOGIN, now=now)
        if asked.person is not None:
            raise AssertionRefusedError(AssertionReason.OTHER_KIND, "this was asked for something else")
        found = person_of(work, _prove(office, work, asked, response))
        session = open_session(work, found, now=now)
        work.commit()
    return session


def _prove(office: Office, work: SqlUnitOfWork, asked: Challenge, response: Mapping[str, Any]) -> str:
    """Check an answer to a log-in challenge and use it up; return whose passkey it was."""
    now = office.now()
    answer = passkeys.read_answer(response)
    passkey = passkeys.passkey_of(work, answer)
    if asked.person not in {None, passkey.person}:
        raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "this is somebody else's passkey")
    proven = passkeys.check_answer(relying_party(office), answer, passkey, challenge=asked.challenge)
    passkeys.consume(work, asked, now=now)
    passkeys.use(work, passkey, proven, now=now)
    if person_of(work, passkey.person).state != PersonState.ACTIVE.value:
        raise ForbiddenError("this account is closed")
    return passkey.person


def log_out(office: Office, token: Token) -> None:
    """Withdraw a session."""
    now = office.now()
    with office.work() as work:
        work.tokens.revoke(token.id, at=now)
        work.ledger.note(at=now, actor=token.person or token.id, act="person.logout", subject=token.id)
        work.commit()


def open_session(work: SqlUnitOfWork, who: Person, *, now: datetime) -> Session:
    """Let in somebody who has just proven a passkey, for twelve hours."""
    token = Token(
        id=secrets.token_hex(8),
        name=who.name,
        scopes=frozenset({SCOPE}),
        made_at=now,
        expires_at=now + SESSION_FOR,
        person=who.id,
    )
    secret = new_secret()
    work.tokens.add(token, sha256=hash_of(secret))
    work.ledger.note(at=now, actor=who.id, act="person.login", subject=token.id)
    return Session(person=who, token=token, secret=secret)


# -- passkeys


def begin_passkey(office: Office, who: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return options for a new passkey, and for the proof by an old one: a stolen session must not add a key.

    Raises:
        AssertionRefusedError: there are as many as a person may have.
    """
    party = relying_party(office)
    with office.work() as work:
        known = work.people.passkeys_of(who.id)
        if len(known) >= MAX_PASSKEYS:
            raise BadInputError(f"a person has at most {MAX_PASSKEYS} passkeys")
        asked = _challenge(office, ChallengeKind.LOGIN, person_id=who.id)
        work.people.open_challenge(asked)
        creation = ask_to_register(office, work, person_id=who.id, name=who.name, known=known)
        work.commit()
    return creation, passkeys.request_options(party, challenge=asked.challenge, known=known)


def finish_passkey(
    office: Office, who: Person, *, registration: Mapping[str, Any], proof: Mapping[str, Any], label: str
) -> Passkey:
    """Add a passkey, proven by one that the person has already.

    Raises:
        AssertionRefusedError: either answer does not fit.
    """
    now = office.now()
    with office.work() as work:
        login = passkeys.open_challenge(work, passkeys.challenge_in(proof), kind=ChallengeKind.LOGIN, now=now)
        asked = passkeys.open_challenge(work, passkeys.challenge_in(registration), kind=ChallengeKind.REGISTER, now=now)
        if login.person != who.id or asked.person != who.id or asked.invitation or asked.place:
            raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "somebody else was asked this")
        _prove(office, work, login, proof)
        passkeys.consume(work, asked, now=now)
        made = keep_passkey(office, work, who, asked, registration, label=label)
        work.commit()
    return made


def revoke_passkey(office: Office, who: Person, credential: bytes, *, session: Token) -> None:
    """Take a passkey out of use and end every other session of the person.

    Raises:
        NotFoundError: the person has no such passkey.
        BadInputError: it is the last one; without any the person could never come back.
    """
    now = office.now()
    with office.work() as work:
        known = work.people.passkeys_of(who.id)
        if credential not in {one.id for one in known}:
            raise NotFoundError("you have no such passkey")
        if len(known) == 1:
            raise BadInputError("this is your last passkey; add another one first")
        work.people.revoke_passkey(credential, at=now)
        work.people.end_sessions(who.id, at=now, but=session.id)
        work.ledger.note(at=now, actor=who.id, act="passkey.revoke", subject=who.id, credential=credential.hex())
        work.commit()


def ask_to_register(
    office: Office,
    work: SqlUnitOfWork,
    *,
    person_id: str,
    name: str,
    known: Sequence[Passkey],
    invitation: str | None = None,
    place: str | None = None,
) -> dict[str, Any]:
    """Open a challenge for a new passkey, tied to the invitation or place that it is made for; return the options."""
    asked = _challenge(office, ChallengeKind.REGISTER, person_id=person_id, invitation=invitation, place=place)
    work.people.open_challenge(asked)
    return passkeys.creation_options(
        relying_party(office), person=person_id, name=name, challenge=asked.challenge, known=known
    )


def _challenge(
    office: Office,
    kind: ChallengeKind,
    *,
    person_id: str | None = None,
    invitation: str | None = None,
    place: str | None = None,
) -> Challenge:
    now = office.now()
    return Challenge(
        id=secrets.token_hex(16),
        kind=kind,
        person=person_id,
        invitation=invitation,
        place=place,
        challenge=passkeys.fresh_challenge(),
        made_at=now,
        expires_at=now + ANSWER_WITHIN,
    )


def keep_passkey(
    office: Office, work: SqlUnitOfWork, who: Person, asked: Challenge, response: Mapping[str, Any], *, label: str
) -> Passkey:
    """Check the answer to a challenge and record the passkey in it.

    Raises:
        AssertionRefusedError: the answer does not fit, or the passkey is known.
    """
    now = office.now()
    made = passkeys.check_registration(
        relying_party(office), response, challenge=asked.challenge, person=who.id, label=label, now=now
    )
    try:
        work.people.add_passkey(made)
    except IntegrityError as exc:
        raise AssertionRefusedError(AssertionReason.PASSKEY_KNOWN, "this passkey is registered already") from exc
    work.ledger.note(
        at=now, actor=who.id, act="passkey.add", subject=who.id, credential=made.id.hex(), aaguid=made.aaguid
    )
    return made
