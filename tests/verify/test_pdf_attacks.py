"""No tampered file is ever passed as whole; most are failed outright."""

import io
import re

import pytest

from tests.support import attacks
from tests.support.check_pki import NOW, pki
from tests.support.signed_pdfs import make_pdf, sign, stamp_document
from verify.pdf import check_pdf
from verify.report import Report, Verdict
from verify.trust import Trust

SIGNED = sign(make_pdf(text_field=True), stamped=NOW)
TWICE = sign(SIGNED, field="Seal2", stamped=NOW)
ARCHIVED = stamp_document(SIGNED, at=NOW)


def check(document: bytes) -> Report:
    trust = Trust(anchors=(pki().root.certificate,), crls=pki().crls())
    return check_pdf(io.BytesIO(document), trust, now=NOW)


@pytest.mark.parametrize("document", [SIGNED, TWICE, ARCHIVED], ids=["one", "two", "archived"])
def test_the_untouched_file_passes_and_its_last_signature_covers_it_whole(document: bytes) -> None:
    report = check(document)
    assert report.verdict is Verdict.PASSED
    assert [one.covers_whole_document for one in report.signatures] == [False] * (len(report.signatures) - 1) + [True]


@pytest.mark.parametrize("document", [SIGNED, TWICE, ARCHIVED], ids=["one", "two", "archived"])
@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.__name__)
def test_a_tampered_file_is_never_passed(attack: attacks.Attack, document: bytes) -> None:
    tampered = attack(document)
    assert tampered != document
    report = check(tampered)
    assert report.verdict is not Verdict.PASSED
    assert not any(one.verdict is Verdict.PASSED and one.covers_whole_document for one in report.signatures)
    if attack is not attacks.fill_form:
        assert report.verdict is Verdict.FAILED


def test_a_byte_flipped_anywhere_in_a_signed_file_is_noticed() -> None:
    """A time-stamp that is no longer recognised leaves a sound signature without one: the report says B-B."""
    tolerated = padding_of(SIGNED)
    for position, tampered in attacks.byte_flips(SIGNED, 23):
        if position not in tolerated:
            report = check(tampered)
            assert report.verdict is not Verdict.PASSED or report.signatures[0].level == "B-B", position


def padding_of(document: bytes) -> range:
    """The zeros that fill up the place of the signature, and the white space of the file's last line."""
    found = re.search(rb"0{64,}>", document)
    assert found
    return range(found.start(), found.end() - 1)


@pytest.mark.parametrize(
    ("attack", "ident"),
    [
        (attacks.append_objects, "pdf.tail-bytes"),
        (attacks.append_objects_and_old_end, "pdf.tail-bytes"),
        (attacks.append_one_byte, "pdf.tail-bytes"),
        (attacks.replace_page, "changes.forbidden"),
        (attacks.add_page, "changes.forbidden"),
        (attacks.add_annotation, "changes.forbidden"),
        (attacks.fill_form, "changes.form"),
        (attacks.flip_content, "signature.altered"),
        (attacks.flip_signature_value, "timestamp.wrong"),
        (attacks.break_signature, "signature.unreadable"),
        (attacks.widen_gap, "signature.byte-range"),
        (attacks.overlap, "signature.byte-range"),
        (attacks.start_late, "signature.byte-range"),
        (attacks.end_early, "signature.byte-range"),
        (attacks.leave_file, "signature.byte-range"),
        (attacks.negative_range, "signature.byte-range"),
        (attacks.double_signature, "pdf.signature-shared"),
        (attacks.copy_signature, "signature.byte-range"),
        (attacks.blob_between_revisions, "pdf.gap-bytes"),
        (attacks.cut_last_line, "pdf.broken"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_the_report_says_what_was_done(attack: attacks.Attack, ident: str) -> None:
    report = check(attack(SIGNED))
    seen = [*report.findings, *(one for signature in report.signatures for one in signature.findings)]
    assert ident in {one.id for one in seen}


def test_a_changed_signature_value_is_called_forged() -> None:
    (report,) = check(attacks.flip_signature_value(sign(make_pdf()))).signatures
    assert "signature.forged" in {one.id for one in report.findings}


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (attacks.replace_page, "content of page 1"),
        (attacks.overwrite_content, "content of page 1"),
        (attacks.add_page, "pages were added or removed (1 before, 2 after)"),
        (attacks.add_annotation, "annotations on page 1"),
        (attacks.fill_form, "form field “amount”"),
    ],
)
def test_changes_are_named_in_words(attack: attacks.Attack, words: str) -> None:
    (report,) = check(attack(SIGNED)).signatures
    assert any(words in said for said in report.changes_after)
    assert len(report.changes_after) == len(report.changes_after_zh)
