"""Look into a sealed PDF with other means than those that sealed it."""

import io
import re
from dataclasses import dataclass
from typing import Any

import pypdfium2
from asn1crypto import cms
from PIL import ImageChops


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature dictionary as its bytes stand in the file."""

    byte_range: tuple[int, int, int, int]
    cms: bytes
    signed: bytes

    @property
    def content(self) -> Any:
        return cms.ContentInfo.load(self.cms)["content"]


def signatures(document: bytes) -> list[Signature]:
    """Return all signatures, in the order of the file."""
    found = []
    for match in re.finditer(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", document):
        a, b, c, d = (int(one) for one in match.groups())
        raw = bytes.fromhex(document[a + b + 1 : c - 1].decode())
        length = 4 + int.from_bytes(raw[2:4])  # 30 82 xx xx
        found.append(
            Signature(byte_range=(a, b, c, d), cms=raw[:length], signed=document[a : a + b] + document[c : c + d])
        )
    return sorted(found, key=lambda one: one.byte_range[3] + one.byte_range[2])


def red_box(document: bytes, page: int = 0) -> tuple[float, float, float, float]:
    """Return the box of all that is red on the page as displayed: left, top, right, bottom in mm."""
    with pypdfium2.PdfDocument(io.BytesIO(document)) as pdf:
        pdf.init_forms()
        shown = pdf[page]
        scale = 3.0
        image = shown.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    red, green, blue = image.split()
    mask = ImageChops.multiply(
        red.point(lambda v: 255 * (v > 150)),
        ImageChops.multiply(green.point(lambda v: 255 * (v < 90)), blue.point(lambda v: 255 * (v < 90))),
    )
    found = mask.getbbox()
    assert found is not None, "nothing on the page is red"
    left, top, right, bottom = (one * 25.4 / 72 / scale for one in found)
    return left, top, right, bottom
