"""Filling and sealing a slot: what is filled in, what is refused, and parties with a client of their own."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from seals.errors import AppearanceError, DocumentRefusedError, FillError, PlacementError, Reason
from seals.layout import (
    NOTHING_FILLED,
    EveryPage,
    FieldKind,
    FillKind,
    Slot,
    accept_revision,
    person_face,
    prepare_slot,
    seal_slot,
)
from seals.pdf_input import Limits
from seals.placement import AtPosition
from seals.signing import Level, SealIntent
from tests.support.layouts import STATEMENT, Contract, contract, party_key, party_slot, sign_with_pyhanko, text_fill
from tests.support.seal_fonts import sans
from tests.support.sealing import NOW, PICTURE, make_pdf, seal_bytes
from tests.support.signed_pdfs import update
from verify.report import Verdict

SPOT = AtPosition(page=1, x_mm=60, y_mm=100)


def value_of(made: Contract, name: str) -> Any:
    """What the field of a fill holds in the file, or None."""
    number = next(one.number for one in made.frozen.fields if one.fill is not None and one.fill.name == name)
    reader = PdfFileReader(io.BytesIO(made.data))
    field = reader.get_object(generic.Reference(number, 0, reader))
    return field["/V"] if "/V" in field else None  # noqa: SIM401 - pyHanko's `get` follows no references


def with_fill(**more: Any) -> Contract:
    return contract(Slot(name="A", spots=(SPOT,), fills=(text_fill("f", **more),)))


def refusal(made: Contract, value: str | None, **more: Any) -> FillError:
    before = made.data
    with pytest.raises(FillError) as caught:
        made.seal("A", values={} if value is None else {"f": value}, **more)
    assert made.data == before
    assert caught.value.field == "f"
    return caught.value


# -- values


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (FillKind.TEXT, "朱砂科技 Ltd.\n第二行", "朱砂科技 Ltd.\n第二行"),
        (FillKind.DATE, "2026-07-01", "2026-07-01"),
        (FillKind.DATE, "2026年7月1日", "2026年7月1日"),
        (FillKind.TICK, "true", "/Yes"),
        (FillKind.STATEMENT, STATEMENT, STATEMENT),
    ],
)
def test_what_is_filled_in_stands_in_the_file(kind: FillKind, value: str, kept: str) -> None:
    made = with_fill(kind=kind, statement=STATEMENT if kind is FillKind.STATEMENT else "", height_mm=14)
    made.seal("A", values={"f": value})
    assert value_of(made, "f") == kept
    assert made.of("A").verdict is Verdict.PASSED


def test_what_need_not_be_filled_in_may_stay_empty() -> None:
    made = with_fill(required=False)
    made.seal("A")
    assert value_of(made, "f") is None


def test_a_tick_that_need_not_be_set_may_be_refused() -> None:
    made = with_fill(kind=FillKind.TICK, required=False)
    made.seal("A", values={"f": "false"})
    assert value_of(made, "f") == "/Off"


BAD: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "missing": ({}, None, "has to be filled in"),
    "empty": ({}, "", "has to be filled in"),
    "blank": ({}, "  ", "cannot be seen"),
    "a control character": ({}, "a\x07b", "cannot be seen"),
    "too long": ({"max_chars": 3}, "四个字符", "holds at most 3 characters, not 4"),
    "too long for its box": ({"width_mm": 20, "height_mm": 4}, "长" * 100, "does not fit into 19 × 4 mm"),
    "no glyph": ({}, "\U0001f600", "no font has the character"),
    "no date": ({"kind": FillKind.DATE}, "2026-02-30", "has to be a date"),
    "half a date": ({"kind": FillKind.DATE}, "2026年2-3", "has to be a date"),
    "a word for a tick": ({"kind": FillKind.TICK}, "yes", "is true or false"),
    "a tick that is not set": ({"kind": FillKind.TICK}, "false", "has to be ticked"),
    "another sentence": ({"kind": FillKind.STATEMENT, "statement": STATEMENT}, STATEMENT[:-1], "has to read"),
}


@pytest.mark.parametrize(("fill", "value", "says"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_filled_in_is_named(fill: dict[str, Any], value: str | None, says: str) -> None:
    assert says in str(refusal(with_fill(**fill), value))


def test_a_text_at_its_limit_is_filled_in() -> None:
    made = with_fill(max_chars=4)
    made.seal("A", values={"f": "四个字符"})
    assert value_of(made, "f") == "四个字符"


def test_a_field_of_another_slot_cannot_be_filled() -> None:
    made = contract(Slot(name="A", spots=(SPOT,)), party_slot(1, fills=(text_fill("f"),)))
    assert "is not one of the slot “A”" in str(refusal(made, "x"))


def test_a_text_needs_a_font() -> None:
    assert "there is no font" in str(refusal(with_fill(), "x", font=None))


def test_long_texts_are_set_in_lines_that_break_at_blanks() -> None:
    made = with_fill(width_mm=40, height_mm=20)
    made.seal("A", values={"f": "The quick brown fox jumps over the lazy dog\n\n" + "字" * 30})
    assert made.of("A").verdict is Verdict.PASSED


# -- sealing


def test_the_first_signature_certifies_and_the_others_do_not() -> None:
    made = contract()
    made.seal("甲方")
    made.seal("乙方")
    reader = PdfFileReader(io.BytesIO(made.data))
    methods = [
        [one.get_object()["/TransformMethod"] for one in signature.sig_object["/Reference"]]
        for signature in reader.embedded_signatures
    ]
    assert methods == [["/DocMDP", "/FieldMDP"], ["/FieldMDP"]]


def test_the_picture_is_in_the_file_once_for_each_party() -> None:
    made = contract(Slot(name="A", spots=(EveryPage(x_mm=50, y_mm=50),)), pages=20)
    before = len(made.data)
    picture = replace(PICTURE, content=PICTURE.content + b"% " + bytes(range(48, 90)) * 400)
    made.seal("A", picture=picture)
    assert made.data[before:].count(b"/FlateDecode") == 1


def test_the_intent_names_the_page_of_the_seal() -> None:
    seen: list[SealIntent] = []
    made = contract(party_slot(0), Slot(name="B"))
    sealed = made.seal("甲方", authorise=seen.append)
    assert (seen[0].page, sealed.page, seen[0].field) == (3, 3, "Slot001Sign00001")
    assert made.seal("B", picture=None).page is None


def test_a_refused_authorisation_leaves_nothing() -> None:
    made = contract()
    target = io.BytesIO()

    def refuse(_: SealIntent) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        made.seal("甲方", authorise=refuse)
    with pytest.raises(FillError):
        seal_slot(
            io.BytesIO(made.data), target, slot="甲方", frozen=made.frozen, key=party_key("甲方"), picture=PICTURE,
            values={"x": "y"}, first=True, level=Level.B_B, now=NOW,
        )  # fmt: skip
    assert target.getvalue() == b""


def test_a_slot_that_shows_a_seal_needs_its_picture() -> None:
    with pytest.raises(PlacementError, match="needs its picture"):
        contract().seal("甲方", picture=None)


def test_a_slot_that_is_not_there_cannot_be_sealed() -> None:
    with pytest.raises(PlacementError, match="no slot “丁方”"):
        contract().seal("丁方", key=party_key("甲方"))


def refused(act: Callable[[], object]) -> Reason:
    with pytest.raises(DocumentRefusedError) as caught:
        act()
    return caught.value.reason


def test_a_slot_is_sealed_once() -> None:
    made = contract()
    made.seal("甲方")
    assert refused(lambda: made.seal("甲方")) is Reason.LOCKED
    assert refused(lambda: made.prepare("甲方")) is Reason.LOCKED


def test_only_the_first_can_be_first() -> None:
    made = contract()
    made.seal("甲方")
    assert refused(lambda: made.seal("乙方", first=True)) is Reason.CHANGED_SINCE_FREEZE


def test_a_document_that_changed_since_it_was_laid_out_is_not_sealed() -> None:
    made = contract()
    made.data = contract(party_slot(0), party_slot(1)).data
    assert refused(lambda: made.seal("甲方")) is Reason.CHANGED_SINCE_FREEZE
    assert refused(lambda: made.prepare("甲方")) is Reason.CHANGED_SINCE_FREEZE


def test_fields_that_are_not_where_they_were_frozen_are_not_filled() -> None:
    made = contract()
    slices = made.fields("甲方", FieldKind.SLICE)
    moved = tuple(replace(one, number=one.number + 1) if one == slices[0] else one for one in made.frozen.fields)
    made.frozen = replace(made.frozen, fields=moved)
    assert refused(lambda: made.seal("甲方")) is Reason.CHANGED_SINCE_FREEZE


# -- a party with a client of its own


def own_client() -> Contract:
    made = contract(party_slot(0), party_slot(1, own_client=True, fills=(text_fill("f"),)), party_slot(2))
    made.seal("甲方")
    return made


def accept(made: Contract, after: bytes, slot: str = "乙方", **more: Any) -> Any:
    return accept_revision(io.BytesIO(made.data), io.BytesIO(after), slot=slot, frozen=made.frozen, **more)


def test_another_client_signs_what_was_prepared() -> None:
    made = own_client()
    made.prepare("乙方", {"f": "同意"})
    after = sign_with_pyhanko(made.data, made.signature("乙方").name)
    found = accept(made, after)
    assert (found.slot, found.size, found.certifies) == ("乙方", len(after), None)
    assert found.signature in bytes.fromhex(after.hex()) or found.signature.hex().encode() in after.lower()
    made.data = after
    made.seal("丙方", first=False)
    assert [made.of(one).verdict for one in made.frozen.slots] == [Verdict.PASSED] * 3


def test_another_client_may_certify_as_the_first() -> None:
    made = contract(party_slot(0, own_client=True), party_slot(1))
    made.prepare("甲方")
    after = sign_with_pyhanko(made.data, made.signature("甲方").name, certify=True)
    assert accept(made, after, "甲方").certifies == 2


def signed_and(made: Contract, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    other = Contract(made.data, made.frozen)
    other.attack("乙方", change)
    return other.data


def paint(made: Contract) -> Callable[[IncrementalPdfFileWriter], None]:
    def change(writer: IncrementalPdfFileWriter) -> None:
        reference = generic.Reference(made.fields("丙方", FieldKind.SLICE)[0].number, 0, writer)
        field = writer.get_object(reference)
        look = generic.StreamObject(
            {pdf_name("/Subtype"): pdf_name("/Form"), pdf_name("/BBox"): field["/Rect"]}, stream_data=b"f"
        )
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
        writer.mark_update(reference)

    return change


def new_page(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = generic.NumberObject(90)
    writer.mark_update(page.container_ref)


def spoiled(made: Contract) -> bytes:
    after = sign_with_pyhanko(made.data, made.signature("乙方").name)
    at = after.rindex(b"/Contents <") + 200
    return after[:at] + (b"0" if after[at : at + 1] != b"0" else b"1") + after[at + 1 :]


OTHERS: dict[str, Callable[[Contract], bytes]] = {
    "nothing": lambda made: made.data,
    "another file": lambda _: seal_bytes(make_pdf()),
    "no signature": lambda made: update(made.data, lambda writer: writer.update_root()),
    "another slot": lambda made: sign_with_pyhanko(made.data, made.signature("丙方").name),
    "two updates": lambda made: update(
        sign_with_pyhanko(made.data, made.signature("乙方").name), lambda writer: writer.update_root()
    ),
    "a field of its own": lambda made: sign_with_pyhanko(made.data, "Another"),
    "another's fields": lambda made: signed_and(made, paint(made)),
    "a page": lambda made: signed_and(made, new_page),
    "bytes behind": lambda made: sign_with_pyhanko(made.data, made.signature("乙方").name) + b"\nmore",
    "half": lambda made: sign_with_pyhanko(made.data, made.signature("乙方").name)[:-600],
    "a broken signature": spoiled,
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS.keys())
def test_an_update_that_does_anything_else_is_refused(make: Callable[[Contract], bytes]) -> None:
    made = own_client()
    made.prepare("乙方", {"f": "同意"})
    assert refused(lambda: accept(made, make(made))) is Reason.NOT_ONLY_SIGNED


def test_an_update_has_limits_and_a_slot() -> None:
    made = own_client()
    after = sign_with_pyhanko(made.data, made.signature("乙方").name)
    accept(made, after, limits=Limits(max_bytes=len(after)))
    assert refused(lambda: accept(made, after, limits=Limits(max_bytes=len(after) - 1))) is Reason.TOO_LARGE
    with pytest.raises(PlacementError):
        accept(made, after, "丁方")


def test_preparing_tells_the_digest_of_what_it_wrote() -> None:
    made = contract(party_slot(0))
    target = io.BytesIO()
    digest = prepare_slot(
        io.BytesIO(made.data), target, slot="甲方", frozen=made.frozen, picture=PICTURE, values=NOTHING_FILLED, now=NOW
    )
    assert digest == made.prepare("甲方")
    assert len(digest) == 32


# -- persons


def test_a_person_without_a_seal_has_a_face() -> None:
    face = person_face("欧阳明月", "2026-11-21 10:00", sans())
    assert (face.width_mm, face.height_mm) == (42, 16)
    assert person_face("A" * 40, "", sans()).content


@pytest.mark.parametrize(("name", "at"), [("", ""), (" ", ""), ("x" * 41, ""), ("x", "y" * 41), ("\U0001f600", "")])
def test_a_face_that_cannot_be_drawn_is_refused(name: str, at: str) -> None:
    with pytest.raises(AppearanceError):
        person_face(name, at, sans())
