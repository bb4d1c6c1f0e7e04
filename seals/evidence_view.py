"""What the evidence report shows of the facts: worded, dated in one zone, and in its order. No layout."""

import json
from collections import Counter
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

from seals import evidence_words as words
from seals.evidence import (
    ApprovalFact,
    AssertionFact,
    CertificateFact,
    DocumentFact,
    EvidenceFile,
    GroundsFact,
    IdentityFact,
    MandateFact,
    PartyFact,
    SignatureFact,
    StepFact,
)
from seals.evidence_words import both

KIB = 1024


def view_of(file: EvidenceFile, *, zone: tzinfo) -> dict[str, Any]:
    """The facts as the template wants them: texts, lists and mappings; keys that end in `sha256` hold hexadecimals."""
    view = _View(file, zone)
    produced = file.produced_at.astimezone(zone)
    counts = Counter(one.verdict.value for one in file.signatures)
    return {
        "number": file.number,
        "title": file.title,
        "envelope": file.envelope,
        "state": both(words.STATES, file.state),
        "rescinded": any(one.relation.value == "rescinded-by" for one in file.references),
        "authority": file.authority,
        "authority_latin": file.authority_latin,
        "created": view.time(file.created_at),
        "concluded": view.time(file.concluded_at),
        "produced": view.time(file.produced_at),
        "produced_zh": f"{produced.year}年{produced.month}月{produced.day}日",
        "produced_en": produced.date().isoformat(),
        "reference_numbers": list(file.reference_numbers),
        "counts": {name: counts[name] for name in words.VERDICTS},
        "total": len(file.signatures),
        "documents": [view.document(one) for one in file.documents],
        "parties": [view.party(one) for one in file.parties],
        "signatures": [view.signature(number, one) for number, one in enumerate(file.signatures, start=1)],
        "assertions": [view.assertion(one) for one in file.assertions],
        "steps": [view.step(one) for one in file.steps],
        "references": [
            {
                "relation": both(words.RELATIONS, one.relation.value),
                "id": one.id,
                "title": one.title,
                "sha256": _hex(one.sha256),
                "time": view.time(one.at),
            }
            for one in file.references
        ],
        "policies": [
            {"name": one.name, "rule": one.rule, "outcome": one.outcome, "time": view.time(one.at)}
            for one in file.policies
        ],
        "environment": {
            "service": file.environment.service,
            "key_store": file.environment.key_store,
            "hardware": file.environment.hardware,
            "storage": file.environment.storage,
            "clock": file.environment.clock,
        },
        "commands": [{"zh": zh, "en": en, "command": command} for zh, en, command in words.COMMANDS],
    }


