"""A drawing as the content of a PDF form XObject: paths and colours only, no resources."""

from functools import lru_cache
from itertools import groupby
from typing import Final

from seals.drawing import IDENTITY, Colour, Drawing, FillRule, Outline, Shape
from seals.model import FormXObject
from seals.notation import compact

POINTS_PER_MM: Final = 72 / 25.4
CACHED_OUTLINES: Final = 4096


def to_form(drawing: Drawing) -> FormXObject:
    """Return the content stream; its first operator brings millimetres to points. Equal drawings give equal bytes."""
    scale = compact(POINTS_PER_MM, places=6)
    lines = [f"q {scale} 0 0 {scale} 0 0 cm"]
    for (fill, stroke), shapes in groupby(drawing.shapes, key=lambda shape: (shape.fill, shape.stroke)):
        lines.extend(_colours(fill, stroke))
        lines.extend(map(_paint, shapes))
    lines.append("Q\n")
    return FormXObject(content="\n".join(lines).encode("ascii"), width_mm=drawing.width_mm, height_mm=drawing.height_mm)


def _colours(fill: Colour | None, stroke: Colour | None) -> list[str]:
    return [
        " ".join(compact(part / 255) for part in (colour.red, colour.green, colour.blue)) + operator
        for colour, operator in ((fill, " rg"), (stroke, " RG"))
        if colour
    ]


def _paint(shape: Shape) -> str:
    """Return construction and painting of one path, its matrix and line width kept to itself (§8.4.2)."""
    operator = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}[
        shape.fill is not None, shape.stroke is not None
    ]
    if shape.rule is FillRule.EVEN_ODD and shape.fill:
        operator += "*"
    width = f"{compact(shape.stroke_width)} w " if shape.stroke else ""
    body = f"{width}{_construct(shape.outline)} {operator}"
    if shape.matrix == IDENTITY and not width:
        return body
    return f"q {' '.join(compact(value, places=6) for value in shape.matrix)} cm {body} Q"


@lru_cache(maxsize=CACHED_OUTLINES)
def _construct(outline: Outline) -> str:
    parts: list[str] = []
    for contour in outline.contours:
        parts.append(_join(contour.start) + " m")
        parts.extend(_join(segment) + (" c" if len(segment) > 2 else " l") for segment in contour.segments)  # noqa: PLR2004 - a line is one point
        parts.append("h" if contour.closed else "")
    return " ".join(filter(None, parts))


def _join(values: tuple[float, ...]) -> str:
    return " ".join(map(compact, values))
