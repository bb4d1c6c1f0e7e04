"""Good, revoked or unknown: OCSP answers and CRLs, signed and fresh, at a moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.attacks import byte_flips
from tests.support.check_pki import DAY, NOW, Authority, der, pki
from verify.certificates import Certificate
from verify.chain import validate_path
from verify.evidence import MAX_EVIDENCE, Evidence
from verify.report import Verdict
from verify.revocation import CLOCK_SKEW, Revocation, Standing, Statement, by_lists, by_ocsp
from verify.trust import Trust

SECOND = timedelta(seconds=1)
URL = "http://127.0.0.1/shard-1.crl"
KEY_COMPROMISE = x509.ReasonFlags.key_compromise


def standing(one: Authority, *, crls: tuple[bytes, ...] = (), ocsps: tuple[bytes, ...] = (), **more: Any) -> Revocation:
    result = validate_path(
        der(one.certificate),
        trust=Trust(anchors=(pki().root.certificate,)),
        extra=[der(pki().ca.certificate), *(der(other.certificate) for other in more.pop("extra", ()))],
        crls=(pki().root.crl(), *crls),
        ocsps=ocsps,
        **({"at": NOW, "now": NOW} | more),
    )
    return result.revocations[0]


def serial(one: Authority) -> int:
    return one.certificate.serial_number


def idp(**more: Any) -> tuple[x509.ExtensionType, bool]:
    given: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(given | more)), True


# -- the three results


def test_a_certificate_that_is_not_on_the_list_is_good_and_the_words_say_since_when_and_by_what() -> None:
    found = standing(pki().signer, crls=(pki().ca.crl(),))
    assert found.standing is Standing.GOOD
    assert found.words.en == f"good at {(NOW - timedelta(hours=1)).isoformat()} by CRL"
    assert "CRL" in found.words.zh


def test_a_revoked_certificate_is_revoked_with_time_and_reason() -> None:
    found = standing(pki().signer, crls=(pki().ca.crl([(serial(pki().signer), NOW - DAY, KEY_COMPROMISE)]),))
    assert (found.standing, found.revoked_at, found.reason) == (Standing.REVOKED, NOW - DAY, "keyCompromise")
    assert found.words.en == f"revoked at {(NOW - DAY).isoformat()} (keyCompromise) by CRL"


def test_a_revocation_without_a_reason_is_one_too() -> None:
    found = standing(pki().signer, crls=(pki().ca.crl([(serial(pki().signer), NOW - DAY, None)]),))
    assert (found.standing, found.reason) == (Standing.REVOKED, None)


def test_without_evidence_the_result_is_unknown() -> None:
    found = standing(pki().signer)
    assert found.standing is Standing.UNKNOWN
    assert "no OCSP answer" in found.words.en


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(NOW - DAY, Standing.REVOKED), (NOW - DAY - SECOND, Standing.GOOD)],
)
def test_what_counts_is_whether_it_was_revoked_by_the_moment_asked(moment: datetime, expected: Standing) -> None:
    crl = pki().ca.crl([(serial(pki().signer), NOW - DAY, None)])
    found = standing(pki().signer, crls=(crl,), at=moment, proven=True)
    assert found.standing is expected
    assert found.revoked_at == NOW - DAY


def test_a_proven_older_signature_stays_valid_and_the_finding_says_so() -> None:
    result = validate_path(
        der(pki().signer.certificate),
        trust=Trust(anchors=(pki().root.certificate,)),
        extra=[der(pki().ca.certificate)],
        crls=pki().crls((serial(pki().signer), NOW - DAY, None)),
        at=NOW - 2 * DAY,
        now=NOW,
        proven=True,
    )
    assert result.verdict is Verdict.PASSED
    assert "stays valid" in next(one.text for one in result.findings if one.id == "revocation.later")


@pytest.mark.parametrize(("proven", "ident"), [(True, "revocation.revoked"), (False, "revocation.revoked-unproven")])
def test_a_revoked_certificate_fails_or_is_unproven(proven: bool, ident: str) -> None:  # noqa: FBT001 -- a table
    result = validate_path(
        der(pki().signer.certificate),
        trust=Trust(anchors=(pki().root.certificate,), crls=pki().crls((serial(pki().signer), NOW - DAY, None))),
        extra=[der(pki().ca.certificate)],
        at=NOW,
        now=NOW,
        proven=proven,
    )
    assert ident in {one.id for one in result.findings}


# -- freshness


@pytest.mark.parametrize(
    ("issued", "until", "expected"),
    [
        (NOW - DAY, NOW + SECOND, Standing.GOOD),
        (NOW - DAY, NOW, Standing.UNKNOWN),  # nextUpdate is the first moment at which it is stale
        (NOW, NOW + DAY, Standing.GOOD),
        (NOW + CLOCK_SKEW, NOW + DAY, Standing.GOOD),  # issued after the moment asked
        (NOW + CLOCK_SKEW + SECOND, NOW + DAY, Standing.UNKNOWN),  # issued in the future
    ],
)
def test_a_list_is_fresh_from_this_update_until_next_update(
    issued: datetime, until: datetime, expected: Standing
) -> None:
    assert standing(pki().signer, crls=(pki().ca.crl(at=issued, until=until),)).standing is expected


def test_an_answer_given_a_second_before_the_time_stamp_is_fresh() -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, at=NOW - SECOND, until=NOW + timedelta(minutes=10))
    assert standing(pki().signer, ocsps=(answer,), proven=True).words.en.endswith("by OCSP")


def test_information_issued_after_the_end_of_the_certificate_says_nothing_good() -> None:
    one = pki().ca.issue("Short-lived", not_after=NOW - DAY)
    moment = NOW - 2 * DAY
    late = pki().ca.crl(at=NOW - timedelta(hours=1))
    assert standing(one, crls=(late,), at=moment, proven=True).standing is Standing.UNKNOWN
    at_the_end = pki().ca.crl(at=NOW - DAY)
    assert standing(one, crls=(at_the_end,), at=moment, proven=True).standing is Standing.GOOD


def test_a_list_that_keeps_expired_certificates_answers_for_them() -> None:
    one = pki().ca.issue("Short-lived", not_after=NOW - DAY)
    since = (NOW - 100 * DAY).strftime("%Y%m%d%H%M%SZ").encode()
    keeps = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f" + since)
    crl = pki().ca.crl(extensions=[(keeps, False)])
    assert standing(one, crls=(crl,), at=NOW - 2 * DAY, proven=True).standing is Standing.GOOD


@pytest.mark.parametrize(("age", "expected"), [(DAY - SECOND, Standing.GOOD), (DAY, Standing.UNKNOWN)])
def test_an_answer_without_next_update_is_fresh_for_a_day(age: timedelta, expected: Standing) -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, at=NOW - age, until=None)
    assert standing(pki().signer, ocsps=(answer,)).standing is expected


# -- OCSP


def test_an_answer_of_the_issuer_is_believed_with_any_common_digest() -> None:
    for digest in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303 -- RFC 6960's own digest
        answer = pki().ca.ocsp(pki().signer.certificate, digest=digest)
        assert standing(pki().signer, ocsps=(answer,)).standing is Standing.GOOD
    odd = pki().ca.ocsp(pki().signer.certificate, digest=hashes.SHA224())
    assert standing(pki().signer, ocsps=(odd,)).standing is Standing.UNKNOWN


def test_a_revoked_answer_outweighs_a_good_list() -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, revoked=NOW - DAY, reason=KEY_COMPROMISE)
    found = standing(pki().signer, crls=(pki().ca.crl(),), ocsps=(answer,))
    assert (found.standing, found.source, found.reason) == (Standing.REVOKED, "OCSP", "key_compromise")


def test_an_answer_unknown_is_no_good_answer() -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, status=ocsp.OCSPCertStatus.UNKNOWN)
    assert standing(pki().signer, ocsps=(answer,)).standing is Standing.UNKNOWN


def responder(*, nocheck: bool = True, **more: Any) -> Authority:
    given: dict[str, Any] = {
        "usages": ("digital_signature",),
        "extended": [ExtendedKeyUsageOID.OCSP_SIGNING],
        "extensions": [(x509.OCSPNoCheck(), False)] if nocheck else [],
    }
    return pki().ca.issue("Responder", **(given | more))


def test_a_responder_appointed_by_the_issuer_is_believed() -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, responder=responder())
    assert standing(pki().signer, ocsps=(answer,)).standing is Standing.GOOD


@pytest.mark.parametrize(
    "more",
    [
        {"extended": [ExtendedKeyUsageOID.CLIENT_AUTH]},
        {"not_after": NOW - 20 * DAY},
        {"not_before": NOW + DAY},
        {"signing_key": ec.generate_private_key(ec.SECP256R1())},
    ],
    ids=["other purpose", "expired", "not yet valid", "of another key"],
)
def test_a_responder_that_was_not_appointed_is_not_believed(more: dict[str, Any]) -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, responder=responder(**more))
    assert standing(pki().signer, ocsps=(answer,)).standing is Standing.UNKNOWN


def test_a_responder_of_another_authority_is_not_believed() -> None:
    stranger = pki().root.issue("Stranger", extended=[ExtendedKeyUsageOID.OCSP_SIGNING], usages=("digital_signature",))
    answer = pki().ca.ocsp(pki().signer.certificate, responder=stranger)
    assert standing(pki().signer, ocsps=(answer,)).standing is Standing.UNKNOWN


def test_a_responder_that_must_be_checked_needs_a_good_standing_of_its_own() -> None:
    one = responder(nocheck=False)
    answer = pki().ca.ocsp(pki().signer.certificate, responder=one)
    assert standing(pki().signer, ocsps=(answer,)).standing is Standing.UNKNOWN
    assert standing(pki().signer, ocsps=(answer,), crls=(pki().ca.crl(),)).standing is Standing.GOOD
    dismissed = pki().ca.crl([(serial(one), NOW - DAY, None)])
    assert standing(one, crls=(dismissed,)).standing is Standing.REVOKED


def test_a_responder_cannot_vouch_for_itself() -> None:
    one = responder(nocheck=False)
    about_itself = pki().ca.ocsp(one.certificate, responder=one)
    about_signer = pki().ca.ocsp(pki().signer.certificate, responder=one)
    assert standing(pki().signer, ocsps=(about_itself, about_signer)).standing is Standing.UNKNOWN


def test_answers_that_are_broken_or_about_others_say_nothing() -> None:
    good = pki().ca.ocsp(pki().signer.certificate)
    other = pki().ca.ocsp(pki().stamper.certificate)
    unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
        Encoding.DER
    )
    critical = pki().ca.ocsp(pki().signer.certificate, extension=x509.OCSPNonce(b"12345678"))
    wrong_key = pki().ca.ocsp(pki().signer.certificate, responder=pki().root)
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    for answer in (other, unsuccessful, critical, wrong_key, flipped, b"garbage", good[:50]):
        assert standing(pki().signer, ocsps=(answer,)).standing is Standing.UNKNOWN


# -- CRLs


def test_a_list_signed_by_nobody_we_know_says_nothing() -> None:
    forged = pki().ca.crl(key=ec.generate_private_key(ec.SECP256R1()))
    assert standing(pki().signer, crls=(forged,)).standing is Standing.UNKNOWN


def test_lists_that_are_broken_say_nothing() -> None:
    crl = pki().ca.crl()
    for broken in (b"garbage", crl[:100]):
        assert standing(pki().signer, crls=(broken,)).standing is Standing.UNKNOWN


def test_a_list_of_an_authority_that_may_not_sign_lists_says_nothing() -> None:
    ca = pki().root.issue("No lists", usages=("key_cert_sign",), ca=True)
    leaf = ca.issue("Leaf")
    assert standing(leaf, crls=(ca.crl(),), extra=(ca,)).standing is Standing.UNKNOWN


def test_a_shard_answers_only_for_the_certificates_that_name_it() -> None:
    shard = idp(full_name=[x509.UniformResourceIdentifier(URL)], only_contains_user_certs=True)
    crl = pki().ca.crl(extensions=[shard])
    named = pki().ca.issue("In the shard", crl_point=URL)
    elsewhere = pki().ca.issue("In another", crl_point=URL.replace("1.crl", "2.crl"))
    assert standing(named, crls=(crl,)).standing is Standing.GOOD
    assert standing(elsewhere, crls=(crl,)).standing is Standing.UNKNOWN
    assert standing(pki().signer, crls=(crl,)).standing is Standing.UNKNOWN


def test_a_list_of_authorities_says_nothing_of_others_and_the_reverse() -> None:
    only_authorities = pki().ca.crl(extensions=[idp(only_contains_ca_certs=True)])
    assert standing(pki().signer, crls=(only_authorities,)).standing is Standing.UNKNOWN
    sub = pki().ca.issue("Sub CA", usages=("key_cert_sign", "crl_sign"), ca=True)
    only_users = pki().ca.crl(extensions=[idp(only_contains_user_certs=True)])
    assert standing(sub, crls=(only_users,)).standing is Standing.UNKNOWN
    assert standing(sub, crls=(only_authorities,)).standing is Standing.GOOD


def test_a_list_for_some_reasons_only_goes_through_the_whole_algorithm_and_is_not_enough() -> None:
    some = idp(only_some_reasons=frozenset([KEY_COMPROMISE]))
    crl = pki().ca.crl([(serial(pki().signer), NOW - DAY, KEY_COMPROMISE)], extensions=[some])
    assert standing(pki().signer, crls=(crl,)).standing is Standing.REVOKED
    assert standing(pki().signer, crls=(pki().ca.crl(extensions=[some]),)).standing is Standing.UNKNOWN


def test_a_delta_list_revokes_what_the_base_list_does_not_know_yet() -> None:
    where = [x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)]
    base = pki().ca.crl(extensions=[(x509.FreshestCRL(where), False)])
    delta = pki().ca.crl(
        [(serial(pki().signer), NOW - timedelta(minutes=30), None)],
        extensions=[(x509.DeltaCRLIndicator(1), True)],
        number=2,
    )
    assert standing(pki().signer, crls=(base, delta, b"garbage")).standing is Standing.REVOKED


def test_an_unknown_critical_extension_makes_a_list_useless() -> None:
    odd = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00"), True)
    assert standing(pki().signer, crls=(pki().ca.crl(extensions=[odd]),)).standing is Standing.UNKNOWN


def test_one_turned_bit_anywhere_makes_evidence_worthless() -> None:
    signer, issuer = (Certificate.load(der(one.certificate)) for one in (pki().signer, pki().ca))
    nothing = Statement(source="CRL", this_update=NOW, next_update=None, good=False)

    def said(evidence: Evidence) -> list[Statement]:
        found = by_ocsp(signer, issuer, evidence, responder_stands=lambda _: False)
        found += by_lists(signer, issuer, evidence, whole_algorithm=lambda _: nothing)
        return [one for one in found if one.good]

    answer = pki().ca.ocsp(pki().signer.certificate, responder=responder())
    crl = pki().ca.crl([(1, NOW - DAY, KEY_COMPROMISE)], extensions=[idp(only_contains_user_certs=True)])
    assert said(Evidence.of(ocsps=[answer]))
    assert said(Evidence.of(crls=[crl]))
    response, listed = ocsp.load_der_ocsp_response(answer), x509.load_der_x509_crl(crl)
    signed = signed_part(answer, response.tbs_response_bytes, response.signature)
    for position, flipped in byte_flips(answer, 1):
        heard = said(Evidence.of(ocsps=[flipped]))
        assert position not in signed or not heard, position
    signed = signed_part(crl, listed.tbs_certlist_bytes, listed.signature)
    for position, flipped in byte_flips(crl, 1):
        heard = said(Evidence.of(crls=[flipped]))
        assert position not in signed or not heard, position


def test_a_list_signed_in_a_way_nobody_knows_says_nothing() -> None:
    ecdsa, unknown = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04037f")
    assert standing(pki().signer, crls=(pki().ca.crl().replace(ecdsa, unknown),)).standing is Standing.UNKNOWN


def test_a_list_is_not_believed_for_an_issuer_whose_key_cannot_be_used() -> None:
    p256, p192 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d030101")
    issuer = Certificate.load(der(pki().ca.certificate).replace(p256, p192, 1))
    signer = Certificate.load(der(pki().signer.certificate))
    nothing = Statement(source="CRL", this_update=NOW, next_update=None, good=False)
    evidence = Evidence.of(crls=[pki().ca.crl()])
    assert by_lists(signer, issuer, evidence, whole_algorithm=lambda _: nothing) == [nothing]


def test_an_answer_with_an_unknown_critical_extension_says_nothing() -> None:
    response = asn1_ocsp.OCSPResponse.load(pki().ca.ocsp(pki().signer.certificate))
    basic = response.basic_ocsp_response.copy()
    odd = {"extn_id": "1.3.6.1.4.1.32473.9", "critical": True, "extn_value": b"\x05\x00"}
    basic["tbs_response_data"]["responses"][0]["single_extensions"] = [odd]
    content = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(basic.dump(force=True))}
    changed = asn1_ocsp.OCSPResponse({"response_status": "successful", "response_bytes": content})
    signer, issuer = (Certificate.load(der(one.certificate)) for one in (pki().signer, pki().ca))
    evidence = Evidence.of(ocsps=[changed.dump()])
    assert evidence.answers[0].singles
    assert by_ocsp(signer, issuer, evidence, responder_stands=lambda _: True) == []


def signed_part(whole: bytes, *parts: bytes) -> set[int]:
    """Where the signed bytes and the signature stand; what is around them may be written in more than one way."""
    return {whole.index(part) + offset for part in parts for offset in range(len(part))}


def test_only_so_much_evidence_is_kept() -> None:
    many = Evidence.of(crls=[bytes([1, number % 256, number // 256]) for number in range(MAX_EVIDENCE + 1)])
    assert len((many + Evidence()).lists) == MAX_EVIDENCE
