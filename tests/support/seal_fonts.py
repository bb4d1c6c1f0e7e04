"""Fonts for tests of seal pictures: the project's own, and small ones built on the spot."""

from functools import lru_cache
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

from seals.fonts import SealFont

FOLDER = Path(__file__).resolve().parents[2] / "api" / "assets" / "fonts"
SERIF = FOLDER / "NotoSerifSC-Bold.ttf"
SANS = FOLDER / "NotoSansSC-Medium.ttf"
UNITS = 2048


@lru_cache
def serif() -> SealFont:
    return SealFont.open([SERIF])


@lru_cache
def sans() -> SealFont:
    return SealFont.open([SANS])


def square(pen: TTGlyphPen | T2CharStringPen, left: int, side: int) -> None:
    pen.moveTo((left, 0))
    pen.lineTo((left, side))
    pen.lineTo((left + side, side))
    pen.lineTo((left + side, 0))
    pen.closePath()


def truetype(path: Path, *, far: bool) -> Path:
    """Write a font with a square at “甲”, a composite of two at “乙”, nothing at “丙”; `far` adds U+20000 (format 12)."""
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one", "two", "none"])
    builder.setupCharacterMap(
        {ord("甲"): "one", ord("乙"): "two", ord("丙"): "none"} | ({0x20000: "one"} if far else {})
    )
    one, two = TTGlyphPen(None), TTGlyphPen({"one": None})
    square(one, 0, 1024)
    two.addComponent("one", (1, 0, 0, 1, 0, 0))
    two.addComponent("one", (0.5, 0, 0, 0.5, 1024, 0))
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": empty, "one": one.glyph(), "two": two.glyph(), "none": empty})
    return _finish(builder, path)


def opentype(path: Path) -> Path:
    """Write a font with CFF outlines and a square at “甲”."""
    builder = FontBuilder(UNITS, isTTF=False)
    builder.setupGlyphOrder([".notdef", "one"])
    builder.setupCharacterMap({ord("甲"): "one"})
    empty, one = T2CharStringPen(UNITS, None), T2CharStringPen(UNITS, None)
    square(one, 0, 1024)
    strings = {".notdef": empty.getCharString(), "one": one.getCharString()}
    builder.setupCFF("Square", {}, strings, {})
    return _finish(builder, path)


def _finish(builder: FontBuilder, path: Path) -> Path:
    builder.setupHorizontalMetrics(dict.fromkeys(builder.font.getGlyphOrder(), (UNITS, 0)))
    builder.setupHorizontalHeader(ascent=1800, descent=-248)
    builder.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path
