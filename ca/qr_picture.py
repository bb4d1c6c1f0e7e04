"""QR symbols as modules, PNG and SVG. One symbol: the URL in byte mode, the payload in alphanumeric mode, level M."""

import io
from typing import Any, Final, TypeAlias

import zxingcpp
from PIL import Image

from ca.errors import CredentialError

LEVEL: Final = "M"  # 15 % of the codewords may be lost, ISO/IEC 18004 §7.5.1
QUIET: Final = 4  # modules around the symbol, ISO/IEC 18004 §5.3.8
MAX_MODULE_PX: Final = 64

Modules: TypeAlias = tuple[tuple[bool, ...], ...]  # rows from the top, True is dark, without the quiet zone


def qr_modules(text: str) -> Modules:
    """Return the symbol. Runs of payload characters are packed as alphanumeric, the rest as bytes, for the least size.

    Raises:
        CredentialError: more than the largest symbol holds, or not ASCII.
    """
    if not text or not text.isascii():
        raise CredentialError("a code holds ASCII text")
    try:
        symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    except ValueError as exc:
        raise CredentialError("the text does not fit a QR code") from exc
    picture: Any = symbol.to_image(scale=1, add_quiet_zones=False)  # a buffer of one octet a module, 0 is dark
    grey: Any = memoryview(picture).tolist()
    return tuple(tuple(value == 0 for value in row) for row in grey)


def qr_picture(text: str, *, module_px: int = 8) -> bytes:
    """Return a black and white PNG with its quiet zone.

    Raises:
        CredentialError: see `qr_modules`, or a module size that is not between 1 and 64.
    """
    if not 1 <= module_px <= MAX_MODULE_PX:
        raise CredentialError(f"a module has 1 to {MAX_MODULE_PX} pixels")
    modules = qr_modules(text)
    side = len(modules)
    small = Image.new("1", (side + 2 * QUIET, side + 2 * QUIET), 1)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                small.putpixel((x + QUIET, y + QUIET), 0)
    whole = small.resize((small.width * module_px, small.height * module_px), Image.Resampling.NEAREST)
    out = io.BytesIO()
    whole.save(out, "PNG", optimize=True)
    return out.getvalue()


def qr_svg(text: str, *, quiet: int = QUIET, dark: str = "#000") -> str:
    """Return an SVG of one path, one unit a module: sharp at every size.

    Raises:
        CredentialError: see `qr_modules`.
    """
    modules = qr_modules(text)
    side = len(modules) + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path fill="{dark}" d="{_path(modules, quiet)}"/></svg>'
    )


def _path(modules: Modules, quiet: int) -> str:
    """Horizontal runs of dark modules as closed strokes."""
    runs = []
    for y, row in enumerate(modules):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            end = x
            while end < len(row) and row[end]:
                end += 1
            runs.append(f"M{x + quiet} {y + quiet}h{end - x}v1h{x - end}z")
            x = end
    return "".join(runs)
