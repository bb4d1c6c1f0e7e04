"""Choose or make the signature field for a seal, and put the empty signature container into it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPSpec,
    MDPPerm,
    SignatureFormField,
    SigSeedSubFilter,
    ensure_sig_flags,
)
from pyhanko.sign.signers.cms_embedder import SigMDPSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import BuildProps, DocumentTimestamp, SignatureObject

from seals import widget
from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.mdp import NO_CHANGES
from seals.model import FormXObject
from seals.objects import array, dictionary
from seals.pages import Box, Page, find_page, page_of
from seals.pdf_input import Document
from seals.placement import AtKeyword, AtPosition, InField, Invisible, Placement, find_keyword

SEAL_PREFIX: Final = "Seal"
TIMESTAMP_PREFIX: Final = "Timestamp"
MAX_FIELD_NAME: Final = 100  # characters
_ANYTHING_BUT_CHANGES: Final = 3  # DocMDP P=3, the laxest, ISO 32000-2 table 257


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the caller wants to see in the document."""

    placement: Placement
    picture: FormXObject | None
    field: str | None
    certify: int | None
    reason: str | None
    location: str | None
    contact: str | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The field that was chosen and the page it shows on, 1-based."""

    field: str
    page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    page: Page
    box: Box
    picture: FormXObject


def signature_container(document: Document, asked: Asked, room: int) -> tuple[Target, SignatureObject]:
    """Add a signature of `room` bytes to the document, not yet filled.

    Raises:
        PlacementError: the place does not exist or the picture does not fit.
        DocumentRefusedError: an earlier signature forbids it.
    """
    name = choose_field(document, asked)
    spot = _spot(document, asked)
    container = SignatureObject(
        timestamp=asked.now,
        subfilter=SigSeedSubFilter.PADES,
        reason=asked.reason,
        location=asked.location,
        contact_info=asked.contact,
        app_build_props=BuildProps(name="Vermilion"),
        bytes_reserved=2 * room,
    )
    page = _embed(document, name, container, spot, asked)
    return Target(field=name, page=page), container


def timestamp_container(document: Document, room: int) -> DocumentTimestamp:
    """Add a document time-stamp of `room` bytes, not yet filled.

    No certification forbids it, not even P=1 (ISO 32000-2 table 257).
    """
    name = document.standing.unused_name(TIMESTAMP_PREFIX)
    container = DocumentTimestamp(bytes_reserved=2 * room)
    page = find_page(document.writer, 1, document.page_count)
    field = _new_field(document, name, page, None)
    field[pdf_name("/V")] = document.writer.add_object(container)
    document.writer.register_extension(ESIC_EXTENSION_1)
    return container


def choose_field(document: Document, asked: Asked) -> str:
    """Return the name of the field to sign.

    Raises:
        PlacementError: a field is asked for that is not there, or the name is not usable.
        DocumentRefusedError: the field is signed, or an earlier signature forbids to sign it.
    """
    standing = document.standing
    if asked.certify is not None and not NO_CHANGES <= asked.certify <= _ANYTHING_BUT_CHANGES:
        raise PlacementError("a certification allows changes of level 1, 2 or 3")
    if asked.certify is not None and standing.signed:
        raise DocumentRefusedError(Reason.LOCKED, "only the first signature of a document can certify it")
    name = asked.field or standing.unused_name(SEAL_PREFIX)
    if name in standing.signed:
        raise DocumentRefusedError(Reason.LOCKED, f"the field {name!r} is signed already")
    if name in standing.empty:
        if isinstance(asked.placement, AtPosition | AtKeyword):
            raise PlacementError(f"the field {name!r} has its own place")
    elif isinstance(asked.placement, InField):
        raise PlacementError(f"the document has no empty signature field {name!r}")
    elif len(name) > MAX_FIELD_NAME or "." in name or name in standing.names:
        raise PlacementError(f"a new signature field cannot be named {name!r}")
    standing.check(name)
    return name


def _spot(document: Document, asked: Asked) -> _Spot | None:
    match asked.placement:
        case Invisible() | InField():
            return None
        case AtPosition(page=number, x_mm=x_mm, y_mm=y_mm):
            page = find_page(document.writer, number, document.page_count)
        case AtKeyword(dx_mm=dx_mm, dy_mm=dy_mm) as keyword:
            found = find_keyword(document.stream, keyword)
            page = find_page(document.writer, found.page, document.page_count)
            x_mm, y_mm = page.to_shown((found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2)
            x_mm, y_mm = x_mm + dx_mm, y_mm + dy_mm
    if asked.picture is None:
        raise PlacementError("a visible seal needs a picture")
    box = page.rectangle(x_mm, y_mm, asked.picture.width_mm, asked.picture.height_mm)
    return _Spot(page=page, box=box, picture=asked.picture)


def _embed(document: Document, name: str, container: SignatureObject, spot: _Spot | None, asked: Asked) -> int | None:
    """Tie field, picture and signature together. Returns the page that the seal shows on."""
    writer = document.writer
    if name in document.standing.empty:
        known = document.standing.references[name]
        field_ref = generic.IndirectObject(known.idnum, known.generation, writer)
        field = field_ref.get_object()
        writer.mark_update(field_ref)
        ensure_sig_flags(writer)
        shown = _fill(document, field, asked.picture) if isinstance(asked.placement, InField) else None
    else:
        page = spot.page if spot else find_page(writer, 1, document.page_count)
        field = _new_field(document, name, page, spot.box if spot else None)
        shown = page.number if spot else None
        if spot:
            widget.show(writer, field, spot.picture, page.rotate, None)
    container_ref = writer.add_object(container)
    field[pdf_name("/V")] = container_ref
    if rules := _rules(field, asked):
        rules.apply(container_ref, writer)
    if asked.certify is not None:
        writer.update_root()
    writer.register_extension(ESIC_EXTENSION_1)
    return shown


def field_list(writer: IncrementalPdfFileWriter) -> generic.ArrayObject:
    """Return the list of the form's top-level fields; the form is made if there is none."""
    form = dictionary(writer.root, "/AcroForm")
    if form is None:
        form = generic.DictionaryObject()
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()
    fields = array(form, "/Fields")
    if fields is None:
        fields = generic.ArrayObject()
        form[pdf_name("/Fields")] = fields
        writer.update_container(form)
    return fields


