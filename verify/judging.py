"""What every kind of signature is asked, whatever file it stands in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verify import oids
from verify.certificates import Certificate
from verify.chain import PathChecker, PathResult
from verify.errors import MalformedCertificateError
from verify.evidence import Evidence
from verify.extensions import seal_info
from verify.purposes import SIGNING
from verify.report import Finding
from verify.revocation import CLOCK_SKEW
from verify.signed_data import MalformedSignatureError, SignedData
from verify.wording import Both
from verify.words import finding

MAX_MATERIAL: Final = 512  # certificates, OCSP answers and CRLs read from one file, of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a file brings along to be judged by. Each piece is checked before it counts."""

    authorities: tuple[bytes, ...]  # DER certificates that could stand above another one
    evidence: Evidence
    long_term: bool  # it carries revocation information


def material_of(
    containers: Iterable[SignedData],
    *,
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
) -> Material:
    """Gather what stands in the signatures of a file, their time-stamps included, and beside them."""
    found, lists, answers = list(certificates), list(crls), list(ocsps)
    for outer in containers:
        for signed in (outer, *_tokens(outer)):
            found += signed.certificates[:MAX_MATERIAL]
            more_lists, more_answers = signed.evidence()
            lists += more_lists[:MAX_MATERIAL]
            answers += more_answers[:MAX_MATERIAL]
    return Material(
        authorities=tuple(der for der in dict.fromkeys(found[:MAX_MATERIAL]) if _issues(der)),
        evidence=Evidence.of(crls=lists[:MAX_MATERIAL], ocsps=answers[:MAX_MATERIAL], in_file=True),
        long_term=bool(lists or answers),
    )


def _tokens(signed: SignedData) -> Iterator[SignedData]:
    for token in signed.tokens():
        try:
            yield SignedData.of(token)
        except MalformedSignatureError:
            continue


def _issues(der: bytes) -> bool:
    """Whether a certificate could stand above another one; those of signers need not be searched."""
    try:
        one = Certificate.load(der)
    except MalformedCertificateError:
        return False
    return one.is_authority or "crl_sign" in (one.key_usage or ())


def judge_path(
    checker: PathChecker, signer: Certificate, *, moment: datetime | None, claimed: datetime | None, now: datetime
) -> PathResult:
    """Judge the signer's path as of the proven `moment`, or of now."""
    result = checker.check(signer, at=moment or now, now=now, proven=moment is not None, purpose=SIGNING)
    revoked = result.revocations[0].revoked_at if result.revocations else None
    if moment is None and revoked is not None and claimed is not None and claimed >= revoked:
        # The signer's own clock says that it was revoked already: no time-stamp could help.
        return checker.check(signer, at=now, now=now, proven=True, purpose=SIGNING)
    return result


def unproven(claimed: datetime | None, now: datetime) -> Iterator[Finding]:
    """What is said of a signature that no time-stamp proves."""
    if claimed is not None and claimed > now + CLOCK_SKEW:
        yield finding("time.future", moment=claimed.isoformat())
    else:
        said = Both("nothing", "未说明") if claimed is None else claimed.isoformat()
        yield finding("time.claimed", moment=said)


def seal_of(signer: Certificate, findings: list[Finding]) -> tuple[str | None, str | None]:
    """Kind and code of the seal whose certificate this is; what is wrong with them is added to `findings`."""
    if oids.EXTENSION_SEAL.dotted_string not in signer.extensions:
        return None, None
    try:
        info = seal_info(signer.native)
    except MalformedCertificateError as exc:
        findings.append(finding("certificate.malformed", subject=signer.subject, what=exc))
        return None, None
    return (None, None) if info is None else (info.kind, info.code.as_str())


def name_of(signer: Certificate | None) -> str | None:
    """The organisation, or else the whole subject."""
    return None if signer is None else signer.attribute("organization_name") or signer.subject
