"""One signature of a PDF, from its container to its report."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from verify.certificates import Certificate
from verify.chain import PathChecker
from verify.errors import MalformedCertificateError
from verify.judging import judge_path, name_of, seal_of, unproven
from verify.pdf_changes import Change
from verify.pdf_rules import entry
from verify.pdf_structure import PDF_ERRORS, Opened, PdfLimits, SignedRange, covers_whole, preload, signed_range
from verify.report import Finding, SignatureReport
from verify.signed_data import MalformedSignatureError, SignedData, digest_of, require_digest, token_imprint
from verify.timestamps import Stamp, judge_token
from verify.wording import Both
from verify.words import change, finding, joined

PADES: Final = "/ETSI.CAdES.detached"
STAMP: Final = "/ETSI.RFC3161"
DETACHED: Final = frozenset({PADES, "/adbe.pkcs7.detached"})
SHA1: Final = "/adbe.pkcs7.sha1"  # the content is the SHA-1 of the byte range (ISO 32000-1 §12.8.3.3)
FORM_FIELD_LEVELS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A filled signature field, taken apart as far as that went. `problem` says why not further."""

    name: str
    revision: int
    reference: Any
    stamp: bool = False  # a document time-stamp
    subfilter: str = ""
    signed: SignedData | None = None
    signed_range: SignedRange | None = None
    digest: str = "sha256"  # algorithm of the digest of the byte range
    docmdp: MDPPerm | None = None
    fieldmdp: FieldMDPSpec | None = None
    claimed: datetime | None = None
    problems: tuple[Finding, ...] = ()

    @property
    def label(self) -> str:
        return "timestamp" if self.stamp else "signature"


def read_field(name: str, raw: Any, opened: Opened, limits: PdfLimits) -> Field:
    """Take a signature field apart. Whatever is wrong with it is told by its `problems`."""
    reference, revision = None, opened.reader.total_revisions - 1
    try:
        reference = raw.raw_get("/V").reference
        revision = opened.reader.xrefs.get_last_change(reference)
        preload(opened, reference, limits)
        return _read_object(name, raw, reference, revision, opened, limits)
    except MalformedSignatureError as exc:
        problem = finding("signature.unreadable", what=exc)
    except PDF_ERRORS as exc:
        problem = finding("signature.unreadable", what=str(exc) or type(exc).__name__)
    return Field(name=name, revision=revision, reference=reference, problems=(problem,))


def _read_object(name: str, raw: Any, reference: Any, revision: int, opened: Opened, limits: PdfLimits) -> Field:
    signature = reference.get_object()
    subfilter = str(entry(signature, "/SubFilter", ""))
    stamp = entry(signature, "/Type") == "/DocTimeStamp" or subfilter == STAMP
    if subfilter not in {*DETACHED, SHA1, STAMP}:
        kind = finding("signature.unsupported", what=f"SubFilter {subfilter or 'missing'}")
        return Field(name=name, revision=revision, reference=reference, stamp=stamp, problems=(kind,))
    contents = signature.raw_get("/Contents").original_bytes
    if len(contents) > limits.max_contents:
        raise MalformedSignatureError(f"longer than {limits.max_contents} bytes")
    covered = signed_range(signature.raw_get("/ByteRange"), contents, opened, revision, reference)
    signed = SignedData.load(contents)
    if not stamp:
        signed.require_order()
    digest = _range_digest(signed, subfilter, stamp=stamp)
    require_digest(digest)
    return Field(
        name=name,
        revision=revision,
        reference=reference,
        stamp=stamp,
        subfilter=subfilter,
        signed=signed,
        signed_range=covered if isinstance(covered, SignedRange) else None,
        digest=digest,
        docmdp=_docmdp(signature, raw),
        fieldmdp=_fieldmdp(signature),
        claimed=signed.claimed_time or _declared_time(signature),
        problems=() if isinstance(covered, SignedRange) else (finding("signature.byte-range", what=covered),),
    )


def _range_digest(signed: SignedData, subfilter: str, *, stamp: bool) -> str:
    if stamp:
        return token_imprint(signed)[0]
    if subfilter == SHA1:
        return "sha1"
    if signed.content is not None:
        raise MalformedSignatureError("it carries a content of its own beside the file")
    return signed.digest


def _references(signature: Any, method: str) -> Iterator[Any]:
    for raw in entry(signature, "/Reference", ()):
        one = raw.get_object()
        if entry(one, "/TransformMethod") == method:
            yield entry(one, "/TransformParams")


def _docmdp(signature: Any, raw: Any) -> MDPPerm | None:
    """The permissions of ISO 32000-2 §12.8.2.2, 2 being the default, or those of the field's lock."""
    for parameters in _references(signature, "/DocMDP"):
        return MDPPerm(2 if parameters is None else entry(parameters, "/P", 2))
    lock = entry(raw, "/Lock")
    return MDPPerm(lock["/P"]) if lock is not None and "/P" in lock else None


