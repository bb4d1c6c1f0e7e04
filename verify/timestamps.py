"""Time-stamp tokens (RFC 3161): whether one proves that something existed at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from verify.chain import PathChecker
from verify.errors import MalformedCertificateError
from verify.purposes import TIME_STAMPING
from verify.report import Finding, Verdict
from verify.revocation import CLOCK_SKEW, Revocation
from verify.signed_data import MalformedSignatureError, SignedData, digest_of, token_imprint
from verify.wording import Both
from verify.words import finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What was seen of a token. `time` is what it says, `proven` whether that may be believed."""

    findings: tuple[Finding, ...]
    time: datetime | None = None
    subject: str | None = None
    intact: bool = False
    proven: bool = False
    path: tuple[str, ...] = ()
    revocation: Revocation | None = None


def judge_token(
    token: Any, imprint_of: Callable[[str], bytes], checker: PathChecker, *, seen_at: datetime, now: datetime
) -> Stamp:
    """Judge a parsed SignedData. `imprint_of` digests what the token should be about.

    `seen_at` is the time at which the token is known to have existed: that of a later time-stamp over it, or now. The
    authority's certificates have to be valid then; their revocation is asked as of the token's own time.
    """
    try:
        signed = token if isinstance(token, SignedData) else SignedData.of(token)
        algorithm, imprint, moment = token_imprint(signed)
        if imprint_of(algorithm) != imprint:
            return Stamp(findings=(finding("timestamp.wrong", what="it is about something else"),))
        signer = signed.signer()
        if signer is None:
            return Stamp(findings=(_untrusted("?", finding("signature.no-certificate")),), time=moment)
        if checker.altered(signed.certificates):
            return Stamp(findings=(finding("timestamp.wrong", what="a certificate in it was altered"),))
        wrong = signed.objection(signer, digest_of(signed.digest, signed.content or b""))
    except (MalformedSignatureError, MalformedCertificateError) as exc:
        return Stamp(findings=(finding("timestamp.wrong", what=exc),))
    if wrong is not None:
        return Stamp(findings=(finding("timestamp.wrong", what=Both(wrong.text, wrong.text_zh)),))
    return _judge_authority(signed, signer.der, checker, moment, seen_at, now)


def _judge_authority(
    signed: SignedData, der: bytes, checker: PathChecker, moment: datetime, seen_at: datetime, now: datetime
) -> Stamp:
    signer = checker.load(der)
    result = checker.check(
        signer, at=max(seen_at, moment), now=now, purpose=TIME_STAMPING, revoked_as_of=moment, proven=seen_at < now
    )
    strength = signed.strength(signer)
    seen = [one for one in (strength, *result.findings) if one.verdict is not Verdict.PASSED]
    if moment > now + CLOCK_SKEW:
        seen.append(finding("time.future", moment=moment.isoformat()))
    stamp = finding("timestamp.valid", subject=signer.subject, moment=moment.isoformat())
    return Stamp(
        findings=tuple(_untrusted(signer.subject, one) for one in seen) or (stamp,),
        time=moment,
        subject=signer.subject,
        intact=True,
        proven=not seen,
        path=tuple(one.distinguished for one in result.path),
        revocation=result.revocations[0] if result.revocations else None,
    )


def _untrusted(subject: str, because: Finding) -> Finding:
    return finding("timestamp.untrusted", subject=subject, what=Both(because.text, because.text_zh))
