"""Base45 (RFC 9285)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import base45
from verify.errors import MalformedTokenError


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_the_examples_of_rfc_9285_come_out(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize("text", ["GGW", "::", "A", "BB8A", "bb8", "BB_", "ＢB8", "6V"])
def test_what_no_encoder_writes_is_refused(text: str) -> None:
    with pytest.raises(MalformedTokenError):
        base45.decode(text)


@pytest.mark.parametrize(("text", "data"), [("FGW", b"\xff\xff"), ("U5", b"\xff")])
def test_the_largest_groups_are_read(text: str, data: bytes) -> None:
    assert base45.decode(text) == data


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_every_octet_string_comes_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@settings(deadline=None)
@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_a_text_is_refused_or_is_the_one_spelling_of_its_octets(text: str) -> None:
    try:
        data = base45.decode(text)
    except MalformedTokenError:
        return
    assert base45.encode(data) == text
