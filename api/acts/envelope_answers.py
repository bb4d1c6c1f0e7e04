"""What parties answer: they agree with a passkey, decline, hand over to a colleague."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from api.acts import control, rights
from api.acts.control import Opened
from api.acts.envelope_access import ACTING, Who, is_of, is_open, party_for, visible
from api.acts.envelope_choices import Choice, choose, intent_of
from api.acts.envelope_sending import code_digest
from api.acts.envelope_settling import move_party, reread, settle
from api.acts.office import Office
from api.db.envelope_records import PartyRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from seals.envelope_states import PartyState
from seals.envelopes import PartyKind, PartyRole
from seals.errors import EnvelopeError, EnvelopeStateError, RightError, RightReason
from seals.intent import NONCE_BYTES, Intent
from seals.register import Grounds

ANSWERABLE: Final = frozenset({PartyState.INVITED, PartyState.FAILED})
Then = Callable[[SqlUnitOfWork, Whole], None]


def begin(
    office: Office, who: Who, envelope_id: str, party_id: str, choices: tuple[Choice, ...], *, mandate: str | None
) -> Opened:
    """Ask the caller to agree to what the party is about to seal or approve.

    Raises:
        NotFoundError, ForbiddenError: the party is not the caller's.
        EnvelopeStateError: it is not the party's turn, or no longer.
        EnvelopeError, SealUnusableError: the choices do not fit.
    """
    if who.person is None:
        raise ForbiddenError("only a person can agree with a passkey")
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = answerable(office, whole, who, party_id)
        chosen = choose(office, work, whole, party, choices) if party.role is PartyRole.SIGN else {}
        with_right(office, work, whole, chosen, who, mandate=mandate)
        intent = intent_of(whole, party, chosen, nonce=office.random(NONCE_BYTES))
        pending = {**party.grounds.get("pending", {}), who.person: {"chosen": chosen}}
        work.envelopes.set_party(envelope_id, party_id, grounds={**party.grounds, "pending": pending})
        work.commit()
    return control.begin(office, who.person, intent)


def with_right(
    office: Office,
    work: SqlUnitOfWork,
    whole: Whole,
    chosen: dict[str, dict[str, Any]],
    who: Who,
    *,
    mandate: str | None,
) -> None:
    """Put the mandate under which it may be used beside each chosen seal; nothing, where the law itself gives the right.

    Raises:
        RightError: there is no such right; the approvers of the seal can be asked instead.
    """
    for key, one in chosen.items():
        document = whole.document(key.partition("/")[0])
        seal = None if one["seal"] is None else work.seals.get(one["seal"])
        if seal is None or document is None:
            continue
        if mandate is None and who.person is not None and rights.is_representative(work, who.person, seal.uscc):
            continue
        record = whole.record
        grounds = Grounds(
            actor=who.name, person=who.person, machine=None if who.person else who.token.machine, mandate=mandate,
            envelope=whole.id, matter=record.matter, amount=record.amount, currency=record.currency,
            pages=document.pages,
        )  # fmt: skip
        found = rights.choose(office, work, seal, grounds, document=document.frozen_sha256)
        rights.require_mandate(office, work, seal, found)
        one["mandate"] = found.mandate


def answerable(office: Office, whole: Whole, who: Who, party_id: str) -> PartyRecord:
    """Return the caller's party if it is its turn.

    Raises:
        NotFoundError, ForbiddenError: the party is not the caller's.
        EnvelopeStateError: it is not its turn, or no longer.
    """
    party = party_for(whole, who, party_id)
    if not is_open(whole):
        raise EnvelopeStateError(f"the envelope is {whole.record.state}")
    if whole.record.deadline is not None and whole.record.deadline <= office.now():
        raise EnvelopeStateError("the deadline has passed")
    if party.state not in ANSWERABLE or (party.state is PartyState.FAILED and party.retry_at is not None):
        raise EnvelopeStateError(f"party {party_id} is {party.state}; there is nothing to answer now")
    return party


def confirm(
    office: Office, who: Who, envelope_id: str, party_id: str, response: Mapping[str, Any], *, then: Then | None = None
) -> Whole:
    """Take the caller's agreement: from now on the party is sealed whatever happens to this process.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: see `begin`.
        AssertionRefusedError, RightError: it does not prove agreement to exactly this.
    """
    if who.person is None:
        raise ForbiddenError("only a person can agree with a passkey")
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = answerable(office, whole, who, party_id)
        pending = party.grounds.get("pending", {}).get(who.person)
        if pending is None:
            raise EnvelopeStateError("nothing was begun that could be confirmed")
        made = control.confirm(office, who.person, response, work=work)
        wanted = intent_of(whole, party, pending["chosen"], nonce=made.intent.nonce)
        if made.intent != wanted:
            raise RightError(RightReason.ASSERTION_MISMATCH, "this was agreed to for something else")
        slots = {key: {"mandate": one.get("mandate")} for key, one in pending["chosen"].items()}
        grounds = {"actor": who.name, "person": who.person, "assertion": made.id, "slots": slots}
        if party.role is PartyRole.SIGN:
            authorise(office, work, party, pending["chosen"], grounds, intent=made.intent)
        else:
            _approve(office, work, party, grounds, made.intent)
        done = settle(work, reread(work, envelope_id), now=office.now())
        if then is not None:
            then(work, done)
        work.commit()
    return done


def authorise(
    office: Office,
    work: SqlUnitOfWork,
    party: PartyRecord,
    chosen: Mapping[str, Mapping[str, Any]],
    grounds: Mapping[str, Any],
    *,
    intent: Intent | None = None,
) -> None:
    """Write down that the party's open slots are to be sealed like this and by this right."""
    held = list(grounds.get("slots", {}).values())
    for key, one in chosen.items():
        document, _, slot = key.partition("/")
        values = {"state": "authorised", "seal": one["seal"], "field_values": one["values"]}
        if not any(
            work.envelopes.set_slot(document, slot, before=before, **values) for before in ("open", "authorised")
        ):
            raise EnvelopeStateError(f"slot {slot} was sealed already")
    move_party(
        work,
        party,
        PartyState.AUTHORISED,
        now=office.now(),
        actor=str(grounds.get("actor", "")),
        act="party.authorised",
        values={"grounds": dict(grounds), "reason": None, "reason_code": None, "retry_at": None, "attempts": 0},
        seals={key: one["seal"] for key, one in chosen.items()},
        person=grounds.get("person"),
        machine=grounds.get("machine"),
        assertion=grounds.get("assertion"),
        mandates=sorted({one["mandate"] for one in held if one.get("mandate")}),
        requests=sorted({one["request"] for one in held if one.get("request")}),
        intent=None if intent is None else intent.challenge().hex(),
    )


