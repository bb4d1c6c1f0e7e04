"""Revocation information beside a CMS signature: written in one form, read as far as it can be read."""

import hashlib
from typing import Any

import pytest
from asn1crypto import cms as reference
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.sealing import default_key, pki
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS
from verify.signed_data import SignedData

CRL = pki().seal_ca.crl()


def signature(**revocation: Any) -> bytes:
    key = default_key()
    return cms.signed_data(
        content_type=cms.ID_DATA,
        content=None,
        message_digest=hashlib.sha256(b"content").digest(),
        digest_name="sha256",
        signer_certificate=key.certificate,
        certificates=[key.certificate.public_bytes(Encoding.DER)],
        signature_algorithm=SIGNATURE_ALGORITHMS[key.algorithm],
        sign=lambda data: key.signer.sign(data, key.algorithm),
        revocation=cms.Revocation(**revocation),
    )


def ocsp() -> bytes:
    source = type(pki().revocation)(authorities=pki().revocation.authorities, by_ocsp=(default_key().certificate,))
    return source.evidence([default_key().certificate]).ocsp_responses[0]


def test_lists_and_answers_are_read_as_they_were_written() -> None:
    answer = ocsp()
    assert SignedData.load(signature()).evidence() == ([], [])
    assert SignedData.load(signature(crls=(CRL, CRL))).evidence() == ([CRL], [])
    assert SignedData.load(signature(crls=(CRL,), ocsp_responses=(answer,))).evidence() == ([CRL], [answer])


@pytest.mark.parametrize(("revocation", "version"), [({}, "v1"), ({"crls": (CRL,)}, "v1")])
def test_a_list_alone_does_not_change_the_version(revocation: dict[str, Any], version: str) -> None:
    assert reference.ContentInfo.load(signature(**revocation))["content"]["version"].native == version


def test_information_of_another_kind_is_passed_over() -> None:
    made = signature(ocsp_responses=(ocsp(),))
    other = made.replace(bytes.fromhex("06082b06010505071002"), bytes.fromhex("06082b06010505071009"))
    assert other != made
    assert SignedData.load(other).evidence() == ([], [])


def test_information_that_cannot_be_read_proves_nothing_and_hides_nothing() -> None:
    made = signature(crls=(CRL,), ocsp_responses=(ocsp(),))
    broken = made.replace(bytes.fromhex("06082b06010505071002"), bytes.fromhex("04082b06010505071002"))
    assert broken != made
    assert SignedData.load(broken).evidence() == ([CRL], [])
