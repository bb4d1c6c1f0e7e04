"""The life of a licence and what it does to seals."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from ca.errors import StateError
from ca.licences import (
    SEAL_EFFECT,
    STEPS,
    Licence,
    LicenceState,
    SealEffect,
    changed_fields,
    effect_of_change,
    next_version,
    step,
)
from ca.status_list import STATUS_OF
from tests.support.licences import ENTERPRISE, LICENCE, NOW

S = LicenceState
ALLOWED = {
    (S.ACTIVE, S.SUSPENDED), (S.ACTIVE, S.SUPERSEDED), (S.ACTIVE, S.REVOKED), (S.ACTIVE, S.CANCELLED),
    (S.SUSPENDED, S.ACTIVE), (S.SUSPENDED, S.REVOKED), (S.SUSPENDED, S.CANCELLED),
    (S.REVOKED, S.CANCELLED),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_exactly_the_allowed_steps_are_taken(before: LicenceState, after: LicenceState) -> None:
    licence = replace(LICENCE, state=before)
    if (before, after) in ALLOWED:
        assert step(licence, after) == replace(LICENCE, state=after)
    else:
        with pytest.raises(StateError, match=f"{before} cannot become {after}"):
            step(licence, after)


def test_every_state_has_its_rows_in_all_tables() -> None:
    assert set(STEPS) == set(SEAL_EFFECT) == set(STATUS_OF) == set(S)


def test_seals_follow_their_licence() -> None:
    assert SEAL_EFFECT[S.SUSPENDED] is SealEffect.SUSPEND
    assert SEAL_EFFECT[S.ACTIVE] is SealEffect.RESUME
    assert SEAL_EFFECT[S.REVOKED] is SealEffect.INVALIDATE
    assert SEAL_EFFECT[S.CANCELLED] is SealEffect.CANCEL


def renewed(licence: Licence = LICENCE, **changes: str) -> tuple[Licence, Licence]:
    return next_version(
        licence,
        replace(licence.enterprise, **changes),  # type: ignore[arg-type] # text fields by name
        number="3501002026000002",
        status_index=4712,
        issued_at=NOW + timedelta(days=1),
        expires_at=NOW + timedelta(days=100),
    )


def test_a_change_supersedes_the_old_version() -> None:
    old, new = renewed(name="福州丹砂科技有限公司")
    assert old == replace(LICENCE, state=S.SUPERSEDED)
    assert (new.version, new.state, new.number, new.status_index) == (2, S.ACTIVE, "3501002026000002", 4712)
    assert new.enterprise.name == "福州丹砂科技有限公司"
    assert new.authority == LICENCE.authority


@pytest.mark.parametrize("state", [S.SUSPENDED, S.SUPERSEDED, S.REVOKED, S.CANCELLED])
def test_only_an_active_licence_gets_a_next_version(state: LicenceState) -> None:
    with pytest.raises(StateError):
        renewed(replace(LICENCE, state=state), name="福州丹砂科技有限公司")


def test_a_version_needs_a_change_the_same_code_and_a_number_of_its_own() -> None:
    with pytest.raises(StateError, match="nothing changed"):
        renewed()
    with pytest.raises(StateError, match="credit code"):
        renewed(uscc="91110000600037341L")
    for number, index in (("3501002026000001", 1), ("x", 4711)):
        with pytest.raises(StateError, match="of its own"):
            next_version(
                LICENCE, replace(ENTERPRISE, kind="x"), number=number, status_index=index, issued_at=NOW, expires_at=NOW
            )


@pytest.mark.parametrize(
    ("changes", "contract", "representative"),
    [
        ({"name": "新名称"}, SealEffect.INVALIDATE, SealEffect.INVALIDATE),
        ({"legal_representative": "王丹"}, SealEffect.KEEP, SealEffect.INVALIDATE),
        ({"address": "别处", "scope": "零售"}, SealEffect.KEEP, SealEffect.KEEP),
        ({}, SealEffect.KEEP, SealEffect.KEEP),
    ],
)
def test_a_change_invalidates_the_seals_that_show_it(
    changes: dict[str, str], contract: SealEffect, representative: SealEffect
) -> None:
    after = replace(ENTERPRISE, **changes)  # type: ignore[arg-type] # text fields by name
    assert effect_of_change(ENTERPRISE, after, seal_kind="contract") is contract
    assert effect_of_change(ENTERPRISE, after, seal_kind="representative") is representative
    assert changed_fields(ENTERPRISE, after) == set(changes)


def test_a_capital_written_with_other_zeros_is_no_change() -> None:
    assert changed_fields(ENTERPRISE, replace(ENTERPRISE, capital=Decimal(5_000_000))) == set()
