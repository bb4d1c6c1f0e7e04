"""Foreign codes of the same layers: EU Digital COVID Certificates (Base45, zlib, COSE_Sign1), from sixteen states."""

import base64
import json
from collections import Counter
from typing import Any, Final

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.corpora import corpus
from verify import base45, cose
from verify.errors import MalformedTokenError
from verify.inflate import inflate
from verify.pictures import read_codes

pytestmark = pytest.mark.corpus

ES256: Final = -7
MAX_BYTES: Final = 100_000


def vectors() -> list[tuple[str, dict[str, Any]]]:
    return [(str(path), json.loads(path.read_bytes())) for path in sorted(corpus("dcc").rglob("*.json"))]


def test_base45_and_zlib_give_the_octets_that_the_vectors_name() -> None:
    seen: Counter[str] = Counter()
    for name, vector in vectors():
        if "COSE" not in vector:
            seen["without expected octets"] += 1
            continue
        packed = base45.decode(vector["PREFIX"].removeprefix("HC1:"))
        assert base45.encode(packed) == vector["PREFIX"].removeprefix("HC1:"), name
        if packed[:1] != b"\x78":
            seen["not compressed"] += 1  # the vectors hold some that skip zlib; readers are asked to cope, ours is not
            continue
        assert inflate(packed, max_bytes=MAX_BYTES) == bytes.fromhex(vector["COSE"]), name
        seen["equal"] += 1
    assert seen["equal"] >= 60, seen


def test_es256_says_of_each_vector_what_its_author_expects() -> None:
    """Foreign CBOR is not deterministic, so `cbor2` splits it; the signature layer is ours. RSA vectors are not ES256."""
    seen: Counter[str] = Counter()
    for name, vector in vectors():
        packed = base45.decode(vector["PREFIX"].removeprefix("HC1:"))
        found = cbor2.loads(inflate(packed, max_bytes=MAX_BYTES) if packed[:1] == b"\x78" else packed)
        protected, unprotected, payload, signature = found.value if isinstance(found, cbor2.CBORTag) else found
        headers = (cbor2.loads(protected) if protected else {}) | dict(unprotected)
        certificate = x509.load_der_x509_certificate(base64.b64decode(vector["TESTCTX"]["CERTIFICATE"]))
        key = certificate.public_key()
        if headers.get(1) != ES256 or not isinstance(key, ec.EllipticCurvePublicKey):
            seen["not ES256"] += 1
            continue
        expected = vector["EXPECTEDRESULTS"]["EXPECTEDVERIFY"]
        assert cose.verify_es256(key, cose.signed_bytes(protected, payload), signature) == expected, name
        assert not cose.verify_es256(key, cose.signed_bytes(protected, payload + b"\x00"), signature), name
        seen["agreed"] += 1
    assert seen["agreed"] >= 60, seen


def test_our_strict_reader_refuses_them_all_with_its_own_error() -> None:
    for name, vector in vectors():
        packed = base45.decode(vector["PREFIX"].removeprefix("HC1:"))
        data = inflate(packed, max_bytes=MAX_BYTES) if packed[:1] == b"\x78" else packed
        try:
            message = cose.decode(data)
        except MalformedTokenError:
            continue
        assert len(message.kid) == cose.KID_BYTES, name  # those that happen to be spelled as we spell


def test_their_pictures_are_read_to_their_text() -> None:
    seen: Counter[str] = Counter()
    for _, vector in vectors():
        if vector.get("2DCODE") and vector["EXPECTEDRESULTS"].get("EXPECTEDPICTUREDECODE"):
            seen["equal" if vector["PREFIX"] in read_codes(base64.b64decode(vector["2DCODE"])) else "other"] += 1
    assert seen["equal"] >= 60, seen
    assert seen["other"] <= 1, seen
