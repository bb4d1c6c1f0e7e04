"""Fill one slot: check what is filled in, draw it, and put seal, slices and texts into the frozen fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.errors import AppearanceError, DocumentRefusedError, FillError, PlacementError, Reason
from seals.fonts import SealFont
from seals.model import FormXObject
from seals.objects import entry
from seals.scanning import redraw
from seals.slots import FieldKind, FillKind, Frozen, FrozenField
from seals.stamps import Stamps
from seals.typeset import text_face
from seals.values import YES, check_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """All that one slot shows, checked and drawn."""

    signature: FrozenField
    seals: tuple[FrozenField, ...]  # pictures and slices
    texts: tuple[tuple[FrozenField, str, FormXObject], ...]
    ticks: tuple[FrozenField, ...]
    picture: FormXObject | None


def draw_filling(
    frozen: Frozen, slot: str, *, picture: FormXObject | None, values: Mapping[str, str], font: SealFont | None
) -> Filling:
    """Check values and picture against the slot's fields.

    Raises:
        PlacementError: no such slot, or no picture where the seal is shown.
        FillError: names the field.
    """
    fields = frozen.of(slot)
    if not fields:
        raise PlacementError(f"the document has no slot “{slot}”; it has “{'”, “'.join(frozen.slots)}”")
    signature = next(one for one in fields if one.kind is FieldKind.SIGNATURE)
    seals = tuple(one for one in fields if one.kind in {FieldKind.PICTURE, FieldKind.SLICE})
    if picture is None and (seals or signature.box is not None):
        raise PlacementError(f"the slot “{slot}” shows a seal and needs its picture")
    check_values(slot, {one.fill.name: one.fill for one in fields if one.fill is not None}, values)
    filled = [(one, one.fill, values.get(one.fill.name, "")) for one in fields if one.fill is not None]
    return Filling(
        signature=signature,
        seals=seals,
        texts=tuple(
            (one, value, _drawn(one, fill.name, value, font))
            for one, fill, value in filled
            if value and fill.kind is not FillKind.TICK
        ),
        ticks=tuple(one for one, fill, value in filled if fill.kind is FillKind.TICK and value == YES),
        picture=picture,
    )


def _drawn(field: FrozenField, name: str, value: str, font: SealFont | None) -> FormXObject:
    if font is None:
        raise FillError(name, "cannot be drawn: there is no font")
    try:
        return text_face(value, field.width_mm, field.height_mm, font)
    except AppearanceError as exc:
        raise FillError(name, f"cannot be drawn: {exc}") from exc


def write_filling(writer: IncrementalPdfFileWriter, filled: Filling, *, signed: bool) -> None:
    """Put everything into the fields; the place of the signature itself only where it is `signed` in the same update.

    Raises:
        DocumentRefusedError: a field is not the one that was frozen, or is filled already.
    """
    stamps = Stamps(writer)
    if filled.picture is not None:
        own = (filled.signature,) if signed and filled.signature.box is not None else ()
        for field in (*filled.seals, *own):
            size, part = (field.width_mm, field.height_mm), field.slice or (0, 1)
            look = stamps.seal(filled.picture, *size, field.rotate, part)
            if field.kind is FieldKind.SIGNATURE or not redraw(writer, field, look):
                _show(writer, field, look)
    for field, value, face in filled.texts:
        found = _show(writer, field, stamps.drawing(face, field.rotate))
        found[pdf_name("/V")] = generic.TextStringObject(value)
    for field in filled.ticks:
        found = _found(writer, field)
        found[pdf_name("/V")] = found[pdf_name("/AS")] = pdf_name("/Yes")


def _show(
    writer: IncrementalPdfFileWriter, field: FrozenField, form: generic.IndirectObject
) -> generic.DictionaryObject:
    found = _found(writer, field)
    found[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): form})
    return found


def _found(writer: IncrementalPdfFileWriter, field: FrozenField) -> generic.DictionaryObject:
    """Return the field, marked as changed."""
    reference = generic.Reference(field.number, 0, writer)
    found: generic.DictionaryObject = writer.get_object(reference)
    if entry(found, "/T") != field.name:
        raise DocumentRefusedError(Reason.CHANGED_SINCE_FREEZE, f"the field {field.name} is not where it was frozen")
    writer.mark_update(reference)
    return found
