"""Pages of a document as pictures, for those who are asked to agree to it."""

import io

import pypdfium2

from api.acts.envelope_sealing import load
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord
from api.errors import NotFoundError
from api.scratch import scratch_file
from seals.errors import DocumentRefusedError, Reason
from seals.png import PDFIUM


def page_png(office: Office, document: DocumentRecord, number: int, *, width: int) -> bytes:
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
                    picture = page.render(scale=width / max(page.get_width(), 1.0), may_draw_forms=True).to_pil()
            except pypdfium2.PdfiumError as exc:
                raise DocumentRefusedError(Reason.BROKEN, "the page cannot be drawn") from exc
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()
