"""Independent programs accept a contract of three parties with seam seals over thirty pages, and draw it whole."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from functools import cache
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image, ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from seals.appearance import draw
from seals.face import SealFace
from seals.layout import Edge, EveryPage, FillKind, Seam, Slot
from seals.model import FormXObject, SealKind
from seals.pdf_form import to_form
from seals.placement import AtPosition
from seals.signing import Level
from tests.support.layouts import PARTIES, STATEMENT, Contract, contract, party_slot, sign_with_pyhanko, text_fill
from tests.support.pdf_judges import mutool, need, pdfsig, qpdf, run
from tests.support.pdfbox import pdfbox
from tests.support.seal_fonts import serif
from tests.support.sealing import make_pdf, pki
from verify.report import Verdict

PAGES = 30
DPI = 100
NAMES = ("福州朱砂科技有限公司", "泉州墨池贸易有限公司", "厦门青瓷物流有限责任公司")


@cache
def picture(number: int) -> FormXObject:
    return to_form(draw(SealFace(kind=SealKind.CONTRACT, name=NAMES[number], code="35010000000001"), serif()))


@cache
def concluded(level: Level = Level.B_LT) -> Contract:
    fills = (
        text_fill("日期", kind=FillKind.DATE, page=-1, y_mm=190),
        text_fill("意见", kind=FillKind.STATEMENT, statement=STATEMENT, page=-1, y_mm=170),
        text_fill("同意", kind=FillKind.TICK, page=-1, y_mm=150, width_mm=6, height_mm=6),
        text_fill("备注", page=-1, y_mm=130, required=False),  # stays empty
    )
    size = {"width_mm": 38.0, "height_mm": 38.0}
    slots = (party_slot(0, fills=fills, **size), party_slot(1, **size), party_slot(2, **size))
    made = contract(*slots, pages=PAGES)
    values = {"日期": "2026年7月1日", "意见": STATEMENT, "同意": "true"}
    for number, name in enumerate(PARTIES):
        made.seal(name, values=values if number == 0 else {}, picture=picture(number), level=level)
    return made


@cache
def with_own_client() -> Contract:
    made = contract(party_slot(0), party_slot(1, own_client=True), party_slot(2), pages=5)
    made.seal("甲方")
    made.prepare("乙方")
    made.data = sign_with_pyhanko(made.data, made.signature("乙方").name)
    made.seal("丙方", first=False)
    return made


def file_of(made: Contract, folder: Path) -> Path:
    path = folder / "contract.pdf"
    path.write_bytes(made.data)
    return path


@pytest.mark.judge
@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT])
def test_poppler_mupdf_and_qpdf_accept_every_signature_after_the_last_one(
    level: Level, tmp_path: Path, nss: Path
) -> None:
    file = file_of(concluded(level), tmp_path)
    verdicts = pdfsig(file, nss)
    assert [one.field for one in verdicts] == [f"Slot{number:03d}Sign00001" for number in (1, 2, 3)]
    assert all(one.valid and one.trusted for one in verdicts)
    assert [one.whole_document for one in verdicts] == [False, False, True]
    assert mutool(file) == ["edited", "edited", "unchanged"]
    assert qpdf(file) == 0


@pytest.mark.judge
def test_judges_accept_a_party_with_a_client_of_its_own(tmp_path: Path, nss: Path) -> None:
    file = file_of(with_own_client(), tmp_path)
    assert all(one.valid for one in pdfsig(file, nss))
    assert mutool(file) == ["edited", "edited", "unchanged"]
    assert qpdf(file) == 0


@pytest.mark.judge
@pytest.mark.parametrize("make", [concluded, with_own_client])
def test_second_opinion_of_pyhanko(make: type) -> None:
    root = asn1_x509.Certificate.load(pki().root.certificate.public_bytes(Encoding.DER))
    found = [
        validate_pdf_signature(one, ValidationContext(trust_roots=[root], allow_fetching=False))
        for one in PdfFileReader(io.BytesIO(make().data)).embedded_regular_signatures
    ]
    assert [(one.bottom_line, one.docmdp_ok) for one in found] == [(True, True)] * 3
    levels = [ModificationLevel.FORM_FILLING] * 2 + [ModificationLevel.NONE]
    assert [one.modification_level for one in found] == levels
    revision, file = SignatureCoverageLevel.ENTIRE_REVISION, SignatureCoverageLevel.ENTIRE_FILE
    assert [one.coverage for one in found] == [revision, revision, file]


@pytest.mark.pdfbox
@pytest.mark.parametrize("make", [concluded, with_own_client])
def test_pdfbox_verifies_every_signature(make: type, tmp_path: Path) -> None:
    verdicts = pdfbox(file_of(make(), tmp_path))
    assert [one.verdict for one in verdicts] == ["VALID"] * 3
    assert [one.whole_document for one in verdicts] == [False, False, True]


@pytest.mark.pdfbox
def test_pdfbox_sees_a_changed_byte(tmp_path: Path) -> None:
    made = concluded()
    data = bytearray(made.data)
    data[data.index(b"Contract")] ^= 1
    verdicts = pdfbox(file_of(Contract(bytes(data), made.frozen), tmp_path))
    assert not any(one.verdict == "VALID" for one in verdicts)


def test_our_own_check_passes_every_signature() -> None:
    assert [one.verdict for one in concluded().report().signatures] == [Verdict.PASSED] * 3


# -- what is seen


def red(image: Image.Image) -> Image.Image:
    """Where the image is red, as a mask."""
    one, green, blue = image.convert("RGB").split()
    dark = ImageChops.multiply(green.point(lambda v: 255 * (v < 140)), blue.point(lambda v: 255 * (v < 140)))
    return ImageChops.multiply(one.point(lambda v: 255 * (v > 150)), dark)


def pages_of(made: Contract) -> list[Image.Image]:
    return drawn_pages(made.data)


@cache
def drawn_pages(document: bytes) -> list[Image.Image]:
    with pypdfium2.PdfDocument(io.BytesIO(document)) as pdf:
        pdf.init_forms()
        return [page.render(scale=DPI / 72, may_draw_forms=True).to_pil() for page in pdf]


def joined(pages: list[Image.Image], size_mm: float, y_mm: float, edge: Edge) -> Image.Image:
    """Lay the strips at the edges side by side, as one does with a fanned-out pile of paper."""
    size = size_mm / 25.4 * DPI
    top = round((y_mm - size_mm / 2) / 25.4 * DPI)
    count = len(pages)
    whole = Image.new("RGB", (round(size), round(size)), "white")
    for number, page in enumerate(pages):
        left, right = round(size * number / count), round(size * (number + 1) / count)
        width = right - left
        start = page.width - width if edge is Edge.RIGHT else 0
        part = page.crop((start, top, start + width, top + round(size)))
        position = left if edge is Edge.RIGHT else round(size) - right
        whole.paste(part, (position, 0))
    return whole


@cache
def reference(form: FormXObject) -> Image.Image:
    """The same seal, whole, on one page."""
    made = contract(Slot(name="A", spots=(AtPosition(page=1, x_mm=60, y_mm=60),), width_mm=38, height_mm=38), pages=1)
    made.seal("A", picture=form)
    page = pages_of(made)[0]
    low, high = (60 - 19) / 25.4 * DPI, (60 + 19) / 25.4 * DPI
    return page.crop((round(low), round(low), round(high), round(high)))


def share_alike(one: Image.Image, other: Image.Image) -> float:
    """How much of the red of both is common, a hair's breadth forgiven."""
    size = (min(one.width, other.width), min(one.height, other.height))
    masks = [red(image.crop((0, 0, *size))).resize((size[0] // 2, size[1] // 2)) for image in (one, other)]
    a, b = (mask.point(lambda v: 255 * (v > 90)) for mask in masks)
    common = ImageChops.multiply(a, b).histogram()[255]
    either = ImageChops.lighter(a, b).histogram()[255]
    return common / either


def test_the_slices_of_all_pages_make_the_whole_seal() -> None:
    pages = pages_of(concluded())
    for number, y_mm in enumerate((40, 100, 160)):
        found = joined(pages, 38, y_mm, Edge.RIGHT)
        assert share_alike(found, reference(picture(number))) > 0.6
        assert share_alike(found, reference(picture((number + 1) % 3))) < share_alike(found, reference(picture(number)))


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("edge", Edge)
def test_slices_join_on_turned_pages_and_on_either_edge(rotate: int, edge: Edge) -> None:
    extra: dict[str, generic.PdfObject] = {"/Rotate": generic.NumberObject(rotate)}
    document = make_pdf(4, extra=extra, content=b"")
    slot = Slot(name="A", seam=Seam(y_mm=60, edge=edge), width_mm=38, height_mm=38)
    made = contract(slot, document=document)
    made.seal("A", picture=picture(0))
    pages = pages_of(made)
    assert share_alike(joined(pages, 38, 60, edge), reference(picture(0))) > 0.65
    assert share_alike(joined(pages[::-1], 38, 60, edge), reference(picture(0))) < 0.5


def test_pages_of_different_sizes_carry_slices_of_one_size() -> None:
    small = make_pdf(2, media_box=(0, 0, 400, 500), content=b"")
    made = contract(Slot(name="A", seam=Seam(y_mm=60), width_mm=38, height_mm=38), document=small)
    made.seal("A", picture=picture(0))
    assert share_alike(joined(pages_of(made), 38, 60, Edge.RIGHT), reference(picture(0))) > 0.65


def test_poppler_draws_the_same_as_pdfium(tmp_path: Path) -> None:
    need("pdftoppm")
    made = concluded()
    run("pdftoppm", "-r", str(DPI), "-png", "-f", "30", "-l", "30", file_of(made, tmp_path), tmp_path / "p")
    with Image.open(next(tmp_path.glob("p*.png"))) as drawn:
        assert share_alike(drawn.convert("RGB"), pages_of(made)[29]) > 0.7


def test_every_page_shows_the_seal_where_it_was_asked_for() -> None:
    made = contract(Slot(name="A", spots=(EveryPage(x_mm=60, y_mm=60),), width_mm=38, height_mm=38), pages=3)
    made.seal("A", picture=picture(0))
    pages = pages_of(made)
    assert all(share_alike(one, other) == 1 for one, other in pairwise(pages))
    low, high = 41 / 25.4 * DPI, 79 / 25.4 * DPI
    box = red(pages[0]).getbbox()
    assert box == pytest.approx((low, low, high, high), abs=2)
