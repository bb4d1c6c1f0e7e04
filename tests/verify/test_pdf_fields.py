"""What parties may do with the fields of a contract after the first signature, and how the check tells it."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from seals.layout import FieldKind, FillKind, FrozenField, Seam, Slot
from seals.placement import AtPosition
from tests.support.layouts import Contract, contract, party_slot, text_fill
from tests.support.signed_pdfs import update
from verify.pdf_reserved import Reserved, ranges, read_reserved
from verify.report import Verdict

Act = Callable[[Contract], None]
Change = Callable[[IncrementalPdfFileWriter], None]


@pytest.fixture(params=["the first later revision", "the second one"], autouse=True)
def is_second(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second later revision is compared by what it holds alone; every attack is tried on both."""
    monkeypatch.setattr("tests.verify.test_pdf_fields.AFTER", ("丁方",) * (request.param == "the second one"))


AFTER: tuple[str, ...] = ()


def two_of_three() -> Contract:
    """The first party has signed, perhaps a fourth one, too."""
    made = contract(*(party_slot(number) for number in range(3)), Slot(name="丁方", seam=Seam(y_mm=220)))
    for name in ("甲方", *AFTER):
        made.seal(name)
    return made


def get(writer: IncrementalPdfFileWriter, field: FrozenField) -> generic.DictionaryObject:
    reference = generic.Reference(field.number, 0, writer)
    writer.mark_update(reference)
    found: generic.DictionaryObject = writer.get_object(reference)
    return found


def form(box: tuple[float, ...] = (0, 0, 100, 100), content: bytes = b"0 0 100 100 re f", **more: Any) -> Any:
    entries = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): generic.ArrayObject(map(generic.FloatObject, box)),
        **{pdf_name(f"/{key}"): value for key, value in more.items()},
    }
    return generic.StreamObject(entries, stream_data=content)


def drawn(field: FrozenField, look: Callable[[IncrementalPdfFileWriter], Any], **more: Any) -> Change:
    """Give the field another look, and other entries."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        found = get(writer, field)
        found[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look(writer))})
        for key, value in more.items():
            found[pdf_name(f"/{key}")] = value

    return change


def numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.FloatObject, values))


def ids(made: Contract, slot: str) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in made.of(slot).findings}


def forbidden(made: Contract, slot: str) -> str:
    """What the check says was forbidden after the slot's signature."""
    (found,) = [one for one in made.of(slot).findings if one.id == "changes.forbidden"]
    assert found.verdict is Verdict.FAILED
    assert found.text_zh
    return found.text


# -- honest parties


def test_every_signature_passes_and_later_seals_are_told_by_signer_and_pages() -> None:
    made = contract(party_slot(0), party_slot(1, fills=(text_fill(required=False),)), party_slot(2), pages=4)
    for name, values in (("甲方", {}), ("乙方", {"备注": "无"}), ("丙方", {})):
        made.seal(name, values=values)
    report = made.report()
    assert [one.verdict for one in report.signatures] == [Verdict.PASSED] * 3
    first, second, last = report.signatures
    assert "later filled: the seal pictures of “朱砂测试有限公司” (4 places, pages 1–4)" in first.changes_after
    assert "later filled: the fields of “朱砂测试有限公司” (乙方: 备注)" in first.changes_after
    assert "后续填入：“朱砂测试有限公司”的印章图案（4 处，第 1–4 页）" in first.changes_after_zh
    assert not any("甲方" in words or "Slot001" in words for words in second.changes_after)
    assert last.changes_after == ()


def test_a_tick_is_told_as_a_filling_of_its_party() -> None:
    tick = text_fill("同意", kind=FillKind.TICK, width_mm=5, height_mm=5)
    made = contract(party_slot(0), party_slot(1, fills=(tick,)))
    made.seal("甲方")
    made.seal("乙方", values={"同意": "true"})
    assert made.of("甲方").verdict is Verdict.PASSED
    assert any("seal pictures" in words for words in made.of("甲方").changes_after)


def test_a_filling_that_waits_for_its_signature_is_not_yet_a_fault() -> None:
    made = two_of_three()
    made.prepare("乙方")
    assert ids(made, "甲方")["changes.form"] is Verdict.INDETERMINATE