def drop_null_annotations(page: Page) -> None:
    """Remove an /Annots entry that is null, which pyHanko takes for an array."""
    shown_on = page.ref.get_object()
    if "/Annots" in shown_on and array(shown_on, "/Annots") is None:
        del shown_on["/Annots"]


def _new_field(document: Document, name: str, page: Page, box: Box | None) -> generic.DictionaryObject:
    writer = document.writer
    fields = field_list(writer)
    field = SignatureFormField(name, box=box, include_on_page=page.ref)
    ref = writer.add_object(field)
    fields.append(ref)
    writer.update_container(fields)
    drop_null_annotations(page)
    field.register_widget_annotation(writer, ref)
    ensure_sig_flags(writer)
    return field


def _fill(document: Document, field: generic.DictionaryObject, picture: FormXObject | None) -> int | None:
    """Show the picture in a field that was there before, if the field has any extent."""
    annotation = get_single_field_annot(field)
    corners = [float(one.get_object()) for one in annotation["/Rect"]]
    box = (min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2]))
    if box[0] == box[2] or box[1] == box[3]:
        return None
    if picture is None:
        raise PlacementError("a visible seal needs a picture")
    page = page_of(document.writer, annotation, document.page_count)
    widget.show(document.writer, annotation, picture, page.rotate, box)
    return page.number


def _rules(field: generic.DictionaryObject, asked: Asked) -> SigMDPSetup | None:
    """What the seal forbids from now on: DocMDP as asked, FieldMDP as the field's /Lock says."""
    lock = dictionary(field, "/Lock")
    locked = FieldMDPSpec.from_pdf_object(lock) if lock is not None else None
    if locked is None and asked.certify is None:
        return None
    return SigMDPSetup(
        md_algorithm="sha256",  # written nowhere: a leftover of PDF 1.5
        certify=asked.certify is not None,
        field_lock=locked,
        docmdp_perms=MDPPerm(asked.certify) if asked.certify is not None else None,
    )
