"""Check a PDF: its seals, signatures and time-stamps, what each covers, and what was changed after it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.sign.fields import enumerate_sig_fields

from verify.chain import PathChecker
from verify.joint_mandate_pdf import with_mandates
from verify.judging import MAX_MATERIAL, material_of
from verify.pdf_changes import ChangeReader, pages_of
from verify.pdf_reserved import Reserved, read_reserved
from verify.pdf_signature import Field, Judgement, judge_mathematics, judge_stamp, read_field
from verify.pdf_structure import (
    PDF_ERRORS,
    Opened,
    PdfLimits,
    UnreadablePdfError,
    digests,
    open_pdf,
    shared,
    stray_revision,
)
from verify.report import Finding, Report, SignatureReport
from verify.trust import Trust
from verify.wording import Both
from verify.words import change, finding

DEFAULT: Final = PdfLimits()


def check_pdf(document: BinaryIO, trust: Trust, *, now: datetime, limits: PdfLimits = DEFAULT) -> Report:
    """Report on a PDF as of `now`. Bad bytes never raise: they become findings.

    Call it where a crash or a long run does no harm: the parsing is bounded in work, not in time.
    """
    try:
        opened = open_pdf(document, limits)
        return _check(opened, trust, now, limits)
    except UnreadablePdfError as exc:
        return _one(finding(exc.ident, **exc.values), now)
    except PDF_ERRORS as exc:
        return _one(finding("pdf.broken", what=str(exc) or type(exc).__name__), now)


def _one(only: Finding, now: datetime) -> Report:
    return Report(kind="pdf", checked_at=now, findings=(only,))


def _check(opened: Opened, trust: Trust, now: datetime, limits: PdfLimits) -> Report:
    fields = _fields(opened, limits)
    findings = list(_file_findings(opened, fields, limits))
    judgement = _prepare(opened, fields, trust, now, limits)
    reports = with_mandates(opened, fields, _judge_all(judgement, fields, limits), trust, now=now, limits=limits)
    return Report(kind="pdf", checked_at=now, findings=tuple(findings), signatures=tuple(reports))


def _fields(opened: Opened, limits: PdfLimits) -> list[Field]:
    """The filled signature fields in the order of their revisions; a signature in two fields comes once."""
    found: list[Field] = []
    for name, _, raw in enumerate_sig_fields(opened.reader, filled_status=True):
        if len(found) == limits.max_signatures:
            raise UnreadablePdfError("pdf.too-complex", what=f"more than {limits.max_signatures} signatures")
        found.append(read_field(name, raw.get_object(), opened, limits))
    return sorted(found, key=lambda one: one.revision)


def _file_findings(opened: Opened, fields: list[Field], limits: PdfLimits) -> Iterator[Finding]:
    if not fields:
        yield finding("pdf.readable", revisions=len(opened.ends))
        yield finding("pdf.no-signature")
        return
    if opened.tail:
        yield finding("pdf.tail-bytes", count=opened.tail)
    first = min(one.revision for one in fields)
    if (stray := stray_revision(opened, after=first, limits=limits)) is not None:
        yield finding("pdf.gap-bytes", revision=stray + 1)
    if doubled := _doubled(fields):
        yield finding("pdf.signature-shared", fields=", ".join(doubled))
    if not opened.tail and stray is None and not doubled:
        yield finding("pdf.readable", revisions=len(opened.ends))


def _doubled(fields: list[Field]) -> list[str]:
    """Names of fields that share a signature object, or the bytes of one."""
    objects = shared([str(one.reference) for one in fields])
    known = [position for position, one in enumerate(fields) if one.signed_range is not None]
    gaps = shared([fields[position].signed_range for position in known])
    return sorted({fields[position].name for position in objects | {known[gap] for gap in gaps}})


def _prepare(opened: Opened, fields: list[Field], trust: Trust, now: datetime, limits: PdfLimits) -> Judgement:
    store = _store(opened)
    containers = [one.signed for one in fields if one.signed is not None]
    material = material_of(containers, certificates=store["/Certs"], crls=store["/CRLs"], ocsps=store["/OCSPs"])
    ranges = {(one.signed_range, one.digest) for one in fields if one.signed_range is not None}
    return Judgement(
        opened=opened,
        checker=PathChecker(trust, extra=material.authorities, evidence=material.evidence, limits=limits.chain),
        now=now,
        digests=digests(opened.document, ranges),
        long_term=material.long_term,
    )


def _store(opened: Opened) -> dict[str, list[bytes]]:
    """The streams of the document security store (ISO 32000-2 §12.8.4.3); unreadable ones are left out."""
    found: dict[str, list[bytes]] = {key: [] for key in PURPOSES}
    try:
        store: Any = opened.reader.root["/DSS"]
    except PDF_ERRORS:
        return found
    for key, purpose in PURPOSES.items():
        found[key] += _streams(store, key, purpose)
    return found


PURPOSES: Final = {
    "/Certs": DecodePurpose.CERTIFICATE,
    "/CRLs": DecodePurpose.CRL,
    "/OCSPs": DecodePurpose.OCSP_RESPONSE,
}


def _streams(store: Any, key: str, purpose: DecodePurpose) -> Iterator[bytes]:
    try:
        for raw in list(store[key])[:MAX_MATERIAL]:
            yield raw.get_object().read_data(purpose)
    except PDF_ERRORS:
        return


def _judge_all(judgement: Judgement, fields: list[Field], limits: PdfLimits) -> list[SignatureReport]:
    for one in reversed(fields):
        if one.stamp:
            judgement.stamps[one.name] = judge_stamp(judgement, one, fields)
        judge_mathematics(judgement, one)
    changes = _changes(judgement, fields, limits)
    judgement.covered = max((one.revision for one in fields if judgement.is_sound(one)), default=-1)
    return [judgement.judge(one, changes.since(one.revision), fields) for one in fields]


def _changes(judgement: Judgement, fields: list[Field], limits: PdfLimits) -> ChangeReader:
    opened = judgement.opened
    signed: dict[int, list[Both]] = {}
    for one in fields:
        signed.setdefault(one.revision, []).append(change(one.label, name=one.name))
    signers = {one.name: judgement.signer_name(one) or one.name for one in fields}
    try:
        reserved = read_reserved(opened.reader, signers, pages_of(opened.reader, limits))
    except PDF_ERRORS:
        reserved = Reserved()
    return ChangeReader(opened, signed, {one.name for one in fields}, reserved, limits)
