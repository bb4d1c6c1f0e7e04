from itertools import product

import pytest

from seals.errors import SealStateError
from seals.states import FOLLOWS, RULES, SealEvent, SealState, follow, require_signing


def test_a_seal_lives_through_its_states() -> None:
    state = SealState.MADE
    for event in (SealEvent.ACTIVATE, SealEvent.SUSPEND, SealEvent.RESUME, SealEvent.CANCEL):
        state = follow(state, event)
    assert state is SealState.CANCELLED


@pytest.mark.parametrize(("state", "event"), sorted(set(product(SealState, SealEvent)) - set(FOLLOWS)))
def test_what_is_not_in_the_table_is_refused_by_name(state: SealState, event: SealEvent) -> None:
    with pytest.raises(SealStateError, match=rf"{state}.*{event}"):
        follow(state, event)


def test_nothing_follows_a_final_state_and_something_follows_every_other() -> None:
    for state, rule in RULES.items():
        assert rule.final == (not any(before is state for before, _ in FOLLOWS))


def test_every_state_has_its_rule_and_can_be_reached() -> None:
    assert set(RULES) == set(SealState)
    assert set(FOLLOWS.values()) | {SealState.MADE} == set(SealState)


def test_only_an_active_seal_seals() -> None:
    require_signing(SealState.ACTIVE)
    for state in set(SealState) - {SealState.ACTIVE}:
        with pytest.raises(SealStateError, match=state.value):
            require_signing(state)


def test_only_invalidity_reaches_back_to_earlier_uses() -> None:
    assert [state for state, rule in RULES.items() if not rule.earlier_uses_hold] == [SealState.INVALID]


def test_an_invalid_seal_can_come_from_every_state_that_is_not_final() -> None:
    for state, rule in RULES.items():
        if not rule.final:
            assert follow(state, SealEvent.INVALIDATE) is SealState.INVALID
