"""Deterministic CBOR (RFC 8949 §4.2.1). `cbor2` is the other opinion."""

from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import cbor
from verify.errors import EncodingError, MalformedTokenError

LEAVES = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-(2**63), 2**63) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_every_value_comes_back_and_cbor2_reads_the_same(value: Any) -> None:
    data = cbor.encode(value)
    assert cbor2.loads(data) == value
    try:
        assert cbor.decode(data) == value
    except MalformedTokenError as exc:
        assert "deeper" in str(exc)  # noqa: PT017 - the recursion of the strategy may exceed our depth


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_refused_or_are_the_one_spelling_of_their_value(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except MalformedTokenError:
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "cut short"),
        ("1817", "longer than it needs"),
        ("190017", "longer than it needs"),
        ("1a0000ffff", "longer than it needs"),
        ("1b00000000ffffffff", "longer than it needs"),
        ("5f", "indefinite"),
        ("1c", "indefinite"),
        ("42ff", "cut short"),
        ("61ff", "not UTF-8"),
        ("f6", "do not use"),
        ("f5", "do not use"),
        ("f97e00", "do not use"),
        ("0000", "after the end"),
        ("a2010001" + "00", "out of order"),
        ("a202000100", "out of order"),
        ("a1400000", "neither a number nor a text"),
        ("5bffffffffffffffff", "cut short"),
        ("9bffffffffffffffff", "more than 64 items"),
        ("b841" + "00" * 10, "more than 64 items"),
        ("19ff", "cut short"),
    ],
)
def test_another_spelling_is_refused_with_its_reason(data: str, why: str) -> None:
    with pytest.raises(MalformedTokenError, match=why):
        cbor.decode(bytes.fromhex(data))


def test_depth_is_bounded_at_eight() -> None:
    assert cbor.decode(b"\x81" * 7 + b"\x00") == [[[[[[[0]]]]]]]
    with pytest.raises(MalformedTokenError, match="deeper"):
        cbor.decode(b"\x81" * 8 + b"\x00")
    with pytest.raises(MalformedTokenError, match="deeper"):
        cbor.decode(b"\x81" * 100_000)


def test_items_are_bounded_at_sixty_four() -> None:
    assert len(cbor.decode(cbor.encode(list(range(64))))) == 64
    with pytest.raises(MalformedTokenError, match="more than 64"):
        cbor.decode(cbor.encode(list(range(65))))


@pytest.mark.parametrize("value", [True, None, 1.5, (1,), 2**64, -(2**64) - 1, [set()]])
def test_what_our_tokens_do_not_use_is_not_written(value: Any) -> None:
    with pytest.raises(EncodingError):
        cbor.encode(value)


def test_tags_come_back() -> None:
    assert cbor.decode(bytes.fromhex("d28100")) == cbor.Tag(18, [0])
    assert cbor.encode(cbor.Tag(18, [0])).hex() == "d28100"
