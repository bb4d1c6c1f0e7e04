"""Which algorithm a client means: identifiers that real clients send, and contradictions."""

import pytest
from asn1crypto import algos

from api.acts.remote_algorithms import (
    OIDS_OF_SPEC,
    as_sha256,
    digest_name,
    signature_algorithm,
)
from api.errors import OAuthError
from hsm.algorithms import algorithms_of
from hsm.signer import KeySpec, SignatureAlgorithm

PSS = "1.2.840.113549.1.1.10"
RSA = "1.2.840.113549.1.1.1"
EC = "1.2.840.10045.2.1"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA512 = "2.16.840.1.101.3.4.2.3"


def pss(digest: str = "sha256", mask: str = "sha256", salt: int = 32) -> bytes:
    """RSASSA-PSS-params as pyHanko encodes them."""
    made: bytes = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
            "salt_length": salt,
        }
    ).dump()
    return made


@pytest.mark.parametrize(
    ("oid", "digest", "parameters", "meant"),
    [
        ("1.2.840.10045.4.3.2", "sha256", None, SignatureAlgorithm.ECDSA_SHA256),
        (EC, "sha384", None, SignatureAlgorithm.ECDSA_SHA384),
        ("1.2.840.113549.1.1.11", "sha256", b"\x05\x00", SignatureAlgorithm.RSA_PKCS1_SHA256),
        (RSA, "sha512", None, SignatureAlgorithm.RSA_PKCS1_SHA512),
        (PSS, "sha256", None, SignatureAlgorithm.RSA_PSS_SHA256),
        (PSS, "sha256", pss(), SignatureAlgorithm.RSA_PSS_SHA256),
    ],
)
def test_an_identifier_means_one_algorithm(
    oid: str, digest: str, parameters: bytes | None, meant: SignatureAlgorithm
) -> None:
    assert signature_algorithm(oid, digest, parameters) is meant


@pytest.mark.parametrize(
    ("oid", "digest", "parameters"),
    [
        ("1.2.840.10045.4.3.2", "sha384", None),
        ("1.2.3", "sha256", None),
        (PSS, "sha256", pss("sha384")),
        (PSS, "sha256", pss(mask="sha1")),
        (PSS, "sha256", pss(salt=20)),
        (PSS, "sha256", b"\x30\x00"),
        (PSS, "sha256", b"\x30"),
        (PSS, "sha256", b"\x05\x00"),
        (RSA, "sha256", pss()),
    ],
)
def test_a_contradiction_is_refused(oid: str, digest: str, parameters: bytes | None) -> None:
    with pytest.raises(OAuthError):
        signature_algorithm(oid, digest, parameters)


@pytest.mark.parametrize("spec", [one for one in KeySpec if OIDS_OF_SPEC[one]])
def test_every_algorithm_that_is_told_of_a_key_is_one_that_it_can_do(spec: KeySpec) -> None:
    for oid in OIDS_OF_SPEC[spec]:
        known = []
        for digest in ("sha256", "sha384", "sha512"):
            try:
                known.append(signature_algorithm(oid, digest, None))
            except OAuthError:
                continue
        assert known
        assert set(known) <= algorithms_of(spec)


def test_hash_bound_identifiers_come_before_the_bare_ones() -> None:
    assert OIDS_OF_SPEC[KeySpec.RSA_3072].index("1.2.840.113549.1.1.11") < OIDS_OF_SPEC[KeySpec.RSA_3072].index(RSA)


def test_a_hash_is_of_the_length_of_its_algorithm() -> None:
    assert digest_name(None, (bytes(48),)) == "sha384"
    assert digest_name(SHA256, (bytes(32), bytes(32))) == "sha256"
    for oid, hashes in (
        (None, (bytes(20),)),
        (SHA512, (bytes(32),)),
        (None, (bytes(32), bytes(48))),
        ("1.2.3", (bytes(32),)),
    ):
        with pytest.raises(OAuthError):
            digest_name(oid, hashes)


def test_what_a_person_agrees_to_has_32_octets() -> None:
    assert as_sha256(bytes(32)) == bytes(32)
    assert len(as_sha256(bytes(64))) == 32
