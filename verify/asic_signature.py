"""One signature or time-stamp of an ASiC-E container: a manifest, and what stands over it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from verify.asic_manifest import Manifest
from verify.certificates import Certificate
from verify.chain import PathChecker
from verify.errors import MalformedCertificateError
from verify.judging import judge_path, name_of, seal_of, unproven
from verify.report import Finding, SignatureReport
from verify.signed_data import SignedData, digest_of
from verify.timestamps import Stamp, judge_token
from verify.words import finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A manifest with its signature or time-stamp, taken apart as far as that went."""

    manifest_name: str
    archive: bool  # a time-stamp over the container, not a signature
    manifest: Manifest | None = None
    data: bytes = b""  # of the manifest
    container: SignedData | None = None
    problems: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        return self.manifest_name if self.manifest is None else self.manifest.signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one check of a container shares among its signatures."""

    checker: PathChecker
    now: datetime
    digests: Mapping[tuple[str, str], bytes]  # of every file, by name and algorithm
    documents: frozenset[str]  # all files but those of META-INF and the mimetype
    long_term: bool


def judge_archive(judgement: Judgement, one: Signed, seen_at: datetime) -> Stamp:
    """Judge a time-stamp over the container; `seen_at` is when it is known to have existed."""
    if one.container is None:
        return Stamp(findings=())
    return judge_token(
        one.container,
        lambda name: digest_of(name, one.data),
        judgement.checker,
        seen_at=seen_at,
        now=judgement.now,
    )


def report_archive(judgement: Judgement, one: Signed, stamp: Stamp) -> SignatureReport:
    """Report on a time-stamp over the container."""
    return SignatureReport(
        field=one.name,
        kind="timestamp",
        findings=(*one.problems, *stamp.findings, *files_findings(judgement, one)),
        signer=stamp.subject,
        claimed_time=stamp.time,
        time=stamp.time,
        time_source="document time-stamp" if stamp.proven else "claimed",
        covers_whole_document=_covers_all(judgement, one),
        path=stamp.path,
        revocation=None if stamp.revocation is None else stamp.revocation.words.en,
    )


def report_signature(judgement: Judgement, one: Signed, archives: list[Stamp]) -> SignatureReport:
    """Report on a signature. `archives` are the time-stamps that cover it and the manifest it is over."""
    findings = list(one.problems)
    signer = _signer(judgement, one, findings)
    archived = [stamp.time for stamp in archives if stamp.proven and stamp.time is not None]
    stamps = _stamps(judgement, one, min([*archived, judgement.now]))
    findings += [seen for stamp in stamps for seen in stamp.findings]
    times = [stamp.time for stamp in stamps if stamp.proven and stamp.time is not None]
    claimed = None if one.container is None else one.container.claimed_time
    moment = min([*times, *archived], default=None)
    result = None
    if signer is not None:
        result = judge_path(judgement.checker, signer, moment=moment, claimed=claimed, now=judgement.now)
        findings += result.findings
    if moment is None:
        findings += unproven(claimed, judgement.now)
    findings += files_findings(judgement, one)
    kind, code = (None, None) if signer is None else seal_of(signer, findings)
    return SignatureReport(
        field=one.name,
        kind="signature" if code is None else "seal",
        findings=tuple(findings),
        signer=name_of(signer),
        organization_identifier=None if signer is None else signer.attribute("organization_identifier"),
        seal_kind=kind,
        seal_code=code,
        level=_level(judgement, one, stamps, archives),
        claimed_time=claimed,
        time=moment or judgement.now,
        time_source="now" if moment is None else "time-stamp" if moment in times else "document time-stamp",
        covers_whole_document=_covers_all(judgement, one),
        path=() if result is None else tuple(step.distinguished for step in result.path),
        revocation=result.revocations[0].words.en if result is not None and result.revocations else None,
    )


def files_findings(judgement: Judgement, one: Signed) -> Iterator[Finding]:
    """Whether the files that a manifest lists are there and unchanged."""
    if one.manifest is None:
        return
    wrong = False
    for listed in one.manifest.objects:
        digest = judgement.digests.get((listed.name, listed.digest_name))
        if digest != listed.digest:
            wrong = True
            yield finding("asic.file-missing" if digest is None else "asic.file-altered", name=listed.name)
    if not wrong:
        yield finding("asic.files-intact", count=len(one.manifest.objects))


def holds(judgement: Judgement, one: Signed) -> frozenset[str]:
    """Names of the files that a manifest lists and that are unchanged."""
    objects = () if one.manifest is None else one.manifest.objects
    return frozenset(
        listed.name for listed in objects if judgement.digests.get((listed.name, listed.digest_name)) == listed.digest
    )


def _covers_all(judgement: Judgement, one: Signed) -> bool:
    return bool(judgement.documents) and judgement.documents <= holds(judgement, one)


def _signer(judgement: Judgement, one: Signed, findings: list[Finding]) -> Certificate | None:
    signed = one.container
    if signed is None:
        return None
    if judgement.checker.altered(signed.certificates):
        findings.append(finding("signature.container"))
    try:
        signer = signed.signer()
    except MalformedCertificateError as exc:
        findings.append(finding("certificate.malformed", subject="?", what=exc))
        return None
    if signer is None:
        findings.append(finding("signature.no-certificate"))
        return None
    findings.append(signed.objection(signer, digest_of(signed.digest, one.data)) or finding("signature.intact"))
    if not signed.has_attributes:
        findings.append(finding("signature.unbound"))
    findings.append(signed.strength(signer))
    return signer


def _stamps(judgement: Judgement, one: Signed, seen_at: datetime) -> list[Stamp]:
    signed = one.container
    if signed is None:
        return []

    def imprint_of(algorithm: str) -> bytes:
        return digest_of(algorithm, signed.signer_info["signature"].native)

    return [
        judge_token(token, imprint_of, judgement.checker, seen_at=seen_at, now=judgement.now)
        for token in signed.tokens()
    ]


def _level(judgement: Judgement, one: Signed, stamps: list[Stamp], archives: list[Stamp]) -> str | None:
    """The CAdES baseline level (ETSI EN 319 122-1 §6), or None for what is not CAdES."""
    if one.container is None or not one.container.names_certificate:
        return None
    if not any(stamp.intact for stamp in (*stamps, *archives)):
        return "B-B"
    if not judgement.long_term:
        return "B-T"
    return "B-LTA" if any(stamp.intact for stamp in archives) else "B-LT"
