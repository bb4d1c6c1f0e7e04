"""Joint mandates that travel inside a PDF, and what they say about its seals."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pyhanko.pdf_utils.decode_limits import DecodePurpose

from verify.errors import MalformedMandateError
from verify.joint_mandate import Credential, check_mandate
from verify.pdf_signature import Field
from verify.pdf_structure import PDF_ERRORS, Opened, PdfLimits
from verify.report import Finding, SignatureReport, Verdict, worst
from verify.trust import Trust
from verify.words import finding

FILE_NAME: Final = "joint-mandate.json"
MAX_FILES: Final = 32  # embedded files that are looked at
MAX_MANDATES: Final = 4  # of one seal


def with_mandates(
    opened: Opened,
    fields: Sequence[Field],
    reports: Sequence[SignatureReport],
    trust: Trust,
    *,
    now: datetime,
    limits: PdfLimits,
) -> list[SignatureReport]:
    """Add to each seal what the joint mandates say about it that the file carried when it was sealed."""
    known: dict[bytes, Credential | Finding] = {}
    answers: list[SignatureReport] = []
    for field, report in zip(fields, reports, strict=True):
        if report.kind != "seal":
            answers.append(report)
            continue
        said: list[Finding] = []
        used: list[str] = []
        for data in list(_files(opened, field.revision))[:MAX_MANDATES]:
            found = known.setdefault(data, _read(data))
            if isinstance(found, Finding):
                said.append(found)
            else:
                spoken = check_mandate(found, report, trust, now=now, limits=limits.chain)
                used += [found.mandate.id] if worst(spoken) is Verdict.PASSED else []
                said += spoken
        answers.append(replace(report, findings=(*report.findings, *said), mandates=tuple(used)))
    return answers


def _read(data: bytes) -> Credential | Finding:
    try:
        return Credential.decode(data)
    except MalformedMandateError as exc:
        return finding("mandate.unreadable", what=exc)


def _files(opened: Opened, revision: int) -> Iterator[bytes]:
    """The embedded joint mandates as of a revision: what came later is not what was sealed."""
    try:
        root: Any = opened.reader.get_historical_root(revision)
        for raw in list(root["/AF"])[:MAX_FILES]:
            spec = raw.get_object()
            if str(spec["/UF"] if "/UF" in spec else spec["/F"]) == FILE_NAME:
                yield spec["/EF"]["/F"].read_data(DecodePurpose.GENERIC)
    except PDF_ERRORS:
        return
