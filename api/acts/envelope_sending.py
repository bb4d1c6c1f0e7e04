"""Sending an envelope: everything is checked, every document is laid out and frozen, then the first parties are invited."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from api.acts.envelope_access import Who, require_initiator, visible
from api.acts.envelope_drafting import draft
from api.acts.envelope_layout import SlotPlan, frozen_json, layout_of, plans_of
from api.acts.envelope_settling import settle
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord, FileRecord, PartyRecord, SlotRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import BadInputError, NotFoundError, SealUnusableError
from api.scratch import scratch_file
from seals.envelope_states import EnvelopeState
from seals.envelopes import PartyKind, PartyRole, check_parties
from seals.errors import EnvelopeError, EnvelopeStateError
from seals.layout import Frozen, freeze
from seals.model import SealKind
from seals.pdf_input import Limits
from seals.register import Seal
from seals.states import SealState

INVITATION_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A sent envelope, with the codes for persons who have no account yet: shown once, to the initiator."""

    whole: Whole
    invitations: Mapping[str, str]  # by party


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    document: DocumentRecord
    plans: tuple[SlotPlan, ...]
    frozen: Frozen
    object: str


def send(
    office: Office, who: Who, envelope_id: str, *, then: Callable[[SqlUnitOfWork, Sent], None] | None = None
) -> Sent:
    """Freeze every document and invite the parties whose turn it is.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: it is not the caller's, or no draft.
        EnvelopeError: parties or fields do not make sense.
        SealUnusableError: a party could not seal even if it wanted to; says why.
        PlacementError, DocumentRefusedError: a document cannot be laid out; names the document.
    """
    with office.reading() as work:
        whole = visible(work, who, envelope_id)
        require_initiator(whole, who)
        check(office, work, whole)
    bases = [_freeze(office, one) for one in whole.documents]
    codes = {one.id: secrets.token_urlsafe(INVITATION_BYTES) for one in whole.parties if _needs_invitation(one)}
    with office.work() as work:
        locked = draft(work, who, envelope_id)
        if locked != whole:
            raise BadInputError("the draft was changed while it was being sent; send it again")
        _write(office, work, who, locked, bases, codes)
        sent = Sent(whole=visible(work, who, envelope_id), invitations=codes)
        if then is not None:
            then(work, sent)
        work.commit()
    return sent


def check(office: Office, work: SqlUnitOfWork, whole: Whole) -> None:
    """Pass if the draft can be sent.

    Raises:
        EnvelopeError, SealUnusableError: see `send`.
    """
    if not whole.documents:
        raise EnvelopeError("there is no document to sign")
    by_document = {one.id: plans_of(one.fields) for one in whole.documents}
    check_parties(whole.plain(), acting={one.party for plans in by_document.values() for one in plans})
    if whole.record.deadline is not None and whole.record.deadline <= office.now():
        raise EnvelopeError("the deadline has passed already")
    if not office.store.health().healthy:
        raise SealUnusableError("the key store does not work at present: nobody could seal; send it when it does")
    for one in whole.parties:
        if one.kind is PartyKind.ENTERPRISE:
            slots = [plan for plans in by_document.values() for plan in plans if plan.party == one.id]
            _check_enterprise(office, work, one, slots)


def _check_enterprise(office: Office, work: SqlUnitOfWork, party: PartyRecord, slots: list[SlotPlan]) -> None:
    licence = work.licences.in_force(party.uscc or "")
    if licence is None or licence.licence.state.value != "active":
        raise SealUnusableError(f"{party.name} has no active licence")
    if party.role is not PartyRole.SIGN:
        return
    active = usable_seals(office, work, party.uscc or "")
    for slot in slots:
        if not slot.slot.own_client and not allowed(active, slot.kinds):
            kinds = ", ".join(slot.kinds) or "any kind"
            raise SealUnusableError(f"{party.name} has no active seal of {kinds}, which slot {slot.slot.name} asks for")


def usable_seals(office: Office, work: SqlUnitOfWork, uscc: str) -> list[Seal]:
    """The active seals of an enterprise whose keys can be used here."""
    found = [one for one in work.seals.of_enterprise(uscc) if one.state == SealState.ACTIVE.value]
    return [one for one in found if (ref := work.keys.get(one.key_id)) is not None and ref.store in office.stores]


