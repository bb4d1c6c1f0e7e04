"""The base revision of a document of several parties: every field of every slot, empty, in one incremental update."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_uppercase
from typing import BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SignatureFormField, ensure_sig_flags

from seals.attaching import attach
from seals.errors import DocumentRefusedError, Reason
from seals.fields import drop_null_annotations, field_list
from seals.objects import dictionary, entry
from seals.pages import every_page
from seals.pdf_input import Document, Limits, open_document, refusing
from seals.planning import Planned, plan
from seals.revision import Copy, all_or_nothing, plain
from seals.slots import Attachment, FieldKind, FillKind, Frozen, FrozenField, Layout
from seals.stamps import Stamps

_TOKENS: Final = {
    FieldKind.SIGNATURE: "Sign",
    FieldKind.PICTURE: "Pict",
    FieldKind.SLICE: "Seam",
    FieldKind.FILL: "Fill",
}
_READ_ONLY: Final = 1  # ISO 32000-2 table 227, bit 1
_PUSHBUTTON: Final = 1 << 16  # table 229, bit 17: keeps no value
_MULTILINE: Final = 1 << 12  # table 231, bit 13
_PRINTED_AND_LOCKED: Final = 4 | 128  # table 167, bits 3 and 8


def freeze(
    source: BinaryIO,
    target: BinaryIO,
    layout: Layout,
    *,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    attachments: Sequence[Attachment] = (),
) -> Frozen:
    """Write `source` with all fields of `layout` to `target`, which has to be open for reading and writing.

    On any error `target` is left empty.

    Raises:
        PlacementError: names the slot or fill that cannot be where it is asked for, and why.
        DocumentRefusedError: the document cannot be laid out; one that is signed already never can.
    """
    with all_or_nothing(target):
        return _freeze(source, target, layout, limits, attachments)


def _freeze(
    source: BinaryIO, target: BinaryIO, layout: Layout, limits: Limits, attachments: Sequence[Attachment]
) -> Frozen:
    document = open_document(source, limits)
    _check_untouched(document)
    with refusing():
        pages = every_page(document.writer, document.page_count)
        planned = plan(layout, pages, document.stream)
        fields = tuple(_Writer(document).write(planned))
        attach(document.writer, attachments)
        copy = Copy(target, "sha256")
        copy.append_from(document.stream)
        copy.append(plain(copy, document.writer, seed=b"layout"))
    return Frozen(sha256=copy.hash.digest(), size=copy.size, pages=len(pages), fields=fields)


def _check_untouched(document: Document) -> None:
    if document.standing.permission is not None or document.standing.signed:
        reason = Reason.CERTIFIED if document.standing.permission == 1 else Reason.LOCKED
        raise DocumentRefusedError(reason, "the document is signed already; a signed document takes no new fields")
    if entry(dictionary(document.writer.root, "/AcroForm"), "/XFA") is not None:
        raise DocumentRefusedError(
            Reason.XFA, "the document has an XFA form, which hides other fields; print it to PDF"
        )


class _Writer:
    """Adds fields to one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._writer = document.writer
        self._fields = field_list(document.writer)
        self._stamps = Stamps(document.writer)
        self._tag = _tag(document.standing.names | document.standing.empty)

    def write(self, planned: Sequence[Planned]) -> Iterator[FrozenField]:
        """Write the fields and say what became of each."""
        slots = {name: number for number, name in enumerate(dict.fromkeys(one.slot for one in planned), start=1)}
        counts: Counter[tuple[str, FieldKind]] = Counter()
        names: dict[str, list[str]] = {}
        for one in planned:
            counts[one.slot, one.kind] += 1
            name = f"{self._tag}{slots[one.slot]:03d}{_TOKENS[one.kind]}{counts[one.slot, one.kind]:05d}"
            names.setdefault(one.slot, []).append(name)
            field = self._field(one, name, names[one.slot])
            yield self._add(one, name, field)
        ensure_sig_flags(self._writer)
        self._writer.update_container(self._fields)

    def _field(self, one: Planned, name: str, own: list[str]) -> generic.DictionaryObject:
        if one.kind is FieldKind.SIGNATURE:  # the last one of its slot: `own` is complete
            field: generic.DictionaryObject = SignatureFormField(name, box=one.box, include_on_page=one.page.ref)
            lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=list(own)).as_sig_field_lock()
            field[pdf_name("/Lock")] = self._writer.add_object(lock)
        else:
            field = _widget(one, name)
        if one.box is not None:
            field[pdf_name("/AP")] = self._appearance(one, field)
        if one.kind in {FieldKind.SIGNATURE, FieldKind.FILL}:  # pictures are too many to be told one by one
            field[pdf_name("/TU")] = generic.TextStringObject(one.told)
        return field

    def _appearance(self, one: Planned, field: generic.DictionaryObject) -> generic.DictionaryObject:
        if one.fill is None or one.fill.kind is not FillKind.TICK:
            return generic.DictionaryObject({pdf_name("/N"): self._stamps.empty})
        off, on = self._stamps.tick_box(one.fill.width_mm, one.fill.height_mm, one.page.rotate)
        field[pdf_name("/V")] = pdf_name("/Off")
        states = generic.DictionaryObject({pdf_name("/Off"): off, pdf_name("/Yes"): on})
        return generic.DictionaryObject({pdf_name("/N"): states})

    def _add(self, one: Planned, name: str, field: generic.DictionaryObject) -> FrozenField:
        ref = self._writer.add_object(field)
        self._fields.append(ref)
        drop_null_annotations(one.page)
        self._writer.register_annotation(one.page.ref, ref)
        return FrozenField(
            name=name,
            slot=one.slot,
            kind=one.kind,
            page=one.page.number,
            box=one.box,
            width_mm=one.width_mm,
            height_mm=one.height_mm,
            rotate=one.page.rotate,
            number=ref.idnum,
            slice=one.slice,
            fill=one.fill,
        )


def _widget(one: Planned, name: str) -> generic.DictionaryObject:
    """A read-only field: viewers let nobody fill it, the service does."""
    written = one.fill is not None and one.fill.kind is not FillKind.TICK
    flags = _READ_ONLY
    if one.fill is None:
        flags |= _PUSHBUTTON
    elif written:
        flags |= _MULTILINE
    field = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/FT"): pdf_name("/Tx" if written else "/Btn"),
            pdf_name("/T"): generic.TextStringObject(name),
            pdf_name("/Ff"): generic.NumberObject(flags),
            pdf_name("/F"): generic.NumberObject(_PRINTED_AND_LOCKED),
            pdf_name("/Rect"): generic.ArrayObject(generic.FloatObject(f"{value:.4f}") for value in one.box or ()),
            pdf_name("/P"): one.page.ref,
            pdf_name("/AS"): pdf_name("/Off"),  # of a field with one appearance it means nothing, and see below
        }
    )
    # With /AS, pyHanko takes no appearance stream for rewritten in place. Without, it misreads every appearance that is
    # older than the signature, and calls the fields locked and changed.
    if written:
        field[pdf_name("/DA")] = generic.TextStringObject("0 g")  # required, table 228; the service draws the text
    return field


def _tag(taken: Iterable[str]) -> str:
    """Return a beginning of names that shares none with a field that is there: some checkers mix those up."""
    for tag in ("Slot", *(f"{letter}Slot" for letter in ascii_uppercase)):
        if not any(name.startswith(tag) or f"{tag}000".startswith(name) for name in taken):
            return tag
    raise DocumentRefusedError(Reason.LOCKED, "the document's own fields leave no names for those of the parties")
