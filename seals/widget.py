"""The picture of a seal as the appearance of a signature field's widget (ISO 32000-1 §12.5.5)."""

import zlib
from functools import lru_cache
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields

from seals.model import FormXObject
from seals.objects import entry, reference
from seals.pages import POINTS_PER_MM, Box

# A page turned clockwise shows the picture upright if the form is turned the other way: cos, sin, -sin, cos, 0, 0.
_MATRICES: Final = {
    0: (1, 0, 0, 1, 0, 0),
    90: (0, 1, -1, 0, 0, 0),
    180: (-1, 0, 0, -1, 0, 0),
    270: (0, -1, 1, 0, 0, 0),
}
_PICTURES_KEPT: Final = 64  # compressed pictures, some tens of kilobytes each


def show(
    writer: IncrementalPdfFileWriter,
    widget: generic.DictionaryObject,
    picture: FormXObject,
    rotate: int,
    room: Box | None,
) -> None:
    """Make `picture` the widget's normal appearance, upright on a page turned by `rotate`.

    `room` is the rectangle of a field that was there before: the picture then keeps its proportions in its middle.
    """
    form = _form(picture, rotate) if room is None else _fitted(picture, rotate, room)
    appearance = _same_in_file(writer, form) or writer.add_object(form)
    widget[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): appearance})
    writer.update_container(widget)


def _form(picture: FormXObject, rotate: int) -> generic.StreamObject:
    width, height = picture.width_mm * POINTS_PER_MM, picture.height_mm * POINTS_PER_MM
    return form_stream((0, 0, width, height), rotate, compressed(picture.content))


def _fitted(picture: FormXObject, rotate: int, room: Box) -> generic.StreamObject:
    across, up = room[2] - room[0], room[3] - room[1]
    if rotate in {90, 270}:
        across, up = up, across
    width, height = picture.width_mm * POINTS_PER_MM, picture.height_mm * POINTS_PER_MM
    scale = min(across / width, up / height)
    dx, dy = (across - width * scale) / 2, (up - height * scale) / 2
    moved = b"q %f 0 0 %f %f %f cm\n%s\nQ" % (scale, scale, dx, dy, picture.content)
    return form_stream((0, 0, across, up), rotate, compressed(moved))


def form_stream(box: Box, rotate: int, packed: bytes) -> generic.StreamObject:
    """A form XObject of this box that stands upright on a page turned by `rotate`."""
    entries = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): generic.ArrayObject([generic.FloatObject(f"{value:.4f}") for value in box]),
        pdf_name("/Resources"): generic.DictionaryObject(),
        pdf_name("/Filter"): pdf_name("/FlateDecode"),
    }
    if rotate:
        numbers = [generic.NumberObject(value) for value in _MATRICES[rotate]]
        entries[pdf_name("/Matrix")] = generic.ArrayObject(numbers)
    return generic.StreamObject(entries, encoded_data=packed)


@lru_cache(maxsize=_PICTURES_KEPT)
def compressed(content: bytes) -> bytes:
    """Deflate a content stream, each picture once."""
    return zlib.compress(content, 9)


def _same_in_file(writer: IncrementalPdfFileWriter, form: generic.StreamObject) -> generic.IndirectObject | None:
    """Return the appearance of an earlier seal if it is this very picture: ten seals need not weigh ten pictures."""
    for _, _, ref in enumerate_sig_fields(writer, filled_status=True):
        found = reference(entry(ref.get_object(), "/AP"), "/N")
        if found is not None and _equal(found.get_object(), form):
            return found
    return None


def _equal(there: generic.PdfObject, form: generic.StreamObject) -> bool:
    return (
        isinstance(there, generic.StreamObject)
        and there.encoded_data == form.encoded_data
        and all(entry(there, key) == entry(form, key) for key in ("/BBox", "/Matrix", "/Filter"))
    )
