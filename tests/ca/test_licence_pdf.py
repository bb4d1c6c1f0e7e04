"""The licence as a document. Other programs say what is in it."""

import json
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ca import licence_pdf as module
from ca.errors import CredentialError, GlyphError
from ca.fonts import LicenceFonts, check_glyphs, coverage, family
from ca.licence_pdf import DocumentError, licence_pdf
from ca.licences import Licence
from ca.register import enterprise_from_mapping
from tests.support.licences import (
    ENTERPRISE,
    FONT_FOLDER,
    LICENCE,
    NOW,
    SCOPE,
    TODAY,
    fonts,
    printed_text,
    with_entry,
)
from verify.pictures import read_codes

LONG = with_entry(
    name=("中国东南沿海国际新能源智能装备研究开发与跨境电子商务供应链管理综合服务（集团）" * 3)[:64],
    name_latin="China Southeast Coast International New Energy Intelligent Equip",
    kind="股份有限公司（中外合资、上市、外商投资企业持股比例低于百分之二十五）",
    address=("福建省福州市鼓楼区温泉街道五四路一百二十八号恒力城写字楼第二十八层" * 7)[:200],
    legal_representative="克里斯托弗·亚历山大·冯·霍恩施陶芬·李·马克西米利安",
    capital=Decimal("999999999999999.99"),
    currency="USD",
    term_until=date(2065, 12, 31),
    scope=(SCOPE * 12)[:1000],
)
WIDE = with_entry(
    name="W" * 64, name_latin="W" * 64, kind="W" * 64, address="W" * 200, legal_representative="W" * 64, scope="W" * 700
)
FULLEST = replace(
    LONG,
    enterprise=replace(LONG.enterprise, scope=(SCOPE * 40)[:4000]),
    number="9" * 32,
    version=65_535,
    authority=("福建省福州市鼓楼区市场监督管理局行政审批服务中心" * 4)[:64],
    authority_latin="Administrative Approval Service Centre of the Gulou District Adm",
)
FRAME_MM = (18.5, 18.5, 278.5, 191.5)  # inside the innermost line: left, top, right, bottom
POINTS_PER_MM = 72 / 25.4

judge = pytest.mark.judge


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


def made(licence: Licence = LICENCE) -> bytes:
    return licence_pdf(licence, qr_text=printed_text(), fonts=fonts(), now=NOW).pdf


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    return done.stdout.decode(errors="replace")


def on_disk(folder: Path, licence: Licence = LICENCE) -> Path:
    path = folder / "licence.pdf"
    path.write_bytes(made(licence))
    return path


def test_the_same_licence_gives_the_same_bytes_and_another_does_not() -> None:
    assert made() == made()
    assert made() != made(with_entry(name="福州丹砂科技有限公司"))


