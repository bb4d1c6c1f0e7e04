"""Reading QR codes out of pictures that anyone may send."""

import io
import warnings
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from verify.errors import MalformedTokenError

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MAX_BYTES: Final = 20_000_000
MAX_PIXELS: Final = 40_000_000  # a telephone's picture; 40 MB when decoded to grey
MAX_SIDE: Final = 16_384
QR: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def read_codes(picture: bytes) -> list[str]:
    """Return the texts of all QR codes in a PNG, JPEG or WebP picture; none is an empty list.

    Raises:
        MalformedTokenError: not such a picture, damaged, or larger than the limits.
    """
    if len(picture) > MAX_BYTES:
        raise MalformedTokenError(f"a picture of more than {MAX_BYTES} octets")
    found = zxingcpp.read_barcodes(_grey(picture), formats=QR, text_mode=zxingcpp.TextMode.Plain)
    return [one.text for one in found]


def _grey(picture: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of decompression bombs before it refuses them
            return _flat(Image.open(io.BytesIO(picture), formats=FORMATS))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, Warning) as exc:
        raise MalformedTokenError("not a PNG, JPEG or WebP picture that can be read") from exc


def _flat(image: Image.Image) -> Image.Image:
    """Decode within the limits, on white paper: a transparent background would come out black."""
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise MalformedTokenError(f"a picture of more than {MAX_PIXELS} pixels")
    if "A" in image.getbands() or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("L")
