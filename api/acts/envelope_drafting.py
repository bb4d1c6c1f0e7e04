"""Drafting an envelope: documents come in, parties and fields are set. Nothing of it is fixed before it is sent."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from api.acts.envelope_access import Who, require_initiator, visible
from api.acts.envelope_layout import plans_of
from api.acts.envelope_links import Link, check_link, check_rescission
from api.acts.envelope_settling import reread
from api.acts.office import Office
from api.db.envelope_records import (
    AttachmentRecord,
    DocumentRecord,
    EnvelopeRecord,
    LinkRecord,
    PartyRecord,
    Whole,
)
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from api.scratch import sha256_of
from seals.envelope_states import EnvelopeState
from seals.envelopes import OnOutage, PartyKind, PartyRole
from seals.errors import EnvelopeError, EnvelopeStateError
from seals.pdf_input import Limits, open_document

MAX_DOCUMENTS: Final = 50
MAX_ATTACHMENTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPlan:
    """A party as the initiator names it."""

    id: str
    kind: PartyKind
    role: PartyRole
    step: int
    required: bool
    name: str = ""  # of a person; an enterprise's comes from the register
    uscc: str | None = None
    person: str | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """A reference to another envelope."""

    kind: Link
    target: str
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything of a draft but its files."""

    title: str
    parties: Sequence[PartyPlan]
    slots: Mapping[str, Sequence[Mapping[str, Any]]]  # by document
    matter: str = ""
    amount: Decimal | None = None
    currency: str = ""
    level: str = "B-LT"
    on_outage: OnOutage = OnOutage.WAIT
    at_least: int | None = None
    deadline: datetime | None = None
    links: Sequence[LinkPlan] = ()
    rescission_reason: str | None = None


def create(office: Office, who: Who, *, uscc: str, title: str) -> Whole:
    """Open a draft.

    Raises:
        NotFoundError: the enterprise is not the caller's.
        ForbiddenError: the caller's role there does not draft.
    """
    if uscc not in who.enterprises:
        raise NotFoundError(f"there is no enterprise {uscc} of yours")
    if not who.may_draft_for(uscc):
        raise ForbiddenError("this role reads only")
    now = office.now()
    record = EnvelopeRecord(
        id=secrets.token_hex(16), uscc=uscc, actor=who.name, person=who.person, title=title, made_at=now
    )
    with office.work() as work:
        if work.enterprises.get(uscc) is None:
            raise NotFoundError(f"there is no enterprise {uscc}")
        work.envelopes.add(record)
        work.envelopes.note(record.id, at=now, actor=who.name, act="envelope.drafted", title=title, uscc=uscc)
        work.commit()
        return reread(work, record.id)


def draft(work: SqlUnitOfWork, who: Who, envelope_id: str) -> Whole:
    """Return a locked draft of the caller's.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's.
        EnvelopeStateError: it was sent already.
    """
    whole = visible(work, who, envelope_id, lock=True)
    require_initiator(whole, who)
    if whole.record.state is not EnvelopeState.DRAFT:
        raise EnvelopeStateError(f"the envelope is {whole.record.state}; only a draft can be changed")
    return whole


def add_document(office: Office, who: Who, envelope_id: str, source: BinaryIO, *, name: str) -> Whole:
    """Take in a PDF, which is looked at before it is kept.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: see `draft`.
        DocumentRefusedError: not a PDF that can be sealed; nothing is kept.
    """
    with office.reading() as work:
        require_initiator(visible(work, who, envelope_id), who)
    pages = open_document(source, Limits(max_bytes=office.settings.max_document_bytes)).page_count
    size = source.seek(0, 2)
    digest = sha256_of(source)
    stored = office.objects.put("envelopes", ".pdf", source)
    with office.work() as work:
        whole = draft(work, who, envelope_id)
        if len(whole.documents) >= MAX_DOCUMENTS:
            raise EnvelopeError(f"an envelope has at most {MAX_DOCUMENTS} documents")
        record = DocumentRecord(
            id=secrets.token_hex(16),
            envelope=envelope_id,
            position=1 + max((one.position for one in whole.documents), default=0),
            name=name,
            pages=pages,
            source_object=stored,
            source_sha256=digest,
            source_size=size,
        )
        work.envelopes.add_document(record)
        work.envelopes.note(
            envelope_id, at=office.now(), actor=who.name, act="document.added",
            document=record.id, name=name, pages=pages, size=size, sha256=digest.hex(),
        )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)


