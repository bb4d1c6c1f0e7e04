"""A small vector model: outlines in millimetres, y upwards, written alike as SVG, PDF form and PNG."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float]
Curve: TypeAlias = tuple[float, float, float, float, float, float]  # two control points and the end of a cubic
Segment: TypeAlias = Point | Curve
Matrix: TypeAlias = tuple[float, float, float, float, float, float]  # a b c d e f as in ISO 32000-2 §8.3.3

IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
QUARTER: Final = 4 * (math.sqrt(2) - 1) / 3  # control arm of a quarter circle of radius 1; off by 0.03 % at most


class FillRule(StrEnum):
    """Which regions are inside; the values are those of the SVG property."""

    NONZERO = "nonzero"
    EVEN_ODD = "evenodd"


@dataclass(frozen=True, slots=True)
class Colour:
    """sRGB, 0 to 255 each."""

    red: int
    green: int
    blue: int

    def hex(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


SEAL_RED: Final = Colour(0xC8, 0x16, 0x1D)


@dataclass(frozen=True, slots=True)
class Contour:
    """One run of lines and cubic curves. A fill closes it anyway; a stroke only where `closed`."""

    start: Point
    segments: tuple[Segment, ...]
    closed: bool = True


@dataclass(frozen=True, slots=True, eq=False)  # equal only to itself, so that writers can cache by object
class Outline:
    """Contours in units of their own; a shape's matrix brings them to millimetres."""

    contours: tuple[Contour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An outline put on the page. `part` names what it is in the picture (ring, star, name...)."""

    outline: Outline
    part: str
    matrix: Matrix = IDENTITY
    fill: Colour | None = SEAL_RED
    stroke: Colour | None = None
    stroke_width: float = 0.0  # in the outline's units
    rule: FillRule = FillRule.NONZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture of fixed size in millimetres, origin bottom left, later shapes above earlier ones."""

    width_mm: float
    height_mm: float
    title: str
    shapes: tuple[Shape, ...]

    def of_part(self, part: str) -> tuple[Shape, ...]:
        return tuple(shape for shape in self.shapes if shape.part == part)


def apply(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def moved(shape: Shape, x: float, y: float) -> Shape:
    """Return the shape `x` mm to the right and `y` mm up."""
    a, b, c, d, e, f = shape.matrix
    return replace(shape, matrix=(a, b, c, d, e + x, f + y))


def flatten(shape: Shape, *, steps: int = 8) -> Iterator[tuple[Point, ...]]:
    """Yield each contour as a polygon in millimetres, every curve cut into `steps` chords."""
    for contour in shape.outline.contours:
        points = [contour.start]
        for segment in contour.segments:
            points.extend(_points(points[-1], segment, steps))
        yield tuple(apply(shape.matrix, point) for point in points)


def _points(start: Point, segment: Segment, steps: int) -> Iterator[Point]:
    if len(segment) == 2:  # noqa: PLR2004 - a line is one point
        yield segment
        return
    x1, y1, x2, y2, x3, y3 = segment
    for step in range(1, steps + 1):
        t = step / steps
        w0, w1, w2, w3 = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        yield w0 * start[0] + w1 * x1 + w2 * x2 + w3 * x3, w0 * start[1] + w1 * y1 + w2 * y2 + w3 * y3


def ellipse(centre: Point, rx: float, ry: float) -> Contour:
    """Return four cubic quarters, counter-clockwise from the right."""
    (x, y), kx, ky = centre, rx * QUARTER, ry * QUARTER
    return Contour(
        (x + rx, y),
        (
            (x + rx, y + ky, x + kx, y + ry, x, y + ry),
            (x - kx, y + ry, x - rx, y + ky, x - rx, y),
            (x - rx, y - ky, x - kx, y - ry, x, y - ry),
            (x + kx, y - ry, x + rx, y - ky, x + rx, y),
        ),
    )


def ring(centre: Point, rx: float, ry: float, width: float) -> Outline:
    """Return an elliptic band of even thickness at the axes, to be filled even-odd."""
    return Outline((ellipse(centre, rx, ry), ellipse(centre, rx - width, ry - width)))


def rounded_square(centre: Point, side: float, radius: float) -> Contour:
    (cx, cy), h = centre, side / 2
    k, r = radius * (1 - QUARTER), radius
    left, right, low, high = cx - h, cx + h, cy - h, cy + h
    return Contour(
        (right, low + r),
        (
            (right, high - r),
            (right, high - k, right - k, high, right - r, high),
            (left + r, high),
            (left + k, high, left, high - k, left, high - r),
            (left, low + r),
            (left, low + k, left + k, low, left + r, low),
            (right - r, low),
            (right - k, low, right, low + k, right, low + r),
        ),
    )


def star(centre: Point, radius: float) -> Outline:
    """Return the regular five-point star, one point up, its points on a circle of `radius`."""
    inner = radius * math.sin(math.pi / 10) / math.sin(7 * math.pi / 10)  # edges of opposite points in line
    corners = tuple(
        (centre[0] + r * math.sin(i * math.pi / 5), centre[1] + r * math.cos(i * math.pi / 5))
        for i in range(10)
        for r in (radius if i % 2 == 0 else inner,)
    )
    return Outline((Contour(corners[0], corners[1:]),))
