"""What other tools do to files and signatures: explained, permitted or refused, without a corpus at hand."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.support.check_pki import NOW, pki
from tests.support.signed_pdfs import add_store, make_pdf, sign, sign_with, update, wrapped
from verify.pdf import check_pdf
from verify.report import Report, Verdict
from verify.trust import Trust


def check(document: bytes) -> Report:
    trust = Trust(anchors=(pki().root.certificate,), crls=pki().crls())
    return check_pdf(io.BytesIO(document), trust, now=NOW)


def ids(report: Report) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in (*report.findings, *(f for s in report.signatures for f in s.findings))}


def test_validation_data_may_be_added_and_rearranged_again_and_again() -> None:
    first = add_store(sign(make_pdf()), crls=[pki().root.crl()])
    second = add_store(first, crls=pki().crls(), certificates=[pki().ca])

    def shrink(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        store[pdf_name("/CRLs")] = generic.ArrayObject(list(store["/CRLs"])[:1])
        writer.update_container(store)

    report = check(update(second, shrink))
    assert ids(report)["changes.allowed"] is Verdict.PASSED


def test_a_revision_that_changes_nothing_but_the_store_says_only_that() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer._update_meta = lambda: None  # type: ignore[method-assign] # no dates, as other tools do it
        writer.root[pdf_name("/DSS")] = writer.add_object(generic.DictionaryObject())
        writer.update_root()

    (one,) = check(update(sign(make_pdf()), change)).signatures
    assert one.changes_after == ("validation data (certificates, OCSP answers, revocation lists)",)


def test_a_revision_of_which_no_page_shows_anything_is_told_all_the_same() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer._update_meta = lambda: None  # type: ignore[method-assign] # no dates, as other tools do it
        writer.add_object(generic.StreamObject(stream_data=b"a stowaway"))

    (one,) = check(update(sign(make_pdf()), change)).signatures
    assert one.changes_after == ("technical additions that change nothing of what was signed",)
    assert not one.covers_whole_document
    assert "additions" in next(said.text for said in one.findings if said.id == "changes.allowed")


def test_a_trailer_that_points_into_the_void_does_no_harm() -> None:
    def dangle(writer: IncrementalPdfFileWriter) -> None:
        nowhere = generic.IndirectObject(900, 0, writer)
        writer.set_custom_trailer_entry(pdf_name("/AdditionalStreams"), generic.ArrayObject([nowhere]))

    document = add_store(sign(update(make_pdf(), dangle)), crls=pki().crls())
    assert ids(check(update(document, dangle)))["changes.allowed"] is Verdict.PASSED


@pytest.mark.judge
def test_a_linearized_file_is_one_revision(tmp_path: Path) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is absent")
    plain, linear = tmp_path / "plain.pdf", tmp_path / "linear.pdf"
    plain.write_bytes(make_pdf(3))
    subprocess.run(["qpdf", "--linearize", plain, linear], check=True)
    report = check(sign(linear.read_bytes()))
    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].covers_whole_document


def test_a_signature_without_signed_attributes_is_explained() -> None:
    report = check(sign_with(make_pdf(), "/adbe.pkcs7.detached", bare))
    assert ids(report)["signature.intact"] is Verdict.PASSED
    assert ids(report)["signature.unbound"] is Verdict.INDETERMINATE
    assert report.signatures[0].level is None
    assert check(sign_with(make_pdf(), "/ETSI.CAdES.detached", bare)).signatures[0].level is None


def bare(digest: bytes) -> Any:
    """A CMS whose signature is over the digest of the content itself (RFC 5652 §5.4)."""
    made = wrapped(b"x", detached=True)
    old = made["content"]["signer_infos"][0]
    key = pki().signer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    info = {name: old[name] for name in ("version", "sid", "digest_algorithm", "signature_algorithm")}
    signature = key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    made["content"]["signer_infos"] = cms.SignerInfos([cms.SignerInfo({**info, "signature": signature})])
    return made.dump(force=True)


def test_file_properties_may_be_written_for_the_first_time() -> None:
    def title(writer: IncrementalPdfFileWriter) -> None:
        info = generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("Contract")})
        writer.set_info(writer.add_object(info))

    (one,) = check(update(sign(make_pdf()), title)).signatures
    assert any("description" in words for words in one.changes_after)
