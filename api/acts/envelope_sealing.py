"""Seal one slot: under the document's lock, over its newest revision, in one transaction with the use's outcome."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from api.acts.envelope_layout import frozen_of
from api.acts.envelope_settling import move_party, reread, settle
from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of
from api.acts.office import Office
from api.acts.person_keys import PersonOrder, open_person_use
from api.acts.requests import mark_sealed
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import OpenUse, UseOrder, open_use
from api.db.envelope_records import DocumentRecord, FileRecord, PartyRecord, SlotRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from api.scratch import scratch_file, sha256_of
from seals.envelope_states import AT_WORK, EnvelopeState, PartyState
from seals.envelopes import OnOutage, PartyKind
from seals.errors import EnvelopeStateError, EvidenceError, TimestampError
from seals.layout import check_frozen, person_face, seal_slot
from seals.model import FormXObject
from seals.pdf_input import Limits
from seals.register import Grounds
from seals.signing import Level, Sealed, SealingKey, SealIntent

log = logging.getLogger("vermilion.envelopes")
LOCK_FOR: Final = timedelta(seconds=60)  # of one revision: it takes milliseconds, a time-stamp from afar some seconds
WAIT_S: Final = 20.0  # for a document that somebody else seals just now
POLL_S: Final = 0.01
MAX_PURPOSE: Final = 200


class DocumentBusyError(Exception):
    """Somebody else has the document; whoever asked comes back later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One slot that is to be sealed now."""

    whole: Whole
    party: PartyRecord
    document: DocumentRecord
    slot: SlotRecord
    token: str  # of the lock

    @property
    def level(self) -> Level:
        return Level(self.whole.record.level)


def seal_one(office: Office, envelope_id: str, document_id: str, slot_id: str) -> bool:
    """Seal one authorised slot; False if there is nothing to be done on it any more.

    Raises:
        DocumentBusyError: others held the document all the time.
        SealError, HsmError, ServiceError: why it could not be sealed; nothing was changed.
    """
    with _locked(office, document_id) as token:
        task = _begin(office, envelope_id, document_id, slot_id, token)
        if task is None:
            return False
        try:
            _seal(office, task, task.level)
        except (TimestampError, EvidenceError) as exc:
            if task.whole.record.on_outage is not OnOutage.DEGRADE or task.level is Level.B_B:
                raise
            log.warning("envelope %s: sealed at B-B for now: %s", envelope_id, exc)
            _seal(office, task, Level.B_B, outage=str(exc))
    return True


@contextmanager
def _locked(office: Office, document_id: str) -> Iterator[str]:
    token, until = secrets.token_hex(16), time.monotonic() + WAIT_S
    while not _take(office, document_id, token):
        if time.monotonic() > until:
            raise DocumentBusyError(document_id)
        time.sleep(POLL_S)
    try:
        yield token
    finally:
        with office.work() as work:
            work.envelopes.release(document_id, token=token)
            work.commit()


def _take(office: Office, document_id: str, token: str) -> bool:
    with office.work() as work:
        now = office.now()
        taken = work.envelopes.take(document_id, process=office.process, token=token, now=now, until=now + LOCK_FOR)
        work.commit()
    return taken


def _begin(office: Office, envelope_id: str, document_id: str, slot_id: str, token: str) -> Task | None:
    """Look again now that the document is ours, and say that the seal is on its way."""
    with office.work() as work:
        whole = work.envelopes.lock(envelope_id)
        task = None if whole is None else _task(whole, document_id, slot_id, token)
        if whole is None or task is None:
            return None
        if task.party.state is not PartyState.SEALING:
            work.envelopes.set_party(envelope_id, task.party.id, state=PartyState.SEALING)
            work.commit()
    return task


def _task(whole: Whole, document_id: str, slot_id: str, token: str) -> Task | None:
    document = whole.document(document_id)
    slot = next((one for one in whole.slots if (one.document, one.id) == (document_id, slot_id)), None)
    party = None if slot is None else whole.party(slot.party)
    if document is None or slot is None or party is None:
        return None
    if whole.record.state is not EnvelopeState.SENT or party.state not in AT_WORK or slot.state != "authorised":
        return None
    return Task(whole=whole, party=party, document=document, slot=slot, token=token)


def _seal(office: Office, task: Task, level: Level, *, outage: str | None = None) -> None:
    document = task.document
    if document.frozen_sha256 is None or document.current_object is None:
        raise EnvelopeStateError("the document was never frozen")
    frozen = frozen_of(document.layout, document.frozen_sha256)
    with scratch_file(office.scratch) as source, scratch_file(office.scratch) as target:
        load(office, document.current_object, source)
        check_frozen(source, frozen)
        source.seek(0)
        with _using(office, task, level) as using:
            made = seal_slot(
                source,
                target,
                slot=task.slot.id,
                frozen=frozen,
                key=using.key,
                picture=using.picture,
                values={name: str(value) for name, value in task.slot.field_values.items()},
                font=office.seal_font,
                first=document.revision == 0,
                level=level,
                timestamper=OfficeTimeStamper(office),
                revocation=OfficeEvidence(office),
                now=office.now(),
                reason=task.whole.record.title[:MAX_PURPOSE] or None,
                limits=Limits(max_bytes=office.settings.max_document_bytes),
                authorise=using.authorise,
            )
            _store(office, task, target, made, using, outage)


def load(office: Office, name: str, into: BinaryIO) -> None:
    """Copy a stored file into a scratch file."""
    into.writelines(office.objects.stream(name))
    into.seek(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Using:
    """A key that is lent for one slot: a seal's, or a person's own for once."""

    key: SealingKey
    picture: FormXObject | None
    authorise: Callable[[SealIntent], None]
    finish: Callable[[SqlUnitOfWork, bytes, str, datetime], str]  # hash and object of the file; returns the use


@contextmanager
def _using(office: Office, task: Task, level: Level) -> Iterator[Using]:
    if task.party.kind is PartyKind.PERSON:
        with _person(office, task, level) as lent:
            yield lent
        return
    if task.slot.seal is None:
        raise NotFoundError("no seal was chosen for this slot")
    order = UseOrder(
        seal=task.slot.seal,
        grounds=grounds_of(task),
        purpose=purpose_of(task.whole),
        level=level.value,
        document_sha256=task.document.frozen_sha256,
    )
    with open_use(office, order) as using:
        yield Using(
            key=using.key,
            picture=picture_of(office, using.seal),
            authorise=using.authorise,
            finish=lambda work, sha256, name, at: _done(using, work, sha256, name, at, task),
        )


def _done(using: OpenUse, work: SqlUnitOfWork, sha256: bytes, name: str, at: datetime, task: Task) -> str:
    done = using.done(
        work, sealed_sha256=sha256, name=name, at=at, envelope=task.whole.id, document=task.document.id,
        slot=task.slot.id,
    )  # fmt: skip
    return done.id


def purpose_of(whole: Whole) -> str:
    return whole.record.title[:MAX_PURPOSE]


def grounds_of(task: Task) -> Grounds:
    """By which right this slot is sealed, as it was fixed when the party agreed."""
    held = {**task.party.grounds, **task.party.grounds.get("slots", {}).get(f"{task.document.id}/{task.slot.id}", {})}
    record = task.whole.record
    return Grounds(
        actor=str(held.get("actor", "service"))[:64],
        person=held.get("person"),
        machine=held.get("machine"),
        assertion=held.get("assertion"),
        mandate=held.get("mandate"),
        request=held.get("request"),
        envelope=record.id,
        matter=record.matter,
        amount=record.amount,
        currency=record.currency,
        pages=task.document.pages,
    )


def _store(office: Office, task: Task, target: BinaryIO, made: Sealed, using: Using, outage: str | None) -> None:
    """Keep the file and record everything that it changes, in one transaction."""
    digest = sha256_of(target)
    name = office.objects.put("envelopes", ".pdf", target)
    with office.work() as work:
        now = office.now()
        whole = work.envelopes.lock(task.whole.id)
        fresh = None if whole is None else _task(whole, task.document.id, task.slot.id, task.token)
        if whole is None or fresh is None:
            raise EnvelopeStateError("the envelope ended, or the party withdrew, while it was being sealed")
        use_id = using.finish(work, digest, name, now)
        revision = task.document.revision + 1
        file = FileRecord(
            sha256=digest, envelope=whole.id, document=task.document.id, revision=revision, object=name,
            size=made.size, at=now,
        )  # fmt: skip
        advance(work, task.document, file, token=task.token)
        values = {
            "seal_use": use_id, "level": made.level.value, "revision": revision, "sha256": digest,
            "serial": f"{using.key.certificate.serial_number:x}", "time": made.time, "done_at": now,
        }  # fmt: skip
        finish_slot(work, fresh, values, now=now, actor=str(task.party.grounds.get("actor", "service")), outage=outage)
        work.commit()


def advance(work: SqlUnitOfWork, document: DocumentRecord, file: FileRecord, *, token: str | None) -> None:
    """Make `file` the newest revision, if the one that it was made from still is.

    Raises:
        EnvelopeStateError: it is not; somebody was faster.
    """
    before = document.current_sha256 or b""
    if not work.envelopes.advance(document.id, token=token, before=before, record=file):
        raise EnvelopeStateError("somebody else sealed the document meanwhile")


def finish_slot(
    work: SqlUnitOfWork,
    task: Task,
    values: Mapping[str, object],
    *,
    now: datetime,
    actor: str,
    outage: str | None = None,
) -> None:
    """Say that a slot is sealed, and what follows from it.

    Raises:
        EnvelopeStateError: it was sealed already.
    """
    envelope_id, slot = task.whole.id, task.slot
    if not work.envelopes.set_slot(slot.document, slot.id, before=slot.state, state="done", **values):
        raise EnvelopeStateError("the slot was sealed already")
    sha256 = values["sha256"]
    work.envelopes.note(
        envelope_id, at=now, actor=actor, act="slot.sealed", party=task.party.id, document=slot.document,
        slot=slot.id, seal=slot.seal, use=values.get("seal_use"), level=values["level"], revision=values["revision"],
        sha256=sha256.hex() if isinstance(sha256, bytes) else None, serial=values["serial"],
        time=values["time"], **({} if outage is None else {"timestamp_outage": outage}),
    )  # fmt: skip
    whole = reread(work, envelope_id)
    party = whole.party(task.party.id)
    if party is None:
        raise NotFoundError(f"the envelope has no party {task.party.id}")
    if all(one.state == "done" for one in whole.slots_of(party.id)):
        move_party(
            work, party, PartyState.SEALED, now=now, actor=actor, act="party.sealed",
            values={"answered_at": now, "retry_at": None, "reason": None, "reason_code": None, "attempts": 0},
        )  # fmt: skip
        for request in party.grounds.get("requests", ()):
            mark_sealed(work, request, use=str(values["seal_use"]), at=now)
    settle(work, reread(work, envelope_id), now=now)


@contextmanager
def _person(office: Office, task: Task, level: Level) -> Iterator[Using]:
    """A natural person signs with a key and a certificate made for this once."""
    held = task.party.grounds
    order = PersonOrder(
        person=task.party.person or "",
        assertion=str(held.get("assertion", "")),
        purpose=purpose_of(task.whole),
        level=level.value,
        document_sha256=task.document.frozen_sha256 or b"",
        envelope=task.whole.id,
    )

    def done(work: SqlUnitOfWork, sha256: bytes, name: str, at: datetime) -> str:
        made = using.done(
            work, sealed_sha256=sha256, name=name, at=at, envelope=task.whole.id, document=task.document.id,
            slot=task.slot.id,
        )  # fmt: skip
        return made.id

    with open_person_use(office, order) as using:
        day = f"{office.now().astimezone(office.zone):%Y-%m-%d}"
        yield Using(
            key=using.key,
            picture=person_face(using.person.name, day, office.seal_font),
            authorise=using.authorise,
            finish=done,
        )
