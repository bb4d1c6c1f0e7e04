"""Envelopes as they are recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from seals.envelope_states import EnvelopeState, PartyState
from seals.envelopes import Envelope, OnOutage, Party, PartyKind, PartyRole


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeRecord:
    """One envelope without its parts."""

    id: str
    uscc: str
    actor: str
    person: str | None
    title: str
    matter: str = ""
    amount: Decimal | None = None
    currency: str = ""
    level: str = "B-LT"
    on_outage: OnOutage = OnOutage.WAIT
    at_least: int | None = None
    state: EnvelopeState = EnvelopeState.DRAFT
    reason: str | None = None
    deadline: datetime | None = None
    reminders: int = 0
    rescinds: str | None = None
    rescission_reason: str | None = None
    made_at: datetime
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    archived_at: datetime | None = None
    report: str | None = None
    report_sha256: bytes | None = None
    archive: str | None = None
    archive_sha256: bytes | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """One document: as it came, as it was frozen, and its newest revision."""

    id: str
    envelope: str
    position: int
    name: str
    pages: int
    fields: Sequence[Mapping[str, Any]] = ()
    layout: Any = None
    source_object: str
    source_sha256: bytes
    source_size: int
    frozen_object: str | None = None
    frozen_sha256: bytes | None = None
    frozen_size: int | None = None
    current_object: str | None = None
    current_sha256: bytes | None = None
    current_size: int | None = None
    revision: int = 0
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRecord:
    """One party."""

    envelope: str
    id: str
    position: int
    name: str
    kind: PartyKind
    role: PartyRole
    step: int
    required: bool = True
    uscc: str | None = None
    person: str | None = None
    contact: str = ""
    invitation: bytes | None = None
    state: PartyState = PartyState.WAITING
    reason_code: str | None = None
    reason: str | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    grounds: Mapping[str, Any] = field(default_factory=dict)
    viewed_at: datetime | None = None
    answered_at: datetime | None = None

    def plain(self) -> Party:
        return Party(
            id=self.id, name=self.name, kind=self.kind, role=self.role, step=self.step, uscc=self.uscc,
            person=self.person if self.kind is PartyKind.PERSON else None, required=self.required, state=self.state,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """What one party fills and seals in one document, in one revision."""

    document: str
    id: str
    envelope: str
    party: str
    kinds: tuple[str, ...] = ()
    state: str = "open"
    seal: str | None = None
    seal_use: str | None = None
    field_values: Mapping[str, Any] = field(default_factory=dict)
    level: str | None = None
    revision: int | None = None
    sha256: bytes | None = None
    serial: str | None = None
    time: datetime | None = None
    done_at: datetime | None = None
    prepared_object: str | None = None
    prepared_sha256: bytes | None = None
    prepared_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRecord:
    """A file that belongs to the envelope and is never sealed."""

    id: str
    envelope: str
    name: str
    media_type: str
    object: str
    sha256: bytes
    size: int
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """A reference to another envelope, by its identity and the hash of its concluded file."""

    envelope: str
    kind: str
    target: str
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One state of one document: the frozen base or a revision."""

    sha256: bytes
    envelope: str
    document: str
    revision: int
    object: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """A stored draft with roles instead of parties."""

    id: str
    uscc: str
    name: str
    body: Mapping[str, Any]
    actor: str
    made_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An envelope with all its parts."""

    record: EnvelopeRecord
    documents: tuple[DocumentRecord, ...]
    parties: tuple[PartyRecord, ...]
    slots: tuple[SlotRecord, ...]

    @property
    def id(self) -> str:
        return self.record.id

    def plain(self) -> Envelope:
        return Envelope(
            id=self.record.id,
            state=self.record.state,
            parties=tuple(one.plain() for one in self.parties),
            at_least=self.record.at_least,
            deadline=self.record.deadline,
        )

    def party(self, party_id: str) -> PartyRecord | None:
        return next((one for one in self.parties if one.id == party_id), None)

    def document(self, document_id: str) -> DocumentRecord | None:
        return next((one for one in self.documents if one.id == document_id), None)

    def slots_of(self, party_id: str) -> tuple[SlotRecord, ...]:
        """The party's slots in the order of the documents."""
        return tuple(one for one in self.slots if one.party == party_id)

    def enterprises(self) -> list[str]:
        """Everybody's USCC, the initiator's first."""
        return list(dict.fromkeys([self.record.uscc, *(one.uscc for one in self.parties if one.uscc)]))
