"""Certificates of natural persons: for one signature, one day, with a name and an opaque number."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from ca import lint
from ca.errors import LintError, ProfileError
from ca.issuance import draft
from ca.profiles import PERSON
from ca.subjects import NaturalPerson, common_name
from hsm.signer import KeySpec
from tests.support.pki import NOW, Pki, shared_pki
from tests.support.pki_judges import at, pkilint, said

NUMBER = "0123456789abcdef" * 2
NAME = "林知远"


def subject(**changes: str) -> x509.Name:
    values = {"surname": NAME, "common_name": NAME, "serial_number": NUMBER} | changes
    return NaturalPerson(**values).name()


def issue(pki: Pki, *, spec: KeySpec = KeySpec.EC_P256, **changes: Any) -> x509.Certificate:
    arguments: dict[str, Any] = {"subject": subject(), "info": None, "valid_for": timedelta(days=1)} | changes
    return pki.issue("person", spec=spec, **arguments)[0]


def test_the_subject_has_name_and_number_and_the_key_signs_for_good() -> None:
    certificate = issue(shared_pki())
    assert [one.oid for one in certificate.subject] == list(PERSON.subject)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.content_commitment, usage.digital_signature) == (True, False)
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [one.policy_identifier.dotted_string for one in policies] == ["1.3.6.1.4.1.32473.7.1.5"]


def test_a_day_is_allowed_and_a_second_more_is_not() -> None:
    assert issue(shared_pki(), valid_for=timedelta(days=1))
    with pytest.raises(ProfileError):
        issue(shared_pki(), valid_for=timedelta(days=1, seconds=1))


def test_only_the_seal_ca_issues_it() -> None:
    for issuer in ("licence", "service"):
        with pytest.raises(ProfileError, match="not issued by"):
            issue(shared_pki(), issuer=issuer)


@pytest.mark.parametrize("number", ["", NUMBER[:-1], NUMBER + "0", NUMBER.upper(), "110101199001011234", " " * 32])
def test_a_number_of_another_form_is_refused(number: str) -> None:
    with pytest.raises(ProfileError, match="32 hexadecimal digits"):
        subject(serial_number=number)


@pytest.mark.parametrize("name", ["", " 林", "林\u200b知远", "x" * 65])
def test_a_name_that_cannot_stand_is_refused(name: str) -> None:
    with pytest.raises(ProfileError):
        subject(surname=name)


def test_a_long_name_stands_whole_and_its_common_name_is_cut() -> None:
    name = "阿" * 40
    made = subject(surname=name, common_name=common_name(name))
    certificate = issue(shared_pki(), subject=made)
    assert certificate.subject.get_attributes_for_oid(NameOID.SURNAME)[0].value == name


@pytest.mark.parametrize(
    "serial",
    [
        x509.NameAttribute(NameOID.SERIAL_NUMBER, NUMBER, _ASN1Type.UTF8String),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "110101199001011234"),
    ],
    ids=["UTF8String", "an identity number"],
)
def test_the_lint_objects_to_a_number_in_another_form(serial: x509.NameAttribute[str]) -> None:
    pki = shared_pki()
    other = x509.Name([*list(subject())[:3], serial])
    planned = pki.plan("person", subject=other, info=None, valid_for=timedelta(days=1))
    with pytest.raises(LintError, match="serial number of a person"):
        draft(planned, lint=lint.check)


@pytest.mark.judge
@pytest.mark.parametrize("key", [KeySpec.EC_P256, KeySpec.RSA_3072, KeySpec.ED25519])
def test_pkilint_etsi_and_openssl_find_nothing(key: KeySpec, tmp_path: Path) -> None:
    pki = shared_pki()
    path = pki.write(tmp_path, issue(pki, spec=key))
    assert pkilint("lint_pkix_cert", path) == ""
    assert pkilint("lint_etsi_cert", path, "-t", "NCP-NATURAL-PERSON-CERTIFICATE") == ""
    answer = said(
        "openssl", "verify", "-x509_strict", "-attime", at(NOW + timedelta(hours=1)), "-CAfile", tmp_path / "root.pem",
        "-untrusted", tmp_path / "chain.pem", path,
    )  # fmt: skip
    assert answer.strip() == f"{path}: OK"
