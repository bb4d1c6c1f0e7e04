"""The published key list."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qr_pki import standard
from verify import keylist
from verify.errors import MalformedCertificateError
from verify.keylist import key_list, kid_of, parse_key_list

DOCUMENT: dict[str, list[dict[str, Any]]] = json.loads(key_list(standard()))


def changed(**members: Any) -> bytes:
    return json.dumps({"keys": [DOCUMENT["keys"][0] | members]}).encode()


def test_the_document_comes_back() -> None:
    assert parse_key_list(key_list(standard())) == standard()
    assert parse_key_list(key_list(())) == ()


def test_the_kid_is_the_beginning_of_the_fingerprint() -> None:
    signer = standard()[0]
    assert kid_of(signer) == signer.fingerprint(SHA256())[:8]


def test_a_pem_bundle_is_read_too() -> None:
    bundle = b"".join(one.public_bytes(Encoding.PEM) for one in standard())
    assert parse_key_list(b"\n" + bundle) == standard()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": 1}',
        b'{"keys": [], "more": 1}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [1]}',
        b"[" * 100_000,
        b"\xff",
        b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
        changed(kid="00"),
        changed(kid=5),
        changed(certificate="%"),
        changed(certificate="AAAA"),
        changed(certificate="A" * 30_000),
        changed(not_before="2020-01-01T00:00:00Z"),
        changed(not_after="yesterday"),
        changed(more="x"),
        bytes(keylist.MAX_BYTES + 1),
        json.dumps({"keys": DOCUMENT["keys"][:1] * (keylist.MAX_KEYS + 1)}).encode(),
    ],
)
def test_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        parse_key_list(data)


def test_the_limit_of_keys_is_inclusive() -> None:
    assert (
        len(parse_key_list(json.dumps({"keys": DOCUMENT["keys"][:1] * keylist.MAX_KEYS}).encode())) == keylist.MAX_KEYS
    )


@settings(deadline=None)
@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_random_bytes_end_in_our_own_error(data: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        parse_key_list(data)
