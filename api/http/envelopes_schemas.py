"""What the envelope interface takes and gives."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from api.acts.envelope_choices import Choice
from api.db.envelope_records import AttachmentRecord, DocumentRecord, PartyRecord, SlotRecord, TemplateRecord, Whole
from api.http.envelope_plan_schemas import Id, Reason, Words
from api.http.schemas import Moment, Strict
from seals.envelope_history import Step


class ChoiceIn(Strict):
    """Which seal goes into one slot, and what is filled in there."""

    document: Id
    slot: Annotated[str, StringConstraints(max_length=60)]
    seal: Annotated[str, StringConstraints(max_length=14)] | None = None
    values: dict[str, Annotated[str, StringConstraints(max_length=2000)]] = Field(default_factory=dict)

    def to_choice(self) -> Choice:
        return Choice(document=self.document, slot=self.slot, seal=self.seal, values=self.values)


class BeginIn(Strict):
    """What the party is about to agree to. A slot that is left out gets the one seal that fits."""

    choices: Annotated[tuple[ChoiceIn, ...], Field(max_length=1000)] = ()
    mandate: Id | None = None


class AskIn(BeginIn):
    """The same for a handler without the right: its approvers are asked."""

    reason: Reason


class BegunOut(BaseModel):
    """What the browser hands to `navigator.credentials.get`, and the intent behind the challenge."""

    id: str
    options: dict[str, Any]
    intent: dict[str, Any]


class ConfirmIn(Strict):
    """The authenticator's answer (AuthenticationResponseJSON)."""

    response: dict[str, Any]


class PrepareIn(Strict):
    """What a party fills in before its own client signs."""

    slot: Annotated[str, StringConstraints(max_length=60)]
    seal: Annotated[str, StringConstraints(max_length=14)] | None = None
    values: dict[str, Annotated[str, StringConstraints(max_length=2000)]] = Field(default_factory=dict)


class ReasonIn(Strict):
    """Why."""

    reason: Reason


class TransferIn(Strict):
    """To whom the party's task goes, and why."""

    person: Id
    reason: Words = ""


class ExtendIn(Strict):
    """The new deadline."""

    deadline: Moment


class RedeemIn(Strict):
    """The code that a person without an account was sent."""

    code: Annotated[str, StringConstraints(min_length=16, max_length=64)]


class DocumentOut(BaseModel):
    """A document."""

    id: str
    name: str
    pages: int
    source_sha256: str
    frozen_sha256: str | None  # what everybody agrees to
    sha256: str | None  # of the newest revision
    revision: int
    archived: bool
    slots: list[dict[str, Any]]  # as placed

    @classmethod
    def of(cls, one: DocumentRecord) -> Self:
        return cls(
            id=one.id, name=one.name, pages=one.pages, source_sha256=one.source_sha256.hex(),
            frozen_sha256=_hex(one.frozen_sha256), sha256=_hex(one.current_sha256), revision=one.revision,
            archived=one.archived, slots=[dict(slot) for slot in one.fields],
        )  # fmt: skip


class SlotOut(BaseModel):
    """One slot of a sent envelope."""

    document: str
    slot: str
    state: str
    kinds: list[str]
    seal: str | None
    seal_use: str | None
    values: dict[str, Any]
    level: str | None
    revision: int | None
    sha256: str | None
    serial: str | None
    time: datetime | None

    @classmethod
    def of(cls, one: SlotRecord) -> Self:
        return cls(
            document=one.document, slot=one.id, state=one.state, kinds=list(one.kinds), seal=one.seal,
            seal_use=one.seal_use, values=dict(one.field_values), level=one.level, revision=one.revision,
            sha256=_hex(one.sha256), serial=one.serial, time=one.time,
        )  # fmt: skip


class PartyOut(BaseModel):
    """A party, how far it is, and why it is not further."""

    id: str
    name: str
    kind: str
    role: str
    step: int
    required: bool
    uscc: str | None
    person: str | None
    contact: str | None  # of a person who is to be invited; shown in the draft only
    state: str
    reason_code: str | None
    reason: str | None
    retry_at: datetime | None
    requests: list[str]  # to the approvers of its seals
    viewed_at: datetime | None
    answered_at: datetime | None
    slots: list[SlotOut]

    @classmethod
    def of(cls, one: PartyRecord, slots: tuple[SlotRecord, ...], *, draft: bool) -> Self:
        return cls(
            id=one.id, name=one.name, kind=one.kind.value, role=one.role.value, step=one.step, required=one.required,
            uscc=one.uscc, person=one.person, contact=one.contact if draft else None, state=one.state.value, reason_code=one.reason_code, reason=one.reason,
            retry_at=one.retry_at, requests=list(one.grounds.get("requests", ())), viewed_at=one.viewed_at,
            answered_at=one.answered_at, slots=[SlotOut.of(slot) for slot in slots],
        )  # fmt: skip


