"""Sole control (docs/spec/sole-control.md): a person agrees to exactly these documents and seals with a passkey.

The challenge is the hash of the intent. It is answered once; the answer and what it allows are one transaction, and every
byte that is needed to check it again without us is kept.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import Counter

from api.acts import passkeys
from api.acts.office import Office
from api.acts.passkeys import ANSWER_WITHIN, Answer
from api.acts.relying_party import RelyingParty, relying_party
from api.db.people import Challenge, ChallengeKind, PersonState, StoredAssertion
from api.db.work import SqlUnitOfWork
from api.errors import AssertionReason, AssertionRefusedError, NotFoundError
from seals.intent import Intent

ASSERTIONS = Counter("vermilion_assertions", "Answers of passkeys to intents by outcome", ["outcome"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the person's browser is to hand to `navigator.credentials.get`."""

    id: str
    options: dict[str, Any]  # PublicKeyCredentialRequestOptionsJSON
    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A person agreed to this intent, proven and kept."""

    id: str
    person: str
    credential: bytes
    intent: Intent
    at: datetime


def begin(office: Office, person_id: str, intent: Intent) -> Opened:
    """Ask a person to agree to an intent; the answer is awaited for five minutes.

    Raises:
        NotFoundError: no such person, or the account is closed.
        AssertionRefusedError: the person has no passkey, or the intent's nonce was used before.
    """
    now = office.now()
    party = relying_party(office)
    with office.work() as work:
        _active(work, person_id)
        known = work.people.passkeys_of(person_id)
        if not known:
            raise AssertionRefusedError(AssertionReason.NO_PASSKEY, "the person has no passkey to agree with")
        opened = Challenge(
            id=secrets.token_hex(16),
            kind=ChallengeKind.INTENT,
            person=person_id,
            challenge=intent.challenge(),
            intent=intent.canonical().decode(),
            made_at=now,
            expires_at=now + ANSWER_WITHIN,
        )
        if not work.people.open_challenge(opened):
            raise AssertionRefusedError(AssertionReason.CHALLENGE_KNOWN, "this was asked before; take a new nonce")
        work.commit()
    options = passkeys.request_options(party, challenge=opened.challenge, known=known)
    return Opened(id=opened.id, options=options, intent=intent)


def confirm(
    office: Office, person_id: str, response: Mapping[str, Any], *, work: SqlUnitOfWork | None = None
) -> Assertion:
    """Check the person's answer, use its challenge up and keep the evidence; with `work`, in the caller's transaction.

    The caller compares the intent with what it is about to do, built from its own state.

    Raises:
        NotFoundError: no such person, or the account is closed.
        AssertionRefusedError: the answer does not prove it; nothing was used up.
    """
    try:
        if work is not None:
            made = _confirm(office, work, person_id, response)
        else:
            with office.work() as own:
                made = _confirm(office, own, person_id, response)
                own.commit()
    except AssertionRefusedError as exc:
        ASSERTIONS.labels(exc.reason.value).inc()
        raise
    ASSERTIONS.labels("accepted").inc()
    return made


def assertion(work: SqlUnitOfWork, assertion_id: str) -> StoredAssertion | None:
    """The kept evidence."""
    return work.people.assertion(assertion_id)


def _confirm(office: Office, work: SqlUnitOfWork, person_id: str, response: Mapping[str, Any]) -> Assertion:
    now = office.now()
    party = relying_party(office)
    _active(work, person_id)
    asked = passkeys.open_challenge(work, passkeys.challenge_in(response), kind=ChallengeKind.INTENT, now=now)
    if asked.person != person_id or asked.intent is None:
        raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "somebody else was asked this")
    answer = passkeys.read_answer(response)
    passkey = passkeys.passkey_of(work, answer)
    if passkey.person != person_id:
        raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "this is somebody else's passkey")
    proven = passkeys.check_answer(party, answer, passkey, challenge=asked.challenge)
    passkeys.consume(work, asked, now=now)
    passkeys.use(work, passkey, proven, now=now)
    stored = _evidence(party, asked, answer, person_id=person_id, public_key=passkey.public_key, now=now)
    work.people.keep(stored)
    intent = Intent.parse(stored.intent.encode())
    work.ledger.note(
        at=now,
        actor=person_id,
        act="assertion.accept",
        subject=person_id,
        assertion=stored.id,
        kind=intent.kind.value,
        about=intent.subject,
        challenge=asked.challenge.hex(),
    )
    return Assertion(id=stored.id, person=person_id, credential=passkey.id, intent=intent, at=now)


def _evidence(
    party: RelyingParty, asked: Challenge, answer: Answer, *, person_id: str, public_key: bytes, now: datetime
) -> StoredAssertion:
    return StoredAssertion(
        id=secrets.token_hex(16),
        person=person_id,
        credential=answer.credential,
        challenge=asked.id,
        intent=asked.intent or "",
        client_data_json=answer.client_data_json,
        authenticator_data=answer.authenticator_data,
        signature=answer.signature,
        public_key=public_key,
        rp_id=party.id,
        origin=answer.client.origin,
        at=now,
    )


def _active(work: SqlUnitOfWork, person_id: str) -> None:
    person = work.people.get(person_id)
    if person is None or person.state != PersonState.ACTIVE.value:
        raise NotFoundError("there is no such person with an open account")
