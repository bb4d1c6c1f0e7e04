"""The QR face of a licence, from the register to the verifier."""

import io
import random
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from ca.credential import MAX_VALID_FOR, issue_credential, licence_url
from ca.errors import CredentialError
from ca.qr_picture import qr_modules, qr_picture, qr_svg
from tests.support.licences import BASE, ENTERPRISE, KID, LICENCE, NOW, elq1_of, printed_text, with_entry
from tests.support.qr_pki import key, signing
from verify import cose
from verify.credential import details_digest
from verify.elq1 import parse, payload_of
from verify.pictures import read_codes

DPI = 300
PRINTED_MM = 30


def issued(valid_for: timedelta, now: datetime = NOW) -> str:
    return issue_credential(
        LICENCE,
        iss="x",
        kid=KID,
        sign=signing("credential"),
        now=now,
        valid_for=valid_for,
        status_uri="https://x/1",
    )


def test_the_code_says_what_the_register_says() -> None:
    token = parse(elq1_of())
    claims = token.claims
    assert cose.is_signed_by(token.message, key("credential").public_key())
    assert (claims.uscc, claims.name, claims.kind) == (ENTERPRISE.uscc, ENTERPRISE.name, ENTERPRISE.kind)
    assert (claims.capital, claims.currency) == (Decimal("5000000.00"), "CNY")
    assert (claims.founded_on, claims.term_until, claims.version) == (ENTERPRISE.founded_on, None, 1)
    assert (claims.authority, claims.status_index) == (LICENCE.authority, 4711)
    assert claims.details == details_digest(address=ENTERPRISE.address, scope=ENTERPRISE.scope)
    assert claims.address is None


def test_the_full_record_carries_address_and_scope() -> None:
    claims = parse(elq1_of(full=True)).claims
    assert (claims.address, claims.scope, claims.details) == (ENTERPRISE.address, ENTERPRISE.scope, None)


def test_a_code_ends_with_its_licence_and_within_the_longest_time() -> None:
    assert parse(issued(timedelta(days=1))).claims.expires_at == NOW + timedelta(days=1)
    assert parse(issued(timedelta(days=5000))).claims.expires_at == LICENCE.expires_at
    assert LICENCE.expires_at - NOW < MAX_VALID_FOR
    late = LICENCE.expires_at - timedelta(seconds=1)
    assert parse(issued(timedelta(days=1), late)).claims.expires_at == LICENCE.expires_at
    with pytest.raises(CredentialError, match="expired"):
        issued(timedelta(days=1), LICENCE.expires_at)


def test_two_codes_of_one_licence_have_identifiers_of_their_own() -> None:
    first, again = (parse(issued(timedelta(days=1), now)).claims.cti for now in (NOW, NOW + timedelta(seconds=1)))
    assert first != again


def test_a_licence_beyond_the_format_is_refused() -> None:
    with pytest.raises(CredentialError):
        elq1_of(with_entry(name="x" * 65))
    with pytest.raises(CredentialError):
        elq1_of(replace(LICENCE, version=0))


def test_the_url_carries_the_code_in_its_fragment() -> None:
    text = elq1_of()
    url = licence_url(BASE + "/", text)
    assert url.startswith("https://licence.fuzhou.example/q#ELQ1:")
    assert payload_of(url) == text
    assert " " not in url


@pytest.mark.parametrize(
    "base", ["licence.example", "https://x/y", "https://X", "javascript:1", "https://x:y", "https://x?y", ""]
)
def test_a_base_that_is_more_than_scheme_and_host_is_refused(base: str) -> None:
    with pytest.raises(CredentialError):
        licence_url(base, "ELQ1:")


