"""Any font that fontTools can load: OpenType with CFF outlines, collections, older character maps."""

import threading

from fontTools.ttLib import TTFont

from seals.glyphs import CACHED_GLYPHS, Glyph, read_glyph


class LoadedFace:
    """A font loaded as a whole. Slower to open than a mapped one, and decoded under a lock."""

    def __init__(self, font: TTFont) -> None:
        """Load all tables, so that the font's file may be closed."""
        font.ensureDecompiled()
        self._names: dict[int, str] = font.getBestCmap() or {}
        self._glyph_set = font.getGlyphSet()
        self._units_per_em: int = font["head"].unitsPerEm
        self._lock = threading.Lock()
        self._cache: dict[str, Glyph] = {}

    def glyph(self, character: str) -> Glyph | None:
        name = self._names.get(ord(character))
        if name is None:
            return None
        with self._lock:
            if known := self._cache.get(character):
                return known
            drawn = self._glyph_set[name]
            glyph = read_glyph(character, drawn, self._glyph_set, advance=drawn.width, units_per_em=self._units_per_em)
            if len(self._cache) < CACHED_GLYPHS:
                self._cache[character] = glyph
        return glyph
