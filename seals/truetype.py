"""A TrueType file read in place.

To load a 14 MB file of 31 000 characters takes fontTools half a second; a seal needs forty of them. Here the file is
mapped, its character map searched, and fontTools decodes only the glyphs that are asked for.
"""

import mmap
import struct
from bisect import bisect_right
from typing import Any, BinaryIO, Final, TypeAlias

from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph as Outlines

from seals.glyphs import CACHED_GLYPHS, Glyph, read_glyph

Ranges: TypeAlias = list[tuple[int, int, int]]  # first and last character, first glyph
SEGMENTED_COVERAGE: Final = 12  # OpenType `cmap`, the format that reaches beyond U+FFFF


def long_ranges(font: TTFont) -> Ranges:
    """Return the ranges of the format 12 character map, none where the font has no such map."""
    data = font.reader["cmap"]
    (count,) = struct.unpack_from(">2xH", data)
    for index in range(count):
        (offset,) = struct.unpack_from(">4xI", data, 4 + 8 * index)
        if struct.unpack_from(">H", data, offset)[0] == SEGMENTED_COVERAGE:
            (groups,) = struct.unpack_from(">12xI", data, offset)
            return list(struct.iter_unpack(">III", data[offset + 16 : offset + 16 + 12 * groups]))
    return []


class MappedFace:
    """An open file. Reading it changes nothing, so threads may share it."""

    extended = False  # as fontTools asks: 16-bit points, classic `glyf` table

    def __init__(self, file: BinaryIO, font: TTFont, ranges: Ranges) -> None:
        """Note where tables lie and map the file; `file` may be closed then.

        Raises:
            ValueError: the file ends before one of its tables does.
        """
        self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        tables = {tag: font.reader.tables[tag] for tag in ("loca", "glyf", "hmtx")}
        if max(table.offset + table.length for table in tables.values()) > len(self._file):
            raise ValueError("the file is cut short")
        self._at = {tag: table.offset for tag, table in tables.items()}
        self._units_per_em: int = font["head"].unitsPerEm
        self._long_offsets: bool = font["head"].indexToLocFormat == 1
        self._metrics: int = font["hhea"].numberOfHMetrics
        self._glyphs: int = font["maxp"].numGlyphs
        self._ranges = ranges
        self._firsts = [first for first, _, _ in ranges]
        self._cache: dict[str, Glyph] = {}

    def glyph(self, character: str) -> Glyph | None:
        if known := self._cache.get(character):
            return known
        index = self._index(ord(character))
        if not index:  # glyph 0 is .notdef
            return None
        glyph = read_glyph(
            character, self[str(index)], self, advance=self._advance(index), units_per_em=self._units_per_em
        )
        if len(self._cache) < CACHED_GLYPHS:
            self._cache[character] = glyph
        return glyph

    def __getitem__(self, name: str) -> "_Drawable":
        """Return a glyph by the name that `getGlyphName` gave it, as fontTools asks for components."""
        index = int(name)
        size, layout = (4, ">II") if self._long_offsets else (2, ">HH")
        start, end = struct.unpack_from(layout, self._file, self._at["loca"] + size * index)
        if not self._long_offsets:
            start, end = 2 * start, 2 * end
        return _Drawable(Outlines(self._file[self._at["glyf"] + start : self._at["glyf"] + end]), self)

    def getGlyphName(self, index: int) -> str:  # noqa: N802 - fontTools calls it so
        return str(index)

    def _index(self, codepoint: int) -> int:
        at = bisect_right(self._firsts, codepoint) - 1
        if at < 0:
            return 0
        first, last, glyph = self._ranges[at]
        index = glyph + codepoint - first
        return index if codepoint <= last and index < self._glyphs else 0

    def _advance(self, index: int) -> int:
        row = min(index, self._metrics - 1)  # the last width holds for all further glyphs (OpenType `hmtx`)
        (advance,) = struct.unpack_from(">H", self._file, self._at["hmtx"] + 4 * row)
        return int(advance)


class _Drawable:
    """One glyph's data with the table that its components come from."""

    def __init__(self, outlines: Any, table: MappedFace) -> None:
        self._outlines, self._table = outlines, table

    def draw(self, pen: Any) -> None:
        self._outlines.expand(self._table)
        self._outlines.draw(pen, self._table)
