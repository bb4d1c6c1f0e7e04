"""Envelopes in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from api.db import envelopes_tables as t
from api.db.envelope_records import (
    AttachmentRecord,
    DocumentRecord,
    EnvelopeRecord,
    FileRecord,
    LinkRecord,
    PartyRecord,
    SlotRecord,
    TemplateRecord,
    Whole,
)
from api.db.tables import processes
from seals.envelope_history import NOTHING, Step
from seals.envelope_states import EnvelopeState, PartyState
from seals.envelopes import OnOutage, PartyKind, PartyRole

R = TypeVar("R")
_JSON: Final = {"fields", "layout", "grounds", "field_values", "body"}
_READ: Final[Mapping[tuple[type, str], Any]] = {
    (EnvelopeRecord, "state"): EnvelopeState,
    (EnvelopeRecord, "on_outage"): OnOutage,
    (EnvelopeRecord, "amount"): lambda text: None if text is None else Decimal(text),
    (PartyRecord, "state"): PartyState,
    (PartyRecord, "kind"): PartyKind,
    (PartyRecord, "role"): PartyRole,
    (SlotRecord, "kinds"): lambda text: tuple(text.split()),
}


class SqlEnvelopes:
    """Envelopes. Whoever changes one holds its row locked first, by `lock`."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    # envelopes

    def add(self, record: EnvelopeRecord) -> None:
        self._insert(t.envelopes, record)

    def record(self, envelope_id: str) -> EnvelopeRecord | None:
        row = self._connection.execute(select(t.envelopes).where(t.envelopes.c.id == envelope_id)).one_or_none()
        return None if row is None else _read(EnvelopeRecord, row)

    def get(self, envelope_id: str) -> Whole | None:
        record = self.record(envelope_id)
        if record is None:
            return None
        parts = (
            self._parts(DocumentRecord, t.envelope_documents, envelope_id, "position"),
            self._parts(PartyRecord, t.envelope_parties, envelope_id, "position"),
            self._parts(SlotRecord, t.envelope_slots, envelope_id, "id"),
        )
        documents, parties, slots = parts
        place = {one.id: one.position for one in documents}
        slots.sort(key=lambda one: (place[one.document], one.id))
        return Whole(record=record, documents=tuple(documents), parties=tuple(parties), slots=tuple(slots))

    def lock(self, envelope_id: str) -> Whole | None:
        """As `get`, and nobody else changes the envelope before this transaction ends."""
        self._connection.execute(
            select(t.envelopes.c.id).where(t.envelopes.c.id == envelope_id).with_for_update()
        ).one_or_none()
        return self.get(envelope_id)

    def set(self, envelope_id: str, **values: Any) -> None:
        self._connection.execute(update(t.envelopes).where(t.envelopes.c.id == envelope_id).values(**_written(values)))

    def page(
        self, *, uscc: Sequence[str], person: str | None, after: str, limit: int, state: str | None
    ) -> list[EnvelopeRecord]:
        """The envelopes that these enterprises or this person take part in, newest first, below `after`."""
        e, p = t.envelopes.c, t.envelope_parties.c
        sees: list[ColumnElement[bool]] = [p.uscc.in_(uscc)]
        if person is not None:
            sees.append(and_(p.person == person, p.uscc.is_(None)))  # a handler sees what his enterprise sees
        party = exists().where(p.envelope == e.id, e.sent_at.is_not(None), or_(*sees))
        chosen = select(t.envelopes).where(or_(e.uscc.in_(uscc), party))
        if after:
            made = select(e.made_at).where(e.id == after).scalar_subquery()
            chosen = chosen.where(or_(e.made_at < made, and_(e.made_at == made, e.id < after)))
        if state is not None:
            chosen = chosen.where(e.state == state)
        return self._records(chosen.order_by(e.made_at.desc(), e.id.desc()).limit(limit))

    def awaiting(self, *, uscc: Sequence[str], person: str | None, limit: int) -> list[EnvelopeRecord]:
        """The envelopes in which it is the turn of these enterprises or this person, the longest waiting first."""
        e, p = t.envelopes.c, t.envelope_parties.c
        whose: list[ColumnElement[bool]] = [p.uscc.in_(uscc)]
        if person is not None:
            whose.append(and_(p.person == person, p.uscc.is_(None)))
        asked = p.state.in_([PartyState.INVITED.value, PartyState.FAILED.value])
        turn = exists().where(p.envelope == e.id, asked, or_(*whose))
        chosen = select(t.envelopes).where(e.state == EnvelopeState.SENT.value, turn)
        return self._records(chosen.order_by(e.sent_at, e.id).limit(limit))

    def _records(self, chosen: Select[Any]) -> list[EnvelopeRecord]:
        return [_read(EnvelopeRecord, row) for row in self._connection.execute(chosen)]

    def due(self, *, now: datetime, limit: int) -> list[str]:
        """Envelopes that have something to be done: to be sealed, retried, ended or archived."""
        e, p = t.envelopes.c, t.envelope_parties.c
        at_work = exists().where(
            p.envelope == e.id,
            or_(
                p.state.in_([PartyState.REQUESTED.value, PartyState.AUTHORISED.value, PartyState.SEALING.value]),
                and_(p.state == PartyState.FAILED.value, p.retry_at <= now),
            ),
        )
        sent = and_(e.state == EnvelopeState.SENT.value, or_(at_work, e.deadline <= now))
        done = and_(
            e.state.in_([EnvelopeState.COMPLETED.value, EnvelopeState.RESCINDED.value]),
            e.archived_at.is_(None),
            or_(e.retry_at.is_(None), e.retry_at <= now),
        )
        chosen = select(e.id).where(or_(sent, done)).order_by(e.id).limit(limit)
        return list(self._connection.execute(chosen).scalars())

    # parts

    def add_document(self, record: DocumentRecord) -> None:
        self._insert(t.envelope_documents, record)

    def set_document(self, document_id: str, **values: Any) -> None:
        self._connection.execute(
            update(t.envelope_documents).where(t.envelope_documents.c.id == document_id).values(**_written(values))
        )

    def drop_document(self, document_id: str) -> None:
        self._connection.execute(delete(t.envelope_documents).where(t.envelope_documents.c.id == document_id))

    def put_parties(self, envelope_id: str, parties: Sequence[PartyRecord]) -> None:
        """Replace the parties of a draft."""
        self._connection.execute(delete(t.envelope_parties).where(t.envelope_parties.c.envelope == envelope_id))
        for one in parties:
            self._insert(t.envelope_parties, one)

    def set_party(self, envelope_id: str, party_id: str, **values: Any) -> None:
        p = t.envelope_parties
        self._connection.execute(
            update(p).where(p.c.envelope == envelope_id, p.c.id == party_id).values(**_written(values))
        )

    def by_invitation(self, digest: bytes) -> PartyRecord | None:
        p = t.envelope_parties
        row = self._connection.execute(select(p).where(p.c.invitation == digest)).one_or_none()
        return None if row is None else _read(PartyRecord, row)

    def add_slots(self, slots: Sequence[SlotRecord]) -> None:
        for one in slots:
            self._insert(t.envelope_slots, one)

    def set_slot(self, document_id: str, slot_id: str, *, before: str, **values: Any) -> bool:
        """Change a slot that is in state `before`; False if it is in another one."""
        s = t.envelope_slots
        done = self._connection.execute(
            update(s)
            .where(s.c.document == document_id, s.c.id == slot_id, s.c.state == before)
            .values(**_written(values))
        )
        return done.rowcount == 1

    # the lock on a document, and its newest revision

    def take(self, document_id: str, *, process: str, token: str, now: datetime, until: datetime) -> bool:
        """Lock a document for one revision; a lock that ran out or whose process is gone is taken over."""
        return self._take(t.envelope_documents, document_id, process=process, token=token, now=now, until=until)

    def release(self, document_id: str, *, token: str) -> None:
        self._release(t.envelope_documents, document_id, token=token)

    def take_envelope(self, envelope_id: str, *, process: str, token: str, now: datetime, until: datetime) -> bool:
        """Lock the completion of an envelope."""
        return self._take(t.envelopes, envelope_id, process=process, token=token, now=now, until=until)

    def release_envelope(self, envelope_id: str, *, token: str) -> None:
        self._release(t.envelopes, envelope_id, token=token)

    def advance(self, document_id: str, *, token: str | None, before: bytes, record: FileRecord, **more: Any) -> bool:
        """Make `record` the newest revision if `before` still is, and the lock, where one is held, still ours."""
        d = t.envelope_documents
        chosen = update(d).where(d.c.id == document_id, d.c.current_sha256 == before)
        if token is not None:
            chosen = chosen.where(d.c.lock_token == token)
        done = self._connection.execute(
            chosen.values(
                current_object=record.object,
                current_sha256=record.sha256,
                current_size=record.size,
                revision=record.revision,
                lock_process=None,
                lock_token=None,
                lock_until=None,
                **more,
            )
        )
        if done.rowcount != 1:
            return False
        self.add_file(record)
        return True

    def add_file(self, record: FileRecord) -> None:
        self._insert(t.envelope_files, record)

    def by_file(self, digests: Sequence[bytes]) -> list[FileRecord]:
        """Which states of which documents have these digests."""
        f = t.envelope_files
        rows = self._connection.execute(select(f).where(f.c.sha256.in_(digests)).order_by(f.c.at))
        return [_read(FileRecord, row) for row in rows]

    # history, attachments, links, templates

    def note(self, envelope_id: str, *, at: datetime, actor: str, act: str, **detail: Any) -> Step:
        """Append a step. The envelope has to be locked."""
        s = t.envelope_steps
        last = self._connection.execute(
            select(s.c.number, s.c.sha256).where(s.c.envelope == envelope_id).order_by(s.c.number.desc()).limit(1)
        ).one_or_none()
        number, before = (1, NOTHING) if last is None else (last.number + 1, last.sha256)
        told = json.loads(json.dumps(detail, ensure_ascii=False, default=str))
        step = Step(number=number, at=at, actor=actor[:64], act=act, detail=told)
        digest = step.digest(before)
        self._connection.execute(
            insert(s).values(
                envelope=envelope_id, number=number, at=at, actor=step.actor, act=act,
                detail=json.dumps(told, ensure_ascii=False, sort_keys=True), sha256=digest,
            )
        )  # fmt: skip
        return Step(number=number, at=at, actor=step.actor, act=act, detail=told, sha256=digest)

    def steps(self, envelope_id: str) -> list[Step]:
        s = t.envelope_steps
        rows = self._connection.execute(select(s).where(s.c.envelope == envelope_id).order_by(s.c.number))
        return [
            Step(number=r.number, at=r.at, actor=r.actor, act=r.act, detail=json.loads(r.detail), sha256=r.sha256)
            for r in rows
        ]

    def add_attachment(self, record: AttachmentRecord) -> None:
        self._insert(t.envelope_attachments, record)

    def attachments(self, envelope_id: str) -> list[AttachmentRecord]:
        return self._parts(AttachmentRecord, t.envelope_attachments, envelope_id, "at")

    def put_links(self, envelope_id: str, links: Sequence[LinkRecord]) -> None:
        """Replace the links of a draft."""
        self._connection.execute(delete(t.envelope_links).where(t.envelope_links.c.envelope == envelope_id))
        for one in links:
            self._insert(t.envelope_links, one)

    def links(self, envelope_id: str) -> list[LinkRecord]:
        return self._parts(LinkRecord, t.envelope_links, envelope_id, "kind")

    def links_to(self, envelope_id: str) -> list[LinkRecord]:
        rows = self._connection.execute(select(t.envelope_links).where(t.envelope_links.c.target == envelope_id))
        return [_read(LinkRecord, row) for row in rows]

    def rescissions_of(self, envelope_id: str) -> list[EnvelopeRecord]:
        """The envelopes, in any state, that rescind this one."""
        rows = self._connection.execute(select(t.envelopes).where(t.envelopes.c.rescinds == envelope_id))
        return [_read(EnvelopeRecord, row) for row in rows]

    def add_template(self, record: TemplateRecord) -> None:
        self._insert(t.envelope_templates, record)

    def template(self, template_id: str) -> TemplateRecord | None:
        c = t.envelope_templates
        row = self._connection.execute(select(c).where(c.c.id == template_id)).one_or_none()
        return None if row is None else _read(TemplateRecord, row)

    def templates_of(self, uscc: Sequence[str]) -> list[TemplateRecord]:
        c = t.envelope_templates
        rows = self._connection.execute(
            select(c).where(c.c.uscc.in_(uscc), c.c.withdrawn_at.is_(None)).order_by(c.c.made_at, c.c.id)
        )
        return [_read(TemplateRecord, row) for row in rows]

    def set_template(self, template_id: str, **values: Any) -> None:
        c = t.envelope_templates
        self._connection.execute(update(c).where(c.c.id == template_id).values(**_written(values)))

    def count(self, *, state: str) -> int:
        found = self._connection.execute(
            select(func.count()).select_from(t.envelopes).where(t.envelopes.c.state == state)
        )
        return int(found.scalar_one())

    # inside

    def _take(self, table: Table, row_id: str, *, process: str, token: str, now: datetime, until: datetime) -> bool:
        alive = exists().where(processes.c.id == table.c.lock_process)
        free = or_(table.c.lock_token.is_(None), table.c.lock_until <= now, ~alive)
        done = self._connection.execute(
            update(table)
            .where(table.c.id == row_id, free)
            .values(lock_process=process, lock_token=token, lock_until=until)
        )
        return done.rowcount == 1

    def _release(self, table: Table, row_id: str, *, token: str) -> None:
        self._connection.execute(
            update(table)
            .where(table.c.id == row_id, table.c.lock_token == token)
            .values(lock_process=None, lock_token=None, lock_until=None)
        )

    def _insert(self, table: Table, record: Any) -> None:
        values = {one.name: getattr(record, one.name) for one in fields_of(record)}
        self._connection.execute(insert(table).values(**_written(values)))

    def _parts(self, kind: type[R], table: Table, envelope_id: str, order: str) -> list[R]:
        rows = self._connection.execute(select(table).where(table.c.envelope == envelope_id).order_by(table.c[order]))
        return [_read(kind, row) for row in rows]


def _read(kind: type[R], row: Row[Any]) -> R:
    values = {}
    for one in fields_of(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        value = getattr(row, one.name)
        if one.name in _JSON:
            value = json.loads(value)
        if (reader := _READ.get((kind, one.name))) is not None:
            value = reader(value)
        values[one.name] = value
    return kind(**values)


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in values.items()}


def _value(name: str, value: Any) -> Any:
    if name in _JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if name == "kinds":
        return " ".join(value)
    if isinstance(value, Decimal):
        return str(value)
    return getattr(value, "value", value)
