"""A handler without the right to a seal asks its approvers (用印申请); when they have agreed, the envelope goes on."""

import logging
from collections.abc import Mapping
from typing import Any

from api.acts import requests
from api.acts.envelope_access import Who, visible
from api.acts.envelope_answers import Then, answerable, authorise
from api.acts.envelope_choices import MAX_PURPOSE, Choice, choose
from api.acts.envelope_settling import move_party, reread
from api.acts.office import Office
from api.acts.people import person_of
from api.db.envelope_records import PartyRecord, Whole
from api.db.people import Person
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError
from seals.envelope_states import PartyState
from seals.envelopes import PartyKind, PartyRole
from seals.errors import EnvelopeStateError
from seals.intent import DocumentIntent
from seals.requests import RequestState, SealRequest

log = logging.getLogger("vermilion.envelopes")
ENDED = {RequestState.REFUSED, RequestState.EXPIRED, RequestState.WITHDRAWN}


def ask(
    office: Office,
    who: Who,
    envelope_id: str,
    party_id: str,
    choices: tuple[Choice, ...],
    *,
    reason: str,
    then: Then | None = None,
) -> Whole:
    """Open a request for each seal that the party is to use.

    Raises:
        NotFoundError, ForbiddenError: the party is not the caller's.
        EnvelopeStateError: it is not its turn.
        EnvelopeError, SealUnusableError: the choices do not fit.
        ApprovalError: there is nobody who could approve.
    """
    if who.person is None:
        raise ForbiddenError("a person asks for approval")
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = answerable(office, whole, who, party_id)
        if party.role is not PartyRole.SIGN or party.kind is not PartyKind.ENTERPRISE:
            raise ForbiddenError("only a party that seals can ask for approval")
        chosen = choose(office, work, whole, party, choices)
        made = _open(office, work, person_of(work, who.person), whole, party, chosen, reason)
        grounds = {
            "actor": who.name,
            "person": who.person,
            "chosen": chosen,
            "slots": {key: {"request": made[one["seal"]]} for key, one in chosen.items()},
            "requests": list(made.values()),
        }
        move_party(
            work, party, PartyState.REQUESTED, now=office.now(), actor=who.name, act="party.requested",
            values={"grounds": grounds, "reason": None, "reason_code": None, "retry_at": None, "attempts": 0},
            requests=list(made.values()), person=who.person, reason=reason,
        )  # fmt: skip
        done = reread(work, envelope_id)
        if then is not None:
            then(work, done)
        work.commit()
    return done


def _open(
    office: Office,
    work: SqlUnitOfWork,
    who: Person,
    whole: Whole,
    party: PartyRecord,
    chosen: Mapping[str, Mapping[str, Any]],
    reason: str,
) -> dict[str, str]:
    """Return the request for each seal."""
    record, made = whole.record, {}
    for code in dict.fromkeys(str(one["seal"]) for one in chosen.values()):
        documents = []
        for document in whole.documents:
            times = sum(key.startswith(f"{document.id}/") and one["seal"] == code for key, one in chosen.items())
            if times:
                documents.append(
                    DocumentIntent(name=document.name, sha256=document.frozen_sha256 or b"", seals=(code,) * times)
                )
        opened = requests.ask_for_party(
            office, work, who, code, tuple(documents), envelope=whole.id, party=party.id,
            purpose=f"{record.title}: {reason}"[:MAX_PURPOSE], matter=record.matter, amount=record.amount,
            currency=record.currency, pages=max(one.pages for one in whole.documents),
        )  # fmt: skip
        made[code] = opened.id
    return made


def look_after_requests(office: Office, whole: Whole) -> None:
    """Go on with parties whose requests were decided."""
    for party in whole.parties:
        if party.state is PartyState.REQUESTED:
            try:
                _follow(office, whole.id, party.id)
            except EnvelopeStateError:
                log.info("envelope %s: party %s was moved on by somebody else", whole.id, party.id)


def _follow(office: Office, envelope_id: str, party_id: str) -> None:
    with office.work() as work:
        whole = work.envelopes.lock(envelope_id)
        party = None if whole is None else whole.party(party_id)
        if whole is None or party is None or party.state is not PartyState.REQUESTED:
            return
        opened = [found for one in party.grounds["requests"] if (found := work.requests.get(one)) is not None]
        ended = [one for one in opened if one.state in ENDED]
        if ended or len(opened) != len(party.grounds["requests"]):
            _refused(office, work, party, ended)
        elif all(one.state is RequestState.APPROVED for one in opened):
            _approved(office, work, party)
        else:
            return
        work.commit()


def _approved(office: Office, work: SqlUnitOfWork, party: PartyRecord) -> None:
    held = party.grounds
    grounds = {name: held[name] for name in ("actor", "person", "slots", "requests")}
    authorise(office, work, party, held["chosen"], grounds)


def _refused(office: Office, work: SqlUnitOfWork, party: PartyRecord, ended: list[SealRequest]) -> None:
    """The party may ask again, or decline."""
    why = next((one.failure or f"the request is {one.state}" for one in ended), "the request is gone")
    now = office.now()
    move_party(
        work, party, PartyState.INVITED, now=now, actor="service", act="party.request-refused",
        values={"grounds": {}, "reason": why[:500], "reason_code": "request-refused"}, reason=why[:500],
    )  # fmt: skip
    if party.uscc is not None:
        work.notices.add(
            to=[party.uscc], kind="envelope.request-refused", subject=party.envelope, at=now, party=party.id,
            reason=why[:500],
        )  # fmt: skip
