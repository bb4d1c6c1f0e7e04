"""The order of parties, the rule of completion and the history, as functions of states."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seals.envelope_history import NOTHING, Step, check_history
from seals.envelope_states import ENDED, PARTY_MOVES, EnvelopeState, PartyState, require_envelope_move
from seals.envelopes import (
    MAX_PARTIES,
    Envelope,
    Party,
    PartyKind,
    PartyRole,
    answered,
    check_parties,
    end,
    follow,
    is_complete,
    next_parties,
    retry_after,
)
from seals.errors import EnvelopeError, EnvelopeStateError

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def party(ident: str, *, step: int = 0, **more: Any) -> Party:
    values: dict[str, Any] = {
        "id": ident, "name": "示范公司", "kind": PartyKind.ENTERPRISE, "role": PartyRole.SIGN, "step": step,
        "uscc": ident,
    }  # fmt: skip
    return Party(**(values | more))


def envelope(*parties: Party, **more: Any) -> Envelope:
    return follow(Envelope(id="e", state=EnvelopeState.SENT, parties=parties, **more), now=NOW)


def states(one: Envelope) -> dict[str, str]:
    return {each.id: each.state.value for each in one.parties}


def signed(one: Envelope, *names: str) -> Envelope:
    for name in names:
        one = answered(one, name, PartyState.AUTHORISED)
        one = answered(one, name, PartyState.SEALING)
        one = follow(answered(one, name, PartyState.SEALED), now=NOW)
    return one


def test_equal_steps_go_at_once_and_later_ones_wait() -> None:
    one = envelope(party("a", step=1), party("b", step=1), party("c", step=2))
    assert states(one) == {"a": "invited", "b": "invited", "c": "waiting"}
    one = signed(one, "b")
    assert states(one)["c"] == "waiting"
    one = signed(one, "a")
    assert (states(one)["c"], one.state) == ("invited", EnvelopeState.SENT)
    assert signed(one, "c").state is EnvelopeState.COMPLETED


def test_approvers_hold_up_and_copies_do_not() -> None:
    copied = party("copy", step=1, role=PartyRole.COPY, uscc="9")
    one = envelope(party("boss", step=0, role=PartyRole.APPROVE), copied, party("a", step=1))
    assert states(one) == {"boss": "invited", "copy": "waiting", "a": "waiting"}
    one = follow(answered(one, "boss", PartyState.APPROVED), now=NOW)
    assert states(one) == {"boss": "approved", "copy": "notified", "a": "invited"}
    assert signed(one, "a").state is EnvelopeState.COMPLETED


def test_enough_signatures_complete_and_release_the_rest() -> None:
    one = envelope(*(party(name, required=False) for name in "abc"), at_least=2)
    one = signed(one, "c")
    assert not is_complete(one)
    one = signed(one, "a")
    assert (one.state, states(one)["b"]) == (EnvelopeState.COMPLETED, "released")


def test_whoever_is_required_cannot_be_outvoted() -> None:
    one = envelope(party("a"), party("b", required=False), party("c", required=False), at_least=2)
    assert signed(one, "b", "c").state is EnvelopeState.SENT
    assert signed(one, "b", "c", "a").state is EnvelopeState.COMPLETED


def test_a_refusal_ends_it_only_when_it_can_never_be_complete() -> None:
    optional = envelope(*(party(name, required=False) for name in "abc"), at_least=2)
    one = follow(answered(optional, "a", PartyState.DECLINED), now=NOW)
    assert one.state is EnvelopeState.SENT
    assert follow(answered(one, "b", PartyState.DECLINED), now=NOW).state is EnvelopeState.DECLINED
    needed = envelope(party("a"), party("b"))
    assert follow(answered(needed, "b", PartyState.DECLINED), now=NOW).state is EnvelopeState.DECLINED


def test_the_deadline_is_the_first_moment_that_is_too_late() -> None:
    one = envelope(party("a"), deadline=NOW + timedelta(hours=1))
    assert follow(one, now=NOW + timedelta(hours=1) - timedelta(seconds=1)).state is EnvelopeState.SENT
    late = follow(one, now=NOW + timedelta(hours=1))
    assert (late.state, states(late)["a"]) == (EnvelopeState.EXPIRED, "released")


def test_a_party_whose_turn_it_is_not_cannot_be_sealed() -> None:
    one = envelope(party("a", step=1), party("b", step=2))
    for state in (PartyState.AUTHORISED, PartyState.SEALING, PartyState.SEALED, PartyState.APPROVED):
        with pytest.raises(EnvelopeStateError):
            answered(one, "b", state)
    with pytest.raises(EnvelopeError):
        answered(one, "nobody", PartyState.SEALED)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_does_not_end_again_but_for_a_rescission(state: EnvelopeState) -> None:
    after = {EnvelopeState.COMPLETED: {EnvelopeState.RESCINDED}}.get(state, set())
    for other in EnvelopeState:
        if other in after:
            require_envelope_move(state, other)
        else:
            with pytest.raises(EnvelopeStateError):
                require_envelope_move(state, other)


@pytest.mark.parametrize(
    ("parties", "more"),
    [
        ((), {}),
        ((party("a", role=PartyRole.COPY),), {}),
        ((party("a"), party("a")), {}),
        ((party("a", step=-1),), {}),
        ((party("a", step=1001),), {}),
        ((party("a", uscc=None),), {}),
        ((party("a", kind=PartyKind.PERSON),), {}),
        ((party("a", uscc="1"), party("b", uscc="1", role=PartyRole.APPROVE)), {}),
        ((party("a", required=False),), {}),
        ((party("a"), party("b")), {"at_least": 3}),
        ((party("a"),), {"at_least": 0}),
        (tuple(party(str(number)) for number in range(MAX_PARTIES + 1)), {}),
    ],
)
def test_parties_that_make_no_sense_are_refused(parties: tuple[Party, ...], more: dict[str, Any]) -> None:
    one = Envelope(id="e", state=EnvelopeState.DRAFT, parties=parties, **more)
    with pytest.raises(EnvelopeError):
        check_parties(one, acting=[each.id for each in parties if each.role is PartyRole.SIGN])


def test_two_parties_of_one_name_are_told_apart_and_one_enterprise_may_sign_in_two_slots() -> None:
    check = Envelope(id="e", state=EnvelopeState.DRAFT, parties=(party("a"), party("b")))
    check_parties(check, acting=["a", "b"])
    twice = replace(check, parties=(party("buyer", uscc="1"), party("guarantor", uscc="1")))
    check_parties(twice, acting=["buyer", "guarantor"])
    many = replace(check, parties=tuple(party(str(number)) for number in range(MAX_PARTIES)))
    check_parties(many, acting=[str(number) for number in range(MAX_PARTIES)])
    for acting in (["a"], []):
        with pytest.raises(EnvelopeError, match="no document has a field"):
            check_parties(check, acting=acting)


def test_a_failed_party_is_tried_again_later_and_later() -> None:
    minutes = [retry_after(attempt) // timedelta(minutes=1) for attempt in range(1, 10)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


PARTIES = st.lists(st.tuples(st.sampled_from(PartyRole), st.integers(0, 3), st.booleans()), min_size=1, max_size=6)


@given(PARTIES, st.lists(st.integers(0, 5), max_size=30), st.integers(1, 3))
def test_nobody_acts_before_the_steps_before_are_through_and_nothing_gets_stuck(
    drawn: list[tuple[PartyRole, int, bool]], order: list[int], at_least: int
) -> None:
    parties = tuple(
        party(str(place), role=role, step=step, required=required) for place, (role, step, required) in enumerate(drawn)
    )
    one = envelope(*parties, at_least=at_least)
    for turn in [*order, *range(len(parties)), *range(len(parties))] * len(parties):
        each = one.parties[turn % len(parties)]
        if each.state is not PartyState.INVITED or one.state is not EnvelopeState.SENT:
            continue
        before = [other for other in one.parties if other.step < each.step and other.required]
        assert all(
            other.state.value in {"sealed", "approved", "notified"} or other.role is PartyRole.COPY for other in before
        )
        if each.role is PartyRole.SIGN:
            one = signed(one, each.id)
        else:
            one = follow(answered(one, each.id, PartyState.APPROVED), now=NOW)
    assert follow(one, now=NOW) == one
    enough = sum(role is PartyRole.SIGN for role, _, _ in drawn) >= at_least
    assert one.state is (EnvelopeState.COMPLETED if enough else EnvelopeState.DECLINED)


def test_every_state_of_a_party_has_its_moves_and_an_end_releases_whoever_is_open() -> None:
    assert set(PARTY_MOVES) == set(PartyState)
    one = end(signed(envelope(party("a"), party("b")), "a"), EnvelopeState.WITHDRAWN)
    assert states(one) == {"a": "sealed", "b": "released"}
    assert next_parties(one) == ()


def history(count: int) -> list[Step]:
    steps: list[Step] = []
    before = NOTHING
    for number in range(1, count + 1):
        bare = Step(number=number, at=NOW, actor="甲", act="party.sealed", detail={"n": number})
        steps.append(replace(bare, sha256=bare.digest(before)))
        before = steps[-1].sha256
    return steps


def test_a_history_that_was_touched_is_noticed() -> None:
    steps = history(4)
    assert check_history(steps) == steps[-1].sha256
    assert check_history([]) == NOTHING
    touched = [
        [replace(steps[0], actor="乙"), *steps[1:]],
        [steps[0], replace(steps[1], detail={"n": 9}), *steps[2:]],
        [steps[0], *steps[2:]],
        [steps[1], steps[0], *steps[2:]],
        steps[1:],
        [replace(steps[0], at=NOW + timedelta(microseconds=1)), *steps[1:]],
    ]
    for one in touched:
        with pytest.raises(EnvelopeError, match="broken"):
            check_history(one)
