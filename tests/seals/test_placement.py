"""A seal appears where it was asked for, upright and in its size, on pages of every make."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SigFieldSpec, append_signature_field

from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.placement import AtKeyword, AtPosition, InField, find_keyword
from tests.support.pdf_facts import red_box
from tests.support.sealing import PICTURE, make_pdf, seal_bytes, seal_file

TOLERANCE = 0.6  # mm; half a line width and a pixel


def number(value: float) -> generic.FloatObject:
    return generic.FloatObject(str(value))


def box(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject([number(value) for value in values])


@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90, 450])
@pytest.mark.parametrize("shifted", [False, True], ids=["origin", "shifted"])
def test_a_seal_is_upright_and_in_place_on_turned_and_cropped_pages(rotate: int, *, shifted: bool) -> None:
    extra: dict[str, generic.PdfObject] = {"/Rotate": generic.NumberObject(rotate)}
    if shifted:
        extra["/CropBox"] = box(-150, 120, 300, 720)
    media = (-200.0, 100.0, 395.0, 942.0) if shifted else (0.0, 0.0, 595.0, 842.0)
    document = seal_bytes(make_pdf(media_box=media, extra=extra), placement=AtPosition(page=1, x_mm=60, y_mm=80))
    left, top, right, bottom = red_box(document)
    assert (left + right) / 2 == pytest.approx(60, abs=TOLERANCE)
    assert (top + bottom) / 2 == pytest.approx(80, abs=TOLERANCE)
    assert right - left == pytest.approx(42, abs=2 * TOLERANCE)
    assert bottom - top == pytest.approx(42, abs=2 * TOLERANCE)


def test_the_picture_is_upright_on_a_turned_page() -> None:
    """A mark in the lower left corner of the picture stays there."""
    corner = replace(PICTURE, content=b"1 0 0 rg 0 0 20 10 re f")
    for rotate in (0, 90, 180, 270):
        pdf = make_pdf(extra={"/Rotate": generic.NumberObject(rotate)})
        left, top, right, bottom = red_box(
            seal_bytes(pdf, placement=AtPosition(page=1, x_mm=60, y_mm=80), picture=corner)
        )
        found = (left, bottom, right - left, bottom - top)
        assert found == pytest.approx((39, 101, 20 * 25.4 / 72, 10 * 25.4 / 72), abs=TOLERANCE)


def test_a_page_with_larger_units_gets_a_seal_of_the_right_size() -> None:
    document = seal_bytes(
        make_pdf(media_box=(0, 0, 300, 400), extra={"/UserUnit": number(2)}),
        placement=AtPosition(page=1, x_mm=60, y_mm=80),
    )
    widget = PdfFileReader(io.BytesIO(document)).root["/AcroForm"]["/Fields"][0]
    left, _, right, top = (float(one) for one in widget["/Rect"])
    assert (right - left) * 2 == pytest.approx(42 * 72 / 25.4, abs=0.01)
    assert (left + right) / 2 * 2 == pytest.approx(60 * 72 / 25.4, abs=0.01)
    assert 400 * 2 - top * 2 == pytest.approx((80 - 21) * 72 / 25.4, abs=0.01)


@pytest.mark.parametrize(("page", "expected"), [(1, 1), (3, 3), (-1, 3), (-3, 1)])
def test_pages_count_from_one_or_from_the_end(page: int, expected: int) -> None:
    sealed, document = seal_file(make_pdf(3), placement=AtPosition(page=page, x_mm=50, y_mm=50))
    assert sealed.page == expected
    assert red_box(document, expected - 1)[0] == pytest.approx(29, abs=TOLERANCE)


@pytest.mark.parametrize("page", [0, 4, -4])
def test_a_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(PlacementError, match="does not exist"):
        seal_bytes(make_pdf(3), placement=AtPosition(page=page, x_mm=50, y_mm=50))


@pytest.mark.parametrize(
    ("x_mm", "y_mm", "fits"),
    [(21, 21, True), (20.9, 21, False), (21, 20.9, False), (179, 279, True), (179.1, 279, False), (179, 279.1, False)],
)
def test_a_seal_may_touch_the_edge_of_the_page_but_not_cross_it(x_mm: float, y_mm: float, *, fits: bool) -> None:
    document = make_pdf(media_box=(0, 0, 200 * 72 / 25.4, 300 * 72 / 25.4))
    place = AtPosition(page=1, x_mm=x_mm, y_mm=y_mm)
    if fits:
        assert seal_bytes(document, placement=place)
    else:
        with pytest.raises(PlacementError, match="does not fit"):
            seal_bytes(document, placement=place)


def test_a_seal_lands_on_the_keyword() -> None:
    document = seal_bytes(make_pdf(2), placement=AtKeyword(text="Party A", index=2))
    found = find_keyword(io.BytesIO(document), AtKeyword(text="Party A", index=-1))
    left, top, right, bottom = red_box(document, 1)
    assert found.page == 2
    assert (left + right) / 2 == pytest.approx((found.box[0] + found.box[2]) / 2 / 72 * 25.4, abs=TOLERANCE)
    assert (top + bottom) / 2 == pytest.approx((842 - (found.box[1] + found.box[3]) / 2) / 72 * 25.4, abs=TOLERANCE)


def test_a_keyword_can_be_offset_in_the_direction_of_reading_on_a_turned_page() -> None:
    # the text runs up the page, which is shown turned clockwise by 90°: it reads from left to right
    content = b"BT /F1 24 Tf 0 1 -1 0 300 300 Tm (Party A) Tj ET"
    document = make_pdf(content=content, extra={"/Rotate": generic.NumberObject(90)})
    plain = red_box(seal_bytes(document, placement=AtKeyword(text="Party A")))
    moved = red_box(seal_bytes(document, placement=AtKeyword(text="Party A", dx_mm=30, dy_mm=10)))
    assert moved[0] - plain[0] == pytest.approx(30, abs=TOLERANCE)
    assert moved[1] - plain[1] == pytest.approx(10, abs=TOLERANCE)


@pytest.mark.parametrize(("index", "page"), [(1, 1), (3, 3), (-1, 3), (-3, 1)])
def test_occurrences_count_from_one_or_from_the_end(index: int, page: int) -> None:
    assert find_keyword(io.BytesIO(make_pdf(3)), AtKeyword(text="Party A", index=index)).page == page


def test_pages_to_search_can_be_limited() -> None:
    keyword = AtKeyword(text="Party A", first_page=2, last_page=2, index=-1)
    assert find_keyword(io.BytesIO(make_pdf(3)), keyword).page == 2


@pytest.mark.parametrize(
    "keyword",
    [
        AtKeyword(text="Party B"),
        AtKeyword(text="party a"),
        AtKeyword(text="Party A", index=4),
        AtKeyword(text="Party A", index=-4),
        AtKeyword(text="Party A", index=0),
        AtKeyword(text=""),
        AtKeyword(text="x" * 201),
        AtKeyword(text="Party A", first_page=4),
    ],
)
def test_a_keyword_that_is_not_there_is_refused(keyword: AtKeyword) -> None:
    with pytest.raises(PlacementError):
        seal_bytes(make_pdf(3), placement=keyword)


def with_field(document: bytes, *, rect: tuple[int, int, int, int] | None, lock: FieldMDPSpec | None = None) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    append_signature_field(writer, SigFieldSpec("Party A", on_page=0, box=rect, field_mdp_spec=lock))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("rotate", [0, 90])
def test_an_empty_field_is_filled_with_the_picture_in_proportion(rotate: int) -> None:
    document = with_field(make_pdf(extra={"/Rotate": generic.NumberObject(rotate)}), rect=(100, 100, 400, 200))
    sealed, result = seal_file(document, field="Party A", placement=InField())
    left, top, right, bottom = red_box(result)
    assert (sealed.field, sealed.page) == ("Party A", 1)
    assert right - left == pytest.approx(100 / 72 * 25.4, abs=TOLERANCE * 2)
    assert bottom - top == pytest.approx(100 / 72 * 25.4, abs=TOLERANCE * 2)


def test_an_empty_field_without_extent_is_filled_invisibly() -> None:
    sealed, _ = seal_file(with_field(make_pdf(), rect=None), field="Party A", placement=InField())
    assert (sealed.field, sealed.page) == ("Party A", None)


def test_an_empty_field_has_its_own_place() -> None:
    with pytest.raises(PlacementError, match="its own place"):
        seal_bytes(
            with_field(make_pdf(), rect=(100, 100, 400, 200)),
            field="Party A",
            placement=AtPosition(page=1, x_mm=50, y_mm=50),
        )


def test_an_empty_visible_field_needs_a_picture() -> None:
    document = with_field(make_pdf(), rect=(100, 100, 400, 200))
    with pytest.raises(PlacementError, match="picture"):
        seal_bytes(document, field="Party A", placement=InField(), picture=None)


@pytest.mark.parametrize(
    ("lock", "free"),
    [
        (FieldMDPSpec(FieldMDPAction.ALL), False),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Party B"]), False),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Party C"]), True),
        (FieldMDPSpec(FieldMDPAction.EXCLUDE, fields=["Party B"]), True),
    ],
)
def test_a_lock_of_an_earlier_seal_is_kept(lock: FieldMDPSpec, *, free: bool) -> None:
    document = seal_bytes(
        with_field(make_pdf(), rect=(100, 100, 400, 200), lock=lock), field="Party A", placement=InField()
    )
    signature = PdfFileReader(io.BytesIO(document)).embedded_signatures[0].sig_object
    assert signature["/Reference"][0]["/TransformMethod"] == "/FieldMDP"
    if free:
        assert seal_bytes(document, field="Party B")
        return
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(document, field="Party B")
    assert refused.value.reason is Reason.LOCKED


def test_the_page_of_a_field_is_found_without_its_own_word() -> None:
    document = with_field(make_pdf(3), rect=(100, 100, 200, 200))
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    widget = writer.root["/AcroForm"]["/Fields"][0]
    del widget["/P"]
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0).reference)
    out = io.BytesIO()
    writer.write(out)
    assert seal_file(out.getvalue(), field="Party A", placement=InField())[0].page == 1


def test_a_field_on_no_page_is_refused() -> None:
    document = with_field(make_pdf(3), rect=(100, 100, 200, 200))
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    page = writer.root["/Pages"]["/Kids"][0]
    widget = writer.root["/AcroForm"]["/Fields"][0]
    del widget["/P"]
    del page["/Annots"]
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0).reference)
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0).reference)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(PlacementError, match="on no page"):
        seal_bytes(out.getvalue(), field="Party A", placement=InField())


def test_a_page_without_usable_boxes_is_taken_as_letter() -> None:
    document = make_pdf()
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/MediaBox")] = box(0, 0, 0, 0)
    page[pdf_name("/CropBox")] = generic.NullObject()
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0).reference)
    out = io.BytesIO()
    writer.write(out)
    sealed = seal_bytes(out.getvalue(), placement=AtPosition(page=1, x_mm=50, y_mm=50))
    rect = PdfFileReader(io.BytesIO(sealed)).root["/AcroForm"]["/Fields"][0]["/Rect"]
    assert rect[3] == pytest.approx(Decimal(str(792 - 29 * 72 / 25.4)), abs=Decimal("0.01"))


@pytest.mark.parametrize("text", ["\0", "Party A\0"])
def test_a_keyword_with_a_null_character_is_refused_instead_of_being_looked_for_forever(text: str) -> None:
    with pytest.raises(PlacementError, match="no U"):
        find_keyword(io.BytesIO(make_pdf()), AtKeyword(text=text))
