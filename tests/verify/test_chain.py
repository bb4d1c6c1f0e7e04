"""Certificate paths: who is believed, until when, and how little work hostile certificates may cause."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.check_pki import DAY, NOW, Authority, der, make_root, ocsp_url, pki, rsa_key
from verify import chain
from verify.chain import PathChecker, PathResult, validate_path
from verify.errors import MalformedCertificateError
from verify.path_rules import ChainLimits
from verify.purposes import ANY, SIGNING, TIME_STAMPING, Purpose
from verify.report import Verdict
from verify.trust import Trust

SECOND = timedelta(seconds=1)


def judged(
    one: Authority, *, extra: tuple[Authority, ...] = (), roots: tuple[Authority, ...] = (), **more: Any
) -> PathResult:
    trust = Trust(anchors=tuple(root.certificate for root in roots or (pki().root,)))
    given: dict[str, Any] = {"at": NOW, "now": NOW, "crls": pki().crls(), **more}
    certificates = [der(other.certificate) for other in (pki().ca, *extra)]
    return validate_path(der(one.certificate), trust=trust, extra=certificates, **given)


def ids(result: PathResult) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in result.findings}


def test_a_certificate_under_a_trusted_root_passes_and_the_path_is_shown() -> None:
    result = judged(pki().signer, purpose=SIGNING)
    assert result.verdict is Verdict.PASSED
    assert [one.subject for one in result.path] == ["Contract seal", "Issuing CA", "Root"]
    assert len(result.revocations) == 2


def test_a_root_may_be_the_certificate_itself() -> None:
    result = judged(pki().root)
    assert result.verdict is Verdict.PASSED
    assert result.revocations == ()
    old = make_root("Old", not_after=NOW - DAY)
    assert "path.expired-unproven" in ids(judged(old, roots=(old,)))


def test_an_unknown_issuer_is_indeterminate_and_says_what_to_do() -> None:
    result = judged(pki().signer, roots=(make_root("Another"),))
    assert result.verdict is Verdict.INDETERMINATE
    (finding,) = [one for one in result.findings if one.id == "path.unknown-issuer"]
    assert "Trust its root" in finding.text
    assert "根证书" in finding.text_zh


def test_a_certificate_that_claims_our_root_is_called_forged() -> None:
    forged = pki().root.issue("Forged", signing_key=ec.generate_private_key(ec.SECP256R1()))
    assert ids(judged(forged))["path.forged"] is Verdict.FAILED


@pytest.mark.parametrize(
    ("at", "proven", "ident"),
    [
        (NOW - 10 * DAY, True, "path.trusted"),
        (NOW - 10 * DAY - SECOND, True, "path.not-yet-valid"),
        (NOW + 10 * DAY, True, "path.trusted"),
        (NOW + 10 * DAY + SECOND, True, "path.expired"),
        (NOW + 10 * DAY + SECOND, False, "path.expired-unproven"),
    ],
)
def test_validity_counts_to_the_second(at: datetime, proven: bool, ident: str) -> None:  # noqa: FBT001 -- a table
    one = pki().ca.issue("Short", not_before=NOW - 10 * DAY, not_after=NOW + 10 * DAY)
    assert ident in ids(judged(one, at=at, now=at, proven=proven))


def test_an_expired_root_is_not_believed() -> None:
    root = make_root("Old", not_after=NOW - DAY)
    one = root.issue("Under the old root", ca=False)
    assert "path.expired-unproven" in ids(judged(one, roots=(root,)))


def test_an_unknown_critical_extension_is_refused_in_every_certificate_of_the_path() -> None:
    odd = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00"), True)
    root = make_root("Odd", extensions=[odd])
    assert ids(judged(pki().ca.issue("Odd leaf", extensions=[odd])))["path.invalid"] is Verdict.FAILED
    assert ids(judged(root.issue("Under an odd root"), roots=(root,)))["path.invalid"] is Verdict.FAILED


def test_name_constraints_that_are_not_critical_are_refused() -> None:
    tree = x509.NameConstraints([x509.DNSName("example.org")], None)
    ca = pki().root.issue("Loose CA", usages=("key_cert_sign", "crl_sign"), ca=True, extensions=[(tree, False)])
    assert "path.invalid" in ids(judged(ca.issue("Leaf"), extra=(ca,)))


def test_a_certificate_of_no_authority_issues_nothing() -> None:
    false_ca = pki().ca.issue("Not a CA", usages=("digital_signature",))
    leaf = false_ca.issue("Leaf of a leaf")
    assert "path.trusted" not in ids(judged(leaf, extra=(false_ca,)))
    root = make_root("No CA", ca=False)
    assert "path.invalid" in ids(judged(root.issue("Leaf"), roots=(root,)))


def test_a_leaf_that_claims_to_sign_certificates_is_refused() -> None:
    assert "path.invalid" in ids(judged(pki().ca.issue("Greedy", usages=("key_cert_sign", "digital_signature"))))


def test_a_path_of_weak_signatures_is_indeterminate() -> None:
    weak = Authority(pki().root.certificate, pki().root.key).issue(
        "Small CA", key=rsa_key(1024), usages=("key_cert_sign", "crl_sign"), ca=True
    )
    leaf = weak.issue("Under a small key")
    assert ids(judged(leaf, extra=(weak,)))["path.weak"] is Verdict.INDETERMINATE


def test_too_many_names_to_compare_are_not_compared() -> None:
    names = [x509.DNSName(f"n{number}.example.org") for number in range(60)]
    tree = x509.NameConstraints(names, None)
    ca = pki().root.issue("Namer", usages=("key_cert_sign", "crl_sign"), ca=True, extensions=[(tree, True)])
    leaf = ca.issue("Many names", extensions=[(x509.SubjectAlternativeName(names), False)])
    assert "too many" in next(one.text for one in judged(leaf, extra=(ca,)).findings if one.id == "path.invalid")


@pytest.mark.parametrize(
    ("purpose", "usages", "extended", "fits"),
    [
        (SIGNING, ("content_commitment",), (), True),
        (SIGNING, ("digital_signature",), (ExtendedKeyUsageOID.EMAIL_PROTECTION,), True),
        (SIGNING, None, (), True),
        (SIGNING, ("key_encipherment",), (), False),
        (SIGNING, ("digital_signature",), (ExtendedKeyUsageOID.CODE_SIGNING,), False),
        (TIME_STAMPING, ("digital_signature",), (ExtendedKeyUsageOID.TIME_STAMPING,), True),
        (TIME_STAMPING, ("digital_signature",), (), False),
        (
            TIME_STAMPING,
            ("digital_signature",),
            (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH),
            False,
        ),
        (ANY, ("key_encipherment",), (), True),
    ],
)
def test_purpose_is_judged_by_key_usage_and_extended_key_usage(
    purpose: Purpose,
    usages: tuple[str, ...] | None,
    extended: tuple[x509.ObjectIdentifier, ...],
    fits: bool,  # noqa: FBT001 -- a table
) -> None:
    result = ids(judged(pki().ca.issue("Purpose", usages=usages, extended=extended), purpose=purpose))
    assert ("certificate.purpose" in result) == fits
    assert ("certificate.wrong-purpose" in result) != fits


def test_a_second_path_is_tried_when_the_first_does_not_stand() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usages = ("key_cert_sign", "crl_sign")
    old = pki().root.issue("Twin CA", key=key, usages=usages, ca=True, not_after=NOW - DAY)
    new = pki().root.issue("Twin CA", key=key, usages=usages, ca=True)
    leaf = new.issue("Leaf of twins")
    for order in ((old, new), (new, old)):
        assert "path.trusted" in ids(judged(leaf, extra=order))


def test_only_so_many_candidate_paths_are_judged() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    twins = tuple(
        pki().root.issue("Twin CA", key=key, usages=("key_cert_sign",), ca=True, not_after=NOW - DAY) for _ in range(3)
    )
    good = pki().root.issue("Twin CA", key=key, usages=("key_cert_sign",), ca=True)
    leaf = good.issue("Leaf of many")
    assert "path.trusted" in ids(judged(leaf, extra=(*twins, good), limits=ChainLimits(max_paths=4)))
    assert "path.expired-unproven" in ids(judged(leaf, extra=(*twins, good), limits=ChainLimits(max_paths=3)))


@pytest.mark.parametrize("same_key", [True, False])
def test_a_hundred_authorities_of_one_name_cost_little(same_key: bool) -> None:  # noqa: FBT001 -- a table
    key = ec.generate_private_key(ec.SECP256R1()) if same_key else None
    stranger = make_root("Stranger")
    crowd = [stranger]
    for _ in range(100):
        crowd.append(crowd[-1].issue("Stranger", key=key, usages=("key_cert_sign",), ca=True))
    leaf = crowd[-1].issue("Lost")
    started = time.process_time()
    result = judged(leaf, extra=tuple(crowd))
    assert time.process_time() - started < 5
    assert result.verdict is Verdict.INDETERMINATE
    assert "path.too-complex" in ids(result)


def test_limits_hold_at_the_limit_and_one_past_it() -> None:
    first = pki().ca.issue("Sub CA", usages=("key_cert_sign", "crl_sign"), ca=True)
    leaf = first.issue("Deep")
    assert "path.trusted" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_depth=4)))
    assert "path.too-complex" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_depth=3)))
    assert "path.trusted" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_certificates=2)))
    assert "path.too-complex" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_certificates=1)))
    assert "path.trusted" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_signature_checks=3)))
    assert "path.too-complex" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_signature_checks=2)))
    assert "path.trusted" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_steps=3)))
    assert "path.too-complex" in ids(judged(leaf, extra=(first,), limits=ChainLimits(max_steps=2)))


def test_bytes_that_are_no_certificate_are_refused() -> None:
    with pytest.raises(MalformedCertificateError):
        validate_path(b"\x30\x03\x02\x01\x01", trust=Trust(), at=NOW, now=NOW)


def test_damaged_copies_of_certificates_are_noticed() -> None:
    checker = PathChecker(Trust(anchors=(pki().root.certificate,)), extra=[der(pki().ca.certificate)])
    ca = der(pki().ca.certificate)
    other = der(make_root("Unrelated").certificate)
    assert not checker.altered([der(pki().root.certificate), ca, der(pki().signer.certificate), other])
    assert checker.altered([ca[:-1] + bytes([ca[-1] ^ 1])])  # the signature value
    assert checker.altered([ca.replace(b"Root", b"Roof")])  # the issuer's name: the same serial as a known one
    assert checker.altered([b"no certificate"])


def test_an_authority_that_names_no_source_of_revocation_passes_without_one_and_a_leaf_does_not() -> None:
    result = judged(pki().signer, crls=())
    seen = [one.id for one in result.findings]
    assert seen.count("revocation.unknown") == 1
    assert seen.count("revocation.not-published") == 1
    named = pki().root.issue(
        "Named CA", usages=("key_cert_sign",), ca=True, extensions=[(ocsp_url("http://127.0.0.1/ocsp"), False)]
    )
    seen = [one.id for one in judged(named.issue("Leaf"), extra=(named,), crls=()).findings]
    assert seen.count("revocation.unknown") == 2


def test_answers_are_kept_for_the_same_question() -> None:
    checker = PathChecker(Trust(anchors=(pki().root.certificate,)), extra=[der(pki().ca.certificate)])
    one = checker.load(der(pki().signer.certificate))
    assert checker.check(one, at=NOW, now=NOW) is checker.check(one, at=NOW, now=NOW)


def test_a_validator_that_waits_is_a_fault_of_ours() -> None:
    class Waiting:
        def __await__(self) -> Any:
            yield

    async def waits() -> None:
        await Waiting()

    with pytest.raises(NotImplementedError):
        chain._run(waits())
