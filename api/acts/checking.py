"""Check what somebody brings, against this authority's own roots, keys, CRLs and status lists."""

import time
from typing import BinaryIO, Final

from prometheus_client import Histogram

from api.acts import publishing
from api.acts.contract_standing import with_standing
from api.acts.mandate_standing import with_mandates
from api.acts.office import Office
from ca.authority import CREDENTIAL, ISSUING
from verify.files import check_file as check_any
from verify.qr import check_qr
from verify.report import Report
from verify.status import MAX_ENTRIES
from verify.trust import Trust

CHECKED = Histogram("vermilion_checks", "Seconds that checks took, by kind and verdict", ["kind", "verdict"])
MAX_LISTS: Final = 64  # status lists that are looked into at once


def trust_of(office: Office) -> Trust:
    """What this instance judges by: its root, and everything it publishes, as it stands now."""
    authority = office.authority
    return Trust(
        anchors=(authority.certificate("root"),),
        certificates=tuple(authority.certificate(name) for name in (*ISSUING, CREDENTIAL)),
        crls=tuple(publishing.crl(office, name) for name in ("root", *ISSUING)),
        status_lists=_status_lists(office),
    )


def _status_lists(office: Office) -> tuple[bytes, ...]:
    with office.reading() as work:
        places = work.licences.places()
    return tuple(
        publishing.status_list(office, number) for number in range(min(MAX_LISTS, -(-max(places, 1) // MAX_ENTRIES)))
    )


def check_text(office: Office, text: str) -> Report:
    """Check the text of a scanned code."""
    began = time.perf_counter()
    return _count(check_qr(text, trust_of(office), now=office.now()), began)


def check_file(office: Office, file: BinaryIO) -> Report:
    """Check a PDF or a picture of a QR code."""
    began = time.perf_counter()
    report = check_any(file, trust_of(office), now=office.now())
    if report.kind == "pdf":
        report = with_mandates(office, with_standing(office, file, report))
    return _count(report, began)


def _count(report: Report, began: float) -> Report:
    CHECKED.labels(report.kind, report.verdict.value).observe(time.perf_counter() - began)
    return report
