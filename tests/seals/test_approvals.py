"""Approval as a table: the rule, who decided what, who is still there, and where the request stands then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from seals.approvals import (
    MAX_APPROVERS,
    MAX_REASON,
    MAX_WITHIN,
    ApprovalRule,
    Approved,
    Asked,
    Decision,
    Expired,
    Mode,
    Refused,
    Standing,
    Waiting,
    require_turn,
    state,
)
from seals.errors import ApprovalError, ApprovalReason

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
WITHIN = timedelta(days=3)
ONE, ALL, ORDER = Mode.ONE_OF, Mode.ALL_OF, Mode.ORDERED


def rule(mode: Mode, approvers: str = "abc", within: timedelta = WITHIN) -> ApprovalRule:
    return ApprovalRule(mode=mode, approvers=tuple(approvers), within=within)


def yes(who: str) -> Decision:
    return Decision(person=who, approved=True)


def no(who: str, why: str = "no") -> Decision:
    return Decision(person=who, approved=False, reason=why)


def asked(by: str = "x", present: str = "abc") -> Asked:
    return Asked(by=by, at=AT, present=frozenset(present))


def waits(following: str, blocked_by: str = "") -> Waiting:
    return Waiting(next=tuple(following), blocked_by=tuple(blocked_by))


CASES = [
    (ONE, [], {}, waits("abc")),
    (ONE, [yes("b")], {}, Approved()),
    (ONE, [no("b")], {}, Refused(by="b", reason="no")),
    (ONE, [], {"present": "bc"}, waits("bc")),  # who left is skipped
    (ONE, [], {"present": ""}, waits("", "abc")),  # nobody is left
    (ONE, [], {"by": "a"}, waits("bc")),  # never his own
    (ONE, [yes("a")], {"by": "a"}, waits("bc")),
    (ONE, [yes("b")], {"present": "ac"}, Approved()),  # a consent outlives its giver's leaving
    (ALL, [], {}, waits("abc")),
    (ALL, [yes("c")], {}, waits("ab")),
    (ALL, [yes("c"), yes("a")], {}, waits("b")),
    (ALL, [yes("c"), yes("a"), yes("b")], {}, Approved()),
    (ALL, [yes("c"), no("a")], {}, Refused(by="a", reason="no")),
    (ALL, [yes("c")], {"present": "bc"}, waits("b", "a")),  # who left blocks, visibly
    (ALL, [yes("a"), yes("c")], {"by": "b"}, Approved()),
    (ALL, [yes("a"), yes("b"), yes("c")], {"present": "ab"}, Approved()),
    (ORDER, [], {}, waits("a")),
    (ORDER, [yes("a")], {}, waits("b")),
    (ORDER, [yes("a"), yes("b")], {}, waits("c")),
    (ORDER, [yes("a"), yes("b"), yes("c")], {}, Approved()),
    (ORDER, [yes("a"), no("b")], {}, Refused(by="b", reason="no")),
    (ORDER, [yes("a")], {"present": "ac"}, waits("", "b")),
    (ORDER, [], {"present": "ab"}, waits("a", "c")),  # it will block later: said now
    (ORDER, [], {"by": "a"}, waits("b")),
    (ONE, [yes("z")], {}, waits("abc")),  # a stranger's consent is none
]


@pytest.mark.parametrize(("mode", "decisions", "given", "expected"), CASES)
def test_a_request_stands_where_rule_and_decisions_put_it(
    mode: Mode, decisions: Sequence[Decision], given: dict[str, Any], expected: Standing
) -> None:
    assert state(rule(mode), decisions, asked(**given), AT) == expected


def test_the_time_ends_after_the_last_moment_and_not_before() -> None:
    one = rule(ALL)
    assert state(one, [], asked(), AT + WITHIN) == waits("abc")
    assert state(one, [], asked(), AT + WITHIN + timedelta(microseconds=1)) == Expired(at=AT + WITHIN)


@pytest.mark.parametrize("decisions", [[yes("a")], [no("a")]])
def test_what_was_decided_in_time_does_not_run_out(decisions: list[Decision]) -> None:
    late = AT + WITHIN + timedelta(days=9)
    assert isinstance(state(rule(ONE), decisions, asked(), late), (Approved, Refused))


@pytest.mark.parametrize(
    ("mode", "taken", "given", "decision", "reason"),
    [
        (ONE, [], {"by": "a"}, yes("a"), ApprovalReason.OWN_REQUEST),
        (ONE, [], {"by": "a"}, no("a"), ApprovalReason.OWN_REQUEST),
        (ONE, [], {}, yes("z"), ApprovalReason.NOT_APPROVER),
        (ALL, [yes("a")], {}, yes("a"), ApprovalReason.DECIDED),
        (ONE, [yes("a")], {}, yes("b"), ApprovalReason.DECIDED),
        (ALL, [no("a")], {}, yes("b"), ApprovalReason.DECIDED),
        (ORDER, [], {}, yes("b"), ApprovalReason.NOT_YET),
        (ORDER, [], {}, no("b"), ApprovalReason.NOT_YET),
        (ALL, [], {"present": "bc"}, yes("a"), ApprovalReason.LEFT),
        (ONE, [], {}, no("a", " "), ApprovalReason.NO_REASON),
        (ONE, [], {}, no("a", "x" * (MAX_REASON + 1)), ApprovalReason.NO_REASON),
    ],
)
def test_a_decision_out_of_turn_does_not_count(
    mode: Mode, taken: list[Decision], given: dict[str, Any], decision: Decision, reason: ApprovalReason
) -> None:
    with pytest.raises(ApprovalError) as caught:
        require_turn(rule(mode), taken, asked(**given), decision, AT)
    assert caught.value.reason is reason


def test_a_decision_in_turn_counts_to_the_last_moment() -> None:
    require_turn(rule(ONE), [], asked(), no("a", "x" * MAX_REASON), AT + WITHIN)
    with pytest.raises(ApprovalError) as caught:
        require_turn(rule(ONE), [], asked(), yes("a"), AT + WITHIN + timedelta(microseconds=1))
    assert caught.value.reason is ApprovalReason.LATE


@pytest.mark.parametrize(
    ("approvers", "within"),
    [
        ("", WITHIN),
        ("aa", WITHIN),
        ("abcdefghijklmnopq", WITHIN),
        ("a", timedelta(0)),
        ("a", MAX_WITHIN + timedelta(microseconds=1)),
    ],
)
def test_a_rule_that_nobody_could_meet_cannot_be(approvers: str, within: timedelta) -> None:
    with pytest.raises(ApprovalError):
        rule(ONE, approvers, within)


def test_a_rule_may_be_at_its_limits() -> None:
    assert len(rule(ALL, "abcdefghijklmnop", MAX_WITHIN).approvers) == MAX_APPROVERS
