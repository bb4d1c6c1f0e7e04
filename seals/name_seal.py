"""The square seal with a person's name, read in columns from the right, filled with 印 as name seals are."""

import math
from collections.abc import Sequence
from typing import Final

from seals.drawing import FillRule, Outline, Shape, rounded_square
from seals.face import SealFace
from seals.fonts import SealFont
from seals.glyphs import Box
from seals.lettering import Cell, fill_box, name_cells

NOMINAL: Final = 20.0
CORNER: Final = 1.2  # radius of the outer corners
AIR: Final = 0.7  # between frame and letters
BETWEEN: Final = 0.35  # between cells
FILLINGS: Final = {1: "印", 2: "之印"}  # by the number of empty places
DOT: Final = "·"
DOT_SHARE: Final = 0.4  # of a letter's height, what the dot between given and family name takes up


def name_seal_shapes(face: SealFace, font: SealFont) -> list[Shape]:
    """Return the frame and the letters."""
    side, k = face.size, face.size / NOMINAL
    middle = (side / 2, side / 2)
    frame = Outline(
        (
            rounded_square(middle, side, CORNER * k),
            rounded_square(middle, side - 2 * face.ring, (CORNER - face.ring / 2) * k),
        )
    )
    shapes = [Shape(outline=frame, part="ring", rule=FillRule.EVEN_ODD)]
    inset = face.ring + AIR * k
    room = (inset, inset, side - inset, side - inset)
    name = face.representative
    if name.isascii() or " " in name:
        return shapes + _rows([name_cells(word, font) for word in name.split()], room, BETWEEN * k)
    return shapes + _columns([name_cells(column, font) for column in columns_of(name)], room, BETWEEN * k)


def columns_of(name: str) -> list[str]:
    """Return the columns from right to left.

    Two characters become 2 + 之印, three 3 + 印, four stand alone; longer names take the squarest grid that is not
    wider than high, and 印 or 之印 fills what is left.
    """
    letters = len(name.replace(DOT, ""))
    count = max(2, math.isqrt(letters))
    rows = max(2, math.ceil(letters / count))
    name += FILLINGS.get(count * rows - letters, "")
    columns, column, taken = [], "", 0
    for character in name:
        if taken == rows and character != DOT:
            columns.append(column)
            column, taken = "", 0
        column += character
        taken += character != DOT
    return [*columns, column]


def _columns(columns: Sequence[Sequence[Cell]], room: Box, between: float) -> list[Shape]:
    x0, y0, x1, y1 = room
    width = (x1 - x0 - between * (len(columns) - 1)) / len(columns)
    shapes = []
    for number, column in enumerate(columns):
        right = x1 - number * (width + between)
        shares = [DOT_SHARE if cell.glyph.character == DOT else 1.0 for cell in column]
        unit = (y1 - y0 - between * (len(column) - 1)) / sum(shares)
        top = y1
        for cell, share in zip(column, shares, strict=True):
            low = top - share * unit
            shapes += _place(cell, (right - width, low, right, top))
            top = low - between
    return shapes


def _place(cell: Cell, box: Box) -> list[Shape]:
    """Fill the box with an ideograph; put anything narrow in its middle, in proportion."""
    if cell.glyph.character != DOT:
        return fill_box(cell, box, "name")
    x0, y0, x1, y1 = box
    half = (y1 - y0) / 3
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    inked = Cell(glyph=cell.glyph, box=cell.glyph.box, units=cell.units)
    return fill_box(inked, (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half), "name")


def _rows(words: Sequence[Sequence[Cell]], room: Box, between: float) -> list[Shape]:
    """Set a Latin name word under word, each as wide as the room at most."""
    x0, y0, x1, y1 = room
    height = (y1 - y0 - 2 * between * (len(words) - 1)) / len(words)
    shapes = []
    for number, word in enumerate(words):
        top = y1 - number * (height + 2 * between)
        em = min(height, (x1 - x0) / sum(cell.units for cell in word))
        x = (x0 + x1) / 2 - sum(cell.units for cell in word) * em / 2
        for cell in word:
            width = cell.units * em
            shapes += fill_box(cell, (x, top - height, x + width, top), "name")
            x += width
    return shapes