def _approve(
    office: Office, work: SqlUnitOfWork, party: PartyRecord, grounds: Mapping[str, Any], intent: Intent
) -> None:
    now = office.now()
    move_party(
        work, party, PartyState.APPROVED, now=now, actor=str(grounds["actor"]), act="party.approved",
        values={"grounds": dict(grounds), "answered_at": now}, person=grounds["person"],
        assertion=grounds["assertion"], intent=intent.challenge().hex(),
    )  # fmt: skip


def decline(office: Office, who: Who, envelope_id: str, party_id: str, *, reason: str) -> Whole:
    """Say no, and why.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: it is not the caller's, or answered already.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = party_for(whole, who, party_id)
        if not is_open(whole):
            raise EnvelopeStateError(f"the envelope is {whole.record.state}")
        now = office.now()
        move_party(
            work, party, PartyState.DECLINED, now=now, actor=who.name, act="party.declined",
            values={"reason": reason, "reason_code": "declined", "answered_at": now, "retry_at": None},
            person=who.person, reason=reason,
        )  # fmt: skip
        work.notices.add(
            to=whole.enterprises(), kind="envelope.party-declined", subject=envelope_id, at=now,
            title=whole.record.title, party=party_id, name=party.name, reason=reason,
        )  # fmt: skip
        done = settle(work, reread(work, envelope_id), now=now)
        work.commit()
    return done


def transfer(office: Office, who: Who, envelope_id: str, party_id: str, *, person: str, reason: str) -> Whole:
    """Hand the party's task to a colleague of the same enterprise (转交).

    Raises:
        NotFoundError: no such party, or the colleague is not of the enterprise.
        ForbiddenError: not the caller's, or the colleague's role does not use seals.
        EnvelopeStateError: answered already.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = party_for(whole, who, party_id, handing=True)
        if party.kind is not PartyKind.ENTERPRISE or party.uscc is None:
            raise EnvelopeError("only an enterprise has colleagues to hand over to")
        if not is_open(whole) or party.state not in {PartyState.WAITING, PartyState.INVITED, PartyState.FAILED}:
            raise EnvelopeStateError(f"party {party_id} is {party.state}; there is nothing to hand over")
        colleague = work.people.member(person, party.uscc)
        if colleague is None:
            raise NotFoundError(f"there is no such person in {party.name}")
        if colleague.role not in ACTING:
            raise ForbiddenError(f"a {colleague.role} does not use seals")
        now = office.now()
        work.envelopes.set_party(envelope_id, party_id, person=person)
        work.envelopes.note(
            envelope_id, at=now, actor=who.name, act="party.transferred", party=party_id, to=person,
            name=colleague.name, reason=reason,
        )  # fmt: skip
        work.notices.add(
            to=[party.uscc], kind="envelope.transferred", subject=envelope_id, at=now, title=whole.record.title,
            party=party_id, to_person=colleague.name,
        )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)


