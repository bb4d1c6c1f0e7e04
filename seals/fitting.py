"""How high, how wide and how far apart the letters of a line are set, so that short and long ones look even."""

import math
from collections.abc import Sequence
from typing import Final

from seals.face import MAX_NAME
from seals.lettering import Cell, Oval, Setting, half_length

TALL_UP_TO: Final = 10.0  # ideographs
WIDEST: Final = 0.92  # of the height, an em's width where there is room
FILL: Final = 0.92  # of the arc, what cells take up where room is short; the rest is gaps


def units(cells: Sequence[Cell]) -> float:
    """Return the width of a line before it is set, in ideographs."""
    return sum(cell.units for cell in cells)


def letter_height(cells: Sequence[Cell], tallest: float, shortest: float) -> float:
    """Return `tallest` for short names, going down evenly to `shortest` for the longest."""
    share = (units(cells) - TALL_UP_TO) / (MAX_NAME - TALL_UP_TO)
    return tallest - (tallest - shortest) * min(max(share, 0.0), 1.0)


def fit_arc(cells: Sequence[Cell], oval: Oval, *, margin: float, height: float, span: float, reach: float) -> Setting:
    """Spread a name over at most `span` (parameter of the oval): the longer, the further round and the narrower.

    After `reach` ideographs a name has come 63 % of the way.
    """
    total = units(cells)
    room = 2 * half_length(oval, margin + height, span / 2) * (1 - math.exp(-total / reach))
    return _spread(cells, height, room)


def fit_line(cells: Sequence[Cell], height: float, room: float) -> Setting:
    """Set a line in its natural width, or narrower to fit the room."""
    natural = units(cells) * height * WIDEST / FILL
    return _spread(cells, height, min(room, natural))


def _spread(cells: Sequence[Cell], height: float, room: float) -> Setting:
    total = units(cells)
    em = min(height * WIDEST, room * FILL / total)
    gaps = len(cells) - 1
    return Setting(height=height, em=em, gap=(room - total * em) / gaps if gaps else 0.0)