def allowed(seals: list[Seal], kinds: tuple[SealKind, ...] | tuple[str, ...]) -> list[Seal]:
    """Those of the seals that may go into a slot."""
    return [one for one in seals if not kinds or one.kind in kinds]


def _freeze(office: Office, document: DocumentRecord) -> _Base:
    plans = plans_of(document.fields)
    with scratch_file(office.scratch) as source, scratch_file(office.scratch) as target:
        source.writelines(office.objects.stream(document.source_object))
        source.seek(0)
        frozen = freeze(source, target, layout_of(plans), limits=Limits(max_bytes=office.settings.max_document_bytes))
        target.seek(0)
        return _Base(
            document=document, plans=plans, frozen=frozen, object=office.objects.put("envelopes", ".pdf", target)
        )


def _needs_invitation(one: PartyRecord) -> bool:
    return one.kind is PartyKind.PERSON and one.person is None


def _write(
    office: Office, work: SqlUnitOfWork, who: Who, whole: Whole, bases: list[_Base], codes: Mapping[str, str]
) -> None:
    now, told = office.now(), []
    for base in bases:
        document, frozen = base.document, base.frozen
        work.envelopes.set_document(
            document.id, layout=frozen_json(frozen), frozen_object=base.object, frozen_sha256=frozen.sha256,
            frozen_size=frozen.size, current_object=base.object, current_sha256=frozen.sha256,
            current_size=frozen.size, revision=0,
        )  # fmt: skip
        work.envelopes.add_file(
            FileRecord(
                sha256=frozen.sha256,
                envelope=whole.id,
                document=document.id,
                revision=0,
                object=base.object,
                size=frozen.size,
                at=now,
            )
        )
        work.envelopes.add_slots([_slot(whole.id, document.id, one) for one in base.plans])
        told.append({"id": document.id, "name": document.name, "sha256": frozen.sha256.hex()})
    for party, code in codes.items():
        work.envelopes.set_party(whole.id, party, invitation=code_digest(code))
    work.envelopes.set(whole.id, state=EnvelopeState.SENT, sent_at=now)
    parties = [
        {"id": one.id, "name": one.name, "role": one.role.value, "step": one.step, "uscc": one.uscc}
        for one in whole.parties
    ]
    work.envelopes.note(
        whole.id, at=now, actor=who.name, act="envelope.sent", documents=told, parties=parties,
        at_least=whole.record.at_least, deadline=whole.record.deadline, on_timestamp_outage=whole.record.on_outage.value,
    )  # fmt: skip
    work.notices.add(to=whole.enterprises(), kind="envelope.sent", subject=whole.id, at=now, title=whole.record.title)
    work.ledger.note(at=now, actor=who.name, act="envelope.sent", subject=whole.id, documents=told)
    sent = work.envelopes.get(whole.id)
    if sent is not None:
        settle(work, sent, now=now)


def _slot(envelope_id: str, document_id: str, plan: SlotPlan) -> SlotRecord:
    return SlotRecord(
        document=document_id, id=plan.slot.name, envelope=envelope_id, party=plan.party,
        kinds=tuple(one.value for one in plan.kinds), field_values=dict(plan.presets),
    )  # fmt: skip


def invite(office: Office, who: Who, envelope_id: str, party_id: str) -> str:
    """Return a new code for a person who has not taken the place yet.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's envelope, or there is no such party.
        EnvelopeStateError: the envelope is not open, or the place is taken.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        require_initiator(whole, who)
        party = whole.party(party_id)
        if party is None:
            raise NotFoundError(f"the envelope has no party {party_id}")
        if whole.record.state is not EnvelopeState.SENT or party.invitation is None:
            raise EnvelopeStateError(f"nobody is to be invited as {party_id} any more")
        code = secrets.token_urlsafe(INVITATION_BYTES)
        work.envelopes.set_party(envelope_id, party_id, invitation=code_digest(code))
        work.envelopes.note(
            envelope_id, at=office.now(), actor=who.name, act="party.invited-again", party=party_id, name=party.name
        )
        work.commit()
    return code


def code_digest(code: str) -> bytes:
    """Only this is kept of an invitation's code."""
    return hashlib.sha256(code.encode()).digest()
