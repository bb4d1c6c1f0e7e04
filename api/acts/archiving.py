"""Archive time-stamps: a sealed PDF made to last longer (PAdES B-LTA)."""

from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509

from api.acts.evidence import OfficeEvidence
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.scratch import scratch_file
from seals.archive import archive_pdf
from seals.pdf_input import Limits


def archive_document(office: Office, name: str, *, chains: Sequence[tuple[x509.Certificate, ...]] = ()) -> str:
    """Add fresh evidence and a document time-stamp to a sealed PDF of the object store; return the new file's name.

    `chains` are those of its seals: one that was sealed without evidence (a time-stamp outage) gets it now.

    The time-stamp's serial and imprint are on record before its key is used, as all time-stamps' are. The old file
    stays: deleting it is for whoever switches over to the new one, in one transaction.

    Raises:
        ObjectMissingError: there is no such file.
        DocumentRefusedError, TimestampError, EvidenceError: it could not be stamped; nothing was kept.
    """
    with scratch_file(office.scratch) as source, scratch_file(office.scratch) as target:
        before = sha256()
        for piece in office.objects.stream(name):
            before.update(piece)
            source.write(piece)
        source.seek(0)
        archive_pdf(
            source,
            target,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            chains=chains,
            limits=Limits(max_bytes=max(office.settings.max_document_bytes, office.objects.size(name))),
        )
        target.seek(0)
        kept = office.objects.put("archived", ".pdf", target)
    with office.work() as work:
        work.ledger.note(
            at=office.now(), actor=office.process, act="document.archived", subject=kept, source=name,
            sha256=before.hexdigest(),
        )  # fmt: skip
        work.commit()
    return kept
