"""Glyph outlines from font files, by preference: the first font that has a character draws it."""

import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from fontTools.ttLib import TTFont, TTLibError

from seals.errors import AppearanceError
from seals.glyphs import Glyph
from seals.opentype import LoadedFace
from seals.truetype import MappedFace, long_ranges

MAX_OPEN: Final = 32  # files kept open in one process
# what a broken font file raises inside fontTools and struct
BROKEN: Final = (TTLibError, OSError, struct.error, LookupError, ValueError, TypeError, AttributeError, AssertionError)


class Face(Protocol):
    """One open font file, safe to share between threads."""

    def glyph(self, character: str) -> Glyph | None:
        """Return the glyph, or None where the font has none for this character."""


@dataclass(frozen=True, slots=True)
class SealFont:
    """Font files in order of preference."""

    faces: tuple[Face, ...]

    @classmethod
    def open(cls, paths: Iterable[Path]) -> "SealFont":
        """Open the files, or take those that are open already (one per path and process).

        Raises:
            AppearanceError: no file given, or one that is no TrueType or OpenType font.
        """
        faces = tuple(_open(Path(path).resolve()) for path in paths)
        if not faces:
            raise AppearanceError("no font file was given")
        return cls(faces)

    def glyph(self, character: str) -> Glyph:
        """Return the outline of one character.

        Raises:
            AppearanceError: no font has it (names the character and its code point), or its outline is broken.
        """
        for face in self.faces:
            try:
                found = face.glyph(character)
            except BROKEN as exc:
                raise AppearanceError(f"the font's outline of U+{ord(character):04X} is broken") from exc
            if found and (found.has_ink or character == " "):  # an empty glyph stands for a missing one
                return found
        name = unicodedata.name(character, "unnamed")
        shown = f"“{character}” " if character.isprintable() else ""
        raise AppearanceError(f"no font has the character {shown}U+{ord(character):04X} ({name})")


@lru_cache(maxsize=MAX_OPEN)
def _open(path: Path) -> Face:
    try:
        with path.open("rb") as file:  # fontTools leaves a file open that it cannot read
            font = TTFont(file, fontNumber=0, lazy=True)
            if font.flavor is None and "glyf" in font and (ranges := long_ranges(font)):
                return MappedFace(file, font, ranges)
            return LoadedFace(font)
    except BROKEN as exc:
        raise AppearanceError(f"{path.name} is not a font that can be read ({type(exc).__name__})") from exc
