"""Write docs/images/seals.svg: the five seals of an enterprise that does not exist. The same bytes each time."""

import sys
from pathlib import Path
from typing import Final

from seals.appearance import draw
from seals.drawing import Drawing, Shape, moved
from seals.face import SealFace
from seals.fonts import SealFont
from seals.model import SealKind
from seals.svg import to_svg

ROOT: Final = Path(__file__).resolve().parent.parent
FONTS: Final = ROOT / "api" / "assets" / "fonts"
TARGET: Final = ROOT / "docs" / "images" / "seals.svg"
NAME: Final = "样章示例数字科技有限公司"
PERSON: Final = "样小章"
USCC: Final = "9100000000000000XX"  # no region, no check character: nobody's
KINDS: Final = (SealKind.OFFICIAL, SealKind.FINANCE, SealKind.CONTRACT, SealKind.INVOICE, SealKind.REPRESENTATIVE)
GAP_MM: Final = 6.0


def sheet() -> Drawing:
    """Return the five seals side by side, their middles on one line."""
    font = SealFont.open([FONTS / "NotoSerifSC-Bold.ttf"])
    figures = SealFont.open([FONTS / "NotoSansSC-Medium.ttf"])
    drawings = [draw(face(kind, serial), font, figures=figures) for serial, kind in enumerate(KINDS, start=1)]
    height = max(drawing.height_mm for drawing in drawings)
    shapes: list[Shape] = []
    x = 0.0
    for drawing in drawings:
        y = (height - drawing.height_mm) / 2
        shapes.extend(moved(shape, x, y) for shape in drawing.shapes)
        x += drawing.width_mm + GAP_MM
    return Drawing(width_mm=x - GAP_MM, height_mm=height, title=f"{NAME}: five seals", shapes=tuple(shapes))


def face(kind: SealKind, serial: int) -> SealFace:
    return SealFace(kind=kind, name=NAME, code=f"000000{serial:08d}", representative=PERSON, uscc=USCC)


if __name__ == "__main__":
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(to_svg(sheet()), encoding="utf-8")
    if "--check" in sys.argv[1:] and TARGET.read_text(encoding="utf-8") != before:
        sys.exit(f"{TARGET.relative_to(ROOT)} was out of date; it is written anew")
