"""The short comparison of later revisions says the same as the long one, and steps back where it cannot be sure."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.layout import FieldKind, Slot
from seals.signing import Level
from tests.support.layouts import Contract, contract, sign_with_pyhanko, text_fill
from tests.support.sealing import make_pdf
from tests.support.signed_pdfs import update
from tests.verify.test_pdf_fields import drawn, form, get
from verify.pdf_quick import Quick
from verify.report import Report, Verdict

NAMES = ("A", "B", "C", "D")


def signed(*names: str, level: Level = Level.B_B, document: bytes | None = None) -> Contract:
    """Four parties without seals to be seen, each with a text; some of them have signed."""
    slots = [Slot(name=name, fills=(text_fill(name, y_mm=20 + 20 * at),)) for at, name in enumerate(NAMES)]
    made = contract(*slots, document=document or make_pdf())
    for name in names:
        made.seal(name, picture=None, level=level, values={name: f"seen by {name}"})
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each comparison took the short way."""
    seen: list[bool] = []
    short = Quick.compare

    def compare(self: Quick, *given: Any) -> Any:
        found = short(self, *given)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(Quick, "compare", compare)
    return seen


def both_ways(made: Contract, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, Report]:
    quick = made.report()
    with monkeypatch.context() as patch:
        patch.setattr(Quick, "compare", lambda *_: None)
        return quick, made.report()


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT, Level.B_LTA])
@pytest.mark.parametrize("stream_xrefs", [False, True])
def test_both_ways_say_the_same_of_honest_parties(
    level: Level, monkeypatch: pytest.MonkeyPatch, *, stream_xrefs: bool
) -> None:
    made = signed(*NAMES, level=level, document=make_pdf(stream_xrefs=stream_xrefs))
    quick, long = both_ways(made, monkeypatch)
    assert quick == long
    assert {one.verdict for one in quick.signatures} == {Verdict.PASSED}


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT])
def test_only_the_first_comparisons_are_long(level: Level, answers: list[bool]) -> None:
    signed(*NAMES, level=level).report()
    assert answers[-1]
    assert answers.count(False) < 3


def field_of(made: Contract, name: str) -> Any:
    return made.fields(name, FieldKind.FILL)[0]


def indirect(made: Contract) -> Callable[[IncrementalPdfFileWriter], None]:
    def change(writer: IncrementalPdfFileWriter) -> None:
        look = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form())})
        get(writer, field_of(made, "D"))[pdf_name("/AP")] = writer.add_object(look)

    return change


def mention(made: Contract) -> Callable[[IncrementalPdfFileWriter], None]:
    """The look of one party's field leads to the field of another."""
    other = generic.Reference(field_of(made, "D").number, 0)

    def look(writer: IncrementalPdfFileWriter) -> Any:
        return form(PieceInfo=generic.IndirectObject(other.idnum, 0, writer))

    return drawn(field_of(made, "C"), look)


def orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.TextStringObject("used by nobody"))


def catalog(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/Lang")] = generic.TextStringObject("zh")
    writer.update_root()


STEPS_BACK: dict[str, Callable[[Contract], Callable[[IncrementalPdfFileWriter], None]]] = {
    "an object that nobody uses": lambda _: orphan,
    "the catalog": lambda _: catalog,
}


@pytest.mark.parametrize("change", STEPS_BACK.values(), ids=STEPS_BACK.keys())
def test_what_is_more_than_filling_takes_the_long_way(
    change: Callable[[Contract], Any], answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signed("A", "B")
    made.attack("C", change(made))
    made.report()
    assert answers == [False, False]
    quick, long = both_ways(made, monkeypatch)
    assert quick == long


def test_an_appearance_that_may_be_shared_takes_the_long_way(answers: list[bool]) -> None:
    base = signed()
    made = Contract(update(base.data, indirect(base)), base.frozen)
    for name in ("A", "B"):
        made.attack(name, lambda _: None)
    made.attack("D", drawn(field_of(made, "D"), lambda _: form()))
    made.report()
    assert answers == [False, False]


def test_a_revision_that_uses_a_field_in_another_way_ends_what_is_known(
    answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signed("A", "B")
    made.attack("C", mention(made))
    made.attack("D", lambda _: None)
    made.report()
    assert answers == [False, True, False]
    quick, long = both_ways(made, monkeypatch)
    assert quick == long


def test_a_field_with_a_family_is_never_known(answers: list[bool]) -> None:
    base = signed()

    def give_kids(writer: IncrementalPdfFileWriter) -> None:
        get(writer, field_of(base, "B"))[pdf_name("/Kids")] = generic.ArrayObject()

    made = Contract(update(base.data, give_kids), base.frozen)
    made.attack("A", lambda _: None)
    made.attack("B", drawn(field_of(made, "B"), lambda _: form()))
    made.attack("C", lambda _: None)
    made.report()
    assert answers == [False, False]


def test_a_file_too_odd_to_learn_from_is_compared_the_long_way(
    answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("verify.pdf_quick._rewritten", fail)
    report = signed("A", "B", "C").report()
    assert answers == [False, False]
    assert {one.verdict for one in report.signatures} == {Verdict.PASSED}


def test_a_signature_that_fills_nothing_else_takes_the_short_way(answers: list[bool]) -> None:
    made = signed("A", "B")
    made.attack("C", lambda _: None)
    assert {one.verdict for one in made.report().signatures} == {Verdict.PASSED}
    assert answers == [False, True]


def test_a_new_description_of_the_file_takes_the_long_way(answers: list[bool]) -> None:
    made = signed("A", "B")
    made.data = sign_with_pyhanko(made.data, made.signature("C").name)
    assert {one.verdict for one in made.report().signatures} == {Verdict.PASSED}
    assert answers == [False, False]


def test_another_description_of_the_file_takes_the_long_way(answers: list[bool]) -> None:
    made = signed("A", "B")
    title = generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("contract")})
    made.attack("C", lambda writer: writer.set_info(writer.add_object(title)))
    made.report()
    assert answers == [False, False]


def test_validation_data_that_is_something_else_as_well_is_not_known(answers: list[bool]) -> None:
    base = signed()

    def share(writer: IncrementalPdfFileWriter) -> None:
        store = writer.add_object(generic.DictionaryObject())
        writer.root[pdf_name("/DSS")] = writer.root[pdf_name("/Private")] = store
        writer.update_root()

    made = Contract(update(base.data, share), base.frozen)
    made.attack("A", lambda _: None)
    made.attack("B", lambda _: None)

    def rewrite(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/DSS"][pdf_name("/Certs")] = generic.ArrayObject()
        writer.update_container(writer.root["/DSS"])

    made.attack("C", rewrite)
    assert {one.verdict for one in made.report().signatures[:2]} == {Verdict.FAILED}
    assert answers == [False, False]
