"""Where a seal will show, before it is applied: the same geometry as sealing, on a document that stays as it is."""

from dataclasses import dataclass
from typing import BinaryIO

from seals.model import FormXObject
from seals.pages import find_page
from seals.pdf_input import Limits, open_document, refusing
from seals.placement import AtKeyword, AtPosition, InField, Invisible, Placement, find_keyword


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A rectangle on a page as shown, in millimetres from its top left corner."""

    page: int  # 1-based
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    page_mm: tuple[float, float]


def spot_of(source: BinaryIO, placement: Placement, picture: FormXObject, limits: Limits) -> Spot | None:
    """Return where the picture will show; None where nothing will be seen.

    Raises:
        DocumentRefusedError: the document cannot be sealed.
        PlacementError: the place does not exist or the picture does not fit.
    """
    document = open_document(source, limits)
    with refusing():
        match placement:
            case Invisible() | InField():
                return None
            case AtPosition(page=number, x_mm=x_mm, y_mm=y_mm):
                page = find_page(document.writer, number, document.page_count)
            case AtKeyword(dx_mm=dx_mm, dy_mm=dy_mm) as keyword:
                found = find_keyword(document.stream, keyword)
                page = find_page(document.writer, found.page, document.page_count)
                x_mm, y_mm = page.to_shown((found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2)
                x_mm, y_mm = x_mm + dx_mm, y_mm + dy_mm
        page.rectangle(x_mm, y_mm, picture.width_mm, picture.height_mm)
    return Spot(
        page=page.number,
        x_mm=x_mm - picture.width_mm / 2,
        y_mm=y_mm - picture.height_mm / 2,
        width_mm=picture.width_mm,
        height_mm=picture.height_mm,
        page_mm=page.shown_mm,
    )
