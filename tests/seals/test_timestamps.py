"""A time-stamp token is checked before it goes into a document."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hsm.signer import KeySpec, SignatureAlgorithm
from seals import timestamps
from seals.errors import TimestampError
from tests.support.keys import MemorySigner, make_key, rsa_key
from tests.support.sealing import NOW, LocalTimeStamper, make_leaf, pki
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS, SIGNATURE_DIGESTS

DIGEST = hashlib.sha256(b"a signature").digest()


def token(digest: bytes = DIGEST, name: str = "sha256") -> bytes:
    return pki().timestamper.stamp(digest, name)


def signers() -> tuple[x509.Certificate, ...]:
    return tuple(pki().timestamper.certificates())


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_a_good_token_tells_its_time(name: str) -> None:
    digest = timestamps.digest(b"a signature", name)
    found = timestamps.stamp(pki().timestamper, digest, name)
    assert found.time == NOW


@pytest.mark.parametrize("algorithm", ["rsa-pkcs1-sha256", "rsa-pss-sha256", "ed25519", "ecdsa-sha384"])
def test_authorities_may_use_other_algorithms(algorithm: str) -> None:
    key = (
        rsa_key(KeySpec.RSA_3072, 1)
        if "rsa" in algorithm
        else make_key(KeySpec.ED25519 if algorithm == "ed25519" else KeySpec.EC_P384)
    )
    certificate = make_leaf(pki().service_ca, "Other TSA", key, timestamping=True)
    content = asn1_cms.ContentInfo.load(token())["content"]["encap_content_info"]["content"].contents
    digest_name = SIGNATURE_DIGESTS[algorithm]
    der = cms.signed_data(
        content_type=cms.ID_TST_INFO,
        content=content,
        message_digest=hashlib.new(digest_name, content).digest(),
        digest_name=digest_name,
        signer_certificate=certificate,
        certificates=[certificate.public_bytes(Encoding.DER)],
        signature_algorithm=SIGNATURE_ALGORITHMS[algorithm],
        sign=lambda data: MemorySigner(key).sign(data, SignatureAlgorithm(algorithm)),
    )
    assert timestamps.checked(der, DIGEST, "sha256", [certificate]).time == NOW


def test_a_token_over_something_else_is_refused() -> None:
    with pytest.raises(TimestampError, match="other bytes"):
        timestamps.checked(token(hashlib.sha256(b"x").digest()), DIGEST, "sha256", signers())


def test_a_token_by_another_digest_is_refused() -> None:
    digest = hashlib.sha512(b"a signature").digest()
    with pytest.raises(TimestampError, match="other bytes"):
        timestamps.checked(token(digest, "sha512"), digest, "sha256", signers())


def test_a_token_of_a_stranger_is_refused() -> None:
    up = pki().timestamper
    key = ec.generate_private_key(ec.SECP256R1())
    forged = replace(up, key=key)  # says that it is the authority, signs with another key
    with pytest.raises(TimestampError, match="not signed by the authority"):
        timestamps.checked(forged.stamp(DIGEST, "sha256"), DIGEST, "sha256", signers())


def test_a_changed_time_is_seen() -> None:
    other = replace(pki().timestamper, time=NOW + timedelta(hours=1))
    for _ in range(2):  # serial numbers count up: once in a while the second token's is an octet longer
        mine, changed = token(), other.stamp(DIGEST, "sha256")
        content = asn1_cms.ContentInfo.load(changed)["content"]["encap_content_info"]["content"].contents
        original = asn1_cms.ContentInfo.load(mine)["content"]["encap_content_info"]["content"].contents
        if len(content) == len(original):
            break
    assert len(content) == len(original)
    with pytest.raises(TimestampError, match="altered"):
        timestamps.checked(mine.replace(original, content), DIGEST, "sha256", signers())


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x00", b"20261121120000Z", b"\x02\x01\x00"])
def test_what_is_no_token_is_refused(der: bytes) -> None:
    with pytest.raises(TimestampError):
        timestamps.checked(der, DIGEST, "sha256", signers())


@pytest.mark.parametrize("position", range(0, 1700, 61))
def test_a_damaged_token_is_refused_or_still_the_same_statement(position: int) -> None:
    der = bytearray(token())
    der[position % len(der)] ^= 0x41
    try:
        found = timestamps.checked(bytes(der), DIGEST, "sha256", signers())
    except TimestampError:
        return
    assert found.time == NOW


def test_signed_data_of_another_kind_is_refused() -> None:
    up = pki().timestamper
    der = cms.signed_data(
        content_type=cms.ID_DATA,
        content=b"\x30\x00",
        message_digest=bytes(32),
        digest_name="sha256",
        signer_certificate=up.certificate,
        certificates=(),
        signature_algorithm=SIGNATURE_ALGORITHMS["ecdsa-sha256"],
        sign=lambda _: b"signature",
    )
    with pytest.raises(TimestampError, match="TSTInfo"):
        timestamps.checked(der, DIGEST, "sha256", signers())


def test_the_authority_may_pass_tokens_on_only_if_they_are_its_own() -> None:
    up = pki().timestamper
    key = make_key(KeySpec.EC_P256)
    lying = LocalTimeStamper(
        certificate=make_leaf(pki().service_ca, "Other", key, timestamping=True), key=up.key, chain=up.chain
    )
    with pytest.raises(TimestampError):
        timestamps.stamp(lying, DIGEST, "sha256")
