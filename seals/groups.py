"""Buying together (联合采购): a group, the election of its representative, and what a call-off has to keep to. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Final

from seals.errors import GroupError, GroupReason
from seals.intent import canonical_json

MIN_MEMBERS: Final = 2
MAX_MEMBERS: Final = 32  # as many principals as a joint mandate may have


class GroupState(StrEnum):
    """A group stands and falls with its charter."""

    FOUNDING = "founding"  # the charter is on its way
    FOUNDED = "founded"
    ABANDONED = "abandoned"  # the charter was declined, withdrawn or expired
    DISSOLVED = "dissolved"  # the charter was rescinded


class ElectionState(StrEnum):
    """How far an election is."""

    OPEN = "open"
    ELECTED = "elected"
    FAILED = "failed"  # all voted, and nobody can reach the threshold


class CallOffState(StrEnum):
    """What a call-off means for the member that made it."""

    ORDERED = "ordered"  # counts against the limit, obliges nobody yet
    OBLIGED = "obliged"  # sealed by the member and its supplier
    CANCELLED = "cancelled"  # its envelope ended without a contract, or the contract was rescinded


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One member's vote, with the passkey's answer that proves it."""

    voter: str  # USCC
    candidate: str
    person: str
    assertion: str
    challenge_sha256: str  # of the intent that was agreed to
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the ballots come to."""

    state: ElectionState
    elected: str | None


def require_members(members: Sequence[str]) -> None:
    """Pass if these can be a group.

    Raises:
        GroupError: too few, too many, or one twice.
    """
    if not MIN_MEMBERS <= len(members) <= MAX_MEMBERS or len(set(members)) != len(members):
        raise GroupError(GroupReason.MEMBERS, f"a group has {MIN_MEMBERS} to {MAX_MEMBERS} members, each once")


def require_threshold(threshold: int, *, members: int) -> None:
    """Pass if only one candidate can reach it: more than half, at most all.

    Raises:
        GroupError: it is not so.
    """
    if not members < 2 * threshold <= 2 * members:
        raise GroupError(GroupReason.THRESHOLD, f"more than half of {members} members elect, and at most all of them")


def tally(ballots: Mapping[str, str], *, members: int, threshold: int) -> Tally:
    """Count the votes (candidate by voter)."""
    counts = Counter(ballots.values()).most_common(1)
    best, votes = counts[0] if counts else (None, 0)
    if votes >= threshold:
        return Tally(state=ElectionState.ELECTED, elected=best)
    if votes + members - len(ballots) < threshold:
        return Tally(state=ElectionState.FAILED, elected=None)
    return Tally(state=ElectionState.OPEN, elected=None)


def election_record(
    *, election: str, charter_sha256: str, members: Sequence[str], threshold: int, ballots: Sequence[Ballot]
) -> bytes:
    """The record of an election in one spelling; a joint mandate names its SHA-256."""
    return canonical_json(
        {
            "type": "vermilion/election",
            "version": 1,
            "id": election,
            "charter": charter_sha256,
            "members": sorted(members),
            "threshold": threshold,
            "ballots": [
                {
                    "voter": one.voter,
                    "candidate": one.candidate,
                    "challenge": one.challenge_sha256,
                    "assertion": one.assertion,
                    "at": one.at.isoformat(),
                }
                for one in sorted(ballots, key=lambda one: one.voter)
            ],
        }
    )


def digest(record: bytes) -> str:
    return sha256(record).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A concluded framework contract, as far as call-offs are bound by it. All limits are inclusive."""

    members: frozenset[str]
    files: frozenset[bytes]  # SHA-256 of every state of the contract from its conclusion on
    concluded_at: datetime | None
    limit: Decimal  # of all call-offs together
    currency: str
    not_before: datetime
    not_after: datetime


def require_call_off(
    framework: Framework,
    *,
    member: str,
    refers_to: bytes | None,
    amount: Decimal | None,
    currency: str,
    taken: Decimal,
    now: datetime,
) -> None:
    """Pass if this member may call off this amount now; `taken` is what was called off before by all.

    Raises:
        GroupError: it may not; the reason names the rule.
    """
    left = framework.limit - taken
    stated = amount is not None and amount.is_finite() and amount > 0
    rules = (
        (GroupReason.NOT_A_MEMBER, member not in framework.members, "only a member of the group calls off"),
        (
            GroupReason.NOT_CONCLUDED,
            framework.concluded_at is None or framework.concluded_at > now,
            "the framework contract is not concluded",
        ),
        (
            GroupReason.REFERENCE,
            refers_to is None or refers_to not in framework.files,
            "the order does not refer to the framework contract by its hash",
        ),
        (
            GroupReason.PERIOD,
            not framework.not_before <= now <= framework.not_after,
            f"orders are made from {framework.not_before:%Y-%m-%d} to {framework.not_after:%Y-%m-%d}",
        ),
        (GroupReason.AMOUNT, not stated, "an order states its amount"),
        (GroupReason.CURRENCY, currency != framework.currency, f"orders are in {framework.currency}"),
        (
            GroupReason.LIMIT,
            stated and amount is not None and amount > left,
            f"of the framework contract {left} are left",
        ),
    )
    for reason, broken, text in rules:
        if broken:
            raise GroupError(reason, text)
