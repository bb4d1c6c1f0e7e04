import io
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from seals.appearance import draw
from seals.drawing import (
    SEAL_RED,
    Colour,
    Contour,
    Drawing,
    FillRule,
    Outline,
    Shape,
    ellipse,
    flatten,
    ring,
    rounded_square,
    star,
)
from seals.errors import AppearanceError
from seals.face import SealFace
from seals.model import SealKind
from seals.notation import compact
from seals.pdf_form import to_form
from seals.png import MAX_DPI, MIN_DPI, one_page, to_png
from seals.svg import to_svg
from tests.support.seal_fonts import sans, serif

BLUE = Colour(0, 0, 255)
KINDS = [SealKind.OFFICIAL, SealKind.FINANCE, SealKind.INVOICE, SealKind.REPRESENTATIVE]
DPI = 381  # 15 pixels per mm


def seal(kind: SealKind) -> Drawing:
    name = "杭州朱砂数字科技（集团）有限公司"
    return draw(SealFace(kind=kind, name=name, code="33010600000001", representative="王小明"), serif(), figures=sans())


def figure() -> Drawing:
    """Return one of everything: both rules, fill and stroke, open and closed, a matrix, two colours."""
    open_line = Outline((Contour((2, 2), ((8, 2), (9, 4, 9, 6, 8, 8)), closed=False),))
    return Drawing(
        width_mm=20,
        height_mm=10,
        title="a < b & “c”",
        shapes=(
            Shape(outline=ring((15, 5), 4, 3, 1), part="ring", rule=FillRule.EVEN_ODD),
            Shape(outline=open_line, part="line", fill=None, stroke=BLUE, stroke_width=0.5),
            Shape(
                outline=star((0, 0), 1),
                part="star",
                matrix=(2, 0, 0, 2, 5, 5),
                fill=BLUE,
                stroke=SEAL_RED,
                stroke_width=0.1,
            ),
            Shape(outline=Outline((rounded_square((5, 5), 1, 0.2),)), part="dot"),
            Shape(outline=Outline((rounded_square((1, 1), 1, 0.2),)), part="nothing", fill=None),
        ),
    )


