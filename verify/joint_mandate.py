"""A joint mandate: several enterprises let one of them seal in the name of all (docs/spec/consortium.md).

One JSON file: the payload, and one detached CAdES signature over it by the official seal of each principal. Every value
has one spelling: what is decoded is encoded again and compared.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from verify.asic_signature import Judgement, Signed, report_signature
from verify.chain import PathChecker
from verify.errors import MalformedMandateError
from verify.judging import material_of
from verify.path_rules import ChainLimits
from verify.report import Finding, SignatureReport, Verdict
from verify.signed_data import MalformedSignatureError, SignedData
from verify.trust import Trust
from verify.wording import Both
from verify.words import finding

TYPE: Final = "vermilion/joint-mandate"
VERSION: Final = 1
SUBSTITUTION: Final = "not_allowed"  # the attorney gives nothing on
IDENTIFIER_PREFIX: Final = "NTRCN-"  # organizationIdentifier, ETSI EN 319 412-1 §5.1.4
MAX_BYTES: Final = 1 << 20
MIN_PRINCIPALS: Final = 2
MAX_PRINCIPALS: Final = 32
MAX_LIST: Final = 32  # seal kinds, matters
MAX_TEXT: Final = 200  # characters
MAX_SIGNATURE: Final = 128 << 10  # octets
HASH: Final = re.compile(r"[0-9a-f]{64}")  # SHA-256
IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
USCC: Final = re.compile(r"[0-9A-Z]{18}")
AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]*[1-9])?")
CURRENCY: Final = re.compile(r"[A-Z]{3}")  # ISO 4217
MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An enterprise as the mandate names it."""

    uscc: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JointMandate:
    """What is signed. The period is inclusive, in whole seconds."""

    id: str
    group: str  # SHA-256 of the concluded charter, hexadecimal
    election_sha256: str  # of the record of the election
    principals: tuple[Body, ...]  # by USCC
    attorney: Body
    kinds: tuple[str, ...]  # of the attorney's own seals
    matters: tuple[str, ...]
    max_amount: str | None  # decimal, of one contract
    currency: str  # empty where no amount is set
    not_before: datetime
    not_after: datetime
    status: str  # address that tells whether it was withdrawn

    def payload(self) -> bytes:
        """The exact bytes that each principal signs: sorted keys, no blanks, UTF-8."""
        return _canonical(
            {
                "type": TYPE,
                "version": VERSION,
                "id": self.id,
                "group": self.group,
                "election": self.election_sha256,
                "principals": [{"uscc": one.uscc, "name": one.name} for one in self.principals],
                "attorney": {"uscc": self.attorney.uscc, "name": self.attorney.name},
                "scope": {
                    "kinds": list(self.kinds),
                    "matters": list(self.matters),
                    "max_amount": self.max_amount,
                    "currency": self.currency,
                },
                "substitution": SUBSTITUTION,
                "not_before": self.not_before.astimezone(UTC).strftime(MOMENT),
                "not_after": self.not_after.astimezone(UTC).strftime(MOMENT),
                "status": self.status,
            }
        )

    @classmethod
    def parse(cls, payload: bytes) -> "JointMandate":
        """Read what `payload` wrote.

        Raises:
            MalformedMandateError: it is none, or in another spelling.
        """
        found = _json(payload)
        try:
            scope = found["scope"]
            one = cls(
                id=_text(found["id"]),
                group=_text(found["group"]),
                election_sha256=_text(found["election"]),
                principals=tuple(_body(each) for each in found["principals"]),
                attorney=_body(found["attorney"]),
                kinds=tuple(_text(each) for each in scope["kinds"]),
                matters=tuple(_text(each) for each in scope["matters"]),
                max_amount=None if scope["max_amount"] is None else _text(scope["max_amount"]),
                currency=_text(scope["currency"]),
                not_before=_moment(found["not_before"]),
                not_after=_moment(found["not_after"]),
                status=_text(found["status"]),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise MalformedMandateError("a member is missing or of another form") from exc
        if one.payload() != payload:
            raise MalformedMandateError("it is not in its one spelling")
        if objection := one.objection():
            raise MalformedMandateError(objection)
        return one

    def objection(self) -> str | None:
        """Why this can be no joint mandate, or None."""
        codes = [one.uscc for one in self.principals]
        bodies = (*self.principals, self.attorney)
        rules = (
            (not IDENTITY.fullmatch(self.id), "its identity is not 32 hexadecimal digits"),
            (not HASH.fullmatch(self.group) or not HASH.fullmatch(self.election_sha256), "a hash is not a SHA-256"),
            (
                not MIN_PRINCIPALS <= len(codes) <= MAX_PRINCIPALS,
                f"it has {MIN_PRINCIPALS} to {MAX_PRINCIPALS} principals",
            ),
            (codes != sorted(set(codes)), "principals are named once, in the order of their codes"),
            (any(not USCC.fullmatch(one.uscc) for one in bodies), "a credit code has 18 characters"),
            (any(not 0 < len(one.name) <= MAX_TEXT for one in bodies), "a name is missing or too long"),
            (any(_bad_list(one) for one in (self.kinds, self.matters)), "kinds and matters are named, each once"),
            ((self.max_amount is None) != (not self.currency), "an amount has a currency, and only it has"),
            (self.max_amount is not None and not AMOUNT.fullmatch(self.max_amount), "the amount is not a number"),
            (self.currency != "" and not CURRENCY.fullmatch(self.currency), "the currency is not three letters"),
            (self.not_after < self.not_before, "its period ends before it begins"),
            (len(self.status) > MAX_TEXT, "the address of its status is too long"),
        )
        return next((text for broken, text in rules if broken), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A joint mandate with what stands over it. Nothing in it is believed yet."""

    mandate: JointMandate
    signatures: Mapping[str, bytes]  # by the principal's USCC: detached CMS over the payload

    def encode(self) -> bytes:
        """The file, in its one spelling."""
        return _canonical(
            {
                "payload": b64encode(self.mandate.payload()).decode(),
                "signatures": [
                    {"principal": uscc, "cms": b64encode(self.signatures[uscc]).decode()}
                    for uscc in sorted(self.signatures)
                ],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "Credential":
        """Read a file.

        Raises:
            MalformedMandateError: it is none, or in another spelling.
        """
        if len(data) > MAX_BYTES:
            raise MalformedMandateError(f"longer than {MAX_BYTES} bytes")
        found = _json(data)
        try:
            payload = b64decode(found["payload"], validate=True)
            signatures = {_text(one["principal"]): b64decode(one["cms"], validate=True) for one in found["signatures"]}
        except (KeyError, TypeError, ValueError, Base64Error) as exc:
            raise MalformedMandateError("a member is missing or of another form") from exc
        one = cls(mandate=JointMandate.parse(payload), signatures=signatures)
        if one.encode() != data:
            raise MalformedMandateError("it is not in its one spelling")
        if any(len(each) > MAX_SIGNATURE for each in signatures.values()):
            raise MalformedMandateError(f"a signature is longer than {MAX_SIGNATURE} octets")
        return one


def judge_principals(
    credential: Credential, trust: Trust, *, now: datetime, limits: ChainLimits | None = None
) -> dict[str, SignatureReport | None]:
    """Report on the signature of each principal; None where there is none or it cannot be read."""
    payload = credential.mandate.payload()
    containers: dict[str, SignedData] = {}
    for uscc, der in credential.signatures.items():
        try:
            containers[uscc] = SignedData.load(der)
        except MalformedSignatureError:
            continue
    material = material_of(containers.values())
    judgement = Judgement(
        checker=PathChecker(trust, extra=material.authorities, evidence=material.evidence, limits=limits),
        now=now,
        digests={},
        documents=frozenset(),
        long_term=material.long_term,
    )
    reports: dict[str, SignatureReport | None] = {}
    for one in credential.mandate.principals:
        container = containers.get(one.uscc)
        reports[one.uscc] = (
            None
            if container is None or container.content is not None
            else report_signature(
                judgement, Signed(manifest_name=one.uscc, archive=False, data=payload, container=container), []
            )
        )
    return reports


def check_mandate(
    credential: Credential, seal: SignatureReport, trust: Trust, *, now: datetime, limits: ChainLimits | None = None
) -> tuple[Finding, ...]:
    """What a joint mandate says about a seal of its attorney; nothing at all about anybody else's.

    The seal's own findings stay with the seal: this answers for whom it was used, and by which right.
    """
    mandate = credential.mandate
    if seal.organization_identifier != IDENTIFIER_PREFIX + mandate.attorney.uscc:
        return ()
    wrong = _objections(mandate, seal)
    extra = sorted(set(credential.signatures) - {one.uscc for one in mandate.principals})
    if extra:
        wrong.append(finding("mandate.foreign", id=mandate.id, who=", ".join(extra)))
    reports = judge_principals(credential, trust, now=now, limits=limits)
    for one in mandate.principals:
        wrong += _principal(mandate, one, reports[one.uscc])
    if wrong:
        return tuple(wrong)
    moment = seal.time or now
    return (
        finding(
            "mandate.joint",
            attorney=mandate.attorney.name,
            principals=_names(mandate.principals),
            id=mandate.id,
            moment=moment.astimezone(UTC).strftime(MOMENT),
            scope=_scope(mandate),
            status=mandate.status,
        ),
    )


def _objections(mandate: JointMandate, seal: SignatureReport) -> list[Finding]:
    wrong = []
    if seal.seal_kind not in mandate.kinds:
        kind = seal.seal_kind or "none"
        wrong.append(finding("mandate.seal-kind", id=mandate.id, kind=kind, kinds=", ".join(mandate.kinds)))
    if seal.time is None or not mandate.not_before <= seal.time <= mandate.not_after:
        wrong.append(
            finding(
                "mandate.period",
                id=mandate.id,
                begins=mandate.not_before.strftime(MOMENT),
                ends=mandate.not_after.strftime(MOMENT),
                moment="?" if seal.time is None else seal.time.astimezone(UTC).strftime(MOMENT),
            )
        )
    return wrong


def _principal(mandate: JointMandate, one: Body, report: SignatureReport | None) -> list[Finding]:
    if report is None:
        return [finding("mandate.unsigned", id=mandate.id, principal=one.name)]
    named = report.organization_identifier == IDENTIFIER_PREFIX + one.uscc and report.signer == one.name
    if not named:
        return [finding("mandate.other-signer", id=mandate.id, principal=one.name, signer=report.signer or "?")]
    if report.seal_kind != "official":  # 法定名称章: the seal that stands for the enterprise as a whole
        return [finding("mandate.principal-seal", id=mandate.id, principal=one.name)]
    if report.verdict is Verdict.PASSED:
        return []
    worst = [said for said in report.findings if said.verdict is report.verdict]
    what = Both(" ".join(said.text for said in worst), "".join(said.text_zh for said in worst))
    return [finding("mandate.principal", verdict=report.verdict, id=mandate.id, principal=one.name, what=what)]


def _names(bodies: Sequence[Body]) -> Both:
    return Both(", ".join(one.name for one in bodies), "、".join(one.name for one in bodies))


def _scope(mandate: JointMandate) -> Both:
    matters = ", ".join(mandate.matters)
    if mandate.max_amount is None:
        return Both(f"{matters}; no limit in money", f"{'、'.join(mandate.matters)}；不限金额")
    limit = f"{mandate.max_amount} {mandate.currency}"
    return Both(f"{matters}; at most {limit}", f"{'、'.join(mandate.matters)}；不超过 {limit}")


def _bad_list(values: tuple[str, ...]) -> bool:
    short = all(0 < len(one) <= MAX_TEXT for one in values)
    return not (0 < len(values) <= MAX_LIST and len(set(values)) == len(values) and short)


def _body(found: Any) -> Body:
    return Body(uscc=_text(found["uscc"]), name=_text(found["name"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _moment(value: Any) -> datetime:
    return datetime.strptime(_text(value), MOMENT).replace(tzinfo=UTC)


def _json(data: bytes) -> Any:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise MalformedMandateError("it is not JSON") from exc
    if not isinstance(found, dict):
        raise MalformedMandateError("it is not a JSON object")
    return found


def _canonical(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode(
        "utf-8", "surrogatepass"
    )  # a lone surrogate cannot be decoded again: it is refused as a spelling
