"""Files that people bring to be sealed: an ordinary report, a scanned contract."""

from pathlib import Path
from typing import Final

import typst
from PIL import Image, ImageDraw

from api.settings import ASSETS

PAGES: Final = 50


def report_of_many_pages() -> bytes:
    """An ordinary report of 50 pages, as office programs make them."""
    page = "= Section {n}\n#lorem(300)\n#table(columns: 4, ..range(40).map(i => [#i]))\n#pagebreak(weak: true)\n"
    text = '#set page("a4")\n#set text(font: "Noto Serif SC", size: 8pt)\n'
    text += "".join(page.replace("{n}", str(number + 1)) for number in range(PAGES))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(ASSETS / "fonts")])
    made = typst.compile(text.encode(), font_paths=fonts, format="pdf")
    assert isinstance(made, bytes)
    return made


def scan(path: Path, *, pages: int = 3) -> None:
    """A scanned contract: pictures of pages, no text, no font."""
    images = []
    for number in range(pages):
        image = Image.new("L", (1240, 1754), 245)  # A4 at 150 dpi
        draw = ImageDraw.Draw(image)
        for line in range(40):
            draw.line((120, 150 + 36 * line, 1100 - 13 * ((line * 7 + number) % 20), 152 + 36 * line), fill=60, width=4)
        images.append(image.convert("RGB"))
    images[0].save(path, "PDF", resolution=150, save_all=True, append_images=images[1:])