def test_threads_share_the_typesetter() -> None:
    expected, results = made(), []
    threads = [threading.Thread(target=lambda: results.append(made())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


@judge
@needs("pdftotext")
def test_every_field_stands_on_the_page(tmp_path: Path) -> None:
    text = re.sub(r"\s", "", run("pdftotext", "-raw", on_disk(tmp_path), "-"))
    shown = [
        ENTERPRISE.uscc, ENTERPRISE.name, ENTERPRISE.name_latin, ENTERPRISE.kind, ENTERPRISE.address, SCOPE,
        ENTERPRISE.legal_representative, "人民币5,000,000元", "CNY 5,000,000.00", "2015年3月18日", "18 March 2015",
        "长期", "No fixed term", LICENCE.number, LICENCE.authority, LICENCE.authority_latin, "2026年11月21日",
        "营业执照", "BUSINESS LICENCE", "电子正本", "扫码核验", "不能证明出示者即为该企业",
    ]  # fmt: skip
    for value in shown:
        assert re.sub(r"\s", "", value) in text, value


@judge
@needs("pdffonts")
def test_all_fonts_are_embedded_subsets_of_the_named_families(tmp_path: Path) -> None:
    rows = run("pdffonts", on_disk(tmp_path)).splitlines()[2:]
    assert len(rows) >= 4
    for row in rows:
        assert re.match(r"[A-Z]{6}\+Noto(Serif|Sans)SC-\w+ .* yes yes yes +\d+ +\d+$", row), row


@judge
@needs("qpdf")
@pytest.mark.parametrize("licence", [LICENCE, FULLEST], ids=["usual", "fullest"])
def test_qpdf_finds_nothing_to_complain_of(tmp_path: Path, licence: Licence) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", on_disk(tmp_path, licence))


@judge
@needs("pdfdetach")
def test_the_register_entry_is_attached_as_data(tmp_path: Path) -> None:
    path = on_disk(tmp_path)
    assert "1: register.json" in run("pdfdetach", "-list", path)
    run("pdfdetach", "-save", "1", "-o", tmp_path / "register.json", path)
    attached = json.loads((tmp_path / "register.json").read_bytes())
    assert enterprise_from_mapping(attached["enterprise"], today=TODAY) == ENTERPRISE
    assert (attached["number"], attached["version"], attached["qr"]) == (LICENCE.number, 1, printed_text())
    assert attached["expires_at"] == (NOW + timedelta(days=1095)).isoformat()
    described = run("qpdf", "--qdf", "--object-streams=disable", path, "-")
    assert "/AFRelationship /Data" in described


@judge
@needs("qpdf")
def test_the_file_claims_to_be_pdf_a_3b(tmp_path: Path) -> None:
    described = run("qpdf", "--qdf", "--object-streams=disable", on_disk(tmp_path), "-")
    assert "<pdfaid:part>3</pdfaid:part>" in described
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in described
    assert "/GTS_PDFA1" in described


@judge
@needs("pdftoppm")
@needs("zbarimg")
def test_the_code_on_the_page_is_read_by_both_readers(tmp_path: Path) -> None:
    run("pdftoppm", "-r", "300", "-png", "-singlefile", on_disk(tmp_path), tmp_path / "page")
    page = tmp_path / "page.png"
    assert read_codes(page.read_bytes()) == [printed_text()]
    assert run("zbarimg", "-q", "--raw", page).rstrip("\n") == printed_text()


def boxes(path: Path) -> list[tuple[int, str, float, float, float, float]]:
    """Page, word, and its box in millimetres from the top left, as poppler sees them."""
    found, page = [], 0
    for line in run("pdftotext", "-bbox", path, "-").splitlines():
        page += "<page " in line
        if word := re.search(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)</word>', line):
            left, top, right, bottom = (float(word[group]) / POINTS_PER_MM for group in range(1, 5))
            found.append((page, word[5], left, top, right, bottom))
    return found


@judge
@needs("pdftotext")
@pytest.mark.parametrize(
    ("licence", "pages"),
    [
        (LICENCE, 1),
        (with_entry(name="丹砂", name_latin="DS", kind="厂", address="福州", scope="零售"), 1),
        (with_entry(scope=(SCOPE * 12)[:600]), 1),
        (with_entry(scope=(SCOPE * 12)[:1000]), 2),
        (LONG, 2),
        (FULLEST, 2),
        (WIDE, 2),
    ],
    ids=["usual", "shortest", "600", "1000", "long", "fullest", "wide"],
)
def test_nothing_runs_over_the_frame_or_off_the_last_page(tmp_path: Path, licence: Licence, pages: int) -> None:
    words = boxes(on_disk(tmp_path, licence))
    assert max(word[0] for word in words) == pages
    left, top, right, bottom = FRAME_MM
    for page, word, x1, y1, x2, y2 in words:
        assert left <= x1 <= x2 <= right, (page, word)
        assert top <= y1 <= y2 <= bottom, (page, word)
    scope = re.sub(r"\s|\u200b", "", licence.enterprise.scope)
    everything = re.sub(r"\s|\u200b", "", run("pdftotext", "-raw", tmp_path / "licence.pdf", "-"))
    assert scope in everything


@judge
@needs("pdftotext")
@pytest.mark.parametrize("licence", [LICENCE, LONG, WIDE, FULLEST], ids=["usual", "long", "wide", "fullest"])
def test_the_columns_do_not_touch(tmp_path: Path, licence: Licence) -> None:
    """Values of the left column end before the labels of the right one begin; the code keeps its quiet zone."""
    rows = [word for word in boxes(on_disk(tmp_path, licence)) if word[0] == 1 and 70 < word[3] < 120]
    labels = min(word[2] for word in rows if word[1].startswith(("Registered", "Date", "Term")))
    for _, word, x1, y1, x2, _ in rows:
        scope_row = (
            y1 > min(row[3] for row in rows if row[1] == "Business") - 6
            if any(r[1] == "Business" for r in rows)
            else False
        )
        assert scope_row or x1 >= labels - 1 or x2 <= labels, word


@judge
@needs("pdftotext")
def test_the_place_of_the_seal_is_over_authority_and_date(tmp_path: Path) -> None:
    document = licence_pdf(LICENCE, qr_text=printed_text(), fonts=fonts(), now=NOW)
    words = {word[1]: word for word in boxes(on_disk(tmp_path))}
    _, _, left, _, right, _ = words["福州市市场监督管理局"]
    assert abs((left + right) / 2 - document.seal_x_mm) < 1
    assert words["登记机关"][5] < document.seal_y_mm < words["2026年11月21日"][5]
    assert document.seal_page == 1
    assert FRAME_MM[0] < document.seal_x_mm - 21 < document.seal_x_mm + 21 < FRAME_MM[2]
    assert document.seal_y_mm + 21 < FRAME_MM[3]
    scope_end = max(word[5] for word in boxes(tmp_path / "licence.pdf") if "经营活动" in word[1])
    assert scope_end < document.seal_y_mm - 21


def test_a_character_without_a_glyph_is_named_with_its_code_point() -> None:
    with pytest.raises(GlyphError, match=r"𠀀 \(U\+20000\), 𪚥 \(U\+2A6A5\)"):
        made(with_entry(name="福州𠀀科技𪚥公司", legal_representative="李𠀀"))


def test_an_extra_font_draws_what_the_others_lack(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    font = extra / "Rare.ttf"
    _font_with(font, {0x20000: "one", 0x20: "space"}, "Rare Ideographs")
    assert family(font) == "Rare Ideographs"
    with_extra = LicenceFonts(FONT_FOLDER, extra=(font,))
    assert with_extra.folders == (FONT_FOLDER, extra)
    path = tmp_path / "licence.pdf"
    fonts()
    path.write_bytes(licence_pdf(with_entry(name="福州𠀀科技"), qr_text=printed_text(), fonts=with_extra, now=NOW).pdf)
    if shutil.which("pdffonts"):
        assert "RareIdeographs" in run("pdffonts", path).replace("-", "")


def _font_with(path: Path, characters: dict[int, str], name: str) -> None:
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415 - only this test makes a font
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415 - as above

    pen = TTGlyphPen(None)
    for step, point in enumerate([(100, 0), (100, 800), (900, 800), (900, 0)]):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    names = [".notdef", *characters.values()]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(characters)
    square, empty = pen.glyph(), TTGlyphPen(None).glyph()
    builder.setupGlyf({glyph: square if glyph == "one" else empty for glyph in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name.replace(" ", "") + "-Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


def test_a_font_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "Broken.ttf"
    broken.write_bytes(b"not a font")
    for path in (broken, tmp_path / "Absent.ttf"):
        with pytest.raises(GlyphError, match=path.name):
            coverage(path)


def test_a_font_without_a_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Nameless.ttf"
    _font_with(path, {0x20: "space"}, "")
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - only this test edits a font

    with TTFont(path) as font:
        font["name"].names = []
        font.save(path)
    with pytest.raises(GlyphError, match="does not say its family"):
        family(path)


def test_check_glyphs_passes_what_the_fonts_have() -> None:
    check_glyphs(["福州", "Café ©"], fonts())


def test_text_cannot_become_template_code() -> None:
    tricky = '"] #panic("x") \\ $x$ *b* <l> @r `c` #sys.version'
    assert made(with_entry(name=tricky[:60], address=tricky, scope=tricky))


def test_a_code_that_fits_no_symbol_is_refused() -> None:
    with pytest.raises(CredentialError):
        licence_pdf(LICENCE, qr_text="", fonts=fonts(), now=NOW)


def test_a_fault_of_the_template_is_our_own_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "licence.typ"
    broken.write_text("#panic()")
    monkeypatch.setattr(module, "TEMPLATE", broken)
    with pytest.raises(DocumentError):
        module._Typesetter(fonts()).pdf({}, "", NOW)