def _fieldmdp(signature: Any) -> FieldMDPSpec | None:
    for parameters in _references(signature, "/FieldMDP"):
        return FieldMDPSpec.from_pdf_object(parameters)
    return None


def _declared_time(signature: Any) -> datetime | None:
    if "/M" not in signature:
        return None
    moment = generic.parse_pdf_date(signature["/M"], strict=False)
    return moment if isinstance(moment, datetime) and moment.tzinfo is not None else None


@dataclass(slots=True, kw_only=True)
class Judgement:
    """What one check of a file shares among its signatures."""

    opened: Opened
    checker: PathChecker
    now: datetime
    digests: dict[tuple[SignedRange, str], bytes]
    long_term: bool  # the file carries validation data
    covered: int = -1  # the last revision that an intact signature covers
    mathematics: dict[str, tuple[Certificate | None, tuple[Finding, ...]]] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)  # document time-stamps by field, the last one first

    def judge(self, one: Field, later: list[Change], fields: list[Field]) -> SignatureReport:
        """Report on a signature or document time-stamp. `later` are the changes of the revisions after it."""
        try:
            return _report_stamp(self, one, later) if one.stamp else _report_signature(self, one, later, fields)
        except PDF_ERRORS as exc:
            problem = finding("signature.unreadable", what=str(exc) or type(exc).__name__)
            return SignatureReport(field=one.name, kind=one.label, findings=(*one.problems, problem))

    def proofs_after(self, one: Field, fields: list[Field]) -> list[datetime]:
        """Times at which later, believed document time-stamps covered the field's revision."""
        later = [other for other in fields if other.stamp and other.revision > one.revision]
        stamps = [self.stamps[other.name] for other in later if other.name in self.stamps]
        return [stamp.time for stamp in stamps if stamp.proven and stamp.time is not None]

    def is_sound(self, one: Field) -> bool:
        """Whether the signature's mathematics hold, so that somebody answers for what its revision filled in."""
        return any(said.id == "signature.intact" for said in self.mathematics[one.name][1])

    def signer_name(self, one: Field) -> str | None:
        """Who signed, as the certificate says, whether it is believed or not."""
        signer, _ = self.mathematics[one.name]
        return name_of(signer)

    def digest_of(self, one: Field) -> bytes | None:
        return None if one.signed_range is None else self.digests[one.signed_range, one.digest]


def judge_stamp(judgement: Judgement, one: Field, fields: list[Field]) -> Stamp:
    """Judge a document time-stamp's token against the bytes it covers."""
    digest = judgement.digest_of(one)
    if one.signed is None or digest is None:
        return Stamp(findings=())
    seen_at = min([*judgement.proofs_after(one, fields), judgement.now])
    return judge_token(one.signed, lambda _: digest, judgement.checker, seen_at=seen_at, now=judgement.now)


def _report_stamp(judgement: Judgement, one: Field, later: list[Change]) -> SignatureReport:
    stamp = judgement.stamps.get(one.name, Stamp(findings=()))
    said = _said(later)
    return SignatureReport(
        field=one.name,
        kind="timestamp",
        findings=(*one.problems, *stamp.findings, *_change_findings(judgement, one, later)),
        signer=stamp.subject,
        claimed_time=stamp.time,
        time=stamp.time,
        time_source="document time-stamp" if stamp.proven else "claimed",
        covers_whole_document=_covers(judgement, one),
        changes_after=tuple(words.en for words in said),
        changes_after_zh=tuple(words.zh for words in said),
        path=stamp.path,
        revocation=None if stamp.revocation is None else stamp.revocation.words.en,
    )


