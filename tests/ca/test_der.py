"""DER by hand: one spelling of a length, nothing cut short, nothing left over."""

from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from ca.der import DerError, children, generalized_time, time, unwrap, wrap


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_are_written_in_their_shortest_form_and_read_back(size: int) -> None:
    content = b"x" * size
    element = wrap(0x04, content)
    assert element == core.OctetString(content).dump()
    assert unwrap(element) == (0x04, content)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\x04",
        b"\x04\x01",
        b"\x04\x81\x01x",
        b"\x04\x82\x00\x80" + b"x" * 128,
        b"\x04\x80x\x00\x00",
        b"\x04\x85\x00\x00\x00\x00\x01x",
        b"\x04\x00x",
        b"\x1f\x01\x00",
    ],
)
def test_another_spelling_is_no_element(bad: bytes) -> None:
    for read in (unwrap, children):
        with pytest.raises(DerError):
            read(bad)


@pytest.mark.parametrize(
    "content", [b"\x04", b"\x04\x02x", b"\x04\x81", b"\x04\x81\x01x", b"\x1f\x01\x00", b"\x04\x00\x04"]
)
def test_a_child_that_is_not_whole_is_refused(content: bytes) -> None:
    with pytest.raises(DerError):
        children(wrap(0x30, content))


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_children_are_what_was_wrapped(contents: list[bytes]) -> None:
    elements = [wrap(0x04, content) for content in contents]
    assert children(wrap(0x30, *elements)) == elements


@given(st.binary(max_size=60))
def test_any_bytes_are_children_or_no_der(data: bytes) -> None:
    try:
        assert b"".join(children(wrap(0x30, data))) == data
    except DerError:
        return


def test_times_change_their_form_in_2050() -> None:
    assert time(datetime(2049, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == b"\x17\x0d491231235959Z"
    assert time(datetime(2050, 1, 1, tzinfo=UTC)) == b"\x18\x0f20500101000000Z"
    assert generalized_time(datetime(2026, 1, 1, tzinfo=UTC)) == b"\x18\x0f20260101000000Z"
