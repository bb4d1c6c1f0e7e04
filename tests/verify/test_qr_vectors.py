"""The worked example of docs/spec/qr.md, as any other reader would use it."""

import json
from pathlib import Path
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from verify import cose
from verify.elq1 import escape, parse, payload_of
from verify.status import parse_status_list

ROOT: Final = Path(__file__).parents[2]
VECTOR: Final[dict[str, Any]] = json.loads((ROOT / "tests" / "vectors" / "qr" / "example.json").read_bytes())
KEY: Final = ec.EllipticCurvePublicNumbers(int(VECTOR["x"], 16), int(VECTOR["y"], 16), ec.SECP256R1()).public_key()


def test_the_example_reads_as_the_page_says() -> None:
    token = parse(VECTOR["elq1"])
    assert token.claims.facts() == VECTOR["facts"]
    assert token.message.payload.hex() == VECTOR["claims"]
    assert token.message.protected.hex() == VECTOR["protected"]
    assert token.message.signature.hex() == VECTOR["signature"]
    assert token.message.kid.hex() == VECTOR["kid"]
    assert cose.is_signed_by(token.message, KEY)


def test_the_url_of_the_example_carries_the_same_code() -> None:
    assert payload_of(VECTOR["url"]) == VECTOR["elq1"]
    assert VECTOR["url"] == "https://licence.example/q#" + escape(VECTOR["elq1"])


def test_the_status_list_of_the_example_is_signed_by_the_same_key() -> None:
    read = parse_status_list(bytes.fromhex(VECTOR["status_list"]))
    assert [read.list.status(place) for place in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    assert cose.is_signed_by(read.message, KEY)


def test_a_general_cbor_reader_finds_the_claims_of_the_page() -> None:
    claims = cbor2.loads(bytes.fromhex(VECTOR["claims"]))
    assert set(claims) == {1, 4, 6, 7, 65535, -65537}
    assert claims[65535] == {"status_list": {"idx": 5, "uri": "https://licence.example/pki/status/1"}}
    assert claims[-65537][2] == VECTOR["facts"]["name"]


def test_the_page_shows_the_vector() -> None:
    page = (ROOT / "docs" / "spec" / "qr.md").read_text(encoding="utf-8").replace("\n", "")
    for name in ("claims", "protected", "signature", "elq1", "kid"):
        assert VECTOR[name] in page, name