def _report_signature(judgement: Judgement, one: Field, later: list[Change], fields: list[Field]) -> SignatureReport:
    signer, mathematics = judgement.mathematics[one.name]
    findings = [*one.problems, *mathematics]
    stamps = _stamps(judgement, one, fields)
    if one.signed is not None and judgement.checker.altered(one.signed.certificates):
        findings.append(finding("signature.container"))
    findings += [seen for stamp in stamps for seen in stamp.findings]
    times = [stamp.time for stamp in stamps if stamp.proven and stamp.time is not None]
    archived = judgement.proofs_after(one, fields)
    archives = [judgement.stamps[other.name] for other in fields if other.stamp and other.revision > one.revision]
    moment = min([*times, *archived], default=None)
    result = None
    if signer is not None:
        result = judge_path(judgement.checker, signer, moment=moment, claimed=one.claimed, now=judgement.now)
    findings += [] if result is None else result.findings
    if moment is None:
        findings += unproven(one.claimed, judgement.now)
    findings += _change_findings(judgement, one, later)
    said = _said(later)
    kind, code = (None, None) if signer is None else seal_of(signer, findings)
    return SignatureReport(
        field=one.name,
        kind="signature" if code is None else "seal",
        findings=tuple(findings),
        signer=name_of(signer),
        organization_identifier=None if signer is None else signer.attribute("organization_identifier"),
        seal_kind=kind,
        seal_code=code,
        level=_level(
            one,
            stamped=any(stamp.intact for stamp in (*stamps, *archives)),
            archived=any(stamp.intact for stamp in archives),
            long_term=judgement.long_term,
        ),
        claimed_time=one.claimed,
        time=moment or judgement.now,
        time_source="now" if moment is None else "time-stamp" if moment in times else "document time-stamp",
        covers_whole_document=_covers(judgement, one),
        changes_after=tuple(words.en for words in said),
        changes_after_zh=tuple(words.zh for words in said),
        path=() if result is None else tuple(step.distinguished for step in result.path),
        revocation=result.revocations[0].words.en if result is not None and result.revocations else None,
    )


def judge_mathematics(judgement: Judgement, one: Field) -> None:
    """Judge the signature value of one field, once, apart from all trust."""
    findings: list[Finding] = []
    signer = _signer(judgement, one, findings)
    judgement.mathematics[one.name] = signer, tuple(findings)


def _signer(judgement: Judgement, one: Field, findings: list[Finding]) -> Certificate | None:
    if one.signed is None or one.stamp:
        return None
    try:
        signer = one.signed.signer()
    except MalformedCertificateError as exc:
        findings.append(finding("certificate.malformed", subject="?", what=exc))
        return None
    if signer is None:
        findings.append(finding("signature.no-certificate"))
        return None
    findings += [*_mathematics(judgement, one, one.signed, signer), one.signed.strength(signer, over=one.digest)]
    return signer


def _mathematics(judgement: Judgement, one: Field, signed: SignedData, signer: Certificate) -> Iterator[Finding]:
    digest = judgement.digest_of(one)
    if digest is None:
        return
    if one.subfilter == SHA1:
        if signed.content != digest:
            yield finding("signature.altered")
            return
        digest = digest_of(signed.digest, signed.content)
    yield signed.objection(signer, digest) or finding("signature.intact")
    if not signed.has_attributes:
        yield finding("signature.unbound")


def _stamps(judgement: Judgement, one: Field, fields: list[Field]) -> list[Stamp]:
    """The signature time-stamps, judged."""
    signed = one.signed
    if signed is None:
        return []
    seen_at = min([*judgement.proofs_after(one, fields), judgement.now])

    def imprint_of(algorithm: str) -> bytes:
        return digest_of(algorithm, signed.signer_info["signature"].native)

    return [
        judge_token(token, imprint_of, judgement.checker, seen_at=seen_at, now=judgement.now)
        for token in signed.tokens()
    ]


def _change_findings(judgement: Judgement, one: Field, later: list[Change]) -> Iterator[Finding]:
    """Judge what was done to the file after the signature."""
    if one.signed_range is None:
        return
    broken = [
        words for one_change in later if one_change.breaks(one.docmdp, one.fieldmdp) for words in one_change.words
    ]
    for number, one_change in enumerate(later, start=one.revision + 1):
        if number <= judgement.covered:  # somebody signed for it: not a filling that waits for its signature
            broken += [change("not-theirs", name=name) for name in one_change.strangers]
    if broken:
        yield finding("changes.forbidden", what=joined(broken))
        return
    unsigned = [
        one_change
        for number, one_change in enumerate(later, start=one.revision + 1)
        if one_change.level.value >= FORM_FIELD_LEVELS and one_change.filled and number > judgement.covered
    ]
    if unsigned:
        yield finding("changes.form", what=joined(words for one_change in unsigned for words in one_change.words))
    elif later:
        yield finding("changes.allowed", what=joined(_said(later)))
    else:
        yield finding("changes.none")


def _said(later: list[Change]) -> list[Both]:
    return list(dict.fromkeys(words for change in later for words in change.words))


def _covers(judgement: Judgement, one: Field) -> bool:
    intact = one.signed_range is not None and judgement.opened.tail == 0
    return intact and one.signed_range is not None and covers_whole(judgement.opened, one.signed_range)


def _level(one: Field, *, stamped: bool, archived: bool, long_term: bool) -> str | None:
    """The PAdES baseline level (ETSI EN 319 142-1 §6), or None for what is not PAdES."""
    if one.subfilter != PADES or one.signed is None or not one.signed.names_certificate:
        return None
    if not stamped:
        return "B-B"
    if not long_term:
        return "B-T"
    return "B-LTA" if archived else "B-LT"
