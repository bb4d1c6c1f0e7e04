"""What the register admits."""

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.errors import RegisterError
from ca.register import (
    Enterprise,
    InvalidEnterpriseError,
    check_enterprise,
    enterprise_as_mapping,
    enterprise_from_mapping,
)
from tests.support.licences import ENTERPRISE, TODAY

DAY = timedelta(days=1)
GOOD = enterprise_as_mapping(ENTERPRISE)


def wrong_fields(entry: Enterprise) -> set[str]:
    with pytest.raises(InvalidEnterpriseError) as caught:
        check_enterprise(entry, today=TODAY)
    assert all(objection.en and objection.zh for objection in caught.value.fields.values())
    return set(caught.value.fields)


def test_a_good_entry_passes_as_it_is() -> None:
    assert check_enterprise(ENTERPRISE, today=TODAY) is ENTERPRISE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "朱砂"),
        ("name", "朱" * 64),
        ("name_latin", "Ü&"),
        ("name_latin", "x" * 64),
        ("kind", "厂"),
        ("address", "址" * 200),
        ("capital", Decimal(0)),
        ("capital", Decimal(10) ** 15),
        ("capital", Decimal("0.01")),
        ("capital", Decimal("1.100")),
        ("founded_on", TODAY),
        ("founded_on", date(1800, 1, 1)),
        ("term_until", ENTERPRISE.founded_on),
        ("term_until", date(2999, 12, 31)),
        ("scope", "营" * 4000),
        ("currency", "USD"),
    ],
)
def test_values_at_the_limit_pass(field: str, value: Any) -> None:
    check_enterprise(replace(ENTERPRISE, **{field: value}), today=TODAY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uscc", "91350100M000100Y44"),
        ("name", "朱"),
        ("name", "朱" * 65),
        ("name", " 朱砂"),
        ("name", "朱\u202e砂"),
        ("name", "朱\n砂"),
        ("name", "Cafe\u0301 朱"),
        ("name_latin", "x"),
        ("name_latin", "x" * 65),
        ("name_latin", "朱砂 Co."),
        ("name_latin", "Łódź"),
        ("kind", ""),
        ("kind", "x" * 65),
        ("address", ""),
        ("address", "址" * 201),
        ("legal_representative", ""),
        ("legal_representative", "x" * 65),
        ("capital", Decimal("-0.01")),
        ("capital", Decimal("-0")),
        ("capital", Decimal("0.001")),
        ("capital", Decimal(10) ** 15 + Decimal("0.01")),
        ("capital", Decimal("NaN")),
        ("capital", Decimal("Infinity")),
        ("capital", Decimal("1E-30")),
        ("currency", "cny"),
        ("currency", "XXX"),
        ("currency", "RMB"),
        ("founded_on", TODAY + DAY),
        ("founded_on", date(1799, 12, 31)),
        ("term_until", ENTERPRISE.founded_on - DAY),
        ("term_until", date(3000, 1, 1)),
        ("scope", ""),
        ("scope", "营" * 4001),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: Any) -> None:
    assert wrong_fields(replace(ENTERPRISE, **{field: value})) == {field}


def test_all_wrong_fields_are_told_at_once() -> None:
    bad = replace(ENTERPRISE, name="", capital=Decimal(-1), currency="?", founded_on=TODAY + DAY)
    assert wrong_fields(bad) == {"name", "capital", "currency", "founded_on"}
    with pytest.raises(
        RegisterError, match="name: must have 2 to 64 characters, has 0; capital: must not be below zero"
    ):
        check_enterprise(bad, today=TODAY)


def test_a_mapping_comes_back() -> None:
    assert enterprise_from_mapping(GOOD, today=TODAY) == ENTERPRISE
    limited = replace(ENTERPRISE, term_until=date(2045, 3, 17))
    assert enterprise_from_mapping(enterprise_as_mapping(limited), today=TODAY) == limited


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("name", None),
        ("capital", 5),
        ("capital", 5.0),
        ("capital", "5e3"),
        ("capital", "-5"),
        ("capital", "5."),
        ("capital", ".5"),
        ("capital", "٥"),
        ("capital", "1" * 21),
        ("capital", " 5"),
        ("founded_on", "20150318"),
        ("founded_on", "2015-W12-3"),
        ("founded_on", "2015-3-18"),
        ("founded_on", "2015-02-30"),
        ("founded_on", None),
        ("founded_on", date(2015, 3, 18)),
        ("term_until", "never"),
        ("term_until", ""),
    ],
)
def test_a_value_in_another_spelling_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidEnterpriseError) as caught:
        enterprise_from_mapping(GOOD | {field: value}, today=TODAY)
    assert set(caught.value.fields) == {field}


def test_unknown_missing_and_mistyped_fields_are_told_at_once() -> None:
    bad: dict[str, Any] = GOOD | {"colour": "red", "capital": 1}
    del bad["name"]
    with pytest.raises(InvalidEnterpriseError) as caught:
        enterprise_from_mapping(bad, today=TODAY)
    assert set(caught.value.fields) == {"colour", "name", "capital"}


def test_an_entry_of_good_types_is_still_checked() -> None:
    with pytest.raises(InvalidEnterpriseError):
        enterprise_from_mapping(GOOD | {"currency": "???"}, today=TODAY)


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([field.name for field in fields(Enterprise)]) | st.text(max_size=5), ANYTHING))
def test_no_mapping_causes_another_error(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidEnterpriseError):
        enterprise_from_mapping(values, today=TODAY)
