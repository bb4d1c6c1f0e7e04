"""A party signs with a client of its own: the filled document goes out, the signed one comes back and is looked at."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from asn1crypto import cms
from cryptography import x509

from api.acts.checking import trust_of
from api.acts.envelope_access import Who, is_open, party_for, visible
from api.acts.envelope_choices import Choice, choose_slot, has_own_client
from api.acts.envelope_layout import frozen_of
from api.acts.envelope_sealing import LOCK_FOR, Task, advance, finish_slot, load
from api.acts.envelope_settling import reread
from api.acts.faces import picture_of
from api.acts.office import Office
from api.acts.seal_life import certificate_of, seal
from api.db.envelope_records import DocumentRecord, FileRecord, PartyRecord, SlotRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError, RevisionMovedError, SealUnusableError
from api.scratch import scratch_file, sha256_of
from seals.envelope_states import PartyState
from seals.errors import DocumentRefusedError, EnvelopeStateError, Reason
from seals.layout import SignedSlot, accept_revision, prepare_slot
from seals.pdf_input import Limits
from seals.register import SealUse
from seals.states import SealState
from verify.pdf import check_pdf
from verify.report import SignatureReport, Verdict

FILL_AND_SIGN = 2  # DocMDP P=2: what the first signature certifies


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that was filled for one slot and waits for its signature."""

    object: str
    sha256: bytes
    revision: int  # that it was made from
    field: str


def prepare(
    office: Office, who: Who, envelope_id: str, document_id: str, slot_id: str, *, seal_code: str | None,
    values: Mapping[str, str],
) -> Prepared:  # fmt: skip
    """Fill the slot over the newest revision and keep the result for the party's client.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: the slot is not the caller's, or not its turn.
        EnvelopeError, SealUnusableError: seal or values do not fit.
        FillError, DocumentRefusedError: it cannot be filled.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party, document, slot = _turn(whole, who, document_id, slot_id)
        choice = Choice(document=document_id, slot=slot_id, seal=seal_code, values=values)
        chosen = choose_slot(office, work, whole, party, slot, choice)
    frozen = frozen_of(document.layout, document.frozen_sha256 or b"")
    code = chosen["seal"]
    with scratch_file(office.scratch) as source, scratch_file(office.scratch) as target:
        load(office, document.current_object or "", source)
        digest = prepare_slot(
            source,
            target,
            slot=slot_id,
            frozen=frozen,
            picture=None if code is None else picture_of(office, seal(office, code)),
            values=chosen["values"],
            font=office.seal_font,
            now=office.now(),
            limits=Limits(max_bytes=office.settings.max_document_bytes),
        )
        target.seek(0)
        name = office.objects.put("envelopes", ".pdf", target)
    with office.work() as work:
        work.envelopes.lock(envelope_id)
        kept = work.envelopes.set_slot(
            document_id, slot_id, before="open", seal=code, field_values=chosen["values"], prepared_object=name,
            prepared_sha256=digest, prepared_from=document.revision,
        )  # fmt: skip
        if not kept:
            raise EnvelopeStateError(f"slot {slot_id} was sealed already")
        work.envelopes.note(
            envelope_id, at=office.now(), actor=who.name, act="slot.prepared", party=party.id, document=document_id,
            slot=slot_id, seal=code, sha256=digest.hex(), revision=document.revision,
        )  # fmt: skip
        work.commit()
    field = next(one.name for one in frozen.of(slot_id) if one.kind.value == "signature")
    return Prepared(object=name, sha256=digest, revision=document.revision, field=field)


def _turn(whole: Whole, who: Who, document_id: str, slot_id: str) -> tuple[PartyRecord, DocumentRecord, SlotRecord]:
    slot = next((one for one in whole.slots if (one.document, one.id) == (document_id, slot_id)), None)
    document = whole.document(document_id)
    if slot is None or document is None:
        raise NotFoundError(f"the envelope has no slot {slot_id} in document {document_id}")
    party = party_for(whole, who, slot.party)
    if not has_own_client(whole, slot):
        raise EnvelopeStateError(f"slot {slot_id} is sealed by this service, not by a client of the party's own")
    if not is_open(whole) or party.state in {PartyState.WAITING, PartyState.RELEASED, PartyState.DECLINED}:
        raise EnvelopeStateError(f"party {party.id} is {party.state} in an envelope that is {whole.record.state}")
    if slot.state != "open":
        raise EnvelopeStateError(f"slot {slot_id} was sealed already")
    return party, document, slot


def accept(office: Office, who: Who, envelope_id: str, document_id: str, slot_id: str, after: BinaryIO) -> Whole:
    """Make what the party's client signed the newest revision.

    Raises:
        NotFoundError, ForbiddenError, EnvelopeStateError: the slot is not the caller's, or not its turn.
        RevisionMovedError: somebody else sealed meanwhile; prepare again.
        DocumentRefusedError: it holds anything but the signature of this slot.
        SealUnusableError: the signature is not of the party's seal, not valid, or its use is not on record.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party, document, slot = _turn(whole, who, document_id, slot_id)
        _require_newest(document, slot)
        token, now = secrets.token_hex(16), office.now()
        if not work.envelopes.take(document_id, process=office.process, token=token, now=now, until=now + LOCK_FOR):
            raise RevisionMovedError("somebody else is sealing the document just now; try again")
        work.commit()
    try:
        task = Task(whole=whole, party=party, document=document, slot=slot, token=token)
        return _accept(office, who, task, after)
    finally:
        with office.work() as work:
            work.envelopes.release(document_id, token=token)
            work.commit()


