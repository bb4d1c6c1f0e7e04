"""A drawing as PNG: PDFium paints the very content stream that goes into documents."""

import math
import struct
import threading
import zlib
from collections.abc import Iterator
from typing import Final

import pypdfium2 as pdfium

from seals.drawing import Drawing
from seals.errors import AppearanceError
from seals.notation import compact
from seals.pdf_form import POINTS_PER_MM, to_form

MIN_DPI: Final = 36
MAX_DPI: Final = 2400  # both inclusive; 40 mm are then 3780 pixels, 57 MB while painting
PDFIUM: Final = threading.Lock()  # PDFium keeps global state: one thread at a time
DEFLATE: Final = 6  # level 9 takes eight times as long for a sixth less
MM_PER_INCH: Final = 25.4


def to_png(drawing: Drawing, *, dpi: int, transparent: bool = True) -> bytes:
    """Return an RGBA picture of ceil(mm / 25.4 · dpi) pixels, on nothing or on white.

    Raises:
        AppearanceError: `dpi` is outside MIN_DPI to MAX_DPI.
    """
    if not MIN_DPI <= dpi <= MAX_DPI:
        raise AppearanceError(f"{dpi} dpi is outside {MIN_DPI} to {MAX_DPI}")
    width, height = (math.ceil(round(mm / MM_PER_INCH * dpi, 6)) for mm in (drawing.width_mm, drawing.height_mm))
    pixels = _render(one_page(drawing), width, height, 0x00FFFFFF if transparent else 0xFFFFFFFF)
    return _encode(pixels, width, height, dpi)


def one_page(drawing: Drawing) -> bytes:
    """Return a PDF of one page of the drawing's size that holds nothing but the drawing."""
    form = to_form(drawing)
    box = f"0 0 {compact(form.width_mm * POINTS_PER_MM)} {compact(form.height_mm * POINTS_PER_MM)}"
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Resources<<>>/Contents 4 0 R>>".encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(form.content), form.content),
    )
    parts, offsets = [b"%PDF-1.7\n"], []
    for number, body in enumerate(bodies, start=1):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj%s endobj\n" % (number, body))
    start = sum(map(len, parts))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(
        b"xref\n0 5\n0000000000 65535 f \n" + table + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )
    return b"".join(parts)


def _render(pdf: bytes, width: int, height: int, background: int) -> bytes:
    """Return RGBA rows without padding; alpha is not multiplied in."""
    with PDFIUM:
        document = pdfium.PdfDocument(pdf)
        page = document[0]
        bitmap = pdfium.PdfBitmap.new_native(width, height, pdfium.raw.FPDFBitmap_BGRA, rev_byteorder=True)
        pdfium.raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, background)
        flags = pdfium.raw.FPDF_REVERSE_BYTE_ORDER
        pdfium.raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        rows = bytes(bitmap.buffer)
        stride = bitmap.stride
        for item in (bitmap, page, document):
            item.close()
    return b"".join(rows[y * stride : y * stride + 4 * width] for y in range(height))


def _encode(pixels: bytes, width: int, height: int, dpi: int) -> bytes:
    """Write IHDR, pHYs (W3C PNG §11.3.4.3, pixels per metre), IDAT and IEND."""
    density = round(dpi / MM_PER_INCH * 1000)
    rows = b"".join(b"\0" + pixels[y * 4 * width : (y + 1) * 4 * width] for y in range(height))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"pHYs", struct.pack(">IIB", density, density, 1)),
        (b"IDAT", zlib.compress(rows, DEFLATE)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(chunks))


def _chunks(chunks: tuple[tuple[bytes, bytes], ...]) -> Iterator[bytes]:
    for name, data in chunks:
        yield struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
