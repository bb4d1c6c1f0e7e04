"""What fields show: form XObjects that are written once and shared by all fields that show the same."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.drawing import Colour, Contour, Drawing, FillRule, Outline, Shape
from seals.model import FormXObject
from seals.notation import compact
from seals.pages import POINTS_PER_MM
from seals.pdf_form import to_form
from seals.widget import compressed, form_stream

INK: Final = Colour(0x1B, 0x1B, 0x1F)
_BOX_LINE_MM: Final = 0.25
_TICK_LINE: Final = 0.1  # of the box's side
_NAME: Final = "/S"


class Stamps:
    """The form XObjects of one update."""

    def __init__(self, writer: IncrementalPdfFileWriter) -> None:
        self._writer = writer
        self._known: dict[object, generic.IndirectObject] = {}

    @property
    def empty(self) -> generic.IndirectObject:
        """What a field shows before it is filled."""
        return self._once("empty", lambda: form_stream((0, 0, 1, 1), 0, compressed(b"")))

    def drawing(self, form: FormXObject, rotate: int) -> generic.IndirectObject:
        """A drawing of the field's own size."""
        box = (0.0, 0.0, form.width_mm * POINTS_PER_MM, form.height_mm * POINTS_PER_MM)
        return self._once((form, rotate), lambda: form_stream(box, rotate, compressed(form.content)))

    def tick_box(
        self, width_mm: float, height_mm: float, rotate: int
    ) -> tuple[generic.IndirectObject, generic.IndirectObject]:
        """An empty box and a ticked one."""
        off, on = tick_face(width_mm, height_mm, ticked=False), tick_face(width_mm, height_mm, ticked=True)
        return self.drawing(off, rotate), self.drawing(on, rotate)

    def seal(
        self, picture: FormXObject, width_mm: float, height_mm: float, rotate: int, part: tuple[int, int] = (0, 1)
    ) -> generic.IndirectObject:
        """The picture in the middle of a box of this size, or one upright slice of that: `part` is (which, of how many).

        The picture itself is written once; a slice is no more than a box that cuts it off.
        """
        shared = self.drawing(picture, 0)
        key = (picture, width_mm, height_mm, rotate, part)
        return self._once(key, lambda: _window(shared, picture, width_mm, height_mm, rotate, part))

    def _once(self, key: object, make: Callable[[], generic.StreamObject]) -> generic.IndirectObject:
        if key not in self._known:
            self._known[key] = self._writer.add_object(make())
        return self._known[key]


def _window(
    shared: generic.IndirectObject,
    picture: FormXObject,
    width_mm: float,
    height_mm: float,
    rotate: int,
    part: tuple[int, int],
) -> generic.StreamObject:
    across, up = width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM
    scale = min(width_mm / picture.width_mm, height_mm / picture.height_mm)
    moved = (scale, 0, 0, scale, (across - picture.width_mm * POINTS_PER_MM * scale) / 2,
             (up - picture.height_mm * POINTS_PER_MM * scale) / 2)  # fmt: skip
    content = f"q {' '.join(compact(value, places=6) for value in moved)} cm {_NAME} Do Q".encode()
    index, count = part
    form = form_stream((across * index / count, 0, across * (index + 1) / count, up), rotate, b"")
    del form["/Filter"]  # packed, it would be longer
    form[pdf_name("/Resources")] = generic.DictionaryObject(
        {pdf_name("/XObject"): generic.DictionaryObject({pdf_name(_NAME): shared})}
    )
    return generic.StreamObject(dict(form), encoded_data=content)


@lru_cache(maxsize=64)
def tick_face(width_mm: float, height_mm: float, *, ticked: bool) -> FormXObject:
    """Return a box to tick, in the middle of a field of this size."""
    side = min(width_mm, height_mm)
    left, low = (width_mm - side) / 2, (height_mm - side) / 2
    right, high = left + side, low + side
    inner = _BOX_LINE_MM
    square = Outline(
        (
            Contour((left, low), ((right, low), (right, high), (left, high))),
            Contour(
                (left + inner, low + inner),
                ((left + inner, high - inner), (right - inner, high - inner), (right - inner, low + inner)),
            ),
        )
    )
    shapes = [Shape(outline=square, part="box", fill=INK, rule=FillRule.EVEN_ODD)]
    if ticked:
        corners = tuple((left + side * x, low + side * y) for x, y in ((0.2, 0.5), (0.42, 0.25), (0.82, 0.78)))
        mark = Outline((Contour(corners[0], corners[1:], closed=False),))
        shapes.append(Shape(outline=mark, part="tick", fill=None, stroke=INK, stroke_width=side * _TICK_LINE))
    return to_form(Drawing(width_mm=width_mm, height_mm=height_mm, title="", shapes=tuple(shapes)))