def _require_newest(document: DocumentRecord, slot: SlotRecord) -> None:
    if slot.prepared_object is None:
        raise EnvelopeStateError("the document was not prepared for this slot")
    if slot.prepared_from != document.revision:
        raise RevisionMovedError(
            f"the document has revision {document.revision} now, it was prepared from {slot.prepared_from}; prepare it"
            " again"
        )


def _accept(office: Office, who: Who, task: Task, after: BinaryIO) -> Whole:
    document, slot = task.document, task.slot
    frozen = frozen_of(document.layout, document.frozen_sha256 or b"")
    with scratch_file(office.scratch) as before:
        load(office, slot.prepared_object or "", before)
        limits = Limits(max_bytes=office.settings.max_document_bytes)
        signed = accept_revision(before, after, slot=slot.id, frozen=frozen, limits=limits)
    _require_certification(document, signed)
    report = _judged(office, after, signed)
    use = _use_of(office, task, signed)
    digest = sha256_of(after)
    name = office.objects.put("envelopes", ".pdf", after)
    with office.work() as work:
        now = office.now()
        whole = visible(work, who, task.whole.id, lock=True)
        _, fresh, _ = _turn(whole, who, document.id, slot.id)
        file = FileRecord(
            sha256=digest, envelope=whole.id, document=document.id, revision=fresh.revision + 1, object=name,
            size=signed.size, at=now,
        )  # fmt: skip
        advance(work, document, file, token=task.token)
        _follow(work, task, use, report, file, who)
        work.commit()
        return reread(work, whole.id)


def _follow(work: SqlUnitOfWork, task: Task, use: SealUse, report: SignatureReport, file: FileRecord, who: Who) -> None:
    slots = dict(task.party.grounds.get("slots", {}))
    held = {
        "actor": use.grounds.actor, "person": use.grounds.person, "machine": use.grounds.machine,
        "assertion": use.grounds.assertion, "mandate": use.grounds.mandate, "request": use.grounds.request,
        "remote": True,
    }  # fmt: skip
    slots[f"{task.document.id}/{task.slot.id}"] = held
    grounds = {**task.party.grounds, "slots": slots}
    state = {} if task.party.state in {PartyState.AUTHORISED, PartyState.SEALING} else {"state": PartyState.AUTHORISED}
    work.envelopes.set_party(task.whole.id, task.party.id, grounds=grounds, **state)
    used = work.seals.get(use.seal)
    values = {
        "seal_use": use.id, "level": report.level or "B-B", "revision": file.revision, "sha256": file.sha256,
        "serial": None if used is None else f"{used.serial:x}", "time": report.time if report.time_source == "time-stamp" else None, "done_at": file.at,
    }  # fmt: skip
    finish_slot(work, task, values, now=file.at, actor=who.name)


def _require_certification(document: DocumentRecord, signed: SignedSlot) -> None:
    if document.revision == 0 and signed.certifies != FILL_AND_SIGN:
        raise DocumentRefusedError(
            Reason.NOT_ONLY_SIGNED, "the first signature of the document has to certify it (DocMDP P=2)"
        )


def _judged(office: Office, after: BinaryIO, signed: SignedSlot) -> SignatureReport:
    after.seek(0)
    report = check_pdf(after, trust_of(office), now=office.now())
    after.seek(0)
    found = next((one for one in report.signatures if one.field == signed.field), None)
    if found is None or found.verdict is Verdict.FAILED:
        texts = [] if found is None else [one.text for one in found.findings if one.verdict is Verdict.FAILED]
        raise SealUnusableError(f"the signature is not valid: {'; '.join(texts) or 'it was not found'}")
    return found


def _use_of(office: Office, task: Task, signed: SignedSlot) -> SealUse:
    """The use on record in which this very signature was made."""
    serial = x509.load_der_x509_certificate(signed.certificate).serial_number
    attributes = cms.ContentInfo.load(signed.signature)["content"]["signer_infos"][0]["signed_attrs"].untag()
    digest = sha256(attributes.dump()).digest()
    with office.reading() as work:
        own = [one for one in work.seals.of_enterprise(task.party.uscc or "") if one.serial == serial]
        if not own or certificate_of(office, serial).serial_number != serial:
            raise SealUnusableError(f"the signature is not of a seal of {task.party.name}")
        one = own[0]
        if one.state != SealState.ACTIVE.value:
            raise SealUnusableError(f"seal {one.code} is {one.state}")
        if task.slot.kinds and one.kind.value not in task.slot.kinds:
            raise SealUnusableError(f"a {one.kind} seal may not go into slot {task.slot.id}")
        if task.slot.seal is not None and task.slot.seal != one.code:
            raise SealUnusableError(f"the document was prepared for seal {task.slot.seal}, not for {one.code}")
        use = work.uses.by_intent(one.code, digest)
    if use is None:
        raise SealUnusableError("the use of the seal for this signature is not on record here")
    return use
