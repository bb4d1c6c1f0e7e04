"""From a layout to rectangles on pages: every field's place, checked against the document and against the others."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from seals.errors import PlacementError
from seals.pages import Page
from seals.placement import AtKeyword, AtPosition, find_keyword
from seals.slices import cut, middle
from seals.slots import MAX_FIELDS, MIN_SEAM_PAGES, Box, EveryPage, FieldKind, Fill, Layout, Seam, Slot, Spot
from seals.slots_check import check_layout

_TOUCH: Final = 1e-3  # units of the page's space: boxes that touch do not overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One field before it is written."""

    slot: str
    kind: FieldKind
    page: Page
    box: Box | None
    width_mm: float
    height_mm: float
    slice: tuple[int, int] | None = None
    fill: Fill | None = None

    @property
    def told(self) -> str:
        """What a person reads of it: the name beside the field in a viewer, and in a message about it."""
        match self.kind:
            case FieldKind.SIGNATURE | FieldKind.PICTURE:
                return f"{self.slot}: 印章 seal, page {self.page.number}"
            case FieldKind.SLICE:
                return f"{self.slot}: 骑缝章 seam seal, page {self.page.number}"
            case FieldKind.FILL:
                return f"{self.slot}: {self.fill.name if self.fill else ''}"


def plan(layout: Layout, pages: Sequence[Page], source: BinaryIO) -> list[Planned]:
    """Return every field of the layout: per slot what is filled in, slices, pictures and last the signature.

    Raises:
        PlacementError: names the slot and what of it cannot be where it is asked for.
        DocumentRefusedError: the text of the document cannot be read.
    """
    check_layout(layout)
    found: list[Planned] = []
    for slot in layout.slots:
        for field in _of_slot(slot, pages, source):
            found.append(field)
            if len(found) > MAX_FIELDS:
                raise PlacementError(f"the layout has more than {MAX_FIELDS} fields")
    _check_overlaps(found)
    return found


def _of_slot(slot: Slot, pages: Sequence[Page], source: BinaryIO) -> Iterator[Planned]:
    for fill in slot.fills:
        yield _fill(slot, fill, pages)
    if slot.seam is not None:
        yield from _seam(slot, slot.seam, pages)
    shown = [
        _seal(slot, FieldKind.PICTURE, page, box)
        for number, spot in enumerate(slot.spots, start=1)
        for page, box in _spot(slot, spot, f"the slot “{slot.name}”, place {number}", pages, source)
    ]
    if shown and not slot.own_client:
        first = shown.pop(0)
        yield from shown
        yield _seal(slot, FieldKind.SIGNATURE, first.page, first.box)
    else:
        yield from shown
        yield _seal(slot, FieldKind.SIGNATURE, pages[0], None)


def _spot(slot: Slot, spot: Spot, who: str, pages: Sequence[Page], source: BinaryIO) -> Iterator[tuple[Page, Box]]:
    match spot:
        case AtPosition(page=number, x_mm=x_mm, y_mm=y_mm):
            yield _placed(slot, _page(number, pages, who), x_mm, y_mm, who)
        case AtKeyword(dx_mm=dx_mm, dy_mm=dy_mm):
            page, x_mm, y_mm = _keyword(spot, who, pages, source)
            yield _placed(slot, page, x_mm + dx_mm, y_mm + dy_mm, who)
        case EveryPage(x_mm=x_mm, y_mm=y_mm, first_page=first, last_page=last):
            for page in _span(first, last, pages, who):
                yield _placed(slot, page, x_mm, y_mm, who)


def _keyword(spot: AtKeyword, who: str, pages: Sequence[Page], source: BinaryIO) -> tuple[Page, float, float]:
    try:
        found = find_keyword(source, spot)
    except PlacementError as exc:
        raise PlacementError(f"{who}: {exc}") from exc
    page = _page(found.page, pages, who)
    return page, *page.to_shown((found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2)


def _seam(slot: Slot, seam: Seam, pages: Sequence[Page]) -> Iterator[Planned]:
    who = f"the seam seal of the slot “{slot.name}”"
    span = _span(seam.first_page, seam.last_page, pages, who)
    if len(span) < MIN_SEAM_PAGES:
        raise PlacementError(f"{who}: it needs at least {MIN_SEAM_PAGES} pages, there are {len(span)}")
    for part in cut(span[0].number, span[-1].number, seam.edge):
        page, width = pages[part.page - 1], slot.width_mm / part.count
        x_mm = middle(seam.edge, page.shown_mm[0], width)
        box = _rectangle(page, x_mm, seam.y_mm, width, slot.height_mm, who, "a slice")
        yield replace(_seal(slot, FieldKind.SLICE, page, box), slice=(part.index, part.count))


def _fill(slot: Slot, fill: Fill, pages: Sequence[Page]) -> Planned:
    who = f"the field “{fill.name}” of the slot “{slot.name}”"
    page = _page(fill.page, pages, who)
    x_mm, y_mm = fill.x_mm + fill.width_mm / 2, fill.y_mm + fill.height_mm / 2
    box = _rectangle(page, x_mm, y_mm, fill.width_mm, fill.height_mm, who, "a box")
    return Planned(
        slot=slot.name,
        kind=FieldKind.FILL,
        page=page,
        box=box,
        width_mm=fill.width_mm,
        height_mm=fill.height_mm,
        fill=fill,
    )


def _seal(slot: Slot, kind: FieldKind, page: Page, box: Box | None) -> Planned:
    return Planned(slot=slot.name, kind=kind, page=page, box=box, width_mm=slot.width_mm, height_mm=slot.height_mm)


def _placed(slot: Slot, page: Page, x_mm: float, y_mm: float, who: str) -> tuple[Page, Box]:
    return page, _rectangle(page, x_mm, y_mm, slot.width_mm, slot.height_mm, who, "a seal")


def _rectangle(page: Page, x_mm: float, y_mm: float, width_mm: float, height_mm: float, who: str, what: str) -> Box:
    if not math.isfinite(x_mm + y_mm):
        raise PlacementError(f"{who}: its place is not a number")
    try:
        return page.rectangle(x_mm, y_mm, width_mm, height_mm, what=what)
    except PlacementError as exc:
        raise PlacementError(f"{who}: {exc}") from exc


def _page(number: int, pages: Sequence[Page], who: str) -> Page:
    index = number - 1 if number > 0 else len(pages) + number
    if number == 0 or not 0 <= index < len(pages):
        raise PlacementError(f"{who}: page {number} does not exist; the document has {len(pages)}")
    return pages[index]


def _span(first: int, last: int, pages: Sequence[Page], who: str) -> Sequence[Page]:
    start, end = _page(first, pages, who).number, _page(last, pages, who).number
    if start > end:
        raise PlacementError(f"{who}: its first page is {start}, its last one {end}")
    return pages[start - 1 : end]


def _check_overlaps(fields: Iterable[Planned]) -> None:
    """No party's seal, slice or text may lie on another party's: what comes later would cover what was there.

    Within one slot it may: a seal is stamped over its date.
    """
    of_page: dict[int, list[Planned]] = defaultdict(list)
    for field in fields:
        if field.box is None:
            continue
        for other in of_page[field.page.number]:
            if other.slot != field.slot and other.box is not None and _overlap(other.box, field.box):
                raise PlacementError(f"“{field.told}” would cover “{other.told}”")
        of_page[field.page.number].append(field)


def _overlap(one: Box, other: Box) -> bool:
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > _TOUCH
        and min(one[3], other[3]) - max(one[1], other[1]) > _TOUCH
    )
