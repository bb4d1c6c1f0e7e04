"""QR symbols as modules, PNG and SVG. One symbol: the URL in byte mode, the payload in alphanumeric mode, level M."""

import io
from functools import lru_cache
from typing import Final, TypeAlias

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.util import QRData

from ca.errors import CredentialError

ALPHANUMERIC_MODE: Final = 2  # mode indicators, ISO/IEC 18004 §7.4.1
BYTE_MODE: Final = 4
LEVEL: Final = ERROR_CORRECT_M  # 15 % of the codewords may be lost, ISO/IEC 18004 §7.5.1
ALPHANUMERIC: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")  # ISO/IEC 18004 §7.4.4
QUIET: Final = 4  # modules around the symbol, ISO/IEC 18004 §5.3.8
KEPT: Final = 64  # symbols: trying all eight masks takes a fifth of a second
MAX_MODULE_PX: Final = 64

Modules: TypeAlias = tuple[tuple[bool, ...], ...]  # rows from the top, True is dark, without the quiet zone


@lru_cache(maxsize=KEPT)
def qr_modules(text: str) -> Modules:
    """Return the symbol. What stands behind the first `#` is packed as alphanumeric if it can be, the rest as bytes.

    Raises:
        CredentialError: more than the largest symbol holds, or not ASCII.
    """
    if not text or not text.isascii():
        raise CredentialError("a code holds ASCII text")
    symbol = qrcode.QRCode(error_correction=LEVEL, border=0, box_size=1)
    for part in _segments(text):
        symbol.add_data(part, optimize=0)
    try:
        symbol.make(fit=True)
    except (DataOverflowError, ValueError) as exc:  # ValueError: a version beyond 40 is asked for inside
        raise CredentialError("the text does not fit a QR code") from exc
    return tuple(tuple(bool(dark) for dark in row) for row in symbol.get_matrix())


def _segments(text: str) -> list[QRData]:
    """The address in bytes, its fragment in the denser mode."""
    head, mark, payload = text.rpartition("#")
    parts = [part for part in (head + mark, payload) if part]
    return [_segment(part, dense=part is payload and set(part) <= ALPHANUMERIC) for part in parts]


def _segment(text: str, *, dense: bool) -> QRData:
    data = text.encode("ascii")
    if dense:
        return QRData(data, ALPHANUMERIC_MODE, check_data=False)
    return QRData(data, BYTE_MODE, check_data=False)


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