def over_white(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")


def assert_same_picture(one: Image.Image, other: Image.Image) -> None:
    """Allow what differs in smoothing of edges: blurred by 2 pixels nothing may be left."""
    assert one.size == other.size
    difference = ImageChops.difference(over_white(one), over_white(other)).convert("L")
    assert ImageStat.Stat(difference).mean[0] < 2
    assert max(difference.reduce(3).tobytes()) < 96


def chromium(svg: str, folder: Path, width: int, height: int) -> Image.Image:
    (folder / "seal.svg").write_text(svg, encoding="utf-8")
    html = f'<body style="margin:0"><img src="seal.svg" style="display:block;width:{width}px;height:{height}px">'
    (folder / "seal.html").write_text(html, encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile")
    size = (f"--window-size={width},{height + 200}", f"--screenshot={folder}/shot.png")
    subprocess.run(
        ["chromium", *options, *size, f"file://{folder}/seal.html"], check=True, capture_output=True, timeout=60
    )
    return Image.open(folder / "shot.png").crop((0, 0, width, height))


@pytest.mark.browser
@pytest.mark.parametrize("drawing", [*map(seal, KINDS), figure()], ids=[*KINDS, "figure"])
def test_a_browser_shows_the_svg_as_the_png(drawing: Drawing, tmp_path: Path) -> None:
    png = Image.open(io.BytesIO(to_png(drawing, dpi=DPI)))
    assert_same_picture(chromium(to_svg(drawing), tmp_path, *png.size), png)


@pytest.mark.judge
@pytest.mark.parametrize("drawing", [*map(seal, KINDS), figure()], ids=[*KINDS, "figure"])
def test_another_pdf_reader_shows_the_form_as_the_png(drawing: Drawing, tmp_path: Path) -> None:
    (tmp_path / "seal.pdf").write_bytes(one_page(drawing))
    subprocess.run(
        ["pdftoppm", "-png", "-singlefile", "-r", str(DPI), tmp_path / "seal.pdf", tmp_path / "seal"], check=True
    )
    png = Image.open(io.BytesIO(to_png(drawing, dpi=DPI)))
    shown = Image.open(tmp_path / "seal.png")
    assert max(abs(a - b) for a, b in zip(shown.size, png.size, strict=True)) <= 1
    assert_same_picture(shown.crop((0, 0, *png.size)), png)


@pytest.mark.judge
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_around_a_form_is_a_sound_file(kind: SealKind, tmp_path: Path) -> None:
    (tmp_path / "seal.pdf").write_bytes(one_page(seal(kind)))
    done = subprocess.run(["qpdf", "--check", tmp_path / "seal.pdf"], capture_output=True, text=True, check=False)
    assert "No syntax or stream encoding errors found" in done.stdout
    assert not done.stderr


def test_png_is_transparent_red_ink_of_the_right_size_and_density() -> None:
    picture = Image.open(io.BytesIO(to_png(seal(SealKind.INVOICE), dpi=300)))
    assert picture.mode == "RGBA"
    assert picture.size == (math.ceil(40 / 25.4 * 300), math.ceil(30 / 25.4 * 300))
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert picture.getpixel((0, 0)) == (255, 255, 255, 0)
    assert picture.getpixel((picture.width // 2, 5)) == (0xC8, 0x16, 0x1D, 255)
    pixels = bytes(picture.tobytes())
    inks = {pixels[at : at + 3] for at in range(0, len(pixels), 4) if pixels[at + 3] > 40}
    assert all(max(abs(a - b) for a, b in zip(ink, (0xC8, 0x16, 0x1D), strict=True)) <= 6 for ink in inks)


def test_png_on_white_has_no_transparent_pixel() -> None:
    picture = Image.open(io.BytesIO(to_png(figure(), dpi=150, transparent=False)))
    assert picture.getchannel("A").getextrema() == (255, 255)
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize("dpi", [MIN_DPI, MAX_DPI])
def test_resolutions_at_the_limits_are_painted(dpi: int) -> None:
    small = Drawing(width_mm=2.54, height_mm=2.54, title="", shapes=(Shape(outline=star((1, 1), 1), part="star"),))
    assert Image.open(io.BytesIO(to_png(small, dpi=dpi))).size == (math.ceil(dpi / 10),) * 2


@pytest.mark.parametrize("dpi", [MIN_DPI - 1, MAX_DPI + 1])
def test_resolutions_beyond_the_limits_are_refused(dpi: int) -> None:
    with pytest.raises(AppearanceError, match="dpi"):
        to_png(figure(), dpi=dpi)


def test_a_form_needs_no_resources_and_leaves_the_graphics_state_as_it_was() -> None:
    content = to_form(seal(SealKind.OFFICIAL)).content
    operators = set(re.findall(rb"(?<=[\s])([A-Za-z*]+)(?=\s)", b" " + content))
    assert operators <= {b"q", b"Q", b"cm", b"m", b"l", b"c", b"h", b"f", b"f*", b"rg"}
    words = content.split()
    assert words.count(b"q") == words.count(b"Q")
    assert max(map(len, content.split(b"\n"))) < 60_000
    assert b"e-" not in content


def test_every_writer_is_deterministic_from_one_process_to_the_next() -> None:
    program = (
        "import hashlib; from tests.seals.test_drawing import *\n"
        "for kind in KINDS:\n"
        "    d = seal(kind); parts = (to_svg(d).encode(), to_form(d).content, to_png(d, dpi=150), one_page(d))\n"
        "    print(*(hashlib.sha256(p).hexdigest() for p in parts))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
            cwd=Path(__file__).resolve().parents[2],
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == len(KINDS)


def test_threads_paint_the_same_pictures() -> None:
    drawings = [seal(kind) for kind in KINDS] * 4
    alone = [to_png(drawing, dpi=100) for drawing in drawings]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda drawing: to_png(drawing, dpi=100), drawings)) == alone


def test_svg_is_well_formed_escapes_its_title_and_names_its_parts() -> None:
    root = ET.fromstring(to_svg(figure()))  # noqa: S314 - our own text
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "a < b & “c”"
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("20mm", "10mm", "0 0 20 10")
    assert [group.get("class") for group in root.iter(f"{space}g")] == [None, "ring", "line", "star", "dot", "nothing"]
    names = {element.tag.removeprefix(space) for element in root.iter()}
    assert names == {"svg", "title", "g", "path"}


def test_an_ellipse_stays_within_three_parts_in_ten_thousand_of_its_radius() -> None:
    shape = Shape(outline=Outline((ellipse((0, 0), 1, 1),)), part="circle")
    (polygon,) = flatten(shape, steps=64)
    assert all(abs(math.hypot(*point) - 1) < 3e-4 for point in polygon)


@given(st.floats(-1e6, 1e6))
def test_numbers_are_short_and_come_back_within_half_a_unit(value: float) -> None:
    text = compact(value)
    assert abs(float(text) - value) <= 0.0005 + 1e-9
    assert re.fullmatch(r"-?(0|[1-9]\d*|\d*\.\d*[1-9])", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0001, "0"), (0.5, ".5"), (-0.25, "-.25"), (10.0, "10"), (100, "100"), (10.05, "10.05")],
)
def test_numbers_lose_what_they_do_not_need(value: float, text: str) -> None:
    assert compact(value) == text
