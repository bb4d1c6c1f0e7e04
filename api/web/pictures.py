"""Pictures of our own PDFs' first pages. Never used on files that came from outside."""

from io import BytesIO
from typing import Final

import pypdfium2

from seals.png import PDFIUM

PIXELS_WIDE: Final = 900  # sharp at twice the size at which the demo shows it


def first_page(pdf: bytes) -> bytes:
    """Return the first page as PNG."""
    with PDFIUM, pypdfium2.PdfDocument(pdf, autoclose=True) as document:
        document.init_forms()  # without this, signature fields and so the seal are left out
        page = document[0]
        picture = page.render(scale=PIXELS_WIDE / page.get_width(), may_draw_forms=True).to_pil()
    target = BytesIO()
    picture.convert("P", palette=1, colors=64).save(target, "PNG", optimize=True)
    return target.getvalue()