class EnvelopeOut(BaseModel):
    """An envelope."""

    id: str
    uscc: str
    title: str
    state: str
    reason: str | None
    matter: str
    amount: Decimal | None
    currency: str
    level: str
    on_timestamp_outage: str
    at_least: int | None
    deadline: datetime | None
    made_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    archived_at: datetime | None
    retry_at: datetime | None  # when report and archive are tried again
    failure: str | None  # why they are not made yet
    reminders: int
    rescinds: str | None
    rescission_reason: str | None
    documents: list[DocumentOut]
    parties: list[PartyOut]

    @classmethod
    def of(cls, whole: Whole) -> Self:
        r = whole.record
        return cls(
            id=r.id, uscc=r.uscc, title=r.title, state=r.state.value, reason=r.reason, matter=r.matter,
            amount=r.amount, currency=r.currency, level=r.level, on_timestamp_outage=r.on_outage.value,
            at_least=r.at_least, deadline=r.deadline, made_at=r.made_at, sent_at=r.sent_at, ended_at=r.ended_at,
            archived_at=r.archived_at, retry_at=r.retry_at, failure=r.failure, reminders=r.reminders,
            rescinds=r.rescinds, rescission_reason=r.rescission_reason,
            documents=[DocumentOut.of(one) for one in whole.documents],
            parties=[PartyOut.of(one, whole.slots_of(one.id), draft=r.sent_at is None) for one in whole.parties],
        )  # fmt: skip


class SentOut(BaseModel):
    """A sent envelope, with the codes for persons without an account: shown this once."""

    envelope: EnvelopeOut
    invitations: dict[str, str]


class InvitationOut(BaseModel):
    """A new code, shown this once."""

    code: str


class EnvelopeLine(BaseModel):
    """An envelope in a list."""

    id: str
    uscc: str
    initiator: str  # the name of that enterprise
    title: str
    state: str
    deadline: datetime | None
    made_at: datetime
    sent_at: datetime | None


class EnvelopePage(BaseModel):
    """A part of the caller's envelopes; `next` continues it."""

    items: list[EnvelopeLine]
    next: str | None


class StepOut(BaseModel):
    """A step of the history, hashed over the one before it."""

    number: int
    at: datetime
    actor: str
    act: str
    detail: dict[str, Any]
    sha256: str

    @classmethod
    def of(cls, one: Step) -> Self:
        return cls(
            number=one.number, at=one.at, actor=one.actor, act=one.act, detail=dict(one.detail), sha256=one.sha256.hex()
        )


class HistoryOut(BaseModel):
    """The whole history."""

    items: list[StepOut]
    head: str  # digest of the last step


class AttachmentOut(BaseModel):
    """A file that goes with the envelope."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str

    @classmethod
    def of(cls, one: AttachmentRecord) -> Self:
        return cls(id=one.id, name=one.name, media_type=one.media_type, size=one.size, sha256=one.sha256.hex())


class AttachmentList(BaseModel):
    """All of an envelope."""

    items: list[AttachmentOut]


class LinkOut(BaseModel):
    """A reference to or from another envelope."""

    kind: str
    envelope: str
    target: str
    sha256: str


class LinkList(BaseModel):
    """References from this envelope, and to it."""

    items: list[LinkOut]


class TemplateIn(Strict):
    """Keep a draft as a template."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class TemplateOut(BaseModel):
    """A template: the roles to be taken, and the fields to be filled in."""

    id: str
    uscc: str
    name: str
    made_at: datetime
    roles: list[str]
    fields: list[str]

    @classmethod
    def of(cls, one: TemplateRecord) -> Self:
        return cls(
            id=one.id, uscc=one.uscc, name=one.name, made_at=one.made_at,
            roles=[party["id"] for party in one.body["parties"]], fields=list(one.body["columns"]),
        )  # fmt: skip


class TemplateList(BaseModel):
    """The caller's templates."""

    items: list[TemplateOut]


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
