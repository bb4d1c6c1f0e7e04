"""Corners of the PDF check that whole files reach only with difficulty."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.support import attacks
from tests.support.check_pki import NOW, der, name, pki
from tests.support.signed_pdfs import add_store, make_pdf, sign, update, wrapped
from verify.certificates import MAX_CERTIFICATE_BYTES, Certificate
from verify.errors import MalformedCertificateError
from verify.pdf import check_pdf
from verify.pdf_structure import PdfLimits, open_pdf, preload, signed_range, stray_revision
from verify.report import Report, Verdict
from verify.signed_data import MalformedSignatureError, SignedData, digest_of, token_imprint
from verify.trust import Trust

SIGNED = sign(make_pdf())
LIMITS = PdfLimits()


def check(document: bytes) -> Report:
    return check_pdf(io.BytesIO(document), Trust(anchors=(pki().root.certificate,)), now=NOW)


def every_id(report: Report) -> set[str]:
    return {one.id for one in (*report.findings, *(said for one in report.signatures for said in one.findings))}


def test_a_later_revision_inside_earlier_bytes_is_a_stray() -> None:
    opened = open_pdf(io.BytesIO(sign(SIGNED, field="Seal2")), LIMITS)
    assert stray_revision(opened, after=0, limits=LIMITS) is None
    shifted = replace(opened, ends=(opened.ends[0], opened.size, opened.size))
    assert stray_revision(shifted, after=1, limits=LIMITS) == 2
    assert stray_revision(opened, after=1, limits=PdfLimits(max_gap=0)) in {None, 2}


def test_a_signature_object_that_stands_nowhere_has_no_range() -> None:
    opened = open_pdf(io.BytesIO(SIGNED), LIMITS)
    raw = opened.reader.root["/AcroForm"]["/Fields"][0]["/V"]
    contents = raw.raw_get("/Contents").original_bytes
    nowhere = generic.Reference(9999, 0, opened.reader)
    said = signed_range(raw.raw_get("/ByteRange"), contents, opened, 1, nowhere)
    assert said == "it does not stand where its byte range says"
    another = opened.reader.root.raw_get("/Pages").reference
    said = signed_range(raw.raw_get("/ByteRange"), contents, opened, 1, another)
    assert said == "its byte range leaves out another object than the signature"


def test_only_an_undoubted_contents_string_is_read_beforehand() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        odd = generic.DictionaryObject({pdf_name("/Reason"): generic.TextStringObject("/Contents <aa>")})
        writer.root[pdf_name("/Odd")] = writer.add_object(odd)
        writer.update_root()

    escaped, plain = b"(\\057Contents \\074aa\\076)", b"(/Contents <aa>)"
    document = update(make_pdf(), change)
    assert escaped in document
    opened = open_pdf(io.BytesIO(document.replace(escaped, plain.ljust(len(escaped)))), LIMITS)
    odd = opened.reader.root.raw_get("/Odd").reference
    for reference in (odd, generic.Reference(9999, 0, opened.reader)):
        preload(opened, reference, LIMITS)
        assert opened.reader.cache_get_indirect_object(0, reference.idnum) is None


def test_a_form_that_is_no_form_is_a_finding() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[pdf_name("/AcroForm")] = generic.NumberObject(1)
        writer.update_root()

    assert every_id(check(update(make_pdf(), change))) == {"pdf.broken"}


def test_a_store_that_is_no_store_is_as_if_it_were_not_there() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        wrong = generic.ArrayObject([generic.NumberObject(1)])
        writer.root[pdf_name("/DSS")] = generic.DictionaryObject({pdf_name("/Certs"): wrong})
        writer.update_root()

    assert "signature.intact" in every_id(check(update(SIGNED, change)))


def test_a_store_with_broken_items_gives_what_it_has() -> None:
    document = add_store(SIGNED, crls=pki().crls(), certificates=[pki().ca])
    assert "revocation.good" in every_id(check(document))


def test_a_value_that_is_no_signature_is_a_finding() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = generic.NumberObject(7)
        writer.update_container(field)

    report = check(update(SIGNED, change))
    assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize("attack", [attacks.break_page_tree, attacks.tie_page_tree])
def test_a_page_tree_that_cannot_be_walked_is_still_reported(attack: attacks.Attack) -> None:
    assert check(attack(SIGNED)).verdict is Verdict.FAILED


def test_a_page_without_content_is_compared_too() -> None:
    def strip(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        del page["/Contents"]
        del page["/Resources"]
        writer.update_container(page)

    def draw(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page[pdf_name("/Rotate")] = generic.NumberObject(90)
        writer.update_container(page)

    (one,) = check(update(sign(update(make_pdf(), strip)), draw)).signatures
    assert any("objects were changed" in words for words in one.changes_after)


def test_certificates_are_bounded_and_strict() -> None:
    ca = der(pki().ca.certificate)
    with pytest.raises(MalformedCertificateError, match="longer"):
        Certificate.load(ca + b"\0" * MAX_CERTIFICATE_BYTES)
    with pytest.raises(MalformedCertificateError):
        Certificate.load(ca + b"\0")
    serial = pki().ca.certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
    with pytest.raises(MalformedCertificateError, match="serial"):
        Certificate.load(ca.replace(serial, b"\0" * len(serial)))
    with pytest.raises(MalformedCertificateError, match="algorithms differ"):
        Certificate.load(other_algorithm(ca))


def other_algorithm(certificate: bytes) -> bytes:
    """ecdsa-with-SHA256 outside becomes ecdsa-with-SHA384, as the bytes inside stay."""
    ecdsa = bytes.fromhex("2a8648ce3d040302")
    position = certificate.rindex(ecdsa) + len(ecdsa) - 1
    return certificate[:position] + b"\x03" + certificate[position + 1 :]


def test_a_signature_that_is_not_whole_octets_is_none() -> None:
    issuer = Certificate.load(der(pki().ca.certificate))
    for number in range(20):  # the last bit is 0 in about half of them, and would not be missed
        encoded = der(pki().ca.issue(f"Number {number}").certificate)
        position = encoded.rindex(b"\x00\x30")
        odd = encoded[:position] + b"\x01" + encoded[position + 1 :]
        assert Certificate.load(encoded).signed_by(issuer)
        assert not Certificate(odd).signed_by(issuer)


def test_the_same_extension_twice_is_malformed() -> None:
    one = pki().ca.issue("Doubled", extensions=[(unknown(1), False), (unknown(2), False)])
    encoded = der(one.certificate)
    twice = encoded.replace(oid_bytes(2), oid_bytes(1))
    with pytest.raises(MalformedCertificateError, match="twice"):
        Certificate.load(twice)


def unknown(number: int) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.32473.9.{number}"), b"\x05\x00")


def oid_bytes(number: int) -> bytes:
    encoded: bytes = cms.CMSAttributeType(f"1.3.6.1.4.1.32473.9.{number}").dump()
    return encoded


def test_a_certificate_with_several_names_is_called_by_the_first() -> None:
    subject = x509.Name([*name("First"), *list(name("Second"))[1:]])
    template = pki().ca.issue("Placeholder")
    builder = x509.CertificateBuilder(
        issuer_name=pki().ca.certificate.subject,
        subject_name=subject,
        public_key=template.certificate.public_key(),
        serial_number=5,
        not_valid_before=template.certificate.not_valid_before_utc,
        not_valid_after=template.certificate.not_valid_after_utc,
    )
    assert Certificate.load(der(builder.sign(pki().ca.key, hashes.SHA256()))).subject == "First"


def test_only_time_stamp_tokens_have_an_imprint() -> None:
    signed = SignedData.of(wrapped(b"x")["content"])
    with pytest.raises(MalformedSignatureError, match="not a time-stamp"):
        token_imprint(signed)
    signed.raw["encap_content_info"] = {"content_type": "tst_info", "content": core.ParsableOctetString(b"\x30\x01")}
    with pytest.raises(MalformedSignatureError, match="not a time-stamp token: "):
        token_imprint(replace(signed, content_type="tst_info"))


def test_a_signer_may_be_named_by_key_identifier_among_other_things() -> None:
    raw = wrapped(b"x")["content"]
    ident = Certificate.load(der(pki().signer.certificate)).parsed.key_identifier
    raw["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", ident)
    other = cms.OtherCertificateFormat({"other_cert_format": "1.3.6.1.4.1.32473.9", "other_cert": core.Null()})
    raw["certificates"] = [*raw["certificates"], cms.CertificateChoices("other", other)]
    signed = SignedData.load(cms.ContentInfo({"content_type": "signed_data", "content": raw.copy()}).dump(force=True))
    found = signed.signer()
    assert found is not None
    assert found.subject == "Contract seal"


def test_unknown_digests_are_refused() -> None:
    with pytest.raises(MalformedSignatureError, match="unknown digest"):
        digest_of("md2", b"")


def test_the_package_reads_no_clock_and_no_network() -> None:
    sources = [path for path in (Path(__file__).parents[2] / "verify").glob("*.py") if path.name != "__main__.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert "datetime.now" not in text
    assert "allow_fetching=True" not in text
