"""Who may sign licence codes: paths, purposes, revocation."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tests.support.qr_pki import (
    CRL_URI,
    NOW,
    ROOT,
    SERVICE,
    SIGNER,
    Plan,
    certificate,
    crl,
    standard,
)
from verify.keylist import kid_of
from verify.report import Verdict
from verify.signers import SignerCheck, check_signer
from verify.trust import Trust

SECOND = timedelta(seconds=1)


def checked(
    signer: Plan = SIGNER, service: Plan = SERVICE, root: Plan = ROOT, *, crls: tuple[bytes, ...] = ()
) -> SignerCheck:
    leaf = certificate(signer)
    given = Trust(anchors=(certificate(root),), certificates=(leaf, certificate(service)), crls=crls)
    return check_signer(kid_of(leaf), given, now=NOW, area="qr")


def outcome(check: SignerCheck) -> tuple[str, Verdict]:
    return check.findings[-1].id, check.findings[-1].verdict


def test_a_path_to_the_anchor_gives_the_key() -> None:
    check = checked()
    assert outcome(check) == ("qr.signer", Verdict.PASSED)
    assert check.key is not None
    assert len(check.path) == 3


def test_a_signer_directly_under_the_anchor_is_fine() -> None:
    leaf = certificate(replace(SIGNER, issuer="root"))
    given = Trust(anchors=(certificate(ROOT),), certificates=(leaf,))
    assert check_signer(kid_of(leaf), given, now=NOW, area="qr").key is not None


@pytest.mark.parametrize(
    "plans",
    [
        {"signer": replace(SIGNER, not_after=NOW - SECOND)},
        {"signer": replace(SIGNER, not_before=NOW + SECOND)},
        {"signer": replace(SIGNER, purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))},
        {"signer": replace(SIGNER, purposes=())},
        {"signer": replace(SIGNER, usage=None)},
        {"signer": replace(SIGNER, usage=("content_commitment",))},
        {"signer": replace(SIGNER, usage=("digital_signature", "key_cert_sign"), ca=True)},
        {"signer": replace(SIGNER, public=ec.generate_private_key(ec.SECP384R1()).public_key())},
        {"signer": replace(SIGNER, public=rsa.generate_private_key(65537, 2048).public_key())},
    ],
)
def test_a_certificate_that_may_not_sign_codes_fails(plans: dict[str, Any]) -> None:
    check = checked(**plans)
    assert outcome(check) == ("qr.signer", Verdict.FAILED)
    assert check.key is None


@pytest.mark.parametrize(
    "plans",
    [
        {"service": replace(SERVICE, ca=False, path_length=None)},
        {"service": replace(SERVICE, constraints=False)},
        {"service": replace(SERVICE, usage=None)},
        {"service": replace(SERVICE, usage=("crl_sign",))},
        {"service": replace(SERVICE, not_after=NOW - SECOND)},
        {"service": replace(SERVICE, critical_oid=x509.ObjectIdentifier("1.2.3.4"))},
        {"service": replace(SERVICE, key_name="another")},
        {"signer": replace(SIGNER, critical_oid=x509.ObjectIdentifier("1.2.3.4"))},
        {"root": replace(ROOT, path_length=0)},
        {"root": replace(ROOT, not_after=NOW - SECOND)},
        {"root": replace(ROOT, subject="another-root", issuer="another-root")},
    ],
)
def test_without_a_sound_path_the_answer_is_open(plans: dict[str, Any]) -> None:
    check = checked(**plans)
    assert outcome(check) == ("qr.signer", Verdict.INDETERMINATE)
    assert check.key is None


@pytest.mark.parametrize(("depth", "found"), [(2, True), (3, False)])
def test_paths_have_at_most_four_certificates(depth: int, *, found: bool) -> None:
    names = ["root", *(f"ca{step}" for step in range(depth))]
    middle = tuple(
        certificate(replace(SERVICE, subject=below, issuer=above, path_length=None)) for above, below in pairwise(names)
    )
    leaf = certificate(replace(SIGNER, issuer=names[-1]))
    given = Trust(anchors=(certificate(ROOT),), certificates=(leaf, *middle))
    assert bool(check_signer(kid_of(leaf), given, now=NOW, area="qr").path) is found


def test_two_cas_that_issue_each_other_end() -> None:
    ring = tuple(
        certificate(replace(SERVICE, subject=a, issuer=b, path_length=None)) for a, b in (("a", "b"), ("b", "a"))
    )
    leaf = certificate(replace(SIGNER, issuer="a"))
    given = Trust(anchors=(certificate(ROOT),), certificates=(leaf, *ring))
    assert check_signer(kid_of(leaf), given, now=NOW, area="qr").path == ()


def test_work_on_many_cas_of_one_name_is_bounded() -> None:
    wrong = tuple(certificate(replace(SERVICE, key_name="wrong", serial=100 + n)) for n in range(64))
    leaf, service, root = standard()
    few = Trust(anchors=(root,), certificates=(leaf, *wrong[:63], service))
    many = Trust(anchors=(root,), certificates=(leaf, *wrong, service))
    # 63 wrong ones, the right one, then its root: one try too many
    assert check_signer(kid_of(leaf), replace(few, certificates=(leaf, *wrong[:62], service)), now=NOW, area="qr").path
    assert not check_signer(kid_of(leaf), few, now=NOW, area="qr").path
    assert not check_signer(kid_of(leaf), many, now=NOW, area="qr").path


def test_a_certificate_with_broken_extensions_leads_nowhere() -> None:
    der = certificate(replace(SIGNER, constraints=True)).public_bytes(Encoding.DER)
    basic = bytes.fromhex("0603551d13")  # doubled: the key usage extension renamed to a second BasicConstraints
    broken = x509.load_der_x509_certificate(der.replace(bytes.fromhex("0603551d0f"), basic))
    given = Trust(anchors=(certificate(ROOT),), certificates=(broken, certificate(SERVICE)))
    check = check_signer(kid_of(broken), given, now=NOW, area="qr")
    assert outcome(check) == ("qr.signer", Verdict.INDETERMINATE)


GOOD_POINT = x509.IssuingDistributionPoint(
    [x509.UniformResourceIdentifier(CRL_URI)], None, True, False, None, False, False
)


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    fields: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(fields | changes))  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("lists", "verdict"),
    [
        ((crl(),), Verdict.PASSED),
        ((crl(extension=GOOD_POINT),), Verdict.PASSED),
        ((crl(until=NOW),), Verdict.PASSED),
        ((crl(until=NOW - SECOND),), Verdict.INDETERMINATE),
        ((crl(issued=NOW + SECOND),), Verdict.INDETERMINATE),
        ((crl(extension=scope(indirect_crl=True)),), Verdict.INDETERMINATE),
        ((crl(extension=scope(only_contains_ca_certs=True)),), Verdict.INDETERMINATE),
        (
            (crl(extension=scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))),),
            Verdict.INDETERMINATE,
        ),
        (
            (crl(extension=scope(full_name=[x509.UniformResourceIdentifier("http://else.example/")])),),
            Verdict.INDETERMINATE,
        ),
        ((crl(extension=x509.DeltaCRLIndicator(1)),), Verdict.INDETERMINATE),
        ((crl(revoked=(SIGNER.serial,), until=NOW - SECOND),), Verdict.FAILED),
        ((crl(), crl(revoked=(SIGNER.serial,))), Verdict.FAILED),
        ((crl(revoked=(SIGNER.serial + 1,)),), Verdict.PASSED),
    ],
)
def test_revocation_lists_of_the_issuer_count(lists: tuple[bytes, ...], verdict: Verdict) -> None:
    assert outcome(checked(crls=lists)) == ("qr.signer-revocation", verdict)


@pytest.mark.parametrize(
    "junk", [b"junk", crl(revoked=(SIGNER.serial,), signed_by="stranger"), crl("stranger", revoked=(SIGNER.serial,))]
)
def test_what_others_say_of_revocation_does_not_count(junk: bytes) -> None:
    assert outcome(checked(crls=(junk,))) == ("qr.signer", Verdict.PASSED)


def test_a_list_for_user_certificates_says_nothing_of_a_ca() -> None:
    check = checked(crls=(crl("root", extension=scope(only_contains_user_certs=True)),))
    assert outcome(check) == ("qr.signer-revocation", Verdict.INDETERMINATE)
    check = checked(crls=(crl("root", extension=scope(only_contains_ca_certs=True)),))
    assert outcome(check) == ("qr.signer-revocation", Verdict.PASSED)


def test_a_certificate_without_a_distribution_point_needs_a_list_without_one() -> None:
    plain = replace(SIGNER, crl=False, constraints=False)
    assert outcome(checked(plain, crls=(crl(extension=GOOD_POINT),)))[1] is Verdict.INDETERMINATE
    assert outcome(checked(plain, crls=(crl(),)))[1] is Verdict.PASSED


def test_a_list_with_an_unknown_algorithm_or_an_unreadable_name_does_not_count() -> None:
    listed = crl(revoked=(SIGNER.serial,))
    for before, after in (
        (bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040309")),
        (b"service", b"\xffervice"),
    ):
        assert before in listed
        assert outcome(checked(crls=(listed.replace(before, after),))) == ("qr.signer", Verdict.PASSED)


def test_a_list_with_an_unreadable_scope_covers_nothing() -> None:
    odd = crl(extension=x509.UnrecognizedExtension(ExtensionOID.ISSUING_DISTRIBUTION_POINT, b"\x05\x00"))
    assert outcome(checked(crls=(odd,))) == ("qr.signer-revocation", Verdict.INDETERMINATE)
