"""Whether a joint mandate had been withdrawn when a seal was used under it: what an offline check cannot know."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from api.acts.office import Office
from api.db.work import SqlUnitOfWork
from seals.mandates import MandateState
from verify.report import Finding, Report, SignatureReport
from verify.words import finding

WITHDRAWN: Final = (MandateState.REVOKED, MandateState.VOID)


def with_mandates(office: Office, report: Report) -> Report:
    """Return the report with a finding for each joint mandate that this instance keeps."""
    if not any(one.mandates for one in report.signatures):
        return report
    with office.reading() as work:
        signatures = tuple(replace(one, findings=(*one.findings, *_findings(work, one))) for one in report.signatures)
    return replace(report, signatures=signatures)


def _findings(work: SqlUnitOfWork, seal: SignatureReport) -> Iterator[Finding]:
    for mandate_id in seal.mandates:
        stored = work.mandates.get(mandate_id)
        if stored is None or seal.time is None or work.groups.mandate(mandate_id) is None:
            continue
        moment, state = seal.time.isoformat(), stored.mandate.state
        if state in WITHDRAWN and stored.state_at <= seal.time:
            yield finding("mandate.withdrawn", id=mandate_id, since=stored.state_at.isoformat(), moment=moment)
        else:
            yield finding("mandate.stood", id=mandate_id, moment=moment, state=state.value)
