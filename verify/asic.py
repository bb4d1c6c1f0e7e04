"""Check an ASiC-E container with CAdES signatures (ETSI EN 319 162-1): every file in it, and who answers for it."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Final

from verify.asic_manifest import (
    ARCHIVE_MANIFEST,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    META,
    MIMETYPE,
    MIMETYPE_NAME,
    MalformedManifestError,
    parse_manifest,
)
from verify.asic_signature import Judgement, Signed, holds, judge_archive, report_archive, report_signature
from verify.certificates import PARSE_ERRORS
from verify.chain import PathChecker
from verify.judging import material_of
from verify.path_rules import ChainLimits
from verify.report import Finding, Report
from verify.signed_data import MalformedSignatureError, SignedData
from verify.timestamps import Stamp
from verify.trust import Trust
from verify.words import finding
from verify.zip_box import Box, BoxLimits, UnreadableBoxError, begins_with_mimetype, open_box

MAX_NAMED: Final = 20  # files named in one finding
FOREIGN: Final = re.compile("signature|timestamp|evidencerecord", re.IGNORECASE)  # XAdES, ASiC-S and what else


@dataclass(frozen=True, slots=True, kw_only=True)
class AsicLimits:
    """Bounds on one container, inclusive."""

    box: BoxLimits = field(default_factory=BoxLimits)
    chain: ChainLimits = field(default_factory=ChainLimits)
    max_signatures: int = 64  # time-stamps over the container included
    max_contents: int = 16 << 20  # bytes of one signature


DEFAULT: Final = AsicLimits()


def check_asic(document: BinaryIO, trust: Trust, *, now: datetime, limits: AsicLimits = DEFAULT) -> Report:
    """Report on a container as of `now`. Bad bytes never raise: they become findings.

    Call it where a long run does no harm: the work is bounded, not the time.
    """
    try:
        return _check(open_box(document, limits.box), trust, now, limits)
    except UnreadableBoxError as exc:
        return _one(finding(exc.ident, what=exc.what), now)
    except PARSE_ERRORS as exc:
        return _one(finding("asic.broken", what=str(exc) or type(exc).__name__), now)


def _one(only: Finding, now: datetime) -> Report:
    return Report(kind="asic", checked_at=now, findings=(only,))


def _check(box: Box, trust: Trust, now: datetime, limits: AsicLimits) -> Report:
    if not begins_with_mimetype(box) or box.read(MIMETYPE_NAME, max_bytes=256) != MIMETYPE.encode():
        return _one(finding("asic.not-asic"), now)
    signed = list(_signed(box, limits))
    material = material_of(one.container for one in signed if one.container is not None)
    judgement = Judgement(
        checker=PathChecker(trust, extra=material.authorities, evidence=material.evidence, limits=limits.chain),
        now=now,
        digests=_digests(box, signed),
        documents=frozenset(name for name in box.entries if name != MIMETYPE_NAME and not _is_meta(name)),
        long_term=material.long_term,
    )
    stamps = _judge_archives(judgement, [one for one in signed if one.archive])
    reports = [
        report_archive(judgement, one, stamps[one.manifest_name])
        if one.archive
        else report_signature(judgement, one, _over(judgement, one, signed, stamps))
        for one in signed
    ]
    return Report(
        kind="asic",
        checked_at=now,
        findings=tuple(_box_findings(box, judgement, signed)),
        signatures=tuple(reports),
        facts={"files": [name for name in box.entries if name in judgement.documents]},
    )


def _is_meta(name: str) -> bool:
    return name.casefold().startswith(META.casefold())


def _digests(box: Box, signed: list[Signed]) -> dict[tuple[str, str], bytes]:
    """Digests of the files as the manifests want them. Every file is read once to its end, listed or not."""
    wanted: dict[str, set[str]] = {name: set() for name in box.entries}
    for one in signed:
        for listed in () if one.manifest is None else one.manifest.objects:
            wanted.get(listed.name, set()).add(listed.digest_name)
    found: dict[tuple[str, str], bytes] = {}
    for name, digest_names in wanted.items():
        hashers = [hashlib.new(digest_name) for digest_name in digest_names]
        for piece in box.pieces(name):
            for hasher in hashers:
                hasher.update(piece)
        found |= {(name, hasher.name): hasher.digest() for hasher in hashers}
    return found


def _signed(box: Box, limits: AsicLimits) -> Iterator[Signed]:
    """The manifests in the order of the container, each with what stands over it."""
    names = [name for name in box.entries if MANIFEST.fullmatch(name) or ARCHIVE_MANIFEST.fullmatch(name)]
    if len(names) > limits.max_signatures:
        raise UnreadableBoxError("asic.too-complex", f"more than {limits.max_signatures} signatures")
    for name in names:
        yield _read(box, name, limits)


def _read(box: Box, name: str, limits: AsicLimits) -> Signed:
    data = box.read(name, max_bytes=MAX_MANIFEST_BYTES)
    archive = ARCHIVE_MANIFEST.fullmatch(name) is not None
    try:
        manifest = parse_manifest(data)
    except MalformedManifestError as exc:
        problem = finding("asic.manifest", name=name, what=exc)
        return Signed(manifest_name=name, archive=archive, data=data, problems=(problem,))
    read = Signed(manifest_name=name, archive=archive, manifest=manifest, data=data)
    try:
        return replace(read, container=_container(box, manifest.signature, limits, archive=archive))
    except MalformedSignatureError as exc:
        return replace(read, problems=(finding("signature.unreadable", what=exc),))


def _container(box: Box, name: str, limits: AsicLimits, *, archive: bool) -> SignedData:
    if name not in box.entries or not _is_meta(name):
        raise MalformedSignatureError(f"{name} is not there")
    signed = SignedData.load(box.read(name, max_bytes=limits.max_contents))
    if not archive:
        signed.require_order()
        if signed.content is not None:
            raise MalformedSignatureError("it carries a content of its own beside the files")
    return signed


def _judge_archives(judgement: Judgement, archives: list[Signed]) -> dict[str, Stamp]:
    """Judge the time-stamps over the container, the last one first: each proves that those it lists are older."""
    stamps: dict[str, Stamp] = {}
    for one in sorted(archives, key=lambda one: sum(one.name in holds(judgement, other) for other in archives)):
        later = _over(judgement, one, [other for other in archives if other.manifest_name in stamps], stamps)
        seen = [stamp.time for stamp in later if stamp.proven and stamp.time is not None]
        stamps[one.manifest_name] = judge_archive(judgement, one, min([*seen, judgement.now]))
    return stamps


def _over(judgement: Judgement, one: Signed, signed: Iterable[Signed], stamps: dict[str, Stamp]) -> list[Stamp]:
    """The time-stamps that cover a signature with its manifest."""
    return [
        stamps[other.manifest_name]
        for other in signed
        if other.archive and {one.name, one.manifest_name} <= holds(judgement, other)
    ]


def _box_findings(box: Box, judgement: Judgement, signed: list[Signed]) -> Iterator[Finding]:
    yield finding("asic.readable", count=len(judgement.documents))
    taken = {name for one in signed for name in (one.name, one.manifest_name)}
    foreign = [name for name in box.entries if _is_meta(name) and FOREIGN.search(name) and name not in taken]
    if foreign:
        yield finding("signature.unsupported", what=_listed(foreign))
    if not any(not one.archive for one in signed):
        yield finding("asic.no-signature")
        return
    covered = {name for one in signed if not one.archive for name in holds(judgement, one)}
    listed = {entry.name for one in signed if one.manifest is not None for entry in one.manifest.objects}
    if missing := sorted(judgement.documents - covered - listed):
        yield finding("asic.uncovered", names=_listed(missing))


def _listed(names: list[str]) -> str:
    more = "" if len(names) <= MAX_NAMED else f" … ({len(names)})"
    return ", ".join(names[:MAX_NAMED]) + more
