"""What cannot be sealed honestly is refused with a reason; hostile bytes never get further than that."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import errno
import io
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.pdf_input import HEADER_WITHIN, Limits, open_document, refusing
from seals.placement import AtPosition
from tests.support.pdf_facts import signatures
from tests.support.pdf_judges import mutool, pdfsig, qpdf
from tests.support.sealing import make_pdf, seal_bytes


def reason_of(document: bytes, limits: Limits = Limits()) -> Reason:  # noqa: B008 - a frozen value
    with pytest.raises(DocumentRefusedError) as refused:
        open_document(io.BytesIO(document), limits)
    return refused.value.reason


def changed(document: bytes, **entries: generic.PdfObject) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    for key, value in entries.items():
        writer.root[pdf_name("/" + key)] = value
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "document", [b"", b"x", b"PK\x03\x04" + bytes(5000), b"<html>", b" " * HEADER_WITHIN + b"%PDF-1.7"]
)
def test_what_has_no_header_is_no_pdf(document: bytes) -> None:
    assert reason_of(document) is Reason.NOT_PDF


@pytest.mark.parametrize(("spare", "accepted"), [(0, True), (-1, False)])
def test_size_is_limited_inclusively(spare: int, *, accepted: bool) -> None:
    document = make_pdf()
    limits = Limits(max_bytes=len(document) + spare)
    if accepted:
        assert open_document(io.BytesIO(document), limits).size == len(document)
    else:
        assert reason_of(document, limits) is Reason.TOO_LARGE


@pytest.mark.parametrize(("pages", "accepted"), [(5, True), (6, False)])
def test_pages_are_limited_inclusively(pages: int, *, accepted: bool) -> None:
    document = make_pdf(pages)
    if accepted:
        assert open_document(io.BytesIO(document), Limits(max_pages=5)).page_count == pages
    else:
        assert reason_of(document, Limits(max_pages=5)) is Reason.TOO_MANY_PAGES


def test_two_thousand_pages_are_sealed_on_the_last() -> None:
    document = make_pdf(2_000)
    assert len(signatures(seal_bytes(document, placement=AtPosition(page=-1, x_mm=50, y_mm=50)))) == 1


@pytest.mark.parametrize("user_password", ["", "secret"])
def test_an_encrypted_document_is_refused(user_password: str) -> None:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(make_pdf())))
    writer.encrypt(owner_pass="owner", user_pass=user_password)
    out = io.BytesIO()
    writer.write(out)
    assert reason_of(out.getvalue()) is Reason.ENCRYPTED


def test_a_dynamic_xfa_form_is_refused() -> None:
    assert reason_of(changed(make_pdf(), NeedsRendering=generic.BooleanObject(True))) is Reason.XFA


@pytest.mark.parametrize("count", [0, -1])
def test_a_document_without_pages_is_broken(count: int) -> None:
    pages = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Pages"),
            pdf_name("/Count"): generic.NumberObject(count),
            pdf_name("/Kids"): generic.ArrayObject(),
        }
    )
    assert reason_of(changed(make_pdf(), Pages=pages)) is Reason.BROKEN


def test_a_page_tree_that_runs_in_circles_is_broken() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(make_pdf(2)))
    tree = writer.root["/Pages"]
    tree["/Kids"] = generic.ArrayObject([writer.root.raw_get("/Pages"), writer.root.raw_get("/Pages")])
    writer.mark_update(writer.root.raw_get("/Pages").reference)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(out.getvalue())
    assert refused.value.reason is Reason.BROKEN


def test_a_page_tree_that_promises_too_much_is_broken() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(make_pdf(2)))
    writer.root["/Pages"]["/Count"] = generic.NumberObject(7)
    writer.mark_update(writer.root.raw_get("/Pages").reference)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(out.getvalue(), placement=AtPosition(page=7, x_mm=50, y_mm=50))
    assert refused.value.reason is Reason.BROKEN


def test_an_offset_before_the_beginning_is_refused_in_a_file_on_disk_too(tmp_path: Path) -> None:
    """A disk says EINVAL where memory says ValueError."""
    path = tmp_path / "far.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"%%EOF\nstartxref\n9\n" * 2)
    with path.open("rb") as file, pytest.raises(DocumentRefusedError) as refused:
        open_document(file, Limits())
    assert refused.value.reason is Reason.BROKEN


def test_a_disk_that_fails_is_not_blamed_on_the_document() -> None:
    with pytest.raises(OSError, match="full"), refusing():
        raise OSError(errno.ENOSPC, "the disk is full")


def test_a_decompression_bomb_is_refused() -> None:
    """An object stream of 200 MB of blanks in 200 kB."""
    writer = PdfFileWriter(stream_xrefs=True)
    out = io.BytesIO()
    writer.write(out)
    bomb = zlib.compress(b" " * 200_000_000, 9)
    document = io.BytesIO()
    document.write(b"%PDF-1.7\n")
    at = document.tell()
    document.write(b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(bomb))
    document.write(bomb + b"\nendstream\nendobj\n")
    xref_at = document.tell()
    rows = bytes([0, 0, 0, 0, 0, 0]) + b"\x01" + at.to_bytes(4) + b"\0" + b"\x02" + (1).to_bytes(4) + b"\0"
    document.write(
        b"3 0 obj\n<< /Type /XRef /Size 3 /W [1 4 1] /Root 2 0 R /Length %d >>\nstream\n" % len(rows)
        + rows
        + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % xref_at
    )
    assert reason_of(document.getvalue()) is Reason.BOMB


@pytest.mark.judge
def test_bytes_before_the_header_are_left_out(tmp_path: Path, nss: Path) -> None:
    document = make_pdf()
    result = seal_bytes(b"From: somebody\r\n\r\n" + document, placement=AtPosition(page=1, x_mm=50, y_mm=50))
    assert result.startswith(document)
    (tmp_path / "x.pdf").write_bytes(result)
    verdict = pdfsig(tmp_path / "x.pdf", nss)[0]
    assert (verdict.valid, verdict.whole_document) == (True, True)
    assert (mutool(tmp_path / "x.pdf"), qpdf(tmp_path / "x.pdf")) == (["unchanged"], 0)


def test_bytes_before_the_header_of_a_signed_document_are_refused() -> None:
    assert reason_of(b"x" + seal_bytes(make_pdf())) is Reason.BROKEN


@pytest.mark.parametrize("tail", [b"", b"\r", b" ", b"\n\n\n"])
def test_a_document_may_end_without_a_newline(tail: bytes) -> None:
    document = make_pdf().rstrip() + tail
    assert seal_bytes(document).startswith(document)


def test_an_unsealable_document_says_so_before_the_target_is_touched_for_good() -> None:
    with pytest.raises(PlacementError):
        seal_bytes(make_pdf(), placement=AtPosition(page=9, x_mm=0, y_mm=0))


def outcome(document: bytes) -> str:
    try:
        seal_bytes(document, placement=AtPosition(page=1, x_mm=50, y_mm=50))
    except (DocumentRefusedError, PlacementError):
        return "refused"
    return "sealed"


def test_a_truncated_document_is_refused_or_sealed_but_never_a_crash() -> None:
    document = seal_bytes(make_pdf(2, stream_xrefs=True))
    outcomes = {outcome(document[:length]) for length in range(0, len(document), 97)}
    assert "refused" in outcomes


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 40))
def test_a_damaged_document_is_refused_or_sealed_but_never_a_crash(seed: int, flips: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - damage, not secrets
    document = bytearray(make_pdf(2, stream_xrefs=seed % 2 == 0))
    for _ in range(flips):
        document[dice.randrange(8, len(document))] = dice.randrange(256)
    assert outcome(bytes(document)) in {"refused", "sealed"}