# -- a later party that fills what is not its own


def test_a_party_that_fills_the_slice_of_one_that_signed_is_found() -> None:
    made = two_of_three()
    slice_ = made.fields("甲方", FieldKind.SLICE)[1]
    made.attack("乙方", drawn(slice_, lambda _: form()))
    assert "Slot001" in forbidden(made, "甲方") or "seal pictures" in forbidden(made, "甲方")


def test_a_party_that_fills_the_slice_of_one_that_never_signs_is_found() -> None:
    """It would show a seal that nobody has put there."""
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("丙方", FieldKind.SLICE)[0], lambda _: form()))
    assert "kept for the signature “Slot003Sign00001”" in forbidden(made, "甲方")
    assert "changes.none" in ids(made, "乙方")  # of its own revision, the party knew


def test_a_field_is_not_filled_twice_before_its_signature() -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("丙方", FieldKind.SLICE)[0], lambda _: form()))
    made.seal("丙方")
    assert "filled a second time" in forbidden(made, "甲方")
    assert "filled a second time" in forbidden(made, "乙方")


def test_an_appearance_replaced_after_the_last_signature_is_found() -> None:
    made = two_of_three()
    made.seal("乙方")
    made.seal("丙方")
    made.data = update(made.data, drawn(made.fields("乙方", FieldKind.SLICE)[2], lambda _: form()))
    for name in ("甲方", "乙方", "丙方"):
        assert "filled a second time" in forbidden(made, name)


def test_a_seal_that_is_rewritten_in_place_is_found() -> None:
    made = two_of_three()

    def rewrite(writer: IncrementalPdfFileWriter) -> None:
        field = writer.get_object(generic.Reference(made.fields("甲方", FieldKind.SLICE)[0].number, 0, writer))
        reference = field["/AP"].raw_get("/N")
        field["/AP"]["/N"]["/Resources"]["/XObject"]["/S"]._data = b"f"
        field["/AP"]["/N"]._encoded_data = b"0 0 50 50 re f"
        field["/AP"]["/N"]._data = None
        writer.mark_update(reference)

    made.attack("乙方", rewrite)
    assert forbidden(made, "甲方")


# -- a later party that moves, adds or hides


@pytest.mark.parametrize("whose", ["甲方", "乙方"])
def test_a_field_that_is_moved_or_resized_is_found(whose: str) -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields(whose, FieldKind.SLICE)[0], lambda _: form(), Rect=numbers(0, 0, 595, 842)))
    assert forbidden(made, "甲方")


def test_a_rectangle_that_is_kept_elsewhere_cannot_be_moved_either() -> None:
    """The base revision keeps the rectangle in an object of its own, so that the field itself need not change."""
    base = contract()
    where = base.fields("乙方", FieldKind.SLICE)[0]
    rectangle: list[Any] = []

    def detach(writer: IncrementalPdfFileWriter) -> None:
        field = get(writer, where)
        rectangle.append(writer.add_object(generic.ArrayObject(field["/Rect"])))
        field[pdf_name("/Rect")] = rectangle[0]

    made = Contract(update(base.data, detach), base.frozen)
    made.attack("甲方", lambda _: None)

    def move(writer: IncrementalPdfFileWriter) -> None:
        reference = generic.Reference(rectangle[0].idnum, 0, writer)
        writer.get_object(reference)[:] = numbers(0, 0, 595, 842)
        writer.mark_update(reference)

    made.attack("乙方", move)
    assert forbidden(made, "甲方")


def test_an_added_field_is_found() -> None:
    made = two_of_three()

    def add(writer: IncrementalPdfFileWriter) -> None:
        known = get(writer, made.fields("乙方", FieldKind.SLICE)[0])
        copy = generic.DictionaryObject({**known, pdf_name("/T"): generic.TextStringObject("More")})
        reference = writer.add_object(copy)
        writer.root["/AcroForm"]["/Fields"].append(reference)
        writer.update_container(writer.root["/AcroForm"]["/Fields"])
        writer.register_annotation(known.raw_get("/P"), reference)

    made.attack("乙方", add)
    assert forbidden(made, "甲方")


