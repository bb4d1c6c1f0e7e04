"""Approval of a seal-use request (用印审批): one of, all of, or in order. A function of the rule, what was decided, and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from seals.errors import ApprovalError, ApprovalReason

MAX_APPROVERS: Final = 16
MAX_WITHIN: Final = timedelta(days=90)
MAX_REASON: Final = 256  # characters


class Mode(StrEnum):
    """How many of the approvers have to agree, and in which order."""

    ONE_OF = "one_of"  # 或签
    ALL_OF = "all_of"  # 会签
    ORDERED = "ordered"  # 依次


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Who approves the use of a seal. A request keeps the rule under which it was asked."""

    mode: Mode
    approvers: tuple[str, ...]  # persons; in order where that matters
    within: timedelta  # from the asking; inclusive

    def __post_init__(self) -> None:
        """Refuse a rule that nobody could meet.

        Raises:
            ApprovalError: no approver, one twice, too many, or no time.
        """
        if not 1 <= len(self.approvers) <= MAX_APPROVERS or len(set(self.approvers)) != len(self.approvers):
            raise ApprovalError(ApprovalReason.RULE, f"a rule names 1 to {MAX_APPROVERS} approvers, each once")
        if not timedelta(0) < self.within <= MAX_WITHIN:
            raise ApprovalError(
                ApprovalReason.RULE, f"the time for approval is above 0 and at most {MAX_WITHIN.days} days"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one approver decided; a refusal has a reason."""

    person: str
    approved: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request as far as approval is concerned."""

    by: str  # the person who asked: never his own approver
    at: datetime
    present: frozenset[str]  # approvers who still may approve: those who left the enterprise may not


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who may decide now, and who would have to but has left: while there are such, the request is blocked."""

    next: tuple[str, ...]
    blocked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Everybody whose consent is needed has given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refusal is enough."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Not approved in time."""

    at: datetime


Standing: TypeAlias = Waiting | Approved | Refused | Expired


def state(rule: ApprovalRule, decisions: Sequence[Decision], asked: Asked, now: datetime) -> Standing:
    """Where the request stands.

    One-of skips approvers who left, and the asker himself. All-of and ordered demand everybody's consent but the
    asker's own: somebody who left blocks the request, visibly, until it is withdrawn, or expires. A consent that was
    given stays given when its giver leaves later.
    """
    needed = [one for one in rule.approvers if one != asked.by]
    counted = [one for one in decisions if one.person in needed]
    if refusal := next((one for one in counted if not one.approved), None):
        return Refused(by=refusal.person, reason=refusal.reason)
    agreed = {one.person for one in counted}
    if needed and (agreed if rule.mode is Mode.ONE_OF else agreed >= set(needed)):
        return Approved()
    end = asked.at + rule.within
    if now > end:
        return Expired(at=end)
    left = [one for one in needed if one not in agreed]
    gone = tuple(one for one in left if one not in asked.present)
    here = tuple(one for one in left if one in asked.present)
    match rule.mode:
        case Mode.ONE_OF:
            return Waiting(next=here, blocked_by=() if here else gone)
        case Mode.ALL_OF:
            return Waiting(next=here, blocked_by=gone)
        case Mode.ORDERED:
            return Waiting(next=() if left[:1] == list(gone[:1]) else tuple(left[:1]), blocked_by=gone[:1])


def require_turn(
    rule: ApprovalRule, decisions: Sequence[Decision], asked: Asked, decision: Decision, now: datetime
) -> None:
    """Pass if this decision may be taken now.

    Raises:
        ApprovalError: by nobody who is asked, on his own request, not his turn, a second time, too late, without a reason.
    """
    if decision.person == asked.by:
        raise ApprovalError(
            ApprovalReason.OWN_REQUEST, "nobody approves or refuses his own request; withdraw it instead"
        )
    if decision.person not in rule.approvers:
        raise ApprovalError(ApprovalReason.NOT_APPROVER, "this request goes to other approvers")
    if any(one.person == decision.person for one in decisions):
        raise ApprovalError(ApprovalReason.DECIDED, "decided already")
    standing = state(rule, decisions, asked, now)
    if isinstance(standing, Expired):
        raise ApprovalError(ApprovalReason.LATE, f"the time for approval ended at {standing.at:%Y-%m-%d %H:%M:%S} UTC")
    if not isinstance(standing, Waiting):
        raise ApprovalError(ApprovalReason.DECIDED, "decided already")
    if decision.person not in asked.present:
        raise ApprovalError(ApprovalReason.LEFT, "an approver who left the enterprise decides nothing")
    if decision.person not in standing.next:
        raise ApprovalError(ApprovalReason.NOT_YET, "somebody else decides before")
    if not decision.approved and not decision.reason.strip():
        raise ApprovalError(ApprovalReason.NO_REASON, "a refusal has a reason")
    if len(decision.reason) > MAX_REASON:
        raise ApprovalError(ApprovalReason.NO_REASON, f"a reason has at most {MAX_REASON} characters")
