"""The picture of a seal: round seals here, the others in `invoice_seal` and `name_seal`."""

import math
from typing import Final

from seals.drawing import Drawing, FillRule, Shape, ring, star
from seals.face import SealFace
from seals.fitting import fit_arc, fit_line, letter_height
from seals.fonts import SealFont
from seals.invoice_seal import invoice_shapes
from seals.lettering import Oval, Setting, figure_cells, name_cells, set_above, set_below, set_line
from seals.model import SealKind
from seals.name_seal import name_seal_shapes

NOMINAL: Final = 20.0  # radius in mm for which the measures below hold; they grow with the seal
AIR: Final = 0.75  # between the ring and the heads of the letters
TALLEST: Final = 5.4  # letters of a short name
SHORTEST: Final = 3.5  # letters of a name of 40 ideographs
REACH: Final = 7.5  # ideographs
SPAN: Final = math.radians(276)  # the longest name
SPAN_WITH_LINE: Final = math.radians(232)  # above a line under the star
STAR: Final = 7.0  # radius of its points, Ø 14 mm
LINE: Final = 4.6  # height of the line across
LINE_UNDER_STAR: Final = 3.1
CODE: Final = 1.35
CODE_AIR: Final = 0.6
CODE_SPREAD: Final = 0.2  # between figures, of their height
FIGURES_EM: Final = 1.36  # em over the height of figures


def draw(face: SealFace, font: SealFont, *, figures: SealFont | None = None) -> Drawing:
    """Return the picture of a seal, the same for the same face and fonts. `figures` sets codes, `font` all else.

    Raises:
        AppearanceError: no font has one of the characters.
    """
    figures = figures or font
    height = face.size
    if face.kind is SealKind.REPRESENTATIVE:
        shapes = name_seal_shapes(face, font)
    elif face.kind is SealKind.INVOICE:
        height, shapes = face.size * 3 / 4, invoice_shapes(face, font, figures)
    else:
        shapes = _round_shapes(face, font, figures)
    title = " ".join(filter(None, (face.name, face.representative_shown, face.text_across, face.code)))
    return Drawing(width_mm=face.size, height_mm=height, title=title, shapes=tuple(shapes))


def _round_shapes(face: SealFace, font: SealFont, figures: SealFont) -> list[Shape]:
    radius = face.size / 2
    k, middle = radius / NOMINAL, (radius, radius)
    edge = Oval(centre=middle, rx=radius - face.ring, ry=radius - face.ring)
    under_star = face.has_star and bool(face.text_across)
    cells = name_cells(face.name, font)
    span = SPAN_WITH_LINE if under_star else SPAN
    height = letter_height(cells, TALLEST * k, SHORTEST * k)
    setting = fit_arc(cells, edge, margin=AIR * k, height=height, span=span, reach=REACH)
    shapes = [Shape(outline=ring(middle, radius, radius, face.ring), part="ring", rule=FillRule.EVEN_ODD)]
    if face.has_star:
        shapes.append(Shape(outline=star(middle, STAR * k), part="star"))
    shapes += set_above(cells, setting, oval=edge, margin=AIR * k, part="name")
    if face.text_across:
        foot = edge.rx - AIR * k - setting.height
        shapes += _line_under_star(face, font, foot, k) if under_star else _line_across(face, font, foot, k)
    if face.code:
        cells = figure_cells(face.code, figures)
        setting = Setting(height=CODE * k, em=CODE * k * FIGURES_EM, gap=CODE * k * CODE_SPREAD)
        shapes += set_below(cells, setting, oval=edge, margin=CODE_AIR * k, part="code")
    return shapes


def _line_across(face: SealFace, font: SealFont, foot: float, k: float) -> list[Shape]:
    """Set the line in the middle of a seal without star, a little low, as the name weighs on the top."""
    height, drop = LINE * k, 2.6 * k
    room = 2 * (math.sqrt((foot - AIR * k) ** 2 - (drop + height / 2) ** 2) - AIR * k)
    cells = name_cells(face.text_across, font)
    middle = (face.size / 2, face.size / 2 - drop)
    return set_line(cells, fit_line(cells, height, room), middle=middle, part="line")


def _line_under_star(face: SealFace, font: SealFont, foot: float, k: float) -> list[Shape]:
    height = LINE_UNDER_STAR * k
    drop = STAR * k * math.cos(math.pi / 5) + 1.1 * k + height / 2
    lowest = face.size / 2 - face.ring - (CODE_AIR + CODE + AIR) * k
    room = 2 * min(math.sqrt(lowest**2 - (drop + height / 2) ** 2), foot * math.sin(SPAN_WITH_LINE / 2) - AIR * k)
    cells = name_cells(face.text_across, font)
    middle = (face.size / 2, face.size / 2 - drop)
    return set_line(cells, fit_line(cells, height, room), middle=middle, part="line")
