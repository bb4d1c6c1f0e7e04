"""Reading codes out of pictures."""

import io
import struct
import zlib
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from verify import pictures
from verify.errors import MalformedTokenError
from verify.pictures import read_codes


def symbol(text: str, size: int = 300) -> Image.Image:
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    grey: Any = made.to_image(scale=4)  # a buffer of one octet a pixel
    height, width = memoryview(grey).shape or (0, 0)
    return Image.frombytes("L", (width, height), memoryview(grey).tobytes()).resize((size, size))


def saved(image: Image.Image, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_code_is_read_from_each_format(form: str) -> None:
    assert read_codes(saved(symbol("ELQ1:ABC $%"), form)) == ["ELQ1:ABC $%"]


def test_all_codes_of_a_picture_are_read() -> None:
    both = Image.new("L", (700, 340), 255)
    both.paste(symbol("ONE"), (20, 20))
    both.paste(symbol("TWO"), (370, 20))
    assert sorted(read_codes(saved(both))) == ["ONE", "TWO"]


def test_a_transparent_background_is_white_paper() -> None:
    grey = symbol("CLEAR")
    clear = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=grey.point(lambda value: 255 - value))
    assert read_codes(saved(clear)) == ["CLEAR"]
    palette = grey.convert("P")
    out = io.BytesIO()
    palette.save(out, "PNG", transparency=255)
    assert read_codes(out.getvalue()) == ["CLEAR"]


def test_a_picture_without_a_code_gives_none() -> None:
    assert read_codes(saved(Image.new("L", (50, 50), 255))) == []


def header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size it does not have."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    ihdr = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"GIF89a",
        saved(Image.new("L", (9, 9)), "GIF"),
        saved(symbol("X"))[:200],
        saved(symbol("X"), "JPEG")[:200],
        header_only(8001, 5000),
        header_only(16_385, 1),
        header_only(60_000, 60_000),
        header_only(12_000, 12_000),
        bytes(pictures.MAX_BYTES + 1),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(picture: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        read_codes(picture)


def test_the_side_limit_is_inclusive() -> None:
    assert read_codes(saved(Image.new("1", (16_384, 2), 1))) == []


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_end_in_our_own_error(picture: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        read_codes(picture)


@settings(deadline=None)
@given(st.integers(8, 400), st.integers(0, 255))
def test_a_damaged_picture_ends_in_texts_or_our_own_error(place: int, value: int) -> None:
    data = bytearray(saved(symbol("DAMAGED", 100)))
    data[place % len(data)] = value
    try:
        assert isinstance(read_codes(bytes(data)), list)
    except MalformedTokenError:
        return
