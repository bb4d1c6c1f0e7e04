"""One character's outline in a unit that is the same for every font."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.qu2cuPen import Qu2CuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen

from seals.drawing import Contour, Outline, Point, Segment

EM: Final = 1000  # units to the em in which outlines are handed out
TOLERANCE: Final = 1.0  # EM units between a font's quadratic splines and our cubic ones: 5 µm in a seal
CACHED_GLYPHS: Final = 4096  # per font file, about 10 kB each
Box: TypeAlias = tuple[float, float, float, float]  # x0 y0 x1 y1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glyph:
    """An outline in 1/1000 em, y upwards from the baseline, with its ink box."""

    character: str
    outline: Outline
    advance: float
    box: Box  # all zero where there is no ink

    @property
    def has_ink(self) -> bool:
        return bool(self.outline.contours)


def read_glyph(character: str, drawable: Any, glyph_set: Any, *, advance: float, units_per_em: int) -> Glyph:
    """Record what `drawable.draw(pen)` draws, components resolved, splines as few cubics as TOLERANCE allows."""
    recorded = DecomposingRecordingPen(glyph_set)
    drawable.draw(Qu2CuPen(recorded, TOLERANCE * units_per_em / EM, all_cubic=True))
    scale = EM / units_per_em
    contours = tuple(_contours(recorded.value, scale))
    bounds = BoundsPen(glyph_set)
    recorded.replay(bounds)
    x0, y0, x1, y1 = (edge * scale for edge in bounds.bounds or (0, 0, 0, 0))
    return Glyph(character=character, outline=Outline(contours), advance=advance * scale, box=(x0, y0, x1, y1))


def _contours(operations: list[tuple[str, tuple[Point, ...]]], scale: float) -> list[Contour]:
    contours: list[Contour] = []
    start: Point = (0, 0)
    segments: list[Segment] = []
    for operator, points in operations:
        rounded = [(round(x * scale), round(y * scale)) for x, y in points]
        if operator == "moveTo":
            start, segments = rounded[0], []
        elif operator == "lineTo":
            segments.append(rounded[0])
        elif operator == "curveTo":
            (x1, y1), (x2, y2), (x3, y3) = rounded
            segments.append((x1, y1, x2, y2, x3, y3))
        elif segments:  # closePath or endPath
            contours.append(Contour(start, tuple(segments)))
    return contours