def test_an_added_annotation_is_found() -> None:
    made = two_of_three()

    def add(writer: IncrementalPdfFileWriter) -> None:
        page = get(writer, made.fields("乙方", FieldKind.SLICE)[0]).raw_get("/P")
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Square"),
                pdf_name("/Rect"): numbers(0, 0, 300, 300),
            }
        )
        writer.register_annotation(page, writer.add_object(note))

    made.attack("乙方", add)
    assert forbidden(made, "甲方")


@pytest.mark.parametrize(
    "flags", [4 | 8, 4 | 16, 4 | 2, 4 | 32, 128], ids=["no zoom", "no rotation", "hidden", "no view", "not printed"]
)
def test_a_field_that_is_shown_in_another_way_is_found(flags: int) -> None:
    """Without zoom and rotation a widget leaves its rectangle."""
    made = two_of_three()
    where = made.fields("乙方", FieldKind.SLICE)[0]
    made.attack("乙方", drawn(where, lambda _: form(), F=generic.NumberObject(flags)))
    assert "hidden, shown or placed" in forbidden(made, "甲方")


def test_a_lock_bit_shows_nothing_else() -> None:
    made = two_of_three()
    where = made.fields("乙方", FieldKind.SLICE)[0]
    made.attack("乙方", drawn(where, lambda _: form(), F=generic.NumberObject(4 | 64 | 512)))
    assert made.of("甲方").verdict is Verdict.PASSED


# -- a later party that draws outside its place

OUTSIDE: dict[str, Any] = {
    "no box": lambda _: form(box=()),
    "an empty box": lambda _: form(box=(0, 0, 0, 100)),
    "a box of three numbers": lambda _: form(box=(0, 0, 100)),
    "a huge box": lambda _: form(box=(0, 0, 1e9, 100)),
    "a matrix that is none": lambda _: form(Matrix=numbers(1, 0, 0)),
    "a matrix of names": lambda _: form(Matrix=generic.ArrayObject([pdf_name("/A")] * 6)),
    "a matrix that is no array": lambda _: form(Matrix=generic.NumberObject(1)),
    "a flat matrix": lambda _: form(Matrix=numbers(1, 0, 0, 0, 0, 0)),
    "a slanting matrix": lambda _: form(Matrix=numbers(1, 0.5, -0.5, 1, 0, 0)),
    "a huge matrix": lambda _: form(Matrix=numbers(1e9, 0, 0, 1, 0, 0)),
}


@pytest.mark.parametrize("look", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_look_that_may_leave_its_place_is_found(look: Callable[[IncrementalPdfFileWriter], Any]) -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("乙方", FieldKind.SLICE)[0], look))
    assert "outside its place" in forbidden(made, "甲方")


def test_a_look_that_is_no_drawing_shows_nothing() -> None:
    made = two_of_three()

    def change(writer: IncrementalPdfFileWriter) -> None:
        look = generic.DictionaryObject({pdf_name("/N"): generic.NumberObject(1)})
        get(writer, made.fields("乙方", FieldKind.SLICE)[0])[pdf_name("/AP")] = look

    made.attack("乙方", change)
    assert made.of("甲方").verdict is Verdict.PASSED


def test_a_look_that_is_nothing_shows_nothing() -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("乙方", FieldKind.SLICE)[0], lambda _: form(box=(0, 0, 0, 0), content=b" ")))
    assert made.of("甲方").verdict is Verdict.PASSED


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0, 0, 0), (2, 0, 0, 2, 5, 5)])
def test_a_look_may_be_turned_by_quarters_scaled_and_moved(matrix: tuple[float, ...]) -> None:
    made = two_of_three()
    look = form(Matrix=numbers(*matrix))
    made.attack("乙方", drawn(made.fields("乙方", FieldKind.SLICE)[0], lambda _: look))
    assert made.of("甲方").verdict is Verdict.PASSED


def layer() -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name("/Type"): pdf_name("/OCG")})


def nested(writer: IncrementalPdfFileWriter, inner: Any) -> Any:
    shown = generic.DictionaryObject({pdf_name("/I"): writer.add_object(inner), pdf_name("/J"): layer()})
    return form(Resources=generic.DictionaryObject({pdf_name("/XObject"): shown}))