def drop_document(office: Office, who: Who, envelope_id: str, document_id: str) -> Whole:
    """Take a document out of a draft. Its file is kept: templates and envelopes made of them share it.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: see `draft`; or no such document.
    """
    with office.work() as work:
        whole = draft(work, who, envelope_id)
        if whole.document(document_id) is None:
            raise NotFoundError(f"the envelope has no document {document_id}")
        work.envelopes.drop_document(document_id)
        work.envelopes.note(envelope_id, at=office.now(), actor=who.name, act="document.dropped", document=document_id)
        work.commit()
        return reread(work, envelope_id)


def attach(
    office: Office, who: Who, envelope_id: str, source: BinaryIO, *, name: str, media_type: str
) -> AttachmentRecord:
    """Add a file of any kind that goes with the envelope and is never sealed.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: see `draft`.
    """
    with office.reading() as work:
        require_initiator(visible(work, who, envelope_id), who)
    size = source.seek(0, 2)
    digest = sha256_of(source)
    stored = office.objects.put("attachments", ".bin", source)
    with office.work() as work:
        draft(work, who, envelope_id)
        if len(work.envelopes.attachments(envelope_id)) >= MAX_ATTACHMENTS:
            raise EnvelopeError(f"an envelope has at most {MAX_ATTACHMENTS} attachments")
        record = AttachmentRecord(
            id=secrets.token_hex(16), envelope=envelope_id, name=name, media_type=media_type, object=stored,
            sha256=digest, size=size, actor=who.name, at=office.now(),
        )  # fmt: skip
        work.envelopes.add_attachment(record)
        work.envelopes.note(
            envelope_id, at=record.at, actor=who.name, act="attachment.added",
            attachment=record.id, name=name, size=size, sha256=digest.hex(),
        )  # fmt: skip
        work.commit()
    return record


def set_plan(office: Office, who: Who, envelope_id: str, plan: Plan) -> Whole:
    """Set everything of a draft but its files. What it means is checked again when it is sent.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: see `draft`; or a document or enterprise is not there.
        EnvelopeError: it does not hang together.
    """
    with office.work() as work:
        whole = draft(work, who, envelope_id)
        now = office.now()
        if plan.deadline is not None and plan.deadline <= now:
            raise EnvelopeError("the deadline has passed already")
        parties = [_party(work, envelope_id, place, one) for place, one in enumerate(plan.parties)]
        links = [_link(work, who, envelope_id, one, parties) for one in plan.links]
        _set_slots(work, whole, plan, {one.id for one in parties})
        work.envelopes.put_parties(envelope_id, parties)
        work.envelopes.put_links(envelope_id, links)
        work.envelopes.set(
            envelope_id, title=plan.title, matter=plan.matter, amount=plan.amount, currency=plan.currency,
            level=plan.level, on_outage=plan.on_outage, at_least=plan.at_least, deadline=plan.deadline,
            rescinds=next((one.target for one in links if one.kind == Link.RESCINDS.value), None),
            rescission_reason=plan.rescission_reason,
        )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)


def _party(work: SqlUnitOfWork, envelope_id: str, place: int, one: PartyPlan) -> PartyRecord:
    name = one.name
    if one.kind is PartyKind.ENTERPRISE:
        found = work.enterprises.get(one.uscc or "")
        if found is None:
            raise EnvelopeError(f"party {one.id}: there is no enterprise {one.uscc}")
        name = found.name
    elif one.person is not None:
        person = work.people.get(one.person)
        if person is None:
            raise EnvelopeError(f"party {one.id}: there is no such person")
        name = person.name
    elif not one.name or not one.contact:
        raise EnvelopeError(f"party {one.id}: a person without an account is invited by name and contact")
    return PartyRecord(
        envelope=envelope_id, id=one.id, position=place, name=name, kind=one.kind, role=one.role, step=one.step,
        required=one.required, uscc=one.uscc, person=one.person, contact=one.contact,
    )  # fmt: skip


def _set_slots(work: SqlUnitOfWork, whole: Whole, plan: Plan, parties: set[str]) -> None:
    if unknown := sorted(set(plan.slots) - {one.id for one in whole.documents}):
        raise NotFoundError(f"the envelope has no document {', '.join(unknown)}")
    for document in whole.documents:
        stored = plan.slots.get(document.id, ())
        for one in plans_of(stored):
            if one.party not in parties:
                raise EnvelopeError(f"slot {one.slot.name} is for party {one.party}, which there is not")
        work.envelopes.set_document(document.id, fields=list(stored))


def _link(work: SqlUnitOfWork, who: Who, envelope_id: str, one: LinkPlan, parties: Sequence[PartyRecord]) -> LinkRecord:
    target = visible(work, who, one.target)
    link = check_link(work, envelope_id, one.kind, target, one.sha256)
    if one.kind is Link.RESCINDS:
        check_rescission(target, [part.plain().identity for part in parties if part.role is PartyRole.SIGN])
    return link
