"""A drawing as SVG 1.1: paths only, so that it looks alike wherever it is opened."""

from functools import lru_cache
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from seals.drawing import IDENTITY, Drawing, FillRule, Matrix, Outline, Shape
from seals.notation import compact

CACHED_OUTLINES: Final = 4096


def to_svg(drawing: Drawing) -> str:
    """Return a complete document, its size in millimetres. Equal drawings give equal text."""
    width, height = compact(drawing.width_mm), compact(drawing.height_mm)
    groups = (
        f'<g class="{escape(part)}">{"".join(map(_path, shapes))}</g>\n'
        for part, shapes in groupby(drawing.shapes, key=lambda shape: shape.part)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">\n'
        f"<title>{escape(drawing.title)}</title>\n"
        f'<g transform="matrix(1 0 0 -1 0 {height})">\n{"".join(groups)}</g>\n</svg>\n'
    )


def _path(shape: Shape) -> str:
    paint = f' fill="{shape.fill.hex() if shape.fill else "none"}"'
    if shape.rule is FillRule.EVEN_ODD:
        paint += ' fill-rule="evenodd"'
    if shape.stroke:
        paint += f' stroke="{shape.stroke.hex()}" stroke-width="{compact(shape.stroke_width)}"'
    return f'<path{_transform(shape.matrix)}{paint} d="{_data(shape.outline)}"/>'


def _transform(matrix: Matrix) -> str:
    if matrix == IDENTITY:
        return ""
    return f' transform="matrix({" ".join(compact(value, places=6) for value in matrix)})"'


@lru_cache(maxsize=CACHED_OUTLINES)
def _data(outline: Outline) -> str:
    parts: list[str] = []
    for contour in outline.contours:
        parts.append("M" + _join(contour.start))
        parts.extend(("C" if len(segment) > 2 else "L") + _join(segment) for segment in contour.segments)  # noqa: PLR2004 - a line is one point
        parts.append("Z" if contour.closed else "")
    return "".join(parts)


def _join(values: tuple[float, ...]) -> str:
    return " ".join(map(compact, values))
