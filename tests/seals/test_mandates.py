"""Mandates: every limit at the limit and one past it, the states, and what a sub-mandate may not give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seals.errors import MandateError, MandateStateError, RightError, RightReason
from seals.mandates import (
    FOLLOWS,
    MAX_MATTER,
    MAX_MATTERS,
    MAX_TEXT,
    AskedUse,
    Grantee,
    GranteeKind,
    Mandate,
    MandateEvent,
    MandateState,
    follow,
    require,
    require_narrower,
)
from seals.model import SealKind

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
A, B = "91110000600037341L", "91350100M000100Y43"
PERSON = Grantee(kind=GranteeKind.PERSON, id="a" * 32)
MACHINE = Grantee(kind=GranteeKind.MACHINE, id="erp")
FIRM = Grantee(kind=GranteeKind.ENTERPRISE, id=B)
SEAL = "33010600000001"
SECOND = timedelta(seconds=1)
R = RightReason


def mandate(**changes: Any) -> Mandate:
    values: dict[str, Any] = {
        "id": "m",
        "grantors": (A,),
        "grantee": PERSON,
        "kinds": frozenset({SealKind.CONTRACT}),
        "not_before": NOW - timedelta(days=1),
        "not_after": NOW + timedelta(days=1),
        "licences": {A: "l1"},
        "state": MandateState.ACTIVE,
    }
    return Mandate(**(values | changes))


def use(**changes: Any) -> AskedUse:
    values: dict[str, Any] = {
        "seal": SEAL,
        "kind": SealKind.CONTRACT,
        "enterprise": A,
        "actors": frozenset({PERSON}),
        "automatic": False,
        "licences": {A: "l1"},
    }
    return AskedUse(**(values | changes))


def reason(one: Mandate, asked: AskedUse, now: datetime = NOW, **more: Any) -> RightReason | None:
    try:
        require(one, asked, now, **more)
    except RightError as exc:
        return exc.reason
    return None


MONEY = {"max_amount": Decimal("100.00"), "currency": "CNY"}
LIMITS = [
    pytest.param(mandate(), use(), NOW, None, id="covered"),
    pytest.param(mandate(), use(), NOW + timedelta(days=1), None, id="last moment"),
    pytest.param(mandate(), use(), NOW + timedelta(days=1) + SECOND, R.MANDATE_PERIOD, id="too late"),
    pytest.param(mandate(), use(), NOW - timedelta(days=1), None, id="first moment"),
    pytest.param(mandate(), use(), NOW - timedelta(days=1) - SECOND, R.MANDATE_PERIOD, id="too early"),
    pytest.param(mandate(), use(actors=frozenset({MACHINE, FIRM})), NOW, R.MANDATE_GRANTEE, id="somebody else"),
    pytest.param(mandate(grantee=FIRM), use(actors=frozenset({PERSON, FIRM})), NOW, None, id="for an enterprise"),
    pytest.param(mandate(), use(kind=SealKind.OFFICIAL), NOW, R.MANDATE_SEAL, id="another kind"),
    pytest.param(mandate(), use(enterprise=B), NOW, R.MANDATE_SEAL, id="another enterprise's seal"),
    pytest.param(mandate(kinds=frozenset(), seals=frozenset({SEAL})), use(), NOW, None, id="named seal"),
    pytest.param(
        mandate(kinds=frozenset(), seals=frozenset({"33010600000002"})), use(), NOW, R.MANDATE_SEAL, id="not named"
    ),
    pytest.param(
        mandate(grantee=FIRM), use(enterprise=B, actors=frozenset({FIRM})), NOW, None, id="own seal, for others"
    ),
    pytest.param(mandate(matters=("purchase",)), use(matter="purchase"), NOW, None, id="matter"),
    pytest.param(mandate(matters=("purchase",)), use(matter="loan"), NOW, R.MANDATE_MATTER, id="another matter"),
    pytest.param(mandate(matters=("purchase",)), use(), NOW, R.MANDATE_MATTER, id="no matter"),
    pytest.param(mandate(**MONEY), use(amount=Decimal("100.00"), currency="CNY"), NOW, None, id="at the amount"),
    pytest.param(
        mandate(**MONEY), use(amount=Decimal("100.01"), currency="CNY"), NOW, R.MANDATE_AMOUNT, id="a fen over"
    ),
    pytest.param(mandate(**MONEY), use(amount=Decimal(1), currency="USD"), NOW, R.MANDATE_AMOUNT, id="other money"),
    pytest.param(mandate(**MONEY), use(), NOW, R.MANDATE_AMOUNT, id="no amount"),
    pytest.param(mandate(**MONEY), use(amount=Decimal("NaN"), currency="CNY"), NOW, R.MANDATE_AMOUNT, id="no number"),
    pytest.param(mandate(**MONEY), use(amount=Decimal(-1), currency="CNY"), NOW, R.MANDATE_AMOUNT, id="below nothing"),
    pytest.param(mandate(max_pages=3), use(pages=3), NOW, None, id="at the pages"),
    pytest.param(mandate(max_pages=3), use(pages=4), NOW, R.MANDATE_PAGES, id="a page over"),
    pytest.param(mandate(max_pages=3), use(), NOW, R.MANDATE_PAGES, id="pages not known"),
    pytest.param(mandate(max_uses=2, uses=1), use(), NOW, None, id="last use"),
    pytest.param(mandate(max_uses=2, uses=2), use(), NOW, R.MANDATE_USES, id="a use over"),
    pytest.param(mandate(), use(automatic=True), NOW, R.MANDATE_AUTOMATIC, id="a machine on a person's mandate"),
    pytest.param(
        mandate(grantee=MACHINE, automatic=True), use(actors=frozenset({MACHINE}), automatic=True), NOW, None, id="auto"
    ),
    pytest.param(mandate(), use(licences={A: "l2"}), NOW, R.MANDATE_LICENCE, id="another licence"),
    pytest.param(mandate(), use(licences={}), NOW, R.MANDATE_LICENCE, id="no licence"),
    pytest.param(mandate(licences={}), use(), NOW, R.MANDATE_LICENCE, id="bound to none"),
    pytest.param(
        mandate(grantors=(A, B), licences={A: "l1", B: "l9"}),
        use(licences={A: "l1"}),
        NOW,
        R.MANDATE_LICENCE,
        id="one of two grantors without licence",
    ),
]


@pytest.mark.parametrize(("one", "asked", "now", "expected"), LIMITS)
def test_a_use_is_covered_up_to_each_limit_and_not_past_it(
    one: Mandate, asked: AskedUse, now: datetime, expected: RightReason | None
) -> None:
    assert reason(one, asked, now) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (MandateState.DRAFTED, R.MANDATE_STATE),
        (MandateState.OFFERED, R.MANDATE_STATE),
        (MandateState.ACTIVE, None),
        (MandateState.DECLINED, R.MANDATE_STATE),
        (MandateState.REVOKED, R.MANDATE_STATE),
        (MandateState.VOID, R.MANDATE_STATE),
        (MandateState.USED_UP, R.MANDATE_USES),
        (MandateState.EXPIRED, R.MANDATE_PERIOD),
    ],
)
def test_only_an_active_mandate_gives_a_right(state: MandateState, expected: RightReason | None) -> None:
    assert reason(mandate(state=state), use()) == expected


def test_a_use_that_was_counted_before_is_not_counted_again() -> None:
    spent = mandate(state=MandateState.USED_UP, max_uses=1, uses=1)
    assert reason(spent, use(), counted=True) is None
    assert reason(spent, use(), counted=False) is R.MANDATE_USES
    assert reason(mandate(state=MandateState.REVOKED), use(), counted=True) is R.MANDATE_STATE


@pytest.mark.parametrize("state", list(MandateState))
@pytest.mark.parametrize("event", list(MandateEvent))
def test_an_event_leads_where_the_table_says_or_is_refused(state: MandateState, event: MandateEvent) -> None:
    expected = FOLLOWS.get((state, event))
    if expected is None:
        with pytest.raises(MandateStateError, match=state.value):
            follow(state, event)
    else:
        assert follow(state, event) is expected
        assert mandate(state=state).after(event).state is expected


def test_what_has_ended_never_comes_back() -> None:
    ended = set(MandateState) - {MandateState.DRAFTED, MandateState.OFFERED, MandateState.ACTIVE}
    assert not {state for state, _ in FOLLOWS} & ended
    assert {state for (state, event), after in FOLLOWS.items() if after is MandateState.ACTIVE} == {
        MandateState.OFFERED
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"grantors": ()},
        {"grantors": (A, A)},
        {"grantee": replace(PERSON, id="")},
        {"kinds": frozenset()},
        {"kinds": frozenset({SealKind.AUTHORITY})},
        {"matters": ()},
        {"matters": (" ",)},
        {"matters": tuple(str(one) for one in range(MAX_MATTERS + 1))},
        {"matters": ("x" * (MAX_MATTER + 1),)},
        {"max_amount": Decimal(0), "currency": "CNY"},
        {"max_amount": Decimal("Infinity"), "currency": "CNY"},
        {"max_amount": Decimal(1)},
        {"currency": "CNY"},
        {"max_pages": 0},
        {"max_uses": 0},
        {"not_after": NOW - timedelta(days=1) - SECOND},
        {"text": "x" * (MAX_TEXT + 1)},
        {"grantee": MACHINE},
        {"grantee": MACHINE, "automatic": True, "substitution": True},
    ],
)
def test_a_mandate_that_makes_no_sense_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(MandateError):
        mandate(**changes)


def test_limits_themselves_may_be_at_their_limit() -> None:
    made = mandate(
        matters=tuple("x" * (MAX_MATTER - 2) + f"{one:02}" for one in range(MAX_MATTERS)),
        text="x" * MAX_TEXT,
        max_pages=1,
        max_uses=1,
        max_amount=Decimal("0.01"),
        currency="CNY",
        not_after=NOW - timedelta(days=1),
    )
    assert made.single_use


def test_the_terms_spell_an_amount_in_one_way() -> None:
    spelt = [mandate(max_amount=Decimal(text), currency="CNY").terms() for text in ("100", "100.00", "1E2")]
    assert spelt[0] == spelt[1] == spelt[2]
    assert spelt[0]["max_amount"] == "100"


PARENT = mandate(
    id="p",
    substitution=True,
    kinds=frozenset({SealKind.CONTRACT, SealKind.FINANCE}),
    seals=frozenset({"33010600000009"}),
    matters=("purchase", "lease"),
    max_amount=Decimal(100),
    currency="CNY",
    max_pages=10,
    max_uses=5,
)
KINDS = {SEAL: SealKind.CONTRACT, "33010600000003": SealKind.OFFICIAL}
SAME = {
    "parent": "p",
    "matters": ("purchase", "lease"),
    "max_amount": Decimal(100),
    "currency": "CNY",
    "max_pages": 10,
    "max_uses": 5,
}


def narrower(child: Mandate, parent: Mandate = PARENT) -> str | None:
    try:
        require_narrower(child, parent, kind_of=KINDS.get)
    except MandateError as exc:
        return str(exc).rpartition(": ")[2]
    return None


@pytest.mark.parametrize(
    ("changes", "term"),
    [
        ({}, None),
        ({"seals": frozenset({SEAL})}, None),
        ({"seals": frozenset({"33010600000009"}), "kinds": frozenset()}, None),
        ({"parent": "q"}, "parent"),
        ({"grantors": (B,), "licences": {B: "l1"}}, "grantors"),
        ({"licences": {A: "l2"}}, "grantors"),
        ({"kinds": frozenset({SealKind.OFFICIAL})}, "kinds"),
        ({"seals": frozenset({"33010600000003"})}, "seals"),
        ({"seals": frozenset({"33010600000007"})}, "seals"),
        ({"matters": ("purchase", "loan")}, "matters"),
        ({"matters": ("*",)}, "matters"),
        ({"max_amount": Decimal("100.01")}, "max_amount"),
        ({"max_amount": None, "currency": ""}, "max_amount"),
        ({"currency": "USD"}, "currency"),
        ({"max_pages": 11}, "max_pages"),
        ({"max_pages": None}, "max_pages"),
        ({"not_before": PARENT.not_before - SECOND}, "not_before"),
        ({"not_after": PARENT.not_after + SECOND}, "not_after"),
        ({"max_uses": 6}, "max_uses"),
        ({"max_uses": None}, "max_uses"),
        ({"automatic": True}, "automatic"),
    ],
)
def test_a_sub_mandate_gives_nothing_that_the_one_above_does_not(changes: dict[str, Any], term: str | None) -> None:
    assert narrower(mandate(**(SAME | changes))) == term


def test_a_mandate_without_substitution_bears_no_other() -> None:
    assert narrower(mandate(**SAME), replace(PARENT, substitution=False)) == "substitution"


AMOUNTS = st.none() | st.integers(1, 5).map(Decimal)
LIMIT = st.none() | st.integers(1, 4)
MATTERS = st.sets(st.sampled_from(["*", "a", "b"]), min_size=1).map(lambda one: tuple(sorted(one)))
DAYS = st.integers(0, 3)


@st.composite
def some(draw: st.DrawFn, /, **fixed: Any) -> Mandate:
    amount = draw(AMOUNTS)
    begin = draw(DAYS)
    return mandate(
        kinds=frozenset(draw(st.sets(st.sampled_from([SealKind.CONTRACT, SealKind.FINANCE]), min_size=1))),
        matters=draw(MATTERS),
        max_amount=amount,
        currency="" if amount is None else draw(st.sampled_from(["CNY", "USD"])),
        max_pages=draw(LIMIT),
        max_uses=draw(LIMIT),
        not_before=NOW + timedelta(days=begin),
        not_after=NOW + timedelta(days=begin + draw(DAYS)),
        automatic=draw(st.booleans()),
        **fixed,
    )


USES = st.builds(
    use,
    kind=st.sampled_from([SealKind.CONTRACT, SealKind.FINANCE]),
    matter=st.sampled_from(["a", "b", "c", ""]),
    amount=st.none() | st.integers(0, 6).map(Decimal),
    currency=st.sampled_from(["CNY", "USD"]),
    pages=LIMIT,
    automatic=st.booleans(),
)


@given(parent=some(id="p", substitution=True), child=some(parent="p"), asked=USES, day=st.integers(0, 7))
def test_whatever_a_narrower_mandate_covers_the_one_above_covers_too(
    parent: Mandate, child: Mandate, asked: AskedUse, day: int
) -> None:
    now = NOW + timedelta(days=day)
    if narrower(child, parent) is None and reason(child, asked, now) is None:
        assert reason(parent, asked, now) is None
