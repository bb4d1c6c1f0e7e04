"""Specimen seals for the first page, drawn by the same code that draws real ones."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from seals.appearance import draw
from seals.face import SealFace
from seals.fonts import SealFont
from seals.model import SealKind
from seals.svg import to_svg

NAME: Final = "样章示例贸易有限公司"
PERSON: Final = "样章人"
KINDS: Final = (SealKind.OFFICIAL, SealKind.CONTRACT, SealKind.FINANCE, SealKind.INVOICE, SealKind.REPRESENTATIVE)


@lru_cache(maxsize=len(KINDS))
def specimen(kind: SealKind, font: Path) -> str:
    """Return the SVG of a seal that belongs to nobody.

    Raises:
        AppearanceError: the font lacks a character.
    """
    person = PERSON if kind is SealKind.REPRESENTATIVE else ""
    face = SealFace(kind=kind, name=NAME, representative=person)
    return to_svg(draw(face, SealFont.open([font])))
