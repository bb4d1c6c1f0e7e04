"""Seal pictures: what one costs warm and cold, and what reading the font in place saves."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from benchmarks.harness import ROOT, Options, Result, alone, alternate, options, tell
from seals.appearance import draw
from seals.face import SealFace
from seals.fonts import SealFont
from seals.model import SealKind
from seals.pdf_form import to_form
from seals.png import to_png
from seals.svg import to_svg

BENCH: Final = "picture"
FONT: Final = ROOT / "api" / "assets" / "fonts" / "NotoSerifSC-Bold.ttf"
NAMES: Final = (
    "样章示例数字科技有限公司",
    "浙江省杭州市滨江区样章示例数字科技与可信电子签章服务发展（集团）股份有限责任公司"[:40],
)
COLD: Final = """
import sys, time
from pathlib import Path
from benchmarks.picture import face
from seals.appearance import draw
from seals.fonts import SealFont
from seals.pdf_form import to_form
start = time.perf_counter()
to_form(draw(face(sys.argv[2]), SealFont.open([Path(sys.argv[1])])))
print(time.perf_counter() - start)
"""


def face(name: str, kind: SealKind = SealKind.OFFICIAL) -> SealFace:
    return SealFace(kind=kind, name=name, code="00000000000001")


def cold(name: str) -> float:
    """Return seconds from opening the font to a finished form, in a process of its own (imports not counted)."""
    command = (sys.executable, "-c", COLD, str(FONT), name)
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def read_whole(name: str) -> float:
    """Return seconds to get at the same outlines by loading the font the usual way."""
    start = time.perf_counter()
    with TTFont(FONT, lazy=True) as font:
        names, glyphs = font.getBestCmap(), font.getGlyphSet()
        for character in name:
            glyphs[names[ord(character)]].draw(RecordingPen())
    return time.perf_counter() - start


def draw_and_form(name: str, font: SealFont) -> None:
    to_form(draw(face(name), font))


def results(asked: Options) -> Iterator[Result]:
    rounds = asked.pick(quick=5, full=15)
    font = SealFont.open([FONT])
    for name in NAMES:
        of = f"{len(name)} characters"
        pair = alternate(partial(cold, name), partial(read_whole, name), rounds=rounds)
        against = "fontTools: open and read glyphs only"
        yield pair.result(BENCH, f"open, draw, form, cold, {of}", "ms", against, scale=1000)
        drawing = draw(face(name), font)
        measures: tuple[tuple[str, Callable[[], object], int], ...] = (
            ("draw", partial(draw, face(name), font), 50),
            ("draw and form", partial(draw_and_form, name, font), 50),
            ("svg", partial(to_svg, drawing), 50),
            ("png at 300 dpi", partial(to_png, drawing, dpi=300), 3),
        )
        for metric, call, calls in measures:
            value = alone(call, rounds=rounds, calls=calls) * 1000
            yield Result(bench=BENCH, metric=f"{metric}, warm, {of}", value=value, unit="ms")
        yield Result(bench=BENCH, metric=f"form, {of}", value=len(to_form(drawing).content) / 1000, unit="kB")


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
