"""Guests: persons of no enterprise, who come by the code of an envelope and get an account with their place in it."""

import secrets
from collections.abc import Mapping
from typing import Any

from api.acts import passkeys
from api.acts.accounts import Session, ask_to_register, keep_passkey, open_session
from api.acts.envelope_access import is_open
from api.acts.envelope_sending import code_digest
from api.acts.office import Office
from api.db.envelope_records import PartyRecord
from api.db.people import ChallengeKind, Person, PersonState
from api.db.work import SqlUnitOfWork
from api.errors import AssertionReason, AssertionRefusedError, InvitationError


def begin(office: Office, code: str) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is to be given for the holder of a code.

    Raises:
        InvitationError: no open place has this code.
    """
    with office.work() as work:
        party = _place(work, code)
        options = ask_to_register(
            office, work, person_id=secrets.token_hex(16), name=party.name, known=(), place=code_digest(code).hex()
        )
        work.commit()
    return options


def finish(office: Office, code: str, response: Mapping[str, Any], *, label: str) -> tuple[Session, str]:
    """Make the person, the passkey and a session, and take the place, in one transaction; also returns the envelope.

    Raises:
        InvitationError: the code is used up.
        AssertionRefusedError: the authenticator's answer does not fit.
    """
    now = office.now()
    with office.work() as work:
        party = _place(work, code)
        asked = passkeys.open_challenge(work, passkeys.challenge_in(response), kind=ChallengeKind.REGISTER, now=now)
        if asked.place != code_digest(code).hex() or asked.person is None:
            raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "this was asked for another invitation")
        passkeys.consume(work, asked, now=now)
        made = Person(
            id=asked.person, name=party.name, contact=party.contact, state=PersonState.ACTIVE.value, made_at=now
        )
        work.people.add(made)
        keep_passkey(office, work, made, asked, response, label=label)
        work.envelopes.set_party(party.envelope, party.id, person=made.id, invitation=None)
        work.envelopes.note(party.envelope, at=now, actor=made.name, act="party.joined", party=party.id, person=made.id)
        session = open_session(work, made, now=now)
        work.commit()
    return session, party.envelope


def _place(work: SqlUnitOfWork, code: str) -> PartyRecord:
    """The place that the code opens, under its envelope's lock: of two who come at once one is too late."""
    party = work.envelopes.by_invitation(code_digest(code))
    whole = None if party is None else work.envelopes.lock(party.envelope)
    fresh = None if whole is None or party is None else whole.party(party.id)
    if whole is None or fresh is None or fresh.invitation != code_digest(code) or not is_open(whole):
        raise InvitationError("no open invitation has this code")
    return fresh
