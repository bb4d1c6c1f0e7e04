"""Set a text into a box, in outlines: as large as is good to read, in as many lines as it takes, and never cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from seals.drawing import Colour, Drawing, Shape
from seals.errors import AppearanceError
from seals.fonts import SealFont
from seals.glyphs import EM
from seals.model import FormXObject
from seals.pdf_form import to_form
from seals.stamps import INK

LARGEST_MM: Final = 4.2  # an em of 12 pt
SMALLEST_MM: Final = 2.1  # 6 pt: what can still be read on paper
STEPS: Final = 12  # sizes tried between the two
LEADING: Final = 1.3  # from line to line, in ems
ASCENT: Final = 0.9  # of a line, above its baseline, in ems
INDENT_MM: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Lines of text at the size at which they fit."""

    em: float  # mm
    lines: tuple[str, ...]


@lru_cache(maxsize=256)
def text_face(text: str, width_mm: float, height_mm: float, font: SealFont) -> FormXObject:
    """Return the text in a box of this size.

    Raises:
        AppearanceError: no font has one of the characters, or the text does not fit even at the smallest size.
    """
    found = fit(text, width_mm - 2 * INDENT_MM, height_mm, font)
    block = len(found.lines) * LEADING * found.em
    top = height_mm - max((height_mm - block) / 2, 0)
    shapes: list[Shape] = []
    for number, line in enumerate(found.lines):
        y = top - (number * LEADING + (LEADING - 1) / 2 + ASCENT) * found.em
        shapes += line_shapes(line, INDENT_MM, y, found.em, font, INK)
    return to_form(Drawing(width_mm=width_mm, height_mm=height_mm, title=text, shapes=tuple(shapes)))


def fit(text: str, width_mm: float, height_mm: float, font: SealFont) -> Set:
    """Find the largest size at which the text fits.

    Raises:
        AppearanceError: see `text_face`.
    """
    for step in range(STEPS + 1):
        em = LARGEST_MM - (LARGEST_MM - SMALLEST_MM) * step / STEPS
        lines = tuple(_lines(text, width_mm / em * EM, font))
        widest = max(width(line, font) for line in lines)
        if len(lines) * LEADING * em <= height_mm and widest * em / EM <= width_mm:
            return Set(em=em, lines=lines)
    raise AppearanceError(f"does not fit into {width_mm:.0f} × {height_mm:.0f} mm in letters of 6 points")


def width(text: str, font: SealFont) -> float:
    """In thousandths of an em."""
    return sum(font.glyph(character).advance for character in text)


def line_shapes(text: str, x: float, y: float, em: float, font: SealFont, colour: Colour) -> Iterator[Shape]:
    """Yield the letters of a line whose baseline begins at (x, y) mm."""
    scale = em / EM
    for character in text:
        glyph = font.glyph(character)
        if glyph.has_ink:
            yield Shape(outline=glyph.outline, part="text", matrix=(scale, 0, 0, scale, x, y), fill=colour)
        x += glyph.advance * scale


def _lines(text: str, room: float, font: SealFont) -> Iterator[str]:
    """Break at spaces where there are some, between any two characters otherwise."""
    for paragraph in text.split("\n"):
        rest = paragraph
        while rest:
            end = _reach(rest, room, font)
            if end < len(rest) and (space := rest.rfind(" ", 1, end + 1)) > 0:
                end = space + 1
            yield rest[:end].rstrip(" ")
            rest = rest[end:]
        if not paragraph:
            yield ""


def _reach(text: str, room: float, font: SealFont) -> int:
    """How many characters fit into a line: at least one."""
    used = 0.0
    for number, character in enumerate(text):
        used += font.glyph(character).advance
        if used > room:
            return max(number, 1)
    return len(text)
