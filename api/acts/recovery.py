"""After a crash: resolve what processes that are gone left unfinished, so that nothing signed stays unrecorded."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from api.acts.presence import dead
from api.db.work import SqlUnitOfWork
from ca.certificate_states import Life, Reason, Status, void_needs_revocation
from ca.ports import CertificateRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What was found open and closed."""

    processes: int
    certificates: int
    revoked: int
    uses: int
    signatures: int  # by persons
    lines: int  # CRLs and time-stamps


def resolve(engine: Engine, folder: Path, *, now: datetime) -> Resolved:
    """Close every open row of a dead process, in one transaction.

    A serial without an intent was never signed: void. With one, the CA key may have been used: void and revoked.
    An authorised use of a seal may have signed a file that nobody got: refused, with its intent kept.
    """
    with SqlUnitOfWork(engine) as work:
        gone = dead(work.ledger.processes(), folder, now=now)
        open_rows = [row for row in work.certificates.unfinished() if row.process in gone]
        void_all(work, open_rows, now=now)
        uses = [use for use in work.uses.unfinished() if use.process in gone]
        for use in uses:
            work.uses.refuse(use.id, detail="the service stopped before the sealed file was stored", at=now)
        signatures = [use for use in work.people.uses.unfinished() if use.process in gone]
        for signature in signatures:
            work.people.uses.refuse(
                signature.id, detail="the service stopped before the signed file was stored", at=now
            )
            if signature.serial is not None:
                revoke_unused(work, signature.serial, at=now)
        lines = work.ledger.void_of(gone)
        work.remote.resolve_of(gone)
        work.replies.release_of(gone)
        work.requests.release_of(gone)
        work.ledger.forget(gone)
        found = Resolved(
            processes=len(gone),
            certificates=len(open_rows),
            revoked=sum(void_needs_revocation(Life(row.state)) for row in open_rows),
            uses=len(uses),
            signatures=len(signatures),
            lines=lines,
        )
        if open_rows or uses or signatures or lines:
            work.ledger.note(
                at=now,
                actor="service",
                act="recovery",
                subject="ledger",
                certificates=[f"{row.serial:x}" for row in open_rows],
                uses=[use.id for use in uses],
                signatures=[use.id for use in signatures],
            )
        work.commit()
    return found


def void_all(work: SqlUnitOfWork, rows: list[CertificateRecord], *, now: datetime) -> None:
    """Void these certificates, and revoke those whose intent may have been signed."""
    for revoked in (False, True):
        serials = [row.serial for row in rows if void_needs_revocation(Life(row.state)) is revoked]
        if serials:
            work.certificates.void(serials, revoked=revoked, now=now)


def revoke_unused(work: SqlUnitOfWork, serial: int, *, at: datetime) -> None:
    """The certificate of a signature that came to nothing ends as part of the caller's transaction."""
    record = work.certificates.get(serial)
    if record is not None and record.standing.status is not Status.REVOKED:
        work.certificates.stand(serial, record.standing.revoke(Reason.CESSATION, at=at))
