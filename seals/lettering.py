"""Letters set on a straight line, or upright on an arc inside a circle or an ellipse."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from seals.drawing import Matrix, Point, Shape
from seals.fonts import SealFont
from seals.glyphs import EM, Box, Glyph

IDEOGRAPHIC: Final[Box] = (0, -120, 1000, 880)  # the square that CJK glyphs are drawn in, OpenType BASE `ideo`
BEARING: Final = 55  # on either side of the ink of anything narrower than an ideograph
SPACE: Final = 300  # cell of a blank
IDEOGRAPHS: Final = "\u2e80"  # from here on characters stand in an em square, brackets excepted
BRACKETS: Final = "（）《》〈〉【】「」『』、，。．：；·・"
STEPS: Final = 720  # samples of the half arc; arc lengths are then good to 1 µm


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A glyph, the box of its own units that stands for it, and the width in ems that this box is given."""

    glyph: Glyph
    box: Box
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Oval:
    """A circle or an upright ellipse; letters stand inside it."""

    centre: Point
    rx: float
    ry: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a line is set: letter height, width of one em, and the gap between two cells, in millimetres."""

    height: float
    em: float
    gap: float


def name_cells(text: str, font: SealFont) -> tuple[Cell, ...]:
    """Return a cell for each character: the em square for ideographs, the ink and a little air for others."""
    return tuple(_name_cell(font.glyph(character)) for character in text)


def figure_cells(text: str, font: SealFont) -> tuple[Cell, ...]:
    """Return cells as high as the figures themselves, all as wide as a nought; wider letters are condensed."""
    glyphs = [font.glyph(character) for character in text]
    zero = font.glyph("0").box
    width = zero[2] - zero[0] + BEARING
    return tuple(
        Cell(glyph=glyph, box=(middle - half, zero[1], middle + half, zero[3]), units=width / EM)
        for glyph in glyphs
        for middle, half in ((_middle(glyph), max(width, glyph.box[2] - glyph.box[0] + BEARING) / 2),)
    )


def _middle(glyph: Glyph) -> float:
    return (glyph.box[0] + glyph.box[2]) / 2


def _name_cell(glyph: Glyph) -> Cell:
    x0, y0, x1, y1 = glyph.box
    low, high = min(y0, IDEOGRAPHIC[1]), max(y1, IDEOGRAPHIC[3])  # descenders are shrunk into the line, not cut
    if glyph.character >= IDEOGRAPHS and glyph.character not in BRACKETS:
        width = glyph.advance or EM
        left, right = min(x0, 0), max(x1, width)  # one that overhangs its em is condensed into it
        return Cell(glyph=glyph, box=(left, low, right, high), units=width / EM)
    left, right = (x0 - BEARING, x1 + BEARING) if glyph.has_ink else (0.0, float(SPACE))
    return Cell(glyph=glyph, box=(left, low, right, high), units=(right - left) / EM)


def set_line(cells: Sequence[Cell], setting: Setting, *, middle: Point, part: str) -> list[Shape]:
    """Set cells on a horizontal line around `middle`."""
    widths = [cell.units * setting.em for cell in cells]
    x = middle[0] - (sum(widths) + setting.gap * (len(cells) - 1)) / 2
    shapes = []
    for cell, width in zip(cells, widths, strict=True):
        shapes.extend(
            fill_box(cell, (x, middle[1] - setting.height / 2, x + width, middle[1] + setting.height / 2), part)
        )
        x += width + setting.gap
    return shapes


def fill_box(cell: Cell, box: Box, part: str) -> list[Shape]:
    """Stretch a cell to fill a box in millimetres."""
    x0, y0, x1, y1 = cell.box
    kx, ky = (box[2] - box[0]) / (x1 - x0), (box[3] - box[1]) / (y1 - y0)
    return _shape(cell, (kx, 0, 0, ky, box[0] - kx * x0, box[1] - ky * y0), part)


def set_above(cells: Sequence[Cell], setting: Setting, *, oval: Oval, margin: float, part: str) -> list[Shape]:
    """Set cells left to right over the top of the oval, feet to the centre, `margin` below its edge.

    Gaps are equal along the curve of the letters' feet, so that neighbours never touch.
    """
    return _set_on_arc(cells, setting, oval=oval, feet=margin + setting.height, turned=False, part=part)


def set_below(cells: Sequence[Cell], setting: Setting, *, oval: Oval, margin: float, part: str) -> list[Shape]:
    """Set cells left to right along the bottom of the oval, heads to the centre, `margin` above its edge."""
    return _set_on_arc(cells, setting, oval=oval, feet=margin, turned=True, part=part)


def _set_on_arc(
    cells: Sequence[Cell], setting: Setting, *, oval: Oval, feet: float, turned: bool, part: str
) -> list[Shape]:
    inner = feet + setting.height if turned else feet  # the shorter side of the letters
    curve = _curve(oval.rx, oval.ry, inner)
    at = -(sum(cell.units for cell in cells) * setting.em + setting.gap * (len(cells) - 1)) / 2
    shapes = []
    for cell in cells:
        width = cell.units * setting.em
        t = angle_at(curve, at + width / 2)
        place = _frame(oval, math.pi - t if turned else t, feet, turned=turned)
        shapes.extend(_shape(cell, _matrix(cell, place, setting), part))
        at += width + setting.gap
    return shapes


Frame: TypeAlias = tuple[Point, Point, Point]  # foot, direction of reading, direction of the head


def _frame(oval: Oval, t: float, depth: float, *, turned: bool) -> Frame:
    """Return where a letter stands at parameter `t` (clockwise from the top), `depth` inside the edge."""
    sin, cos = math.sin(t), math.cos(t)
    tx, ty = oval.rx * cos, -oval.ry * sin
    length = math.hypot(tx, ty)
    along, out = (tx / length, ty / length), (-ty / length, tx / length)
    foot = (oval.centre[0] + oval.rx * sin - depth * out[0], oval.centre[1] + oval.ry * cos - depth * out[1])
    if turned:
        return foot, (-along[0], -along[1]), (-out[0], -out[1])
    return foot, along, out


def _matrix(cell: Cell, frame: Frame, setting: Setting) -> Matrix:
    x0, y0, x1, y1 = cell.box
    kx, ky = setting.em * cell.units / (x1 - x0), setting.height / (y1 - y0)
    (fx, fy), (ax, ay), (ox, oy) = frame
    middle = (x0 + x1) / 2
    a, b, c, d = kx * ax, kx * ay, ky * ox, ky * oy
    return a, b, c, d, fx - a * middle - c * y0, fy - b * middle - d * y0


def _shape(cell: Cell, matrix: Matrix, part: str) -> list[Shape]:
    return [Shape(outline=cell.glyph.outline, matrix=matrix, part=part)] if cell.glyph.has_ink else []


Lengths: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]  # parameters and lengths from the top, ascending


@lru_cache(maxsize=256)
def _curve(rx: float, ry: float, depth: float) -> Lengths:
    """Measure the curve `depth` inside an oval, over the half from the top to the bottom.

    The parallel of a curve is shorter by depth times the turn of its tangent (Steiner); Simpson's rule per step.
    """

    def speed(t: float) -> float:
        square = (rx * math.cos(t)) ** 2 + (ry * math.sin(t)) ** 2
        return math.sqrt(square) - depth * rx * ry / square

    step = math.pi / STEPS
    lengths = [0.0]
    for i in range(STEPS):
        t = i * step
        lengths.append(lengths[-1] + (speed(t) + 4 * speed(t + step / 2) + speed(t + step)) * step / 6)
    return tuple(i * step for i in range(STEPS + 1)), tuple(lengths)


def half_length(oval: Oval, depth: float, t: float) -> float:
    """Return the length of the curve `depth` inside the oval from the top to parameter `t`."""
    parameters, lengths = _curve(oval.rx, oval.ry, depth)
    return _interpolate(t, parameters, lengths)


def angle_at(curve: Lengths, length: float) -> float:
    """Return the parameter at a signed length from the top."""
    return math.copysign(_interpolate(abs(length), curve[1], curve[0]), length)


def _interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    i = min(max(bisect_left(xs, x), 1), len(xs) - 1)
    share = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[i - 1] + share * (ys[i] - ys[i - 1])
