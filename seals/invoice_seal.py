"""The oval seal for invoices, measures by 国家税务总局公告2011年第7号."""

import math
from typing import Final

from seals.drawing import FillRule, Shape, ring
from seals.face import SealFace
from seals.fitting import FILL, fit_arc, fit_line, letter_height
from seals.fonts import SealFont
from seals.lettering import Oval, Setting, figure_cells, name_cells, set_above, set_line

AIR: Final = 0.6
NAME: Final = 4.2  # height of the name's letters
NAME_AT_LEAST: Final = 2.7  # for 40 characters
REACH: Final = 6.0  # ideographs
SPAN: Final = math.radians(216)
NUMBER: Final = 3.7  # height of the figures in the middle
NUMBER_EM: Final = 2.45  # gives figures about 1.3 mm wide
NUMBER_WIDTH: Final = 25.5
LINE: Final = 4.6
LINE_EM: Final = 3.0
LINE_MIDDLE: Final = -9.3  # from the centre
NUMBER_MIDDLE: Final = -1.3


def invoice_shapes(face: SealFace, font: SealFont, figures: SealFont) -> list[Shape]:
    """Return edge, name, number and purpose."""
    rx, ry = face.size / 2, face.size * 3 / 8
    middle = (rx, ry)
    edge = Oval(centre=middle, rx=rx - face.ring, ry=ry - face.ring)
    cells = name_cells(face.name, font)
    height = letter_height(cells, NAME, NAME_AT_LEAST)
    setting = fit_arc(cells, edge, margin=AIR, height=height, span=SPAN, reach=REACH)
    shapes = [Shape(outline=ring(middle, rx, ry, face.ring), part="ring", rule=FillRule.EVEN_ODD)]
    shapes += set_above(cells, setting, oval=edge, margin=AIR, part="name")
    if number := face.uscc or face.code:
        cells = figure_cells(number, figures)
        taken = sum(cell.units for cell in cells) * NUMBER_EM
        gap = min((NUMBER_WIDTH - taken) / (len(cells) - 1), NUMBER / 4)
        setting = Setting(height=NUMBER, em=NUMBER_EM, gap=gap)
        shapes += set_line(cells, setting, middle=(rx, ry + NUMBER_MIDDLE), part="code")
    if face.text_across:
        cells = name_cells(face.text_across, font)
        setting = fit_line(cells, LINE, len(cells) * LINE_EM / FILL)
        shapes += set_line(cells, setting, middle=(rx, ry + LINE_MIDDLE), part="line")
    return shapes
