"""Envelopes over HTTP: drafting, sending and what the initiator does afterwards."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, File, Query, Response, UploadFile

from api.acts import envelope_drafting, envelope_life, envelope_run, envelope_sending
from api.acts.envelope_access import visible
from api.db.envelope_records import EnvelopeRecord
from api.db.work import SqlUnitOfWork
from api.http import envelope_files, envelope_parties, envelope_revisions, envelope_templates, guests
from api.http.deps import OfficeDep, OnceDep, Remember, fingerprint_of
from api.http.envelope_caller import WhoDep
from api.http.envelope_plan_schemas import CreateIn, PlanIn
from api.http.envelopes_schemas import (
    AttachmentOut,
    EnvelopeLine,
    EnvelopeOut,
    EnvelopePage,
    ExtendIn,
    HistoryOut,
    InvitationOut,
    LinkList,
    LinkOut,
    ReasonIn,
    SentOut,
    StepOut,
)
from seals.envelope_history import check_history

router = APIRouter(prefix="/api/v1", tags=["envelopes"])
MAX_NAME = 200


@router.post("/envelopes", status_code=201)
def create(body: CreateIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Open a draft for one of the caller's enterprises."""
    return EnvelopeOut.of(envelope_drafting.create(office, who, uscc=body.uscc, title=body.title))


