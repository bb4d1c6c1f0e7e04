"""Laying out: every field where it was asked for, on any page, and a reason where that cannot be."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from dataclasses import replace
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader

from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.layout import (
    Attachment,
    Edge,
    EveryPage,
    FieldKind,
    Fill,
    FillKind,
    Layout,
    Seam,
    Slot,
    check_frozen,
    freeze,
)
from seals.pages import every_page
from seals.pdf_input import Limits
from seals.placement import AtKeyword, AtPosition
from seals.slices import cut
from seals.slots import MAX_CHARS, MAX_NAME, MAX_SEAM_GROUP, MAX_SLOTS, MAX_STATEMENT
from tests.support.layouts import contract, mandate, party_slot, text_fill
from tests.support.sealing import make_pdf, seal_bytes
from tests.support.signed_pdfs import update

A4 = (595 / 72 * 25.4, 842 / 72 * 25.4)


def refuse(*slots: Slot, document: bytes | None = None, **more: Any) -> str:
    """Return what the refusal of a layout says; the target has to be empty then."""
    target = io.BytesIO(b"old")
    with pytest.raises(PlacementError) as caught:
        freeze(io.BytesIO(document or make_pdf(3)), target, Layout(slots=slots), **more)
    assert target.getvalue() == b""
    return str(caught.value)


# -- what a frozen layout is


def test_every_field_of_every_party_is_in_the_base_revision() -> None:
    made = contract(party_slot(0, fills=(text_fill(),)), party_slot(1))
    fields = PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"]
    names = [one.get_object()["/T"] for one in fields]
    assert names == [one.name for one in made.frozen.fields]
    assert [one.kind for one in made.frozen.of("甲方")] == [FieldKind.FILL, *[FieldKind.SLICE] * 3, FieldKind.SIGNATURE]
    assert made.frozen.slots == ("甲方", "乙方")
    assert made.frozen.size == len(made.data)


def test_nobody_can_fill_the_fields_with_a_viewer() -> None:
    made = contract(party_slot(0, fills=(text_fill(), text_fill("同意", kind=FillKind.TICK, y_mm=40))))
    fields = [one.get_object() for one in PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"]]
    assert all(one["/Ff"] & 1 for one in fields if one["/FT"] != "/Sig")


def test_a_signature_locks_the_fields_of_its_own_slot() -> None:
    made = contract()
    fields = [one.get_object() for one in PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"]]
    locks = [one["/Lock"] for one in fields if one["/FT"] == "/Sig"]
    assert [sorted(lock["/Fields"]) for lock in locks] == [
        sorted(one.name for one in made.frozen.of(slot)) for slot in made.frozen.slots
    ]
    assert {lock["/Action"] for lock in locks} == {"/Include"}


@pytest.mark.parametrize("existing", ["Slot", "S", "Slot001Sign00001", "Slot1"])
def test_no_field_name_is_the_beginning_of_another(existing: str) -> None:
    document = seal_free_form(existing)
    names = [one.name for one in contract(document=document).frozen.fields] + [existing]
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(a)]


def seal_free_form(name: str) -> bytes:
    """A document with one text field."""

    def add(writer: Any) -> None:
        field = generic.DictionaryObject(
            {pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): generic.TextStringObject(name)}
        )
        form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([writer.add_object(field)])})
        writer.root[pdf_name("/AcroForm")] = form
        writer.update_root()

    return update(make_pdf(3), add)


def test_the_same_layout_makes_the_same_bytes() -> None:
    document = make_pdf(3)
    assert contract(document=document).data == contract(document=document).data


def test_attachments_travel_inside_and_are_associated() -> None:
    made = contract(attachments=(mandate(),))
    root = PdfFileReader(io.BytesIO(made.data)).root
    (spec,) = [one.get_object() for one in root["/AF"]]
    assert spec["/UF"] == "授权书.json"
    assert spec["/EF"]["/F"].data == mandate().data
    assert root["/Names"]["/EmbeddedFiles"]["/Names"][1].get_object() == spec


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "x" * 121, "a\nb"])
def test_an_attachment_needs_a_usable_name(name: str) -> None:
    bad = Attachment(name=name, media_type="text/plain", data=b"")
    assert "attachment" in refuse(party_slot(0), attachments=(bad,))


def test_attachments_have_different_names() -> None:
    assert "two attachments" in refuse(party_slot(0), attachments=(mandate(), mandate()))


# -- where things go


def test_the_first_spot_is_the_signature_and_the_others_are_pictures() -> None:
    spots = (AtPosition(page=1, x_mm=50, y_mm=50), AtPosition(page=2, x_mm=50, y_mm=50))
    made = contract(Slot(name="A", spots=spots))
    assert made.signature("A").page == 1
    assert [one.page for one in made.fields("A", FieldKind.PICTURE)] == [2]


def test_a_slot_without_spots_signs_unseen() -> None:
    assert contract(Slot(name="A")).signature("A").box is None


def test_every_page_means_every_page_in_its_range() -> None:
    made = contract(Slot(name="A", spots=(EveryPage(x_mm=50, y_mm=50, first_page=2),)), pages=5)
    assert (made.signature("A").page, [one.page for one in made.fields("A", FieldKind.PICTURE)]) == (2, [3, 4, 5])


def test_a_client_of_its_own_signs_unseen_over_a_picture() -> None:
    made = contract(Slot(name="A", spots=(AtPosition(page=1, x_mm=50, y_mm=50),), own_client=True))
    assert made.signature("A").box is None
    assert [one.page for one in made.fields("A", FieldKind.PICTURE)] == [1]


def test_a_keyword_finds_the_place() -> None:
    made = contract(Slot(name="A", spots=(AtKeyword(text="seals here", index=-1, dy_mm=40),)))
    assert made.signature("A").page == 3


TURNS = [(rotate, crop) for rotate in (0, 90, 180, 270) for crop in (None, (50, 100, 500, 700))]


@pytest.mark.parametrize(("rotate", "crop"), TURNS)
@pytest.mark.parametrize("edge", Edge)
def test_slices_touch_the_edge_of_the_page_as_displayed(rotate: int, crop: tuple[int, ...] | None, edge: Edge) -> None:
    extra: dict[str, generic.PdfObject] = {"/Rotate": generic.NumberObject(rotate)}
    if crop:
        extra["/CropBox"] = generic.ArrayObject(map(generic.NumberObject, crop))
    made = contract(Slot(name="A", seam=Seam(y_mm=60, edge=edge)), document=make_pdf(3, extra=extra))
    document = PdfFileReader(io.BytesIO(made.data))
    for page, slice_ in zip(every_page(document, 3), made.fields("A", FieldKind.SLICE), strict=True):
        assert slice_.box is not None
        corners = [page.to_shown(x, y) for x in slice_.box[::2] for y in slice_.box[1::2]]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        width = page.shown_mm[0]
        assert (max(xs) if edge is Edge.RIGHT else width - min(xs)) == pytest.approx(width)
        assert max(xs) - min(xs) == pytest.approx(42 / 3)
        assert [min(ys), max(ys)] == pytest.approx([39, 81])


@pytest.mark.parametrize("pages", [2, 3, MAX_SEAM_GROUP, MAX_SEAM_GROUP + 1, 100])
@pytest.mark.parametrize("edge", Edge)
def test_each_group_of_pages_carries_the_whole_seal_once(pages: int, edge: Edge) -> None:
    parts = list(cut(1, pages, edge))
    assert [one.page for one in parts] == list(range(1, pages + 1))
    groups: list[list[int]] = []
    for one in parts:
        start = 0 if edge is Edge.RIGHT else one.count - 1
        if one.index == start:
            groups.append([])
        groups[-1].append(one.index)
        assert 2 <= one.count <= MAX_SEAM_GROUP
    assert len(groups) == -(-pages // MAX_SEAM_GROUP)
    assert all(sorted(one) == list(range(len(one))) for one in groups)


# -- what cannot be laid out

SPOT = AtPosition(page=1, x_mm=50, y_mm=50)
BAD: dict[str, tuple[Slot, str]] = {
    "page 4": (Slot(name="A", spots=(AtPosition(page=4, x_mm=50, y_mm=50),)), "“A”, place 1: page 4 does not exist"),
    "page 0": (Slot(name="A", spots=(SPOT, AtPosition(page=0, x_mm=50, y_mm=50))), "“A”, place 2: page 0"),
    "off the page": (Slot(name="A", spots=(AtPosition(page=1, x_mm=20.9, y_mm=50),)), "does not fit on page 1"),
    "too large": (Slot(name="A", spots=(SPOT,), width_mm=211), "does not fit on page 1"),
    "no size": (Slot(name="A", width_mm=0), "cannot be 0 × 42 mm"),
    "an endless size": (Slot(name="A", height_mm=float("inf")), "cannot be 42 × inf mm"),
    "no number": (Slot(name="A", spots=(AtPosition(page=1, x_mm=float("nan"), y_mm=50),)), "is not a number"),
    "no such text": (Slot(name="A", spots=(AtKeyword(text="nowhere"),)), "“A”, place 1: the text “nowhere”"),
    "a range backwards": (Slot(name="A", spots=(EveryPage(x_mm=50, y_mm=50, first_page=3, last_page=2),)), "is 3"),
    "a seam on one page": (Slot(name="A", seam=Seam(y_mm=60, last_page=1)), "at least 2 pages"),
    "a seam off the page": (Slot(name="A", seam=Seam(y_mm=20)), "the seam seal of the slot “A”: a slice"),
    "no name": (Slot(name=" "), "1 to 60 printable characters"),
    "a long name": (Slot(name="x" * (MAX_NAME + 1)), "1 to 60 printable characters"),
    "a field off the page": (Slot(name="A", fills=(text_fill("f", x_mm=160),)), "the field “f” of the slot “A”: a box"),
    "a field without size": (Slot(name="A", fills=(text_fill("f", width_mm=0),)), "the field “f” cannot be 0"),
    "two fields of one name": (Slot(name="A", fills=(text_fill("f"), text_fill("f"))), "are called “f”"),
    "a field for nothing": (Slot(name="A", fills=(text_fill("f", max_chars=0),)), f"1 to {MAX_CHARS} characters"),
    "too long a text": (Slot(name="A", fills=(text_fill("f", max_chars=MAX_CHARS + 1),)), f"1 to {MAX_CHARS}"),
    "a text with a sentence": (Slot(name="A", fills=(text_fill("f", statement="x"),)), "which only a statement has"),
    "no sentence": (Slot(name="A", fills=(text_fill("f", kind=FillKind.STATEMENT),)), "needs a sentence"),
    "a long sentence": (
        Slot(name="A", fills=(text_fill("f", kind=FillKind.STATEMENT, statement="x" * (MAX_STATEMENT + 1)),)),
        "needs a sentence",
    ),
}


@pytest.mark.parametrize(("slot", "says"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_laid_out_is_named(slot: Slot, says: str) -> None:
    assert says in refuse(slot)


def test_two_slots_do_not_share_a_name() -> None:
    assert "two slots are called “甲方”" in refuse(party_slot(0), party_slot(0))


def test_there_are_slots_and_not_too_many() -> None:
    assert "1 to 100 slots" in refuse()
    contract(*(Slot(name=f"S{number}") for number in range(MAX_SLOTS)))
    assert "1 to 100 slots" in refuse(*(Slot(name=f"S{number}") for number in range(MAX_SLOTS + 1)))


def test_a_layout_has_a_bounded_number_of_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seals.planning.MAX_FIELDS", 4)
    contract(party_slot(0))
    assert "more than 4 fields" in refuse(party_slot(0), party_slot(1))


def test_no_seal_covers_that_of_another_party() -> None:
    one, other = Slot(name="A", spots=(SPOT,)), Slot(name="B", spots=(AtPosition(page=1, x_mm=91.9, y_mm=50),))
    assert "would cover “A: 印章 seal, page 1”" in refuse(one, other)
    contract(one, replace(other, spots=(AtPosition(page=1, x_mm=92, y_mm=50),)))


def test_seam_seals_need_heights_of_their_own() -> None:
    assert "骑缝章" in refuse(Slot(name="A", seam=Seam(y_mm=60)), Slot(name="B", seam=Seam(y_mm=80)))


def test_a_seal_may_be_stamped_over_its_own_date() -> None:
    date = Fill(name="日期", kind=FillKind.DATE, page=1, x_mm=40, y_mm=45, width_mm=40, height_mm=8)
    contract(Slot(name="A", spots=(SPOT,), fills=(date,)))


# -- documents that take no layout


def test_a_signed_document_takes_no_new_fields() -> None:
    with pytest.raises(DocumentRefusedError, match="signed already") as caught:
        contract(document=seal_bytes(make_pdf(3)))
    assert caught.value.reason is Reason.LOCKED


def test_a_certified_document_takes_no_new_fields() -> None:
    with pytest.raises(DocumentRefusedError) as caught:
        contract(document=seal_bytes(make_pdf(3), certify=1))
    assert caught.value.reason is Reason.CERTIFIED


def test_a_document_with_an_xfa_form_takes_no_fields() -> None:
    def add(writer: Any) -> None:
        form = generic.DictionaryObject({pdf_name("/XFA"): generic.TextStringObject("<xdp/>")})
        writer.root[pdf_name("/AcroForm")] = form
        writer.update_root()

    with pytest.raises(DocumentRefusedError) as caught:
        contract(document=update(make_pdf(3), add))
    assert caught.value.reason is Reason.XFA


def test_limits_hold_while_laying_out() -> None:
    target = io.BytesIO()
    with pytest.raises(DocumentRefusedError) as caught:
        freeze(io.BytesIO(make_pdf(3)), target, Layout(slots=(party_slot(0),)), limits=Limits(max_pages=2))
    assert caught.value.reason is Reason.TOO_MANY_PAGES


# -- the same document as then


def test_a_document_that_is_still_the_same_is_known() -> None:
    made = contract()
    check_frozen(io.BytesIO(made.data), made.frozen)
    made.seal("甲方")
    check_frozen(io.BytesIO(made.data), made.frozen)


@pytest.mark.parametrize("change", ["a byte", "cut off", "before"])
def test_a_document_that_changed_since_is_refused(change: str) -> None:
    made = contract()
    flipped = bytearray(made.data)
    flipped[len(flipped) // 2] ^= 1
    data = {"a byte": bytes(flipped), "cut off": made.data[:-1], "before": b"%\n" + made.data}[change]
    with pytest.raises(DocumentRefusedError) as caught:
        check_frozen(io.BytesIO(data), made.frozen)
    assert caught.value.reason is Reason.CHANGED_SINCE_FREEZE
