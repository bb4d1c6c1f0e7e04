"""COSE_Sign1 with ES256."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qr_pki import key, signing
from verify import cbor, cose
from verify.errors import EncodingError, MalformedTokenError

KID = b"12345678"
CORPORA = Path(os.environ.get("VERMILION_CORPORA", Path(__file__).parents[2] / "../shared/corpora"))
WYCHEPROOF = CORPORA / "wycheproof" / "ecdsa_secp256r1_sha256_test.json"


def message(protected: Any, unprotected: Any, payload: Any, signature: Any, tag: int = 18) -> bytes:
    return cbor.encode(cbor.Tag(tag, [protected, unprotected, payload, signature]))


HEADERS = cbor.encode({1: -7, 4: KID})


def test_a_message_comes_back_and_its_signature_is_good() -> None:
    decoded = cose.decode(cose.encode(b"payload", kid=KID, sign=signing("a"), typ="application/x"))
    assert (decoded.payload, decoded.kid, decoded.typ) == (b"payload", KID, "application/x")
    assert cose.is_signed_by(decoded, key("a").public_key())
    assert not cose.is_signed_by(decoded, key("b").public_key())


def test_every_changed_octet_is_refused_or_breaks_the_signature() -> None:
    data = cose.encode(b"payload", kid=KID, sign=signing("a"))
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        try:
            assert not cose.is_signed_by(cose.decode(changed), key("a").public_key()), place
        except MalformedTokenError:
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"",
        message(HEADERS, {}, b"p", bytes(64), tag=17),
        message(HEADERS, {4: KID}, b"p", bytes(64)),
        message(HEADERS, {}, b"p", bytes(63)),
        message(HEADERS, {}, b"p", bytes(65)),
        message(HEADERS, {}, "p", bytes(64)),
        message(HEADERS, [], b"p", bytes(64)),
        message("x", {}, b"p", bytes(64)),
        message(cbor.encode({1: -8, 4: KID}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7, 4: KID[:7]}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7, 4: "12345678"}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7, 4: KID, 2: [9]}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7, 4: KID, 16: 5}), {}, b"p", bytes(64)),
        message(cbor.encode({1: -7, 4: KID, 16: "x" * 65}), {}, b"p", bytes(64)),
        cbor.encode([HEADERS, {}, b"p", bytes(64)]),
    ],
)
def test_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        cose.decode(data)


@settings(deadline=None)
@given(st.binary(max_size=150))
def test_random_bytes_are_refused_with_our_own_error(data: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        cose.decode(data)


def test_a_kid_of_another_length_is_not_written() -> None:
    with pytest.raises(EncodingError):
        cose.encode(b"", kid=b"1234567", sign=signing("a"))


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x06\x02\x01\x01\x02\x01", bytes.fromhex("3027022201" + "00" * 33 + "020101")]
)
def test_a_signer_that_returns_something_else_is_noticed(der: bytes) -> None:
    with pytest.raises(EncodingError):
        cose.encode(b"", kid=KID, sign=lambda _: der)


def test_a_key_on_another_curve_verifies_nothing() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    assert not cose.verify_es256(other, b"", bytes(64))
    assert not cose.verify_es256(key("a").public_key(), b"", bytes(63))
    assert not cose.verify_es256(key("a").public_key(), b"", bytes(64))


@pytest.mark.corpus
@pytest.mark.skipif(not WYCHEPROOF.exists(), reason="needs the wycheproof corpus")
def test_es256_agrees_with_wycheproof() -> None:
    """Vectors whose DER cannot be turned into r and s of 32 octets never reach COSE; those must be invalid ones."""
    seen = {"valid": 0, "invalid": 0, "unencodable": 0}
    for group in json.loads(WYCHEPROOF.read_bytes())["testGroups"]:
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(public, ec.EllipticCurvePublicKey)
        for test in group["tests"]:
            try:
                raw = cose.raw_signature(bytes.fromhex(test["sig"]))
            except EncodingError:
                assert test["result"] != "valid", test
                seen["unencodable"] += 1
                continue
            good = cose.verify_es256(public, bytes.fromhex(test["msg"]), raw)
            assert good == (test["result"] == "valid"), test
            seen["valid" if good else "invalid"] += 1
    assert min(seen.values()) > 50, seen