@router.get("/envelopes")
def page(
    office: OfficeDep,
    who: WhoDep,
    state: Literal["draft", "sent", "completed", "declined", "withdrawn", "expired", "rescinded"] | None = None,
    cursor: Annotated[str, Query(max_length=32)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EnvelopePage:
    """The envelopes that the caller takes part in, newest first."""
    with office.reading() as work:
        found = work.envelopes.page(uscc=who.enterprises, person=who.person, after=cursor, limit=limit, state=state)
        lines = _lines(work, found)
    return EnvelopePage(items=lines, next=found[-1].id if len(found) == limit else None)


@router.get("/envelopes/awaiting")
def awaiting(office: OfficeDep, who: WhoDep, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> EnvelopePage:
    """The envelopes that wait for an answer of the caller's own parties, the longest waiting first."""
    acting = tuple(one for one in who.enterprises if who.may_act_for(one))
    with office.reading() as work:
        return EnvelopePage(
            items=_lines(work, work.envelopes.awaiting(uscc=acting, person=who.person, limit=limit)), next=None
        )


def _lines(work: SqlUnitOfWork, found: Sequence[EnvelopeRecord]) -> list[EnvelopeLine]:
    names = {uscc: entry.name for uscc in {one.uscc for one in found} if (entry := work.enterprises.get(uscc))}
    return [
        EnvelopeLine(
            id=one.id, uscc=one.uscc, initiator=names.get(one.uscc, ""), title=one.title,
            state=one.state.value, deadline=one.deadline, made_at=one.made_at, sent_at=one.sent_at,
        )
        for one in found
    ]  # fmt: skip


@router.get("/envelopes/{envelope_id}")
def one(envelope_id: str, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Show one envelope."""
    with office.reading() as work:
        return EnvelopeOut.of(visible(work, who, envelope_id))


@router.put("/envelopes/{envelope_id}")
def plan(envelope_id: str, body: PlanIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Set parties, order, fields, deadline and rules of a draft."""
    return EnvelopeOut.of(envelope_drafting.set_plan(office, who, envelope_id, body.to_plan()))


@router.post("/envelopes/{envelope_id}/documents", status_code=201)
def add_document(
    envelope_id: str, office: OfficeDep, who: WhoDep, document: Annotated[UploadFile, File(description="a PDF")]
) -> EnvelopeOut:
    """Add a PDF to a draft."""
    name = (document.filename or "document.pdf")[:MAX_NAME]
    return EnvelopeOut.of(envelope_drafting.add_document(office, who, envelope_id, document.file, name=name))


@router.delete("/envelopes/{envelope_id}/documents/{document_id}")
def drop_document(envelope_id: str, document_id: str, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Take a document out of a draft."""
    return EnvelopeOut.of(envelope_drafting.drop_document(office, who, envelope_id, document_id))


@router.post("/envelopes/{envelope_id}/attachments", status_code=201)
def attach(
    envelope_id: str,
    office: OfficeDep,
    who: WhoDep,
    attachment: Annotated[UploadFile, File(description="a file of any kind; it is never sealed")],
) -> AttachmentOut:
    """Add an attachment to a draft."""
    made = envelope_drafting.attach(
        office,
        who,
        envelope_id,
        attachment.file,
        name=(attachment.filename or "attachment")[:MAX_NAME],
        media_type=(attachment.content_type or "application/octet-stream")[:100],
    )
    return AttachmentOut.of(made)


@router.post("/envelopes/{envelope_id}/send", response_model=SentOut)
def send(envelope_id: str, office: OfficeDep, who: WhoDep, once: OnceDep) -> Response:
    """Freeze every document and invite the first parties."""

    def act(remember: Remember) -> SentOut:
        def keep(work: SqlUnitOfWork, one: envelope_sending.Sent) -> None:
            remember(work, _sent(replace(one, invitations={})))  # codes are secrets: they are not kept

        return _sent(envelope_sending.send(office, who, envelope_id, then=keep))

    return once.run(who.token.id, fingerprint_of("envelope-send", envelope_id), act, status=200)


def _sent(sent: envelope_sending.Sent) -> SentOut:
    return SentOut(envelope=EnvelopeOut.of(sent.whole), invitations=dict(sent.invitations))


@router.post("/envelopes/{envelope_id}/parties/{party_id}/invite")
def invite(envelope_id: str, party_id: str, office: OfficeDep, who: WhoDep) -> InvitationOut:
    """Make a new code for a person who has not taken the place yet; the one before is void."""
    return InvitationOut(code=envelope_sending.invite(office, who, envelope_id, party_id))


@router.post("/envelopes/{envelope_id}/withdraw")
def withdraw(envelope_id: str, body: ReasonIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """End an envelope before it is completed."""
    return EnvelopeOut.of(envelope_life.withdraw(office, who, envelope_id, reason=body.reason))


@router.post("/envelopes/{envelope_id}/extend")
def extend(envelope_id: str, body: ExtendIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Put the deadline off."""
    return EnvelopeOut.of(envelope_life.extend(office, who, envelope_id, deadline=body.deadline))


@router.post("/envelopes/{envelope_id}/remind")
def remind(envelope_id: str, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Remind those whose turn it is, at most three times."""
    return EnvelopeOut.of(envelope_life.remind(office, who, envelope_id))


@router.post("/envelopes/{envelope_id}/parties/{party_id}/retry")
def retry(envelope_id: str, party_id: str, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Have a failed party tried again at once."""
    tried = envelope_life.retry(office, who, envelope_id, party_id)
    return EnvelopeOut.of(envelope_run.pursue(office, envelope_id) or tried)


@router.get("/envelopes/{envelope_id}/history")
def history(envelope_id: str, office: OfficeDep, who: WhoDep) -> HistoryOut:
    """Every step, hashed over the one before it; the chain is checked before it is shown."""
    with office.reading() as work:
        visible(work, who, envelope_id)
        steps = work.envelopes.steps(envelope_id)
    return HistoryOut(items=[StepOut.of(step) for step in steps], head=check_history(steps).hex())


@router.get("/envelopes/{envelope_id}/links")
def links(envelope_id: str, office: OfficeDep, who: WhoDep) -> LinkList:
    """References from this envelope to others, and from others to it."""
    with office.reading() as work:
        visible(work, who, envelope_id)
        found = [*work.envelopes.links(envelope_id), *work.envelopes.links_to(envelope_id)]
    return LinkList(
        items=[
            LinkOut(kind=one.kind, envelope=one.envelope, target=one.target, sha256=one.sha256.hex()) for one in found
        ]
    )


for part in (guests, envelope_parties, envelope_files, envelope_revisions, envelope_templates):
    router.include_router(part.router)
