"""What a check says: a verdict with three values, and the numbered findings behind it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """ETSI EN 319 102-1 §5.1.3."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was seen. `id` is stable: it is documented in docs/spec/findings.md."""

    id: str  # area and thing, such as "pdf.tail-bytes"
    verdict: Verdict
    text: str  # one English sentence for a clerk
    text_zh: str  # the same in Chinese


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst finding decides (ETSI EN 319 102-1 §5.1.3); no findings is no pass."""
    seen = {finding.verdict for finding in findings}
    if Verdict.FAILED in seen:
        return Verdict.FAILED
    return Verdict.PASSED if seen == {Verdict.PASSED} else Verdict.INDETERMINATE


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """One signature, seal or document time-stamp of a PDF."""

    field: str
    kind: str  # "seal", "signature" (somebody else's) or "timestamp"
    findings: tuple[Finding, ...]
    signer: str | None = None  # organisation, or common name
    organization_identifier: str | None = None
    seal_kind: str | None = None  # official, finance, invoice, contract, representative, other, authority
    seal_code: str | None = None
    level: str | None = None  # B-B, B-T, B-LT, B-LTA, or None for what is not PAdES
    claimed_time: datetime | None = None
    time: datetime | None = None  # the time the verdict is about
    time_source: str | None = None  # "time-stamp", "document time-stamp", "claimed" or "now"
    covers_whole_document: bool = False
    changes_after: tuple[str, ...] = ()  # in words; empty: nothing was changed after it
    changes_after_zh: tuple[str, ...] = ()
    path: tuple[str, ...] = ()  # subjects, signer first
    mandates: tuple[str, ...] = ()  # joint mandates under which it was made, by identity
    revocation: str | None = None  # "good at <time> by OCSP", "revoked at …", or why unknown

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "field": self.field,
            "kind": self.kind,
            "signer": self.signer,
            "organization_identifier": self.organization_identifier,
            "seal_kind": self.seal_kind,
            "seal_code": self.seal_code,
            "level": self.level,
            "claimed_time": _iso(self.claimed_time),
            "time": _iso(self.time),
            "time_source": self.time_source,
            "covers_whole_document": self.covers_whole_document,
            "changes_after": list(self.changes_after),
            "changes_after_zh": list(self.changes_after_zh),
            "path": list(self.path),
            "mandates": list(self.mandates),
            "revocation": self.revocation,
            "findings": [_finding(finding) for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer about one file or code. Its own findings and those of all its signatures decide."""

    kind: str  # "pdf", "licence-qr" or "unknown"
    checked_at: datetime
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureReport, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # what the file says, once it may be shown (licence fields)

    @property
    def verdict(self) -> Verdict:
        return worst([*self.findings, *(finding for one in self.signatures for finding in one.findings)])

    def as_json(self) -> dict[str, Any]:
        """The report of `vermilion verify --json` and `POST /api/v1/verify`."""
        return {
            "verdict": self.verdict.value,
            "kind": self.kind,
            "checked_at": _iso(self.checked_at),
            "findings": [_finding(finding) for finding in self.findings],
            "signatures": [one.as_json() for one in self.signatures],
            "facts": self.facts,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _finding(finding: Finding) -> dict[str, str]:
    return {"id": finding.id, "verdict": finding.verdict.value, "text": finding.text, "text_zh": finding.text_zh}
