"""How a seam seal (骑缝章) is cut: one upright slice for each page, in groups that stay wide enough to be seen.

Sheets that are fanned out before they are stamped show the left part of the seal on the first page if they are fanned to
the right, and on the last page if they are fanned to the left. That is the order here, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from seals.slots import MAX_SEAM_GROUP, Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The part of the seal that one page carries."""

    page: int  # 1-based
    index: int  # of `count`, from the left of the seal, 0-based
    count: int


def cut(first_page: int, last_page: int, edge: Edge) -> Iterator[Cut]:
    """Spread the pages evenly over as few groups as there may be, each of which carries the whole seal once."""
    pages = last_page - first_page + 1
    groups = -(-pages // MAX_SEAM_GROUP)
    for group in range(groups):
        start, end = first_page + pages * group // groups, first_page + pages * (group + 1) // groups
        count = end - start
        for number in range(count):
            index = number if edge is Edge.RIGHT else count - 1 - number
            yield Cut(page=start + number, index=index, count=count)


def middle(edge: Edge, page_width_mm: float, slice_width_mm: float) -> float:
    """Return where the middle of a slice lies, so that it touches the edge of the page."""
    half = slice_width_mm / 2
    return page_width_mm - half if edge is Edge.RIGHT else half
