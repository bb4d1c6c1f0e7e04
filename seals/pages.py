"""Pages of a PDF and their geometry: from millimetres on the page as a reader sees it to the page's own space."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.rw_common import PdfHandler

from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.objects import array, entry, reference

POINTS_PER_MM: Final = 72 / 25.4
LETTER: Final = (0.0, 0.0, 612.0, 792.0)  # what viewers assume where /MediaBox is missing
QUARTER: Final = 90  # degrees
_HUGE: Final = 1e7  # units; acrobat's limit is 14 400, ISO 32000-1 annex C
_MAX_DEPTH: Final = 64  # of the page tree; balanced trees of a million pages have four levels
_INHERITABLE: Final = ("/MediaBox", "/CropBox", "/Rotate")  # ISO 32000-1 table 30; UserUnit is not

Box: TypeAlias = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: what to annotate, and how it is shown."""

    ref: generic.IndirectObject
    number: int  # 1-based
    box: Box  # the part that is shown, in the page's own space
    rotate: int  # clockwise, 0, 90, 180 or 270
    unit: float  # points per unit of the page's space

    @property
    def shown_mm(self) -> tuple[float, float]:
        """Width and height as displayed."""
        left, bottom, right, top = self.box
        width, height = (right - left) * self._mm, (top - bottom) * self._mm
        return (height, width) if self.rotate % (2 * QUARTER) else (width, height)

    def to_space(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """From millimetres right of and below the top left corner as displayed."""
        x, y = x_mm / self._mm, y_mm / self._mm
        left, bottom, right, top = self.box
        return {
            0: (left + x, top - y),
            90: (left + y, bottom + x),
            180: (right - x, bottom + y),
            270: (right - y, top - x),
        }[self.rotate]

    def to_shown(self, x: float, y: float) -> tuple[float, float]:
        """The inverse of `to_space`."""
        left, bottom, right, top = self.box
        shown_x, shown_y = {
            0: (x - left, top - y),
            90: (y - bottom, x - left),
            180: (right - x, y - bottom),
            270: (top - y, right - x),
        }[self.rotate]
        return shown_x * self._mm, shown_y * self._mm

    def rectangle(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, *, what: str = "a seal") -> Box:
        """The rectangle around this centre, in the page's own space.

        Raises:
            PlacementError: part of it would be off the page.
        """
        page_width, page_height = self.shown_mm
        edges = (x_mm - width_mm / 2, y_mm - height_mm / 2, x_mm + width_mm / 2, y_mm + height_mm / 2)
        slack = 1e-6  # mm, for what floating point does to a seal that touches the edge
        if edges[0] < -slack or edges[1] < -slack or edges[2] > page_width + slack or edges[3] > page_height + slack:
            raise PlacementError(
                f"{what} of {width_mm:g} × {height_mm:g} mm around ({x_mm:g}, {y_mm:g}) mm does not fit on page"
                f" {self.number}, which is {page_width:.0f} × {page_height:.0f} mm"
            )
        (x0, y0), (x1, y1) = self.to_space(edges[0], edges[1]), self.to_space(edges[2], edges[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    @property
    def _mm(self) -> float:
        return self.unit / POINTS_PER_MM


def find_page(handler: PdfHandler, number: int, page_count: int) -> Page:
    """Return page `number`: 1-based, negative from the end.

    Raises:
        PlacementError: there is no such page.
    """
    index = number - 1 if number > 0 else page_count + number
    if number == 0 or not 0 <= index < page_count:
        raise PlacementError(f"page {number} does not exist; the document has {page_count}")
    root = handler.root.raw_get("/Pages")
    for ref, inherited in _leaves(root, index, {}, 0, set()):
        return _page(ref, index + 1, inherited)
    raise DocumentRefusedError(Reason.BROKEN, f"page {index + 1} is missing from the page tree")


def every_page(handler: PdfHandler, page_count: int) -> tuple[Page, ...]:
    """Return all pages, walking the tree once.

    Raises:
        DocumentRefusedError: it is damaged, or does not hold as many pages as it says.
    """
    found = tuple(
        _page(ref, number, inherited)
        for number, (ref, inherited) in enumerate(_all_leaves(handler.root.raw_get("/Pages"), {}, 0, set()), start=1)
    )
    if len(found) != page_count:
        raise DocumentRefusedError(Reason.BROKEN, f"the page tree holds {len(found)} pages and says {page_count}")
    return found


def page_of(handler: PdfHandler, annotation: generic.DictionaryObject, page_count: int) -> Page:
    """Return the page that an annotation is on: its /P if that is there, else the page that lists it.

    Raises:
        PlacementError: no page shows it.
    """
    wanted = annotation.container_ref
    named = reference(annotation, "/P")
    for number in range(1, page_count + 1):
        page = find_page(handler, number, page_count)
        if named is not None and page.ref.reference == named.reference:
            return page
        listed = array(page.ref.get_object(), "/Annots") or ()
        if any(isinstance(one, generic.IndirectObject) and one.reference == wanted for one in listed):
            return page
    raise PlacementError("the signature field is on no page")


def _leaves(
    ref: generic.IndirectObject, skip: int, inherited: dict[str, Any], depth: int, seen: set[generic.Reference]
) -> Iterator[tuple[generic.IndirectObject, dict[str, Any]]]:
    """Yield the leaf after `skip` others, if it is under this node."""
    node, inherited = _enter(ref, inherited, depth, seen)
    if "/Kids" not in node:
        yield ref, inherited
        return
    for kid in node["/Kids"]:
        leaves = _leaf_count(kid.get_object())
        if skip >= leaves:
            skip -= leaves
            continue
        yield from _leaves(kid, skip, inherited, depth + 1, seen)
        return


def _all_leaves(
    ref: generic.IndirectObject, inherited: dict[str, Any], depth: int, seen: set[generic.Reference]
) -> Iterator[tuple[generic.IndirectObject, dict[str, Any]]]:
    node, inherited = _enter(ref, inherited, depth, seen)
    if "/Kids" not in node:
        yield ref, inherited
        return
    for kid in node["/Kids"]:
        yield from _all_leaves(kid, inherited, depth + 1, seen)


def _enter(
    ref: generic.IndirectObject, inherited: dict[str, Any], depth: int, seen: set[generic.Reference]
) -> tuple[Any, dict[str, Any]]:
    """Return a node of the page tree, and what its kids inherit."""
    if depth > _MAX_DEPTH or not isinstance(ref, generic.IndirectObject) or ref.reference in seen:
        raise DocumentRefusedError(Reason.BROKEN, "the page tree is damaged")
    seen.add(ref.reference)
    node = ref.get_object()
    return node, inherited | {key: value for key in _INHERITABLE if (value := entry(node, key)) is not None}


def _leaf_count(node: Any) -> int:
    return int(node["/Count"]) if "/Kids" in node else 1


def _page(ref: generic.IndirectObject, number: int, inherited: dict[str, Any]) -> Page:
    media = _box(inherited.get("/MediaBox")) or LETTER
    crop = _box(inherited.get("/CropBox")) or media
    shown = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if shown[0] >= shown[2] or shown[1] >= shown[3]:
        shown = media  # a crop box outside the page is ignored
    rotate = inherited.get("/Rotate", 0)
    turns = int(_number(rotate)) % (4 * QUARTER)
    return Page(
        ref=ref,
        number=number,
        box=shown,
        rotate=turns - turns % QUARTER,
        unit=_number(entry(ref.get_object(), "/UserUnit")) or 1.0,
    )


def _box(value: Any) -> Box | None:
    if not isinstance(value, generic.ArrayObject) or len(value) != 4:  # noqa: PLR2004 - a rectangle has four numbers
        return None
    x0, y0, x1, y1 = (_number(one.get_object()) for one in value)
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return box if box[0] < box[2] and box[1] < box[3] else None


def _number(value: Any) -> float:
    """Return a PDF number as float; 0 for anything else, for what is not finite, and for what no page can have."""
    if not isinstance(value, int | float | Decimal):
        return 0.0
    number = float(value)
    return number if abs(number) < _HUGE else 0.0