def looped(writer: IncrementalPdfFileWriter) -> Any:
    look = form(Resources=generic.DictionaryObject())
    look["/Resources"][pdf_name("/XObject")] = generic.DictionaryObject({pdf_name("/I"): writer.add_object(look)})
    return look


LAYERS: dict[str, Any] = {
    "of the form": lambda _: form(OC=layer()),
    "of its content": lambda _: form(
        Resources=generic.DictionaryObject(
            {pdf_name("/Properties"): generic.DictionaryObject({pdf_name("/L"): layer()})}
        )
    ),
    "inside": lambda writer: nested(writer, form(OC=layer())),
}


@pytest.mark.parametrize("look", LAYERS.values(), ids=LAYERS.keys())
def test_a_look_with_layers_is_found(look: Callable[[IncrementalPdfFileWriter], Any]) -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("乙方", FieldKind.SLICE)[0], look))
    assert "on screen and on paper" in forbidden(made, "甲方")


@pytest.mark.parametrize("look", [looped, lambda writer: nested(writer, form())], ids=["itself", "another"])
def test_a_look_may_hold_other_looks(look: Callable[[IncrementalPdfFileWriter], Any]) -> None:
    made = two_of_three()
    made.attack("乙方", drawn(made.fields("乙方", FieldKind.SLICE)[0], look))
    assert made.of("甲方").verdict is Verdict.PASSED


def test_another_look_under_the_pointer_is_found() -> None:
    made = two_of_three()

    def hover(writer: IncrementalPdfFileWriter) -> None:
        look = writer.add_object(form())
        states = generic.DictionaryObject({pdf_name("/N"): look, pdf_name("/R"): look})
        get(writer, made.fields("乙方", FieldKind.SLICE)[0])[pdf_name("/AP")] = states

    made.attack("乙方", hover)
    assert "under the pointer" in forbidden(made, "甲方")


def test_a_form_that_viewers_shall_draw_anew_is_found() -> None:
    made = two_of_three()

    def ask(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/AcroForm"][pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
        writer.update_container(writer.root["/AcroForm"])

    made.attack("乙方", ask)
    assert "drawn anew" in forbidden(made, "甲方") or "draws its fields anew" in forbidden(made, "甲方")


def test_the_look_of_a_later_signature_stays_in_its_place_too() -> None:
    made = contract(party_slot(0), party_slot(1, spots=(AtPosition(page=1, x_mm=60, y_mm=60),)))
    made.seal("甲方")
    made.attack("乙方", drawn(made.signature("乙方"), lambda _: form(Matrix=numbers(1, 1, -1, 1, 0, 0))))
    assert "outside its place" in forbidden(made, "甲方")


# -- what the file says about its fields


def test_pages_are_written_in_runs() -> None:
    assert ranges([]) == ""
    assert ranges([7, 1, 2, 3]) == "1–3, 7"
    assert ranges(range(1, 60, 2)).endswith("23 …")


def test_a_lock_that_cannot_be_read_keeps_nothing() -> None:
    base = contract()

    def spoil(writer: IncrementalPdfFileWriter) -> None:
        get(writer, base.signature("乙方"))[pdf_name("/Lock")] = generic.DictionaryObject()

    spoiled = PdfFileReader(io.BytesIO(update(base.data, spoil)))
    keepers = set(read_reserved(spoiled, {}, ()).keepers.values())
    assert keepers == {"Slot001Sign00001", "Slot003Sign00001"}


def test_a_file_whose_fields_cannot_be_listed_is_still_judged() -> None:
    base = contract()

    def spoil(writer: IncrementalPdfFileWriter) -> None:
        writer.root[pdf_name("/Pages")] = generic.NullObject()
        writer.update_root()

    made = Contract(base.data, base.frozen)
    made.seal("甲方")
    made.data = update(made.data, spoil)
    assert made.report().verdict is Verdict.FAILED


def test_nothing_is_kept_where_the_file_says_nothing() -> None:
    assert Reserved().strangers(["a"]) == []
    assert list(Reserved().told([])) == []