def test_the_symbol_is_as_small_as_another_encoder_makes_it() -> None:
    """Zint, inside zxing-cpp, finds the best split into segments by itself."""
    other: Any = zxingcpp.create_barcode(printed_text(), zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image()
    assert len(qr_modules(printed_text())) == len(memoryview(other).tolist()) - 8 <= 85  # version 17


def test_percent_encoding_costs_less_than_the_other_spellings() -> None:
    """Bits in the symbol: Base45 with escapes at 5.5, against base64url at 8 a character."""
    payload = printed_text().split("#")[1]
    octets = (len(elq1_of()) - 5) * 2 / 3
    assert len(payload) * 5.5 < octets * 4 / 3 * 8


def test_picture_and_svg_show_the_same_modules() -> None:
    modules = qr_modules("ELQ1:ABC")
    image = Image.open(io.BytesIO(qr_picture("ELQ1:ABC", module_px=3)))
    side = len(modules) + 8
    assert image.size == (side * 3, side * 3)
    assert image.getpixel((0, 0)) == 255
    assert all(
        (image.getpixel(((x + 4) * 3 + 1, (y + 4) * 3 + 1)) == 0) == dark
        for y, row in enumerate(modules)
        for x, dark in enumerate(row)
    )
    svg = qr_svg("ELQ1:ABC", quiet=0, dark="#1b1b1f")
    assert f'viewBox="0 0 {len(modules)} {len(modules)}"' in svg
    runs = [part.split("h") for part in svg.split(' d="M')[1].split('"')[0].split("M")]
    assert sum(int(part[1].split("v")[0]) for part in runs) == sum(map(sum, modules))


@pytest.mark.parametrize("text", ["", "营", "A" * 3392, "a" * 2332])
def test_a_text_that_fits_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(CredentialError):
        qr_modules(text)


def test_the_largest_symbol_is_drawn() -> None:
    assert len(qr_modules("A" * 3391)) == 177


@pytest.mark.parametrize("module_px", [0, 65])
def test_a_module_size_out_of_bounds_is_refused(module_px: int) -> None:
    with pytest.raises(CredentialError):
        qr_picture("ELQ1:", module_px=module_px)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=1, max_size=300))
def test_every_payload_is_read_back_from_its_picture(text: str) -> None:
    assert read_codes(qr_picture(text, module_px=4)) == [text]


def printed_and_scanned(text: str, *, blur: float, noise: int, quality: int, turn: float, seed: int) -> bytes:
    """A symbol 30 mm wide at 300 dpi on off-white paper, blurred, turned, with noise, saved as JPEG."""
    clean = Image.open(io.BytesIO(qr_picture(text, module_px=16))).convert("L")
    symbol = len(qr_modules(text))
    side = round(PRINTED_MM / 25.4 * DPI * (symbol + 8) / symbol)
    sheet = Image.new("L", (side + 200, side + 200), 247)
    sheet.paste(
        clean.resize((side, side), Image.Resampling.LANCZOS).point(lambda value: 25 + value * 222 // 255), (100, 100)
    )
    sheet = sheet.rotate(turn, Image.Resampling.BICUBIC, fillcolor=247).filter(ImageFilter.GaussianBlur(blur))
    dice = random.Random(seed)  # noqa: S311 - noise on a picture
    speckled = bytes(max(0, min(255, value + dice.randint(-noise, noise))) for value in sheet.tobytes())
    out = io.BytesIO()
    Image.frombytes("L", sheet.size, speckled).save(out, "JPEG", quality=quality)
    return out.getvalue()


ROUGH = [(1.0, 12, 70, 0.0), (1.2, 20, 60, 1.5), (1.4, 25, 50, -2.5), (1.0, 30, 40, 4.0)]


@pytest.mark.parametrize(("blur", "noise", "quality", "turn"), ROUGH)
def test_a_printed_and_scanned_code_of_30_mm_is_read(blur: float, noise: int, quality: int, turn: float) -> None:
    scan = printed_and_scanned(printed_text(), blur=blur, noise=noise, quality=quality, turn=turn, seed=1)
    assert read_codes(scan) == [printed_text()]


@pytest.mark.judge
@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="needs zbarimg")
@pytest.mark.parametrize(("blur", "noise", "quality", "turn"), [(0.0, 0, 95, 0.0), *ROUGH[:2]])
def test_zbar_reads_the_same_print(tmp_path: Path, blur: float, noise: int, quality: int, turn: float) -> None:
    scan = tmp_path / "scan.jpg"
    scan.write_bytes(printed_and_scanned(printed_text(), blur=blur, noise=noise, quality=quality, turn=turn, seed=2))
    read = subprocess.run(["zbarimg", "-q", "--raw", str(scan)], capture_output=True, text=True, check=False)
    assert read.stdout.rstrip("\n") == printed_text(), read