def redeem(office: Office, who: Who, code: str) -> Whole:
    """Take the place of the person that a code was sent to.

    Raises:
        NotFoundError: no such code, or it was used.
        ForbiddenError: the caller is no person.
    """
    if who.person is None:
        raise ForbiddenError("an invitation is for a person")
    with office.work() as work:
        party = work.envelopes.by_invitation(code_digest(code))
        whole = None if party is None else work.envelopes.lock(party.envelope)
        fresh = None if whole is None or party is None else whole.party(party.id)
        if whole is None or fresh is None or fresh.invitation is None:
            raise NotFoundError("there is no such invitation, or it was used already")
        _check_place(whole, fresh, who.person)
        work.envelopes.set_party(whole.id, fresh.id, person=who.person, invitation=None)
        work.envelopes.note(
            whole.id, at=office.now(), actor=who.name, act="party.joined", party=fresh.id, person=who.person
        )
        work.commit()
        return reread(work, whole.id)


def _check_place(whole: Whole, party: PartyRecord, person: str) -> None:
    others = [one for one in whole.parties if one.id != party.id and one.plain().identity == ("person", person)]
    if any(one.role is not PartyRole.SIGN or party.role is not PartyRole.SIGN for one in others):
        raise EnvelopeStateError("you are a party to this envelope already")


def viewed(office: Office, who: Who, envelope_id: str, document: str) -> Whole:
    """Return the envelope, and note that a party has seen one of its documents, the first time it does."""
    with office.reading() as work:
        whole = visible(work, who, envelope_id)
    mine = [one for one in whole.parties if is_of(one, who) and one.viewed_at is None]
    if not mine or whole.record.sent_at is None:
        return whole
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        now = office.now()
        for one in whole.parties:
            if is_of(one, who) and one.viewed_at is None:
                work.envelopes.set_party(envelope_id, one.id, viewed_at=now)
                work.envelopes.note(
                    envelope_id, at=now, actor=who.name, act="party.viewed", party=one.id, document=document,
                    person=who.person,
                )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)
