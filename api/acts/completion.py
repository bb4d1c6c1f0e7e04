"""After the last seal: every document to B-LTA, the evidence report, and one archive of it all. Resumable at each step."""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from cryptography import x509

from api.acts.archiving import archive_document
from api.acts.envelope_evidence import evidence_of
from api.acts.envelope_settling import reread
from api.acts.evidence_files import Kept, make_archive, make_report
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord, FileRecord, Whole
from api.errors import DatabaseBusyError, DatabaseGoneError, ServiceError
from api.problems import problem_for
from ca.errors import CaError
from hsm.errors import HsmError
from seals.envelopes import retry_after
from seals.errors import EnvelopeStateError, SealError

log = logging.getLogger("vermilion.envelopes")
LOCK_FOR: Final = timedelta(minutes=10)
MAX_FAILURE: Final = 500


def conclude(office: Office, envelope_id: str) -> None:
    """Make what a completed envelope still lacks; what fails is written down and tried again later."""
    with office.reading() as work:
        record = work.envelopes.record(envelope_id)
    if record is None or record.state.value not in {"completed", "rescinded"} or record.archived_at is not None:
        return
    if record.retry_at is not None and record.retry_at > office.now():
        return
    with _locked(office, envelope_id) as mine:
        if not mine:
            return
        try:
            _conclude(office, envelope_id)
        except (DatabaseGoneError, DatabaseBusyError):
            raise  # nothing can be written down now; the envelope is still due
        except Exception as exc:  # noqa: BLE001 - whatever it was, the envelope must say so and be tried again
            _failed(office, envelope_id, exc)


@contextmanager
def _locked(office: Office, envelope_id: str) -> Iterator[bool]:
    token, now = secrets.token_hex(16), office.now()
    with office.work() as work:
        mine = work.envelopes.take_envelope(
            envelope_id, process=office.process, token=token, now=now, until=now + LOCK_FOR
        )
        work.commit()
    try:
        yield mine
    finally:
        if mine:
            with office.work() as work:
                work.envelopes.release_envelope(envelope_id, token=token)
                work.commit()


def _conclude(office: Office, envelope_id: str) -> None:
    whole = _read(office, envelope_id)
    for document in whole.documents:
        if not document.archived:
            _archive_document(office, document, _chains(office, whole, document))
    whole = _read(office, envelope_id)
    file = evidence_of(office, whole)
    report = whole.record.report
    if report is None:
        report = make_report(office, file)
        _kept(office, whole, "report", report)
    if whole.record.archive is None:
        with office.reading() as work:
            attached = work.envelopes.attachments(envelope_id)
        kept = [Kept(name=one.name, object=one.current_object or "") for one in whole.documents]
        kept += [
            Kept(name=one.name, object=one.object, media_type=one.media_type, folder="attachments") for one in attached
        ]
        _kept(office, whole, "archive", make_archive(office, file, report=report, kept=kept))


def _read(office: Office, envelope_id: str) -> Whole:
    with office.reading() as work:
        return reread(work, envelope_id)


def _chains(office: Office, whole: Whole, document: DocumentRecord) -> list[tuple[x509.Certificate, ...]]:
    """The certificates of the document's seals, each with the CAs above it."""
    serials = [one.serial for one in whole.slots if one.document == document.id and one.serial is not None]
    with office.reading() as work:
        found = [work.certificates.get(int(serial, 16)) for serial in serials]
    signers = [x509.load_der_x509_certificate(one.der) for one in found if one is not None and one.der is not None]
    return [(one, *office.authority.chain_of(one)) for one in signers]


def _archive_document(office: Office, document: DocumentRecord, chains: Sequence[tuple[x509.Certificate, ...]]) -> None:
    name = archive_document(office, document.current_object or "", chains=chains)
    digest, size = digest_of(office, name)
    with office.work() as work:
        work.envelopes.lock(document.envelope)
        now = office.now()
        file = FileRecord(
            sha256=digest, envelope=document.envelope, document=document.id, revision=document.revision + 1,
            object=name, size=size, at=now,
        )  # fmt: skip
        before = document.current_sha256 or b""
        if not work.envelopes.advance(document.id, token=None, before=before, record=file, archived=True):
            raise EnvelopeStateError("somebody else archived the document meanwhile")
        work.envelopes.note(
            document.envelope, at=now, actor="service", act="document.archived", document=document.id,
            sha256=digest.hex(), revision=document.revision + 1,
        )  # fmt: skip
        work.commit()


def _kept(office: Office, whole: Whole, what: str, name: str) -> None:
    digest, size = digest_of(office, name)
    with office.work() as work:
        work.envelopes.lock(whole.id)
        now = office.now()
        done = {"archived_at": now, "failure": None, "retry_at": None} if what == "archive" else {}
        work.envelopes.set(whole.id, **{what: name, f"{what}_sha256": digest, **done})
        work.envelopes.note(whole.id, at=now, actor="service", act=f"{what}.made", sha256=digest.hex(), size=size)
        if what == "archive":
            work.notices.add(
                to=whole.enterprises(), kind="envelope.archived", subject=whole.id, at=now, title=whole.record.title,
                sha256=digest.hex(),
            )  # fmt: skip
        work.commit()


def digest_of(office: Office, name: str) -> tuple[bytes, int]:
    """SHA-256 and size of a stored file."""
    hasher, size = hashlib.sha256(), 0
    for piece in office.objects.stream(name):
        hasher.update(piece)
        size += len(piece)
    return hasher.digest(), size


def _failed(office: Office, envelope_id: str, error: Exception) -> None:
    known = isinstance(error, (SealError, HsmError, ServiceError, CaError))
    log.error("envelope %s: report and archive not made: %s", envelope_id, error, exc_info=None if known else error)
    text = str(error) if known else "an internal error; its details are in the log of the service"
    with office.work() as work:
        whole = work.envelopes.lock(envelope_id)
        if whole is None:
            return
        now, attempts = office.now(), whole.record.attempts + 1
        retry_at = now + retry_after(attempts)
        work.envelopes.set(envelope_id, attempts=attempts, retry_at=retry_at, failure=text[:MAX_FAILURE])
        work.envelopes.note(
            envelope_id, at=now, actor="service", act="completion.failed", code=problem_for(error).slug,
            reason=text[:MAX_FAILURE], retry_at=retry_at,
        )  # fmt: skip
        work.commit()
