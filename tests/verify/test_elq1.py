"""The text of a licence code and its claims."""

import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qr_pki import ADDRESS, CLAIMS, SCOPE, code, signing
from verify import base45, cbor, cose, credential, elq1
from verify.errors import EncodingError, MalformedTokenError
from verify.inflate import inflate

KID = b"12345678"
RAW: dict[Any, Any] = cbor.decode(credential.encode(CLAIMS))


def packed(payload: Any, *, typ: str | None = None) -> str:
    message = cose.encode(cbor.encode(payload), kid=KID, sign=signing("credential"), typ=typ)
    return "ELQ1:" + base45.encode(zlib.compress(message))


def without(key: int) -> dict[Any, Any]:
    return {name: value for name, value in RAW.items() if name != key}


def licence(**changes: Any) -> dict[Any, Any]:
    fields = {name.upper(): value for name, value in changes.items()}
    inner = RAW[credential.LICENCE] | {getattr(credential, name): value for name, value in fields.items()}
    return RAW | {credential.LICENCE: {key: value for key, value in inner.items() if value is not None}}


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        replace(CLAIMS, term_until=date(2045, 3, 17), capital=Decimal("0.01"), founded_on=date(1905, 1, 2)),
        replace(CLAIMS, details=None, address=ADDRESS, scope=SCOPE),
        replace(CLAIMS, status_index=2**32 - 1, version=65_535, capital=Decimal("1000000000000000.00")),
    ],
)
def test_claims_come_back(claims: credential.Credential) -> None:
    assert elq1.parse(code(claims)).claims == claims


def test_facts_show_all_fields_as_text() -> None:
    facts = replace(CLAIMS, term_until=date(2045, 3, 17)).facts()
    assert facts["name"] == "福州朱砂信息技术有限公司"
    assert facts["capital"] == "5000000.00"
    assert facts["term_until"] == "2045-03-17"
    assert facts["details_sha256"] == credential.details_digest(address=ADDRESS, scope=SCOPE).hex()
    full = replace(CLAIMS, details=None, address=ADDRESS, scope=SCOPE).facts()
    assert (full["address"], full["scope"], full["details_sha256"], full["term_until"]) == (ADDRESS, SCOPE, None, None)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        without(credential.ISS),
        without(credential.LICENCE),
        RAW | {99: 1},
        RAW | {credential.EXP: "x"},
        RAW | {credential.EXP: -1},
        RAW | {credential.EXP: 253_402_300_800},
        RAW | {credential.CTI: bytes(7)},
        RAW | {credential.CTI: bytes(9)},
        RAW | {credential.ISS: ""},
        RAW | {credential.ISS: "x" * 129},
        RAW | {credential.STATUS: {}},
        RAW | {credential.STATUS: {"status_list": {"idx": 1, "uri": "ftp://x"}}},
        RAW | {credential.STATUS: {"status_list": {"idx": -1, "uri": "https://x"}}},
        RAW | {credential.STATUS: {"status_list": {"idx": 2**32, "uri": "https://x"}}},
        RAW | {credential.STATUS: {"status_list": {"idx": 1, "uri": "https://x", "x": 1}}},
        RAW | {credential.STATUS: {"status_list": {"idx": 1, "uri": "https://x"}, "x": 1}},
        licence(name=None),
        licence(details=None),
        licence(address=ADDRESS),
        licence(details=None, address=ADDRESS),
        licence(details=b"x"),
        licence(details="x"),
        licence(uscc="91350100M000100Y4"),
        licence(uscc="91350100M000100YIO"),
        licence(uscc=5),
        licence(name="x" * 65),
        licence(name="a\u202eb"),
        licence(name=b"x"),
        licence(currency="cny"),
        licence(capital=-1),
        licence(capital=10**17 + 1),
        licence(version=0),
        licence(version=65_536),
        licence(founded=-(10**7)),
        licence(founded=10**7),
        RAW | {credential.LICENCE: RAW[credential.LICENCE] | {99: 1}},
    ],
)
def test_claims_beyond_the_format_are_refused(payload: Any) -> None:
    with pytest.raises(MalformedTokenError):
        elq1.parse(packed(payload))


