from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont

from seals.errors import AppearanceError
from seals.fonts import SealFont
from seals.glyphs import Box, Glyph
from tests.support.seal_fonts import SANS, SERIF, opentype, serif, truetype

SQUARE: Box = (0, 0, 500, 500)  # 1024 of 2048 units, in thousandths


def test_mapped_outlines_are_those_that_the_font_library_reads_from_the_whole_file() -> None:
    with TTFont(SERIF, lazy=True) as font:
        names, glyphs = font.getBestCmap(), font.getGlyphSet()
        for character in "国章印龘（A0g·一":
            pen = BoundsPen(glyphs)
            glyphs[names[ord(character)]].draw(pen)
            ours = serif().glyph(character)
            assert ours.advance == glyphs[names[ord(character)]].width
            assert ours.box == pytest.approx(pen.bounds, abs=2)


def test_a_character_that_no_font_has_is_named_with_its_code_point() -> None:
    with pytest.raises(AppearanceError, match=r"“😀” U\+1F600 \(GRINNING FACE\)"):
        serif().glyph("😀")
    with pytest.raises(AppearanceError, match=r"character U\+0007 \(unnamed\)"):
        serif().glyph("\a")


def test_a_character_below_the_first_one_of_a_font_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AppearanceError, match=r"U\+0041"):
        SealFont.open([truetype(tmp_path / "far.ttf", far=True)]).glyph("A")


def test_the_next_font_draws_what_the_first_one_lacks(tmp_path: Path) -> None:
    own = truetype(tmp_path / "own.ttf", far=False)
    font = SealFont.open([own, SERIF])
    assert font.glyph("甲").box == SQUARE
    assert font.glyph("丙").box == serif().glyph("丙").box


def test_an_empty_glyph_counts_as_missing(tmp_path: Path) -> None:
    with pytest.raises(AppearanceError, match=r"“丙” U\+4E19"):
        SealFont.open([truetype(tmp_path / "own.ttf", far=True)]).glyph("丙")


def test_a_broken_outline_is_refused_with_its_code_point(tmp_path: Path) -> None:
    path = truetype(tmp_path / "own.ttf", far=True)
    with TTFont(path, lazy=True) as font:
        table = font.reader.tables["glyf"]
    data = bytearray(path.read_bytes())
    data[table.offset + 10 : table.offset + table.length] = b"\xff" * (table.length - 10)
    path.write_bytes(data)
    with pytest.raises(AppearanceError, match=r"outline of U\+7532 is broken"):
        SealFont.open([path]).glyph("甲")


def test_a_file_is_opened_once() -> None:
    assert SealFont.open([SERIF, SANS]).faces[0] is SealFont.open([SERIF]).faces[0]


@pytest.mark.parametrize("far", [True, False], ids=["mapped", "loaded"])
def test_composite_glyphs_are_resolved(tmp_path: Path, far: bool) -> None:  # noqa: FBT001 - a parameter of the test
    font = SealFont.open([truetype(tmp_path / "own.ttf", far=far)])
    assert font.glyph("乙").box == (0, 0, 750, 500)
    assert font.glyph("乙").advance == 1000
    assert len(font.glyph("乙").outline.contours) == 2
    if far:
        assert font.glyph("\U00020000").box == SQUARE


def test_a_font_with_postscript_outlines_will_do(tmp_path: Path) -> None:
    font = SealFont.open([opentype(tmp_path / "own.otf")])
    assert font.glyph("甲").box == SQUARE
    assert font.glyph("甲") is font.glyph("甲")


@pytest.mark.parametrize("content", [b"", b"no font", b"\x00\x01\x00\x00" + b"\xff" * 400])
def test_a_file_that_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ttf").write_bytes(content)
    with pytest.raises(AppearanceError, match=r"broken\.ttf is not a font"):
        SealFont.open([tmp_path / "broken.ttf"])


def test_a_file_cut_short_or_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppearanceError, match="absent"):
        SealFont.open([tmp_path / "absent.ttf"])
    (tmp_path / "short.ttf").write_bytes(SERIF.read_bytes()[:2_000_000])
    with pytest.raises(AppearanceError):
        SealFont.open([tmp_path / "short.ttf"]).glyph("国")


def test_no_font_at_all_is_refused() -> None:
    with pytest.raises(AppearanceError, match="no font"):
        SealFont.open([])


def test_threads_that_share_a_font_read_the_same_outlines() -> None:
    text = "浙江省杭州市滨江区朱砂印信数字科技与可信电子签章服务发展股份有限公司" * 4

    def read(character: str) -> Glyph:
        return SealFont.open([SANS]).glyph(character)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, text))
    assert {glyph.character: glyph.box for glyph in found} == {
        character: SealFont.open([SANS]).glyph(character).box for character in text
    }
