"""Pages of a document as pictures, for those who are asked to agree to it."""

import io
from dataclasses import dataclass
from typing import Final

import pypdfium2

from api.acts.envelope_sealing import load
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord
from api.errors import NotFoundError
from api.scratch import scratch_file
from seals.errors import DocumentRefusedError, Reason
from seals.png import PDFIUM

POINT_MM: Final = 25.4 / 72


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A page as displayed, and its true size."""

    png: bytes
    width_mm: float
    height_mm: float


def page_png(office: Office, document: DocumentRecord, number: int, *, width: int) -> PagePicture:
    """Draw page `number`, 1-based, `width` pixels wide.

    Raises:
        NotFoundError: there is no such page.
        DocumentRefusedError: the page cannot be drawn.
    """
    if not 1 <= number <= document.pages:
        raise NotFoundError(f"the document has {document.pages} pages")
    with scratch_file(office.scratch) as file:
        load(office, document.current_object or document.source_object, file)
        with PDFIUM:
            try:
                with pypdfium2.PdfDocument(file) as opened:
                    opened.init_forms()
                    page = opened[number - 1]
                    across, down = (points * POINT_MM for points in page.get_size())
                    picture = page.render(scale=width / max(page.get_width(), 1.0), may_draw_forms=True).to_pil()
            except pypdfium2.PdfiumError as exc:
                raise DocumentRefusedError(Reason.BROKEN, "the page cannot be drawn") from exc
    made = io.BytesIO()
    picture.save(made, "PNG")
    return PagePicture(png=made.getvalue(), width_mm=across, height_mm=down)