def test_the_claims_these_tests_change_are_good_themselves() -> None:
    assert elq1.parse(packed(RAW)).claims == CLAIMS


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("issued_at", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))),
        ("issued_at", datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)),
        ("capital", Decimal("1.005")),
        ("name", ""),
        ("uscc", "x"),
        ("details", None),
    ],
)
def test_what_would_not_come_back_is_not_written(change: str, value: Any) -> None:
    with pytest.raises(EncodingError):
        credential.encode(replace(CLAIMS, **{change: value}))


def test_a_code_beyond_the_largest_symbol_is_not_written() -> None:
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(1_500))
    with pytest.raises(EncodingError, match="3391 fit"):
        code(replace(CLAIMS, details=None, address=ADDRESS, scope=noise))


def test_the_length_limit_is_inclusive() -> None:
    with pytest.raises(MalformedTokenError, match="zlib"):
        elq1.parse("ELQ1:" + "0" * (elq1.MAX_CHARS - 5))
    with pytest.raises(MalformedTokenError, match="longer than"):
        elq1.parse("ELQ1:" + "0" * (elq1.MAX_CHARS - 4))


def test_a_message_of_another_type_is_no_licence_code() -> None:
    with pytest.raises(MalformedTokenError, match="another type"):
        elq1.parse(packed(RAW, typ="application/statuslist+cwt"))


def test_a_text_without_the_prefix_is_refused() -> None:
    with pytest.raises(MalformedTokenError, match="not an ELQ1"):
        elq1.parse("elq1:")


def test_inflation_is_bounded() -> None:
    bomb = zlib.compress(bytes(16_385), 9)
    with pytest.raises(MalformedTokenError, match="more than 16384"):
        elq1.parse("ELQ1:" + base45.encode(bomb))
    assert inflate(zlib.compress(bytes(16_384)), max_bytes=16_384) == bytes(16_384)


@pytest.mark.parametrize("data", [b"", b"x", zlib.compress(b"abc")[:-1], zlib.compress(b"abc") + b"x"])
def test_half_a_stream_or_more_than_one_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        inflate(data, max_bytes=100)


@settings(deadline=None)
@given(st.text(alphabet=base45.ALPHABET, max_size=200))
def test_random_payloads_end_in_our_own_error(text: str) -> None:
    with pytest.raises(MalformedTokenError):
        elq1.parse("ELQ1:" + text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_claims_end_in_our_own_error(data: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        credential.decode(data)


@settings(deadline=None)
@given(st.text(alphabet=base45.ALPHABET, max_size=200))
def test_the_fragment_of_a_url_gives_the_code_back(text: str) -> None:
    payload = "ELQ1:" + text
    assert elq1.payload_of("https://licence.example/q#" + elq1.escape(payload)) == payload
    assert elq1.payload_of("http://127.0.0.1:8000/q#" + elq1.escape(payload) + "\r\n") == payload


def test_spaces_at_the_end_belong_to_the_code() -> None:
    assert elq1.payload_of("ELQ1:AB \n") == "ELQ1:AB "


def test_escapes_that_were_not_needed_are_undone_too() -> None:
    assert elq1.payload_of("https://h/q#ELQ1:%2a%2A%20%25") == "ELQ1:** %"


@pytest.mark.parametrize("tail", ["%", "%2", "%zz", "A%"])
def test_a_broken_escape_is_refused(tail: str) -> None:
    with pytest.raises(MalformedTokenError):
        elq1.payload_of("https://h/q#ELQ1:" + tail)


@pytest.mark.parametrize(
    "text", ["https://h/q", "https://h/x#ELQ1:A", "ftp://h/q#ELQ1:A", "https://" + "h" * 257 + "/q#ELQ1:"]
)
def test_other_urls_are_left_alone(text: str) -> None:
    assert elq1.payload_of(text) == text
