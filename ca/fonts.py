"""The fonts that documents are set in: files the operator names, never what a machine happens to have."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont, TTLibError

from ca.errors import GlyphError

SERIF: Final = "NotoSerifSC-Regular.ttf"  # all weights of a family draw the same characters
SANS: Final = "NotoSansSC-Regular.ttf"
FAMILY_NAMES: Final = (16, 1)  # typographic family, or the plain one: OpenType `name` table
ENGLISH: Final = (3, 1, 0x409)  # Windows, Unicode, en-US


@dataclass(frozen=True, slots=True)
class LicenceFonts:
    """The folder with Noto Serif SC and Noto Sans SC, and further files for characters that they lack."""

    folder: Path
    extra: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where typst looks, each folder once."""
        return tuple(dict.fromkeys((self.folder, *(path.parent for path in self.extra))))


def check_glyphs(texts: Iterable[str], fonts: LicenceFonts) -> None:
    """Make sure that every character can be drawn.

    Raises:
        GlyphError: names each character that no font has, with its code point; or a font that cannot be read.
    """
    extra = [coverage(path) for path in fonts.extra]
    known = (coverage(fonts.folder / SERIF) & coverage(fonts.folder / SANS)).union(*extra)
    missing = {character: None for text in texts for character in text if ord(character) not in known}
    if missing:
        named = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing)
        raise GlyphError(f"no font can draw {named}")


@cache
def coverage(path: Path) -> frozenset[int]:
    """The code points a font file draws. Raises GlyphError if it cannot be read."""
    with _opened(path) as font:
        return frozenset(font.getBestCmap() or ())


@cache
def family(path: Path) -> str:
    """The family name typst knows the file by. Raises GlyphError if it has none."""
    with _opened(path) as font:
        for number in FAMILY_NAMES:
            if record := font["name"].getName(number, *ENGLISH):
                return str(record)
    raise GlyphError(f"the font {path.name} does not say its family")


def _opened(path: Path) -> TTFont:
    try:
        return TTFont(io.BytesIO(path.read_bytes()), lazy=True)
    except (OSError, TTLibError) as exc:
        raise GlyphError(f"the font {path.name} cannot be read") from exc