class _View:
    """One report's facts and the zone in which its times are shown."""

    def __init__(self, file: EvidenceFile, zone: tzinfo) -> None:
        self._file = file
        self._zone = zone

    def time(self, moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(self._zone).isoformat(sep=" ", timespec="seconds")

    def document(self, one: DocumentFact) -> dict[str, Any]:
        return {
            "name": one.name,
            "frozen_sha256": one.frozen_sha256.hex(),
            "concluded_sha256": one.concluded_sha256.hex(),
            "size": f"{one.size:,} B" if one.size < KIB else f"{one.size / KIB:,.1f} KiB",
            "pages": one.pages,
            "revisions": one.revisions,
        }

    def party(self, one: PartyFact) -> dict[str, Any]:
        return {
            "name": one.name,
            "enterprise": one.kind.value == "enterprise",
            "code": one.code,
            "role": both(words.ROLES, one.role),
            "capacity": one.capacity,
            "representative": one.representative,
            "identified": [self.identity(found) for found in one.identified],
        }

    def identity(self, one: IdentityFact) -> dict[str, Any]:
        return {
            "means": both(words.MEANS, one.means.value),
            "reference": one.reference,
            "detail": one.detail,
            "time": self.time(one.at),
        }

    def signature(self, number: int, one: SignatureFact) -> dict[str, Any]:
        party = self._file.parties[one.party - 1] if 0 < one.party <= len(self._file.parties) else None
        document = self._file.documents[one.document - 1] if 0 < one.document <= len(self._file.documents) else None
        return {
            "number": number,
            "party": "—" if party is None else party.name,
            "party_code": "" if party is None else party.code,
            "document": "—" if document is None else document.name,
            "field": one.field,
            "seal_code": one.seal_code or "",
            "seal_kind": both(words.KINDS, one.seal_kind) if one.seal_kind else ["签名", "signature"],
            "level": one.level,
            "algorithm": one.algorithm,
            "certificate": None if one.certificate is None else self.certificate(one.certificate),
            "stamp": None
            if one.stamp is None
            else {"time": self.time(one.stamp.time), "authority": one.stamp.authority, "serial": one.stamp.serial},
            "time": self.time(one.signed_at if one.stamp is None else one.stamp.time),
            "signed_at": self.time(one.signed_at),
            "document_sha256": _hex(one.document_sha256),
            "intent_sha256": _hex(one.intent_sha256),
            "sealed_sha256": _hex(one.sealed_sha256),
            "use": one.use,
            "grounds": None if one.grounds is None else self.grounds(one.grounds),
            "verdict": one.verdict.value,
            "verdict_words": both(words.VERDICTS, one.verdict.value),
            "findings": list(one.findings),
        }

    def certificate(self, one: CertificateFact) -> dict[str, Any]:
        return {
            "subject": one.subject,
            "issuer": one.issuer,
            "serial": one.serial,
            "valid": f"{self.time(one.not_before)} – {self.time(one.not_after)}",
            "sha256": one.sha256.hex(),
        }

    def grounds(self, one: GroundsFact) -> dict[str, Any]:
        return {
            "kind": both(words.GROUNDS, one.kind.value),
            "actor": one.actor,
            "person": one.person or "",
            "machine": one.machine or "",
            "assertion": one.assertion or "",
            "request": one.request or "",
            "mandate": None if one.mandate is None else self.mandate(one.mandate),
            "approvals": [self.approval(found) for found in one.approvals],
        }

    def mandate(self, one: MandateFact) -> dict[str, Any]:
        return {
            "id": one.id,
            "grantors": list(one.grantors),
            "grantee": one.grantee,
            "text": one.text,
            "limits": list(one.limits),
            "valid": f"{self.time(one.not_before)} – {self.time(one.not_after)}",
            "accepted": self.time(one.accepted_at),
        }

    def approval(self, one: ApprovalFact) -> dict[str, Any]:
        return {
            "request": one.request,
            "person": one.person,
            "person_id": one.person_id,
            "decision": both(words.DECISIONS, one.decision),
            "time": self.time(one.at),
            "assertion": one.assertion or "",
            "reason": one.reason,
        }

    def assertion(self, one: AssertionFact) -> dict[str, Any]:
        return {
            "id": one.id,
            "person": one.person,
            "person_id": one.person_id,
            "credential": one.credential,
            "intent": _readable(one.intent),
            "challenge_sha256": one.challenge.hex(),
            "recomputed": sha256(one.intent.encode("utf-8", "surrogatepass")).digest() == one.challenge,
            "user_verified": one.user_verified,
            "origin": one.origin,
            "time": self.time(one.at),
        }

    def step(self, one: StepFact) -> dict[str, Any]:
        return {
            "number": one.number,
            "time": self.time(one.at),
            "actor": one.actor,
            "act": one.act,
            "act_words": both(words.ACTS, one.act) if one.act in words.ACTS else ["", ""],
            "detail": _told(one.detail),
            "sha256": one.hash.hex(),
            "previous_sha256": one.previous.hex(),
        }


def _readable(intent: str) -> list[str]:
    """An intent as lines for people; what is none is shown as it is."""
    try:
        found = json.loads(intent)
        lines = [f"kind: {found['kind']}", f"subject: {found['subject']}", f"purpose: {found['purpose']}"]
        for one in found["documents"]:
            seals = ", ".join(one["seals"]) or "—"
            lines += [f"document: {one['name'] or '—'} · seals: {seals}", f"document SHA-256: {one['sha256']}"]
        if found["details"]:
            lines.append(f"details SHA-256: {found['details']}")
        lines.append(f"nonce: {found['nonce']}")
    except (ValueError, KeyError, TypeError):
        return [intent]
    return lines


def _told(detail: str) -> str:
    """The detail of a step: JSON as `name value · name value`, without what is empty; other texts as they are."""
    try:
        found = json.loads(detail)
    except (ValueError, RecursionError):
        return detail
    return _plain(found) if isinstance(found, dict) else detail


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{name} {_plain(one)}" for name, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list):
        return "; ".join(f"({_plain(one)})" if isinstance(one, dict | list) else _plain(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)


def _hex(digest: bytes | None) -> str:
    return "" if digest is None else digest.hex()
