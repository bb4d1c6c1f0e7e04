"""What is wrong with a layout before any document is looked at."""

import math
from collections.abc import Iterable, Iterator

from seals.errors import PlacementError
from seals.slots import MAX_CHARS, MAX_NAME, MAX_SLOTS, MAX_STATEMENT, Fill, FillKind, Layout, Slot


def check_layout(layout: Layout) -> None:
    """Make sure that names are there and different, sizes are sizes, and statements have a sentence.

    Raises:
        PlacementError: names the slot and field.
    """
    if not 0 < len(layout.slots) <= MAX_SLOTS:
        raise PlacementError(f"a layout has 1 to {MAX_SLOTS} slots, not {len(layout.slots)}")
    _check_names((one.name for one in layout.slots), "slot")
    for slot in layout.slots:
        for objection in _objections(slot):
            raise PlacementError(f"the slot “{slot.name}”: {objection}")


def _check_names(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not 0 < len(name.strip()) <= len(name) <= MAX_NAME or not name.isprintable():
            raise PlacementError(f"the name of a {what} has 1 to {MAX_NAME} printable characters")
        if name in seen:
            raise PlacementError(f"two {what}s are called “{name}”")
        seen.add(name)


def _objections(slot: Slot) -> Iterator[str]:
    if not _is_size(slot.width_mm, slot.height_mm):
        yield f"a seal cannot be {slot.width_mm:g} × {slot.height_mm:g} mm"
    _check_names((one.name for one in slot.fills), f"field of the slot “{slot.name}”")
    for fill in slot.fills:
        for objection in _objections_to_fill(fill):
            yield f"the field “{fill.name}” {objection}"


def _objections_to_fill(fill: Fill) -> Iterator[str]:
    if not _is_size(fill.width_mm, fill.height_mm):
        yield f"cannot be {fill.width_mm:g} × {fill.height_mm:g} mm"
    if not 0 < fill.max_chars <= MAX_CHARS:
        yield f"may hold 1 to {MAX_CHARS} characters, not {fill.max_chars}"
    if fill.kind is not FillKind.STATEMENT:
        if fill.statement:
            yield "has a sentence to re-type, which only a statement has"
    elif not 0 < len(fill.statement) <= min(MAX_STATEMENT, fill.max_chars):
        yield f"needs a sentence of 1 to {min(MAX_STATEMENT, fill.max_chars)} characters to re-type"


def _is_size(width_mm: float, height_mm: float) -> bool:
    return math.isfinite(width_mm) and math.isfinite(height_mm) and width_mm > 0 and height_mm > 0
