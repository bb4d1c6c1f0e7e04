"""Agreements checked again from kept evidence alone; keys of passkeys."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor, cose_key
from verify.assertion import (
    MAX_AUTHENTICATOR_DATA_BYTES,
    MAX_CLIENT_DATA_BYTES,
    MIN_AUTHENTICATOR_DATA_BYTES,
    Evidence,
    check_assertion,
)
from verify.errors import MalformedTokenError
from verify.report import Verdict, worst

RP_ID = "vermilion.example"
ORIGIN = "https://vermilion.example"
EC = ec.derive_private_key(7, ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
RSA = rsa.generate_private_key(65537, 2048)
SAID = {"version": 1, "type": "vermilion/intent", "purpose": "采购", "documents": [], "nonce": "AAAA"}


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


INTENT = canonical(SAID)


def ec_key(key: ec.EllipticCurvePrivateKey = EC) -> bytes:
    numbers = key.public_key().public_numbers()
    return cbor.encode({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})


def edwards_key() -> bytes:
    return cbor.encode({1: 1, 3: -8, -1: 6, -2: EDWARDS.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)})


def rsa_key(modulus: bytes | None = None, exponent: bytes = b"\x01\x00\x01") -> bytes:
    n = modulus if modulus is not None else RSA.public_key().public_numbers().n.to_bytes(256, "big")
    return cbor.encode({1: 3, 3: -257, -1: n, -2: exponent})


def client_data(intent: bytes = INTENT, **changes: Any) -> bytes:
    challenge = urlsafe_b64encode(sha256(intent).digest()).decode().rstrip("=")
    said = {"type": "webauthn.get", "challenge": challenge, "origin": ORIGIN, "crossOrigin": False} | changes
    return json.dumps({name: value for name, value in said.items() if value is not ...}).encode()


def authenticator_data(*, rp_id: str = RP_ID, flags: int = 0x05, more: bytes = b"") -> bytes:
    return sha256(rp_id.encode()).digest() + bytes([flags]) + (9).to_bytes(4, "big") + more


def sign_ec(message: bytes) -> bytes:
    return EC.sign(message, ec.ECDSA(SHA256()))


def evidence(
    client: bytes | None = None,
    data: bytes | None = None,
    *,
    sign: Callable[[bytes], bytes] = sign_ec,
    public_key: bytes | None = None,
) -> Evidence:
    client, data = client or client_data(), authenticator_data() if data is None else data
    return Evidence(
        client_data_json=client,
        authenticator_data=data,
        signature=sign(data + sha256(client).digest()),
        public_key=public_key or ec_key(),
    )


def ids(kept: Evidence, intent: bytes = INTENT) -> set[str]:
    """The findings that are not good."""
    found = check_assertion(kept, intent, rp_id=RP_ID, origins=(ORIGIN,))
    bad = {one.id for one in found if one.verdict is not Verdict.PASSED}
    assert (worst(found) is Verdict.PASSED) == (not bad)
    return bad


KINDS = {
    "ES256": (ec_key(), sign_ec),
    "EdDSA": (edwards_key(), EDWARDS.sign),
    "RS256": (rsa_key(), lambda message: RSA.sign(message, padding.PKCS1v15(), SHA256())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_good_evidence_passes_and_a_changed_signature_does_not(kind: str) -> None:
    public_key, sign = KINDS[kind]
    kept = evidence(sign=sign, public_key=public_key)
    found = check_assertion(kept, INTENT, rp_id=RP_ID, origins=(ORIGIN,))
    assert [one.id for one in found] == [
        "assertion.intent", "assertion.origin", "assertion.domain", "assertion.person", "assertion.signature",
    ]  # fmt: skip
    assert worst(found) is Verdict.PASSED
    for broken in (b"", kept.signature[:-1], kept.signature[:-1] + bytes([kept.signature[-1] ^ 1])):
        assert ids(replace(kept, signature=broken)) == {"assertion.bad-signature"}


def test_another_intent_is_told_from_the_one_agreed_to() -> None:
    assert ids(evidence(), canonical({**SAID, "purpose": "别的"})) == {"assertion.other-intent"}
    assert ids(evidence(client_data(challenge=...))) == {"assertion.other-intent"}
    assert ids(evidence(client_data(challenge=sha256(INTENT).hexdigest()))) == {"assertion.other-intent"}


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"origin": ORIGIN + "/"},
        {"origin": None},
        {"origin": [ORIGIN]},
        {"crossOrigin": True},
        {"crossOrigin": []},
        {"crossOrigin": 0},
    ],
)
def test_an_answer_to_another_page_fails(changes: dict[str, Any]) -> None:
    assert ids(evidence(client_data(**changes))) == {"assertion.other-origin"}


def test_client_data_without_the_word_on_frames_is_of_an_older_browser_and_passes() -> None:
    assert ids(evidence(client_data(crossOrigin=...))) == set()


def test_an_answer_for_another_domain_fails() -> None:
    assert ids(evidence(data=authenticator_data(rp_id="evil.example"))) == {"assertion.other-domain"}


@pytest.mark.parametrize("flags", [0x00, 0x01, 0x04, 0xFA])
def test_an_answer_of_nobody_fails(flags: int) -> None:
    assert ids(evidence(data=authenticator_data(flags=flags))) == {"assertion.nobody"}


@pytest.mark.parametrize("part", ["client_data_json", "authenticator_data"])
def test_every_signed_octet_counts(part: str) -> None:
    kept = evidence()
    octets: bytes = getattr(kept, part)
    for place in range(len(octets)):
        changed = octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]
        assert ids(Evidence(**{name: getattr(kept, name) for name in Evidence.__slots__} | {part: changed}))


@pytest.mark.parametrize(
    "intent",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        INTENT + b" ",
        canonical({**SAID, "version": 2}),
        canonical({**SAID, "type": "other"}),
        b'{"purpose":"a","purpose":"b","type":"vermilion/intent","version":1}',
        json.dumps(SAID, sort_keys=True).encode(),
        INTENT.replace("采购".encode(), b"\\ud800"),
        b"[" * 100_000,
        b"9" * 5000,
    ],
)
def test_an_intent_in_another_spelling_or_of_an_unknown_kind_is_refused(intent: bytes) -> None:
    assert ids(evidence(client_data(intent)), intent) == {"assertion.malformed"}


@pytest.mark.parametrize(
    "client",
    [
        b"{}",
        client_data(type="webauthn.create"),
        b'{"type":"webauthn.get","type":"webauthn.get"}',
        b'"webauthn.get"',
    ],
)
def test_client_data_of_another_form_is_refused(client: bytes) -> None:
    assert ids(evidence(client)) == {"assertion.malformed"}


def test_parts_are_bounded_at_their_limits_and_not_before() -> None:
    room = MAX_CLIENT_DATA_BYTES - len(client_data(padding=""))
    assert ids(evidence(client_data(padding="x" * room))) == set()
    assert ids(evidence(client_data(padding="x" * (room + 1)))) == {"assertion.malformed"}
    more = MAX_AUTHENTICATOR_DATA_BYTES - MIN_AUTHENTICATOR_DATA_BYTES
    assert ids(evidence(data=authenticator_data(more=bytes(more)))) == set()
    assert ids(evidence(data=authenticator_data(more=bytes(more + 1)))) == {"assertion.malformed"}
    assert ids(evidence(data=authenticator_data()[:-1])) == {"assertion.malformed"}


def test_a_name_agreed_to_may_be_long_but_not_without_end() -> None:
    for size, expected in ((1_999_000, set()), (2_000_001, {"assertion.malformed"})):
        intent = canonical({**SAID, "purpose": "x" * size})
        assert ids(evidence(client_data(intent)), intent) == expected


def bad_keys() -> dict[str, bytes]:
    numbers = EC.public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    return {
        "not CBOR": b"\xff",
        "empty map": b"\xa0",
        "a list": b"\x80",
        "a member more": cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: y, 4: [1]}),
        "another curve": cbor.encode({1: 2, 3: -7, -1: 2, -2: x, -3: y}),
        "another algorithm": cbor.encode({1: 2, 3: -8, -1: 1, -2: x, -3: y}),
        "no point": cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: x}),
        "short x": cbor.encode({1: 2, 3: -7, -1: 1, -2: x[1:], -3: y}),
        "long y": cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: b"\x00" + y}),
        "short Ed25519": cbor.encode({1: 1, 3: -8, -1: 6, -2: bytes(31)}),
        "weak RSA": rsa_key(b"\xff" * 255),
        "RSA beyond": rsa_key(b"\x01" + b"\xff" * 1024),
        "RSA padded": rsa_key(b"\x00" + b"\xff" * 256),
        "exponent 3": rsa_key(exponent=b"\x03"),
        "too long": rsa_key(b"\xff" * 1200),
    }


@pytest.mark.parametrize("name", bad_keys())
def test_a_key_of_another_kind_cannot_be_checked_with(name: str) -> None:
    with pytest.raises(MalformedTokenError):
        cose_key.load(bad_keys()[name])
    assert ids(evidence(public_key=bad_keys()[name])) == {"assertion.key"}


def test_an_even_modulus_is_no_error_of_ours() -> None:
    assert ids(evidence(public_key=rsa_key(b"\xff" * 255 + b"\xfe"))) <= {"assertion.key", "assertion.bad-signature"}


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=100), st.binary(max_size=100))
def test_no_bytes_whatever_lead_to_an_error(client: bytes, data: bytes, signature: bytes, public_key: bytes) -> None:
    kept = Evidence(client_data_json=client, authenticator_data=data, signature=signature, public_key=public_key)
    assert worst(check_assertion(kept, INTENT, rp_id=RP_ID, origins=(ORIGIN,))) is not Verdict.PASSED
    hostile = Evidence(
        client_data_json=client_data(), authenticator_data=authenticator_data(), signature=signature,
        public_key=public_key,
    )  # fmt: skip
    assert ids(hostile) & {"assertion.key", "assertion.bad-signature"}
