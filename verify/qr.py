"""The check of a licence code (ELQ1), offline: key list, revocation lists and status lists are given, nothing is fetched."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from verify import cose
from verify.elq1 import MAX_CHARS, PREFIX, UncheckedToken, encode_elq1, escape, parse, payload_of
from verify.errors import MalformedStatusListError, MalformedTokenError
from verify.report import Finding, Report, Verdict
from verify.signers import SignerCheck, check_signer
from verify.status import Status, StatusList, UncheckedStatusList, parse_status_list
from verify.trust import Trust

__all__ = ["MAX_CHARS", "PREFIX", "UncheckedToken", "check_qr", "encode_elq1", "escape", "parse", "payload_of"]

KIND: Final = "licence-qr"
DYNAMIC: Final = "ELQ2:"
MAX_SKEW: Final = timedelta(minutes=5)  # how far the issuer's clock may be ahead of ours
MAX_STATUS_AGE: Final = timedelta(days=7)

MEANING: Final = Finding(
    "qr.meaning",
    Verdict.PASSED,
    "A printed code proves that the licence exists and is in force. It does not prove that whoever shows it is the enterprise.",
    "印制的二维码仅证明该执照真实存在且有效，不能证明出示者就是该企业。",
)


def check_qr(
    text: str,
    trust: Trust,
    *,
    now: datetime,
    max_status_age: timedelta = MAX_STATUS_AGE,
    max_skew: timedelta = MAX_SKEW,
) -> Report:
    """Check what a scanner read: the bare code, or the URL whose fragment carries it. Never raises for the text.

    `facts` hold the licence only if its signature is good and by a trusted signer. Limits are inclusive.
    """
    try:
        payload = payload_of(text)
        if not payload.startswith(PREFIX):
            return Report(kind="unknown", checked_at=now, findings=(_other_kind(payload),))
        token = parse(payload)
    except MalformedTokenError as exc:
        return Report(kind=KIND, checked_at=now, findings=(_malformed(exc),))
    return _check(token, trust, now=now, max_status_age=max_status_age, max_skew=max_skew)


def _check(
    token: UncheckedToken, trust: Trust, *, now: datetime, max_status_age: timedelta, max_skew: timedelta
) -> Report:
    signer = check_signer(token.message.kid, trust, now=now, area="qr")
    findings = [*signer.findings]
    if (key := signer.key) is None:
        return Report(kind=KIND, checked_at=now, findings=(*findings, MEANING))
    findings.append(_signature(good := cose.is_signed_by(token.message, key)))
    if not good:
        return Report(kind=KIND, checked_at=now, findings=(*findings, MEANING))
    findings.append(_time(token, signer.path[0], now=now, max_skew=max_skew))
    findings.extend(_status(token, signer, trust, now=now, max_age=max_status_age, max_skew=max_skew))
    return Report(kind=KIND, checked_at=now, findings=(*findings, MEANING), facts=token.claims.facts())


def _other_kind(payload: str) -> Finding:
    if payload.startswith(DYNAMIC):
        return Finding(
            "qr.elq2",
            Verdict.INDETERMINATE,
            "This is a dynamic licence code (ELQ2), which is not supported by this version.",
            "这是动态执照码（ELQ2），本版本尚不支持。",
        )
    return Finding(
        "qr.other-kind",
        Verdict.INDETERMINATE,
        "This is another kind of code, not a licence code. Nothing was checked.",
        "这是其他类型的二维码，不是执照二维码，未作任何核验。",
    )


def _malformed(exc: MalformedTokenError) -> Finding:
    return Finding(
        "qr.format",
        Verdict.FAILED,
        f"This is no licence code that the authority could have issued: {exc}.",
        "这不是登记机关可能签发的执照二维码：格式不符。",
    )


def _signature(good: bool) -> Finding:  # noqa: FBT001 - the one thing this says
    if good:
        return Finding("qr.signature", Verdict.PASSED, "The authority's signature is good.", "登记机关的签名有效。")
    return Finding(
        "qr.signature",
        Verdict.FAILED,
        "The signature does not fit: the code was changed or forged.",
        "签名不符：二维码被篡改或伪造。",
    )


def _time(token: UncheckedToken, certificate: x509.Certificate, *, now: datetime, max_skew: timedelta) -> Finding:
    issued, expires = token.claims.issued_at, token.claims.expires_at
    if issued > now + max_skew:
        return Finding(
            "qr.time",
            Verdict.FAILED,
            f"Issued in the future, at {issued:%Y-%m-%d %H:%M} UTC.",
            "签发时间晚于当前时间。",
        )
    if issued < certificate.not_valid_before_utc - max_skew:
        return Finding(
            "qr.time",
            Verdict.FAILED,
            "Issued before the signing certificate was valid.",
            "签发时间早于签名证书的生效时间。",
        )
    if expires <= now:
        return Finding(
            "qr.time",
            Verdict.FAILED,
            f"This code expired on {expires:%Y-%m-%d}. Ask for a new one.",
            f"此二维码已于{expires:%Y-%m-%d}失效，请要求出示新的二维码。",
        )
    return Finding(
        "qr.time",
        Verdict.PASSED,
        f"Issued on {issued:%Y-%m-%d}, valid until {expires:%Y-%m-%d}.",
        f"{issued:%Y-%m-%d}签发，有效期至{expires:%Y-%m-%d}。",
    )


def _status(
    token: UncheckedToken, signer: SignerCheck, trust: Trust, *, now: datetime, max_age: timedelta, max_skew: timedelta
) -> tuple[Finding, ...]:
    """Find the newest status list that may speak about this licence, and read its place in it."""
    newest = _newest(token, signer, trust, now=now, max_skew=max_skew)
    if newest is None:
        return (
            Finding(
                "qr.status",
                Verdict.INDETERMINATE,
                f"Whether the licence is still in force is not known. Fetch the status list {token.claims.status_uri} "
                "and check again.",
                f"无法确认执照是否仍然有效。请获取状态列表{token.claims.status_uri}后再次核验。",
            ),
        )
    state = newest.status(token.claims.status_index)
    stale = now >= newest.expires_at or now - newest.issued_at > max_age
    return (_state(state, newest, stale=stale),)


def _state(state: Status | None, listed: StatusList, *, stale: bool) -> Finding:
    when = f"{listed.issued_at:%Y-%m-%d %H:%M} UTC"
    if state is Status.INVALID:  # for good: an old list is as true as a new one
        return Finding(
            "qr.status",
            Verdict.FAILED,
            f"The licence is no longer in force: revoked, cancelled or replaced (status of {when}).",
            f"执照已不再有效：已吊销、注销或换发（状态截至{when}）。",
        )
    if stale:
        return Finding(
            "qr.status",
            Verdict.INDETERMINATE,
            f"The status list at hand is too old ({when}). Fetch the current one: {listed.uri}.",
            f"现有状态列表已过期（{when}），请重新获取：{listed.uri}。",
        )
    if state is Status.SUSPENDED:
        return Finding(
            "qr.status",
            Verdict.FAILED,
            f"The licence is suspended at present (status of {when}).",
            f"执照目前处于暂停状态（状态截至{when}）。",
        )
    if state is Status.VALID:
        return Finding(
            "qr.status", Verdict.PASSED, f"The licence is in force (status of {when}).", f"执照有效（状态截至{when}）。"
        )
    return Finding(
        "qr.status",
        Verdict.INDETERMINATE,
        "The status list says nothing that is understood about this licence. Ask the authority.",
        "状态列表中没有关于此执照的可识别信息，请向登记机关查询。",
    )


def _newest(
    token: UncheckedToken, signer: SignerCheck, trust: Trust, *, now: datetime, max_skew: timedelta
) -> StatusList | None:
    found = []
    for data in trust.status_lists:
        try:
            one = parse_status_list(data)
        except MalformedStatusListError:
            continue  # what cannot be read proves nothing; others may be there
        if one.list.uri != token.claims.status_uri or one.list.issued_at > now + max_skew:
            continue
        same = one.message.kid == token.message.kid
        other = signer if same else check_signer(one.message.kid, trust, now=now, area="status")
        if _believed(one, other, signer):
            found.append(one.list)
    return max(found, key=lambda one: one.issued_at, default=None)


def _believed(one: UncheckedStatusList, other: SignerCheck, signer: SignerCheck) -> bool:
    """A status list counts if a trusted signer under the same anchor signed it: no authority speaks for another."""
    if (key := other.key) is None or other.path[-1] != signer.path[-1]:
        return False
    return cose.is_signed_by(one.message, key)
