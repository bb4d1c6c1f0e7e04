"""Token status lists."""

import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qr_pki import NOW, STATUS_URI, signing, status_list
from verify import cbor, cose, status
from verify.errors import EncodingError, MalformedStatusListError
from verify.status import Status, StatusList, encode_status_list, parse_status_list

KID = b"12345678"
LIST = StatusList(
    uri=STATUS_URI, issued_at=NOW, expires_at=NOW + timedelta(days=1), ttl=timedelta(hours=1), packed=b"\xc9\x44\xf9"
)
RAW: dict[Any, Any] = cbor.decode(cose.decode(encode_status_list(LIST, kid=KID, sign=signing("a"))).payload)


def packed(payload: Any, typ: str | None = status.TYP) -> bytes:
    return cose.encode(cbor.encode(payload), kid=KID, sign=signing("a"), typ=typ)


def test_the_two_bit_example_of_the_draft_reads_as_written_there() -> None:
    """draft-ietf-oauth-status-list §4.1 and §4.3: the array and its compressed form."""
    assert zlib.decompress(bytes.fromhex("78da3be9f2130003df0207")) == LIST.packed
    assert [LIST.status(place) for place in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    assert LIST.status(12) is None
    assert LIST.status(-1) is None


def test_a_list_comes_back() -> None:
    read = parse_status_list(packed(RAW))
    assert read.list == LIST
    assert read.message.typ == "application/statuslist+cwt"
    assert RAW[65533]["bits"] == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        packed(RAW, typ=None),
        packed(RAW, typ="application/x"),
        packed([]),
        packed(RAW | {1: "iss"}),
        packed({key: value for key, value in RAW.items() if key != 65534}),
        packed(RAW | {2: "not a url"}),
        packed(RAW | {65533: {"bits": 1, "lst": b""}}),
        packed(RAW | {65533: {"bits": 2, "lst": b"x"}}),
        packed(RAW | {65533: {"bits": 2, "lst": zlib.compress(b"x"), "x": 1}}),
        packed(RAW | {65534: 0}),
        packed(RAW | {65534: 2**31}),
        packed(RAW | {6: "x"}),
        packed(RAW | {65533: {"bits": 2, "lst": zlib.compress(bytes(2**18 + 1))}}),
        bytes(status.MAX_TOKEN_BYTES + 1),
    ],
)
def test_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedStatusListError):
        parse_status_list(data)


def test_the_largest_list_is_read() -> None:
    assert len(parse_status_list(packed(RAW | {65533: {"bits": 2, "lst": zlib.compress(bytes(2**18))}})).list) == 2**20


@pytest.mark.parametrize(
    "change", [{"uri": "x"}, {"ttl": timedelta(0)}, {"ttl": timedelta(seconds=1.5)}, {"packed": bytes(2**18 + 1)}]
)
def test_what_would_not_come_back_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(EncodingError):
        encode_status_list(replace(LIST, **change), kid=KID, sign=signing("a"))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_end_in_our_own_error(data: bytes) -> None:
    with pytest.raises(MalformedStatusListError):
        parse_status_list(data)


def test_the_fixture_list_is_all_valid() -> None:
    assert parse_status_list(status_list()).list.status(5) is Status.VALID
