"""Unified social credit codes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.errors import UsccError
from ca.uscc import ALPHABET, check_uscc, make_uscc, region_of

CODES = st.builds(
    make_uscc,
    region=st.text(alphabet="0123456789", min_size=6, max_size=6),
    organisation=st.text(alphabet=ALPHABET, min_size=8, max_size=8),
    category=st.sampled_from(["91", "92", "93", "11", "51", "Y1"]),
)


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L", "11320000MB151840XJ"])
def test_codes_of_the_standard_and_of_real_bodies_pass(code: str) -> None:
    assert check_uscc(code) == code
    assert make_uscc(region=region_of(code), organisation=code[8:16], category=code[:2]) == code


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("91350100M000100Y4Z", "character 18 is 'Z', which credit codes do not use"),
        ("91350100M000100Y44", "character 18, .*, is '4' and should be '3'"),
        ("91350100M000100Y33", "character 17, .* M000100Y .*, is '3' and should be '4'"),
        ("91350100m000100Y43", "character 9 is 'm'; credit codes are written in upper case"),
        ("9135010OM000100Y43", "character 8 is 'O', which credit codes do not use"),
        ("9135010AM000100Y43", "character 8 is 'A'; characters 3 to 8 are the digits of a region"),
        ("91350100M000100Y4", "has 17"),
        ("91350100M000100Y433", "has 19"),
        ("91350100M000100Y4３", "character 18 is '３', which credit codes do not use"),
        ("", "has 0"),
    ],
)
def test_a_wrong_code_is_told_which_character_and_what_it_should_be(code: str, why: str) -> None:
    with pytest.raises(UsccError, match=why):
        check_uscc(code)


def test_both_checks_are_told_when_both_are_wrong() -> None:
    with pytest.raises(UsccError, match=r"character 17.*'0'.*; character 18.*'Q'"):
        check_uscc("91350100M000101Y43")


@settings(deadline=None)
@given(CODES, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_every_change_of_one_character_is_caught(code: str, place: int, character: str) -> None:
    changed = code[:place] + character + code[place + 1 :]
    if changed == code:
        return
    with pytest.raises(UsccError):
        check_uscc(changed)


@settings(deadline=None)
@given(CODES, st.integers(0, 16))
def test_every_exchange_of_two_neighbours_is_caught(code: str, place: int) -> None:
    """Weights of neighbours differ modulo 31, so no exchange of unlike characters is beyond the standard."""
    changed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if changed == code:
        return
    with pytest.raises(UsccError):
        check_uscc(changed)


@settings(deadline=None)
@given(CODES)
def test_the_expected_check_character_in_the_message_is_the_right_one(code: str) -> None:
    wrong = code[:17] + ALPHABET[(ALPHABET.index(code[17]) + 1) % 31]
    with pytest.raises(UsccError) as caught:
        check_uscc(wrong)
    found = re.search(r"should be '(.)'", str(caught.value))
    assert found is not None
    assert found[1] == code[17]


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_text_causes_another_error(text: str) -> None:
    try:
        assert check_uscc(text) == text
    except UsccError:
        return


@pytest.mark.parametrize(
    "parts",
    [
        {"region": "35010", "organisation": "M000100Y"},
        {"region": "350100", "organisation": "M000100I"},
        {"region": "350100", "organisation": "M00010"},
        {"region": "350100", "organisation": "M000100Y", "category": "9"},
        {"region": "350100", "organisation": "M000100Y", "category": "9I"},
        {"region": "35010A", "organisation": "M000100Y"},
    ],
)
def test_parts_that_make_no_code_are_refused(parts: dict[str, str]) -> None:
    with pytest.raises(UsccError):
        make_uscc(**parts)
