"""The rules among those who buy together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from seals.errors import GroupError
from seals.groups import (
    MAX_MEMBERS,
    Ballot,
    ElectionState,
    Framework,
    election_record,
    require_call_off,
    require_members,
    require_threshold,
    tally,
)

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FRAMEWORK = Framework(
    members=frozenset({"A", "B"}),
    files=frozenset({b"contract"}),
    concluded_at=NOW,
    limit=Decimal("100.00"),
    currency="CNY",
    not_before=NOW,
    not_after=NOW + timedelta(days=1),
)


def test_a_group_has_from_two_to_thirty_two_members_each_once() -> None:
    require_members(["A", "B"])
    require_members([str(one) for one in range(MAX_MEMBERS)])
    for wrong in (["A"], ["A", "A"], [str(one) for one in range(MAX_MEMBERS + 1)]):
        with pytest.raises(GroupError):
            require_members(wrong)


@pytest.mark.parametrize(("members", "least"), [(2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_threshold_is_more_than_half_and_at_most_all(members: int, least: int) -> None:
    require_threshold(least, members=members)
    require_threshold(members, members=members)
    for wrong in (least - 1, members + 1):
        with pytest.raises(GroupError):
            require_threshold(wrong, members=members)


@pytest.mark.parametrize(
    ("votes", "state", "winner"),
    [
        ({}, ElectionState.OPEN, None),
        ({"A": "B"}, ElectionState.OPEN, None),
        ({"A": "B", "B": "B"}, ElectionState.OPEN, None),
        ({"A": "B", "B": "B", "C": "B"}, ElectionState.ELECTED, "B"),
        ({"A": "B", "B": "B", "C": "C", "D": "B"}, ElectionState.ELECTED, "B"),
        ({"A": "B", "B": "B", "C": "C", "D": "C"}, ElectionState.FAILED, None),
        ({"A": "A", "B": "B", "C": "C"}, ElectionState.FAILED, None),
    ],
)
def test_who_first_has_three_of_four_votes_is_elected(
    votes: dict[str, str], state: ElectionState, winner: str | None
) -> None:
    result = tally(votes, members=4, threshold=3)
    assert (result.state, result.elected) == (state, winner)


def test_the_record_of_an_election_does_not_depend_on_the_order_of_votes() -> None:
    ballots = [
        Ballot(voter=voter, candidate="A", person="p", assertion="a", challenge_sha256="c", at=NOW) for voter in "AB"
    ]
    given: dict[str, Any] = {"election": "e", "charter_sha256": "f", "threshold": 2}
    one = election_record(members=["A", "B"], ballots=ballots, **given)
    assert one == election_record(members=["B", "A"], ballots=ballots[::-1], **given)
    assert one != election_record(members=["A", "B"], ballots=[replace(ballots[0], candidate="B"), ballots[1]], **given)


def order(framework: Framework = FRAMEWORK, **changes: Any) -> None:
    given: dict[str, Any] = {
        "member": "A", "refers_to": b"contract", "amount": Decimal("40.00"), "currency": "CNY",
        "taken": Decimal("60.00"), "now": NOW,
    }  # fmt: skip
    require_call_off(framework, **(given | changes))


def test_an_order_at_every_limit_is_within_it() -> None:
    order()
    order(now=FRAMEWORK.not_after)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"member": "C"}, "not-a-member"),
        ({"framework": replace(FRAMEWORK, concluded_at=None)}, "not-concluded"),
        ({"framework": replace(FRAMEWORK, concluded_at=NOW + timedelta(seconds=1))}, "not-concluded"),
        ({"refers_to": b"another"}, "reference"),
        ({"refers_to": None}, "reference"),
        ({"now": FRAMEWORK.not_after + timedelta(seconds=1)}, "period"),
        ({"framework": replace(FRAMEWORK, not_before=NOW + timedelta(seconds=1))}, "period"),
        ({"amount": None}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"amount": Decimal("40.01")}, "limit"),
        ({"taken": Decimal("60.01")}, "limit"),
    ],
)
def test_an_order_outside_the_framework_is_refused_with_the_rule(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(GroupError) as caught:
        order(**changes)
    assert caught.value.reason == reason
