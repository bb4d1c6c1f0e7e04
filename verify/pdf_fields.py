"""What may be done to a field of a signed form besides filling it: nothing that shows outside its own place.

A viewer maps the box of an appearance onto the rectangle of the field and cuts off the rest (ISO 32000-2 §12.5.5). pyHanko
makes sure that the rectangle stays; this adds what could still make viewers show something else or elsewhere.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.sign.diff_analysis.form_rules_api import FieldComparisonContext, FieldMDPRule, FormUpdate
from pyhanko.sign.diff_analysis.policy_api import ModificationLevel, SuspiciousModification

from verify.wording import Both
from verify.words import change

HARMLESS_FLAGS: Final = 64 | 128 | 512  # read-only, locked, locked contents: no viewer draws otherwise, table 167
READ_ONLY: Final = 1  # of a field, table 227
BOX_NUMBERS: Final = 4
MATRIX_NUMBERS: Final = 6
LARGEST: Final = 1e6  # no appearance is that large, and beyond it viewers differ
SMALLEST: Final = 1e-6


class MisplacedError(SuspiciousModification):
    """A field would show something elsewhere than in its place. `words` say so."""

    def __init__(self, words: Both) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A field that was there before, and was filled or drawn anew."""

    name: str
    told: str  # its name for people
    picture: bool  # a button, which shows no text
    read_only: bool
    page: Any  # reference of the page that it says it is on, or None


class PlaceRule(FieldMDPRule):
    """Permits nothing; objects to what would show outside a field's place, and remembers what was filled."""

    def __init__(self) -> None:
        self.filled: dict[str, Filled] = {}
        self.context: Any = None  # of the last comparison, a FieldComparisonContext

    def apply(self, context: FieldComparisonContext) -> Iterator[tuple[ModificationLevel, FormUpdate]]:
        """Look at every field that the revision touches.

        Raises:
            MisplacedError: with the words to report.
        """
        self.filled, self.context = {}, context
        _check_drawing_by_viewers(context)
        changed = context.new.explicit_refs_in_revision()
        rewritten = {one for one in changed if not context.old.is_ref_unassignable(one)}
        for name, spec in context.field_specs.items():
            touched = spec.new_field_ref in changed
            if not touched and not rewritten:
                continue
            field: Any = spec.new_field
            forms = [one for one in _appearances(field) if touched or one.container_ref in rewritten]
            if touched or forms:
                self._compare(name, spec.old_field, field)
            for form in forms:
                _check_form(name, form, field)
        yield from ()

    def _compare(self, name: str, old: Any, new: Any) -> None:
        if old is None:
            return
        if (_integer(old, "/F") ^ _integer(new, "/F")) & ~HARMLESS_FLAGS:
            raise MisplacedError(change("flags", name=name))
        added = _keys(new, "/AP") - _keys(old, "/AP") - {"/N"}
        if added:
            raise MisplacedError(change("other-states", name=name))
        self.filled[name] = Filled(
            name=name,
            told=str(_entry(new, "/TU") or name),
            picture=_entry(new, "/FT") == "/Btn",
            read_only=bool(_integer(old, "/Ff") & READ_ONLY),
            page=new.raw_get("/P").reference if _is_reference(new, "/P") else None,
        )


def _check_drawing_by_viewers(context: FieldComparisonContext) -> None:
    """A form that asks every viewer to draw its fields shows others than those that were signed."""
    asked = [_entry(_entry(side.root, "/AcroForm"), "/NeedAppearances") for side in (context.old, context.new)]
    if asked[1] and not asked[0]:
        raise MisplacedError(change("viewer-drawn"))


def _appearances(field: Any) -> Iterator[Any]:
    """The appearance streams of a field, those of all its states."""
    appearance = _entry(field, "/AP")
    for key in _keys(field, "/AP"):
        value = _entry(appearance, key)
        if isinstance(value, generic.StreamObject):
            yield value
        elif isinstance(value, generic.DictionaryObject):
            yield from (one for state in value if isinstance(one := _entry(value, state), generic.StreamObject))


def _check_form(name: str, form: Any, field: Any) -> None:
    if _is_empty(_numbers(field, "/Rect")):
        return  # shown to nobody
    box, matrix = _numbers(form, "/BBox"), _numbers(form, "/Matrix")
    if "/Matrix" in form and not _is_plain(matrix):
        raise MisplacedError(change("outside", name=name))
    if _is_empty(box) and form.encoded_data.strip():
        raise MisplacedError(change("outside", name=name))
    if _has_layers(form, set()):
        raise MisplacedError(change("layers", name=name))


def _is_empty(box: list[float]) -> bool:
    """Whether it is no rectangle with an extent."""
    if len(box) != BOX_NUMBERS or any(abs(one) > LARGEST for one in box):
        return True
    return abs(box[0] - box[2]) < SMALLEST or abs(box[1] - box[3]) < SMALLEST


def _is_plain(matrix: list[float]) -> bool:
    """Whether it scales, moves and turns by quarters only: of others, viewers make different things."""
    if len(matrix) != MATRIX_NUMBERS or any(abs(one) > LARGEST for one in matrix):
        return False
    a, b, c, d, *_ = matrix
    straight = abs(b) < SMALLEST and abs(c) < SMALLEST and abs(a * d) > SMALLEST**2
    turned = abs(a) < SMALLEST and abs(d) < SMALLEST and abs(b * c) > SMALLEST**2
    return straight or turned


def _has_layers(form: Any, seen: set[int]) -> bool:
    """Whether anything of it can be shown and hidden by the reader or on paper only (ISO 32000-2 §8.11)."""
    if id(form) in seen:
        return False
    seen.add(id(form))
    resources = _entry(form, "/Resources")
    if "/OC" in form or _keys(form, "/Resources") & {"/Properties"}:
        return True
    shown = _entry(resources, "/XObject")
    inner = [_entry(shown, key) for key in shown] if isinstance(shown, generic.DictionaryObject) else []
    return any(_has_layers(one, seen) for one in inner if isinstance(one, generic.StreamObject))


def _entry(container: Any, key: str) -> Any:
    if not isinstance(container, generic.DictionaryObject) or key not in container:
        return None
    found = container[key]
    return None if isinstance(found, generic.NullObject) else found


def _keys(container: Any, key: str) -> set[str]:
    found = _entry(container, key)
    return set(found) if isinstance(found, generic.DictionaryObject) else set()


def _integer(container: Any, key: str) -> int:
    found = _entry(container, key)
    return int(found) if isinstance(found, int) else 0


def _is_reference(container: Any, key: str) -> bool:
    return key in container and isinstance(container.raw_get(key), generic.IndirectObject)


def _numbers(container: Any, key: str) -> list[float]:
    """The finite numbers of an array; an empty list for anything else."""
    found = _entry(container, key)
    if not isinstance(found, generic.ArrayObject):
        return []
    values = [one.get_object() for one in found]
    numbers = [float(one) for one in values if isinstance(one, generic.NumberObject | generic.FloatObject)]
    return numbers if len(numbers) == len(values) and all(map(math.isfinite, numbers)) else []
