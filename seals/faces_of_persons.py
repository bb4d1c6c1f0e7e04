"""How the signature of a person who has no seal looks: the name in a calm frame, with the date."""

from typing import Final

from seals.drawing import Colour, Contour, Drawing, FillRule, Outline, Point, Shape
from seals.errors import AppearanceError
from seals.fonts import SealFont
from seals.glyphs import EM
from seals.model import FormXObject
from seals.pdf_form import to_form
from seals.stamps import INK
from seals.typeset import line_shapes, width

WIDTH_MM: Final = 42.0
HEIGHT_MM: Final = 16.0
MAX_PERSON: Final = 40  # characters, dots and blanks included
MAX_AT: Final = 40  # characters
FRAME: Final = Colour(0x8A, 0x8A, 0x90)
_LINE_MM: Final = 0.2
_INSET_MM: Final = 2.0
_NAME_MM: Final = 6.4  # em
_AT_MM: Final = 2.6
_NAME_BASE_MM: Final = 6.6
_AT_BASE_MM: Final = 2.4


def person_face(name: str, at_text: str, font: SealFont) -> FormXObject:
    """Return the picture: `name` large, `at_text` small below it.

    Raises:
        AppearanceError: no font has one of the characters, a text is too long, or there is no name.
    """
    if not 0 < len(name.strip()) <= len(name) <= MAX_PERSON or len(at_text) > MAX_AT:
        raise AppearanceError(f"a person's name has 1 to {MAX_PERSON} characters, the line below it up to {MAX_AT}")
    shapes = [Shape(outline=_frame(), part="frame", fill=FRAME, rule=FillRule.EVEN_ODD)]
    for text, largest, base in ((name, _NAME_MM, _NAME_BASE_MM), (at_text, _AT_MM, _AT_BASE_MM)):
        if text:
            em = min(largest, (WIDTH_MM - 2 * _INSET_MM) / (width(text, font) / EM))
            shapes += line_shapes(text, _INSET_MM, base, em, font, INK)
    return to_form(Drawing(width_mm=WIDTH_MM, height_mm=HEIGHT_MM, title=name, shapes=tuple(shapes)))


def _frame() -> Outline:
    return Outline((_rectangle(0), _rectangle(_LINE_MM)))


def _rectangle(inset: float) -> Contour:
    right, high = WIDTH_MM - inset, HEIGHT_MM - inset
    corners: tuple[Point, ...] = ((inset, inset), (right, inset), (right, high), (inset, high))
    return Contour(corners[0], corners[1:])
