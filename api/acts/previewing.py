"""What will be sealed, as a picture: a page of the very file, with the seal where it will be."""

import io
from typing import BinaryIO, Final

import pypdfium2
from PIL import Image

from api.acts.faces import picture_of, seal_png
from api.acts.office import Office
from api.acts.seal_life import seal
from api.acts.sealing import SealOrder
from api.errors import NotFoundError
from seals.errors import DocumentRefusedError, Reason
from seals.pdf_input import Limits
from seals.placement import Placement
from seals.png import PDFIUM
from seals.previews import Spot, spot_of
from seals.register import Seal

PIXELS_WIDE: Final = 1000
MAX_PIXELS_HIGH: Final = 4000  # of a page that is a strip
MAX_SIZE: Final = 14_400.0  # points, ISO 32000-1 annex C


def locate(office: Office, one: Seal, source: BinaryIO, placement: Placement) -> Spot | None:
    """Where the seal will show; None for one that is not seen.

    Raises:
        DocumentRefusedError, PlacementError: it would not be applied.
    """
    limits = Limits(max_bytes=office.settings.max_document_bytes)
    try:
        return spot_of(source, placement, picture_of(office, one), limits)
    finally:
        source.seek(0)


def preview(office: Office, code: str, source: BinaryIO, order: SealOrder, number: int) -> bytes:
    """Draw page `number`, 1-based, as PNG.

    Raises:
        NotFoundError: there is no such page.
        DocumentRefusedError: it cannot be drawn.
    """
    one = seal(office, code)
    spot = locate(office, one, source, order.placement)
    picture = _draw(source, number)
    if spot is not None and spot.page == number:
        across, down = picture.width / spot.page_mm[0], picture.height / spot.page_mm[1]
        with Image.open(io.BytesIO(seal_png(office, one))) as drawn:
            size = (max(1, round(spot.width_mm * across)), max(1, round(spot.height_mm * down)))
            scaled = drawn.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
        picture.paste(scaled, (round(spot.x_mm * across), round(spot.y_mm * down)), scaled)
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def _draw(source: BinaryIO, number: int) -> Image.Image:
    source.seek(0)
    with PDFIUM:
        try:
            with pypdfium2.PdfDocument(source) as document:
                if not 1 <= number <= len(document):
                    raise NotFoundError(f"the document has {len(document)} pages")
                document.init_forms()
                page = document[number - 1]
                width, height = (min(max(points, 1.0), MAX_SIZE) for points in page.get_size())
                scale = min(PIXELS_WIDE / width, MAX_PIXELS_HIGH / height)
                drawn: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil()
                return drawn.convert("RGB")
        except pypdfium2.PdfiumError as exc:
            raise DocumentRefusedError(Reason.BROKEN, "the page cannot be drawn") from exc
