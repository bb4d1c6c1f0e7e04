"""What the report of a PDF says: who sealed it, at what level and time, and what became of it since."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import fields
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm

from tests.support import attacks
from tests.support.check_pki import DAY, NOW, Authority, make_root, pki, rsa_key
from tests.support.signed_pdfs import add_store, make_pdf, sign, sign_with, stamp_document, update, wrapped
from verify import oids
from verify.extensions import SealInfo
from verify.path_rules import ChainLimits
from verify.pdf import DEFAULT, check_pdf
from verify.report import Report, SignatureReport, Verdict
from verify.revocation import CLOCK_SKEW
from verify.trust import Trust

PLAIN = make_pdf()


def check(document: bytes, **more: Any) -> Report:
    trust = more.pop("trust", Trust(anchors=(pki().root.certificate,), crls=pki().crls()))
    return check_pdf(io.BytesIO(document), trust, **({"now": NOW} | more))


def only(report: Report) -> SignatureReport:
    (one,) = report.signatures
    return one


def ids(of: Report | SignatureReport) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in of.findings}


ROOT_ONLY = Trust(anchors=(pki().root.certificate,))


# -- who, what, when


def test_a_seal_is_told_by_its_certificate() -> None:
    info = asn1.encode_der(SealInfo(kind="contract", code=asn1.PrintableString("35010000000001")))
    extension = (x509.UnrecognizedExtension(oids.EXTENSION_SEAL, info), False)
    seal = pki().ca.issue(
        "Contract seal", organization="朱砂有限公司", identifier="NTRCN-91350100M000100Y43", extensions=[extension]
    )
    one = only(check(sign(PLAIN, by=seal)))
    assert (one.kind, one.seal_kind, one.seal_code) == ("seal", "contract", "35010000000001")
    assert (one.signer, one.organization_identifier) == ("朱砂有限公司", "NTRCN-91350100M000100Y43")
    assert one.path[0].startswith("Common Name: Contract seal")


def test_a_broken_seal_extension_is_reported() -> None:
    extension = (x509.UnrecognizedExtension(oids.EXTENSION_SEAL, b"\x30\x00"), False)
    one = only(check(sign(PLAIN, by=pki().ca.issue("Odd seal", extensions=[extension]))))
    assert ids(one)["certificate.malformed"] is Verdict.FAILED
    assert one.kind == "signature"


def test_a_signature_without_time_stamp_is_judged_as_of_now() -> None:
    one = only(check(sign(PLAIN)))
    assert (one.level, one.time, one.time_source, one.claimed_time) == ("B-B", NOW, "now", NOW)
    assert one.verdict is Verdict.PASSED
    assert "time.claimed" in ids(one)


@pytest.mark.parametrize(
    ("claimed", "ident"),
    [(NOW + CLOCK_SKEW, "time.claimed"), (NOW + CLOCK_SKEW + timedelta(seconds=1), "time.future")],
)
def test_a_claimed_time_in_the_future_is_noticed(claimed: Any, ident: str) -> None:
    assert ident in ids(only(check(sign(PLAIN, claimed=claimed))))


def test_a_time_stamp_proves_the_time() -> None:
    one = only(check(sign(PLAIN, stamped=NOW - DAY)))
    assert (one.level, one.time, one.time_source) == ("B-T", NOW - DAY, "time-stamp")
    assert one.verdict is Verdict.PASSED


def test_long_term_data_in_the_file_is_enough_years_later() -> None:
    document = add_store(sign(PLAIN, stamped=NOW - DAY), crls=pki().crls(), certificates=[pki().ca])
    one = only(check(document, trust=ROOT_ONLY, now=NOW + 500 * DAY))
    assert (one.level, one.verdict) == ("B-LT", Verdict.PASSED)
    assert one.changes_after
    assert not one.covers_whole_document


def test_an_archive_time_stamp_carries_a_signature_beyond_its_time_stamper() -> None:
    document = add_store(sign(PLAIN, stamped=NOW - DAY), crls=pki().crls())
    later = NOW + 1500 * DAY  # the first time-stamper's certificate has ended
    assert only(check(document, trust=ROOT_ONLY, now=later)).verdict is Verdict.INDETERMINATE
    second = pki().ca.issue(
        "Second time-stamper",
        key=rsa_key(),
        usages=("digital_signature",),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING],
        not_after=NOW + 2900 * DAY,
    )
    archived = stamp_document(document, at=NOW, by=second)
    signature, stamp = check(archived, trust=ROOT_ONLY, now=later).signatures
    assert (signature.level, signature.verdict, signature.time) == ("B-LTA", Verdict.PASSED, NOW - DAY)
    assert (stamp.kind, stamp.verdict, stamp.covers_whole_document) == ("timestamp", Verdict.PASSED, True)
    assert stamp.time_source == "document time-stamp"


def test_a_document_time_stamp_alone_proves_the_time_of_what_it_covers() -> None:
    signature, _ = check(stamp_document(sign(PLAIN), at=NOW)).signatures
    assert (signature.level, signature.time, signature.time_source) == ("B-T", NOW, "document time-stamp")


def test_a_file_with_a_document_time_stamp_only_is_explained() -> None:
    one = only(check(stamp_document(PLAIN, at=NOW)))
    assert (one.kind, one.verdict, one.signer) == ("timestamp", Verdict.PASSED, "Time-stamper")


def test_a_document_time_stamp_over_other_bytes_is_wrong() -> None:
    one = only(check(attacks.flip_content(stamp_document(PLAIN, at=NOW))))
    assert ids(one)["timestamp.wrong"] is Verdict.FAILED


def test_a_time_stamp_of_nobody_known_proves_nothing() -> None:
    stranger = make_root("Strange root")
    stamper = stranger.issue(
        "Strange stamper", key=rsa_key(), usages=("digital_signature",), extended=[ExtendedKeyUsageOID.TIME_STAMPING]
    )
    one = only(check(sign(PLAIN, stamped=NOW, stamp_by=stamper)))
    assert ids(one)["timestamp.untrusted"] is Verdict.INDETERMINATE
    assert (one.level, one.time_source) == ("B-T", "now")


def test_a_time_stamp_from_the_future_proves_nothing() -> None:
    one = only(check(sign(PLAIN, stamped=NOW + timedelta(hours=1))))
    assert "future" in next(said.text for said in one.findings if said.id == "timestamp.untrusted")


# -- revocation in time


def revoked_at(moment: Any) -> Trust:
    serial = pki().signer.certificate.serial_number
    return Trust(anchors=(pki().root.certificate,), crls=pki().crls((serial, moment, x509.ReasonFlags.key_compromise)))


def test_a_seal_that_was_revoked_after_the_proven_time_stays_valid() -> None:
    one = only(check(sign(PLAIN, stamped=NOW - 2 * DAY), trust=revoked_at(NOW - DAY)))
    assert one.verdict is Verdict.PASSED
    assert "revocation.later" in ids(one)
    assert (one.revocation or "").startswith("revoked at 2026-05-31")


def test_a_seal_that_was_revoked_before_the_proven_time_fails() -> None:
    one = only(check(sign(PLAIN, stamped=NOW - DAY), trust=revoked_at(NOW - 2 * DAY)))
    assert ids(one)["revocation.revoked"] is Verdict.FAILED


def test_a_revoked_seal_without_time_stamp_is_unproven_unless_its_own_clock_condemns_it() -> None:
    before = only(check(sign(PLAIN, claimed=NOW - 3 * DAY), trust=revoked_at(NOW - 2 * DAY)))
    assert ids(before)["revocation.revoked-unproven"] is Verdict.INDETERMINATE
    after = only(check(sign(PLAIN, claimed=NOW - DAY), trust=revoked_at(NOW - 2 * DAY)))
    assert ids(after)["revocation.revoked"] is Verdict.FAILED


def test_an_answer_in_the_file_makes_it_long_term() -> None:
    answer = pki().ca.ocsp(pki().signer.certificate, at=NOW - DAY - timedelta(seconds=1), until=NOW)
    document = add_store(sign(PLAIN, stamped=NOW - DAY), ocsps=[answer], crls=pki().crls())
    one = only(check(document, trust=ROOT_ONLY))
    assert (one.level, one.verdict) == ("B-LT", Verdict.PASSED)
    assert (one.revocation or "").endswith("by OCSP")


# -- trust and strength


def test_an_unknown_root_is_indeterminate_and_the_rest_is_still_said() -> None:
    report = check(sign(PLAIN), trust=Trust())
    assert report.verdict is Verdict.INDETERMINATE
    assert {"path.unknown-issuer", "signature.intact", "changes.none"} <= set(ids(only(report)))


def test_signatures_of_small_keys_and_old_digests_are_weak() -> None:
    small = pki().ca.issue("Small key", key=rsa_key(1024))
    assert ids(only(check(sign(PLAIN, by=small))))["algorithm.weak"] is Verdict.INDETERMINATE
    curve = pki().ca.issue("Small curve", key=ec.generate_private_key(ec.SECP192R1()))
    assert ids(only(check(sign(PLAIN, by=curve))))["algorithm.weak"] is Verdict.INDETERMINATE
    old = sign(PLAIN, by=pki().ca.issue("Old digest", key=rsa_key()), digest="sha1", pades=False)
    assert ids(only(check(old)))["algorithm.weak"] is Verdict.INDETERMINATE


def test_signatures_that_anybody_can_forge_fail() -> None:
    broken = sign(PLAIN, by=pki().ca.issue("Broken digest", key=rsa_key()), digest="md5", pades=False)
    assert ids(only(check(broken)))["algorithm.broken"] is Verdict.FAILED


def test_a_certificate_for_another_purpose_fails() -> None:
    one = only(check(sign(PLAIN, by=pki().ca.issue("Encrypts", usages=("key_encipherment",)))))
    assert ids(one)["certificate.wrong-purpose"] is Verdict.FAILED


def test_a_foreign_signature_of_the_old_kind_is_explained_and_has_no_level() -> None:
    one = only(check(sign(PLAIN, pades=False)))
    assert (one.level, one.verdict) == (None, Verdict.PASSED)


def test_a_signature_over_a_wrapped_sha1_digest_is_weak_but_read() -> None:
    one = only(check(sign_with(PLAIN, "/adbe.pkcs7.sha1", wrapped, digest="sha1")))
    assert {"signature.intact", "changes.none"} <= set(ids(one))
    assert ids(one)["algorithm.weak"] is Verdict.INDETERMINATE
    other = sign_with(PLAIN, "/adbe.pkcs7.sha1", lambda _: wrapped(b"\0" * 20), digest="sha1")
    assert "signature.altered" in ids(only(check(other)))


def test_a_detached_signature_with_a_content_of_its_own_is_unreadable() -> None:
    one = only(check(sign_with(PLAIN, "/adbe.pkcs7.detached", wrapped)))
    assert ids(one)["signature.unreadable"] is Verdict.FAILED


def test_a_kind_that_is_not_known_is_indeterminate() -> None:
    one = only(check(sign_with(PLAIN, "/adbe.x509.rsa_sha1", wrapped)))
    assert ids(one)["signature.unsupported"] is Verdict.INDETERMINATE


@pytest.mark.parametrize(
    "container",
    [
        lambda _: b"garbage",
        lambda _: cms.ContentInfo({"content_type": "data", "content": b"x"}),
        lambda _: two_signers(),
        lambda _: changed(lambda one: one["digest_algorithms"].__setitem__(0, {"algorithm": "sha512"})),
        lambda _: changed(lambda one: one["signer_infos"][0].__setitem__("digest_algorithm", {"algorithm": "md2"})),
        lambda _: changed(lambda one: one["signer_infos"][0].__setitem__("version", "v0")),
        lambda _: with_parameter(),
        lambda _: changed(lambda one: one.__setitem__("certificates", [])),
        lambda _: disordered(),
    ],
    ids=[
        "garbage",
        "data",
        "two signers",
        "other digest",
        "unknown digest",
        "version",
        "parameters",
        "no certificate",
        "disorder",
    ],
)
def test_a_container_that_breaks_its_format_fails(container: Any) -> None:
    one = only(check(sign_with(PLAIN, "/ETSI.CAdES.detached", container)))
    assert one.verdict is Verdict.FAILED
    assert {"signature.unreadable", "signature.no-certificate"} & set(ids(one))


def with_parameter() -> bytes:
    """The NULL of the first SHA-256 becomes an empty string of another type."""
    encoded: bytes = wrapped(b"x", detached=True).dump()
    return encoded.replace(bytes.fromhex("06096086480165030402010500"), bytes.fromhex("06096086480165030402011500"), 1)


def changed(change: Any) -> Any:
    made = wrapped(b"x", detached=True)
    change(made["content"])
    return made.dump(force=True)


def two_signers() -> Any:
    made = wrapped(b"x", detached=True)
    signed = made["content"]
    signed["signer_infos"] = cms.SignerInfos([signed["signer_infos"][0], signed["signer_infos"][0].copy()])
    return made


def disordered() -> bytes:
    """The attributes in another order than that of DER: the lengths stay the same."""
    made = wrapped(b"x", detached=True)
    attributes = [one.dump() for one in made["content"]["signer_infos"][0]["signed_attrs"]]
    encoded: bytes = made.dump()
    return encoded.replace(b"".join(attributes), b"".join(reversed(attributes)))


# -- changes


def test_further_signatures_are_named_and_allowed() -> None:
    first, second = check(sign(sign(PLAIN), field="Seal2")).signatures
    assert first.changes_after[0] == "a further signature in the field “Seal2”"
    assert first.verdict is Verdict.PASSED
    assert (first.covers_whole_document, second.covers_whole_document) == (False, True)


def test_a_form_filled_by_a_party_that_signs_it_is_allowed_and_named() -> None:
    document = sign(make_pdf(text_field=True), certify=MDPPerm.FILL_FORMS)
    first, _ = check(sign(attacks.fill_form(document), field="Seal2")).signatures
    assert ids(first)["changes.allowed"] is Verdict.PASSED
    assert any("amount" in words for words in first.changes_after)


def test_a_form_filled_by_nobody_is_indeterminate_even_where_filling_is_permitted() -> None:
    document = sign(make_pdf(text_field=True), certify=MDPPerm.FILL_FORMS)
    assert ids(only(check(attacks.fill_form(document))))["changes.form"] is Verdict.INDETERMINATE


def test_a_form_filled_under_a_signature_that_is_itself_broken_is_filled_by_nobody() -> None:
    document = sign(attacks.fill_form(sign(make_pdf(text_field=True))), field="Seal2")
    first, second = check(attacks.break_signature(document)).signatures
    assert "changes.form" in ids(first)
    assert second.verdict is Verdict.FAILED


def test_a_certification_without_changes_forbids_even_permitted_filling() -> None:
    document = sign(make_pdf(text_field=True), certify=MDPPerm.NO_CHANGES)
    assert ids(only(check(attacks.fill_form(document))))["changes.forbidden"] is Verdict.FAILED


def test_a_locked_field_may_not_be_filled_again() -> None:
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["amount"])
    document = sign(make_pdf(text_field=True), lock=lock)
    assert "changes.none" in ids(only(check(document)))
    assert ids(only(check(attacks.fill_form(document))))["changes.forbidden"] is Verdict.FAILED


def test_a_visible_field_made_after_certification_is_forbidden() -> None:
    document = sign(PLAIN, certify=MDPPerm.FILL_FORMS)

    def change(writer: IncrementalPdfFileWriter) -> None:
        fields.append_signature_field(writer, fields.SigFieldSpec("Late", box=(10, 10, 60, 60)))

    assert "changes.forbidden" in ids(only(check(update(document, change))))


def test_changed_properties_are_named_and_allowed() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        info = generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("Another title")})
        writer.set_info(writer.add_object(info))

    one = only(check(update(sign(PLAIN), change)))
    assert ids(one)["changes.allowed"] is Verdict.PASSED
    assert "description" in one.changes_after[0]


# -- the file


def test_a_file_without_signature_has_nothing_to_confirm() -> None:
    report = check(PLAIN)
    assert (report.verdict, report.signatures) == (Verdict.INDETERMINATE, ())
    assert set(ids(report)) == {"pdf.readable", "pdf.no-signature"}


@pytest.mark.parametrize(
    ("document", "ident", "verdict"),
    [
        (b"", "pdf.not-pdf", Verdict.INDETERMINATE),
        (b"PK\x03\x04 an archive", "pdf.not-pdf", Verdict.INDETERMINATE),
        (b"%PDF-1.7\n", "pdf.broken", Verdict.FAILED),
        (b"%PDF-1.7\nstartxref\n0\n%%EOF\n", "pdf.broken", Verdict.FAILED),
        (PLAIN[:-20], "pdf.broken", Verdict.FAILED),
    ],
)
def test_what_cannot_be_read_is_a_finding(document: bytes, ident: str, verdict: Verdict) -> None:
    report = check(document)
    assert (ids(report), report.verdict) == ({ident: verdict}, verdict)


def test_an_encrypted_file_is_a_finding() -> None:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(PLAIN)))
    writer.encrypt("secret", "secret")
    out = io.BytesIO()
    writer.write(out)
    assert ids(check(out.getvalue())) == {"pdf.encrypted": Verdict.INDETERMINATE}


def test_limits_of_the_file_hold_at_the_limit_and_one_past_it() -> None:
    document = sign(sign(PLAIN), field="Seal2")

    def seen(**limits: Any) -> set[str]:
        return set(ids(check(document, limits=replace(DEFAULT, **limits))))

    assert seen(max_bytes=len(document)) == {"pdf.readable"}
    assert seen(max_bytes=len(document) - 1) == {"pdf.too-large"}
    assert seen(max_revisions=3) == {"pdf.readable"}
    assert seen(max_revisions=2) == {"pdf.too-complex"}
    assert seen(max_signatures=2) == {"pdf.readable"}
    assert seen(max_signatures=1) == {"pdf.too-complex"}
    assert seen(max_objects=1) == {"pdf.too-complex"}
    assert seen(max_trailer=4) == {"pdf.broken"}


def test_a_signature_longer_than_the_limit_is_not_read() -> None:
    one = only(check(sign(PLAIN), limits=replace(DEFAULT, max_contents=100)))
    assert "signature.unreadable" in ids(one)


def test_packed_data_beyond_the_limit_is_not_unpacked() -> None:
    packed = make_pdf_with_bomb()
    assert "pdf.too-complex" in ids(check(packed, limits=replace(DEFAULT, max_decoded_bytes=1000)))


def make_pdf_with_bomb() -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(make_pdf(60))))
    writer.stream_xrefs = True
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_limits_of_certificates_reach_the_search() -> None:
    limits = replace(DEFAULT, chain=ChainLimits(max_certificates=0))
    assert "path.too-complex" in ids(only(check(sign(PLAIN), limits=limits)))


def test_signers_unlike_the_pki_are_never_believed() -> None:
    stranger = Authority(make_root("Stranger").certificate, ec.generate_private_key(ec.SECP256R1()))
    one = only(check(sign(PLAIN, by=stranger)))
    assert one.verdict is Verdict.FAILED
