"""The licence as a document: A4 landscape, PDF/A-3b, with the register's data attached and room for the authority's seal."""

import json
import re
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from ca.errors import CaError
from ca.fonts import LicenceFonts, check_glyphs, family
from ca.licences import Licence
from ca.qr_picture import qr_svg
from ca.register import enterprise_as_mapping

__all__ = ["LicenceDocument", "LicenceFonts", "licence_pdf"]

TEMPLATE: Final = Path(__file__).parent / "templates" / "licence.typ"
STANDARD: Final = "a-3b"  # ISO 19005-3: an archive file that may carry attachments
SEAL_X_MM: Final = 227.0  # middle of the block of authority and date: see `place` of the footer in licence.typ
SEAL_Y_MM: Final = 167.5
OFFICE_TIME: Final = timezone(timedelta(hours=8))  # China Standard Time: dates on a licence are the office's
INK: Final = "#1b1b1f"
LONG_WORD: Final = re.compile("[!-~\u00a1-\u00ff]{19,}")  # 18 capitals W fit a line at the largest size of two lines
MONTHS: Final = (  # not of the machine's locale
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
BREAKABLE: Final = frozenset(
    {"name", "name_latin", "kind", "address", "legal_representative", "scope", "authority", "authority_latin"}
)
UNITS: Final = {"CNY": ("人民币", "元"), "HKD": ("港币", "元"), "USD": ("", "美元"), "EUR": ("", "欧元")}


class DocumentError(CaError):
    """The template could not be set: a fault of the installation, not of the licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceDocument:
    """The unsealed document and the middle of the place for the authority's seal, 42 mm wide."""

    pdf: bytes
    seal_page: int  # from 1
    seal_x_mm: float  # from the left edge of the page
    seal_y_mm: float  # from the top edge of the page


def licence_pdf(licence: Licence, *, qr_text: str, fonts: LicenceFonts, now: datetime) -> LicenceDocument:
    """Set the licence. The same arguments give the same bytes.

    Raises:
        GlyphError: a character that no font can draw.
        CredentialError: `qr_text` does not fit a QR code.
        DocumentError: the typesetter failed.
    """
    values = _values(licence, fonts=fonts, now=now)
    check_glyphs((value for value in values.values() if isinstance(value, str)), fonts)
    values = {name: _breakable(value) if name in BREAKABLE else value for name, value in values.items()}
    values["qr_svg"] = qr_svg(qr_text, quiet=0, dark=INK)
    pdf = _typesetter(fonts).pdf(values, _register(licence, qr_text), now)
    return LicenceDocument(pdf=pdf, seal_page=1, seal_x_mm=SEAL_X_MM, seal_y_mm=SEAL_Y_MM)


class _Typesetter:
    """One compiler, which keeps fonts and parsed templates. It serves one thread at a time."""

    def __init__(self, fonts: LicenceFonts) -> None:
        found = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in fonts.folders],
        )
        self._template = TEMPLATE.read_text(encoding="utf-8")
        self._compiler = typst.Compiler(font_paths=found, root=str(TEMPLATE.parent))
        self._lock = threading.Lock()

    def pdf(self, values: dict[str, Any], register: str, now: datetime) -> bytes:
        head = f"#let values = {_quoted(json.dumps(values))}\n#let register = {_quoted(register)}\n"
        source = (head + self._template).encode()
        try:
            with self._lock:
                made = self._compiler.compile(
                    source, format="pdf", pdf_standards=[STANDARD], timestamp=int(now.timestamp())
                )
        except typst.TypstError as exc:
            raise DocumentError(f"the licence could not be set: {exc}") from exc
        if not isinstance(made, bytes):
            raise DocumentError("the typesetter returned no document")
        return made


def _breakable(text: str) -> str:
    """Let a word that might be longer than a line be broken anywhere, by spaces of no width."""
    return LONG_WORD.sub(lambda found: "\u200b".join(found[0]), text)


def _quoted(text: str) -> str:
    """A typst string literal: with both of these escaped, nothing in the text ends it or means anything."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _typesetter(fonts: LicenceFonts) -> _Typesetter:
    return _Typesetter(fonts)


def _values(licence: Licence, *, fonts: LicenceFonts, now: datetime) -> dict[str, Any]:
    """What the template shows, worded."""
    entry = licence.enterprise
    issued = licence.issued_at.astimezone(OFFICE_TIME).date()
    capital_zh, capital_en = _capital(entry.capital, entry.currency)
    term_zh = "长期" if entry.term_until is None else f"{_zh(entry.founded_on)}至{_zh(entry.term_until)}"
    term_en = "No fixed term" if entry.term_until is None else f"{_en(entry.founded_on)} to {_en(entry.term_until)}"
    made = now.astimezone(UTC)
    return {
        "title": f"营业执照 {entry.name}",
        "uscc": entry.uscc,
        "number": licence.number,
        "version": licence.version,
        "name": entry.name,
        "name_latin": entry.name_latin,
        "kind": entry.kind,
        "address": entry.address,
        "legal_representative": entry.legal_representative,
        "capital_zh": capital_zh,
        "capital_en": capital_en,
        "founded_zh": _zh(entry.founded_on),
        "founded_en": _en(entry.founded_on),
        "term_zh": term_zh,
        "term_en": term_en,
        "scope": entry.scope,
        "authority": licence.authority,
        "authority_latin": licence.authority_latin,
        "issued_zh": _zh(issued),
        "issued_en": _en(issued),
        "made": [made.year, made.month, made.day, made.hour, made.minute, made.second],
        "extra_fonts": [family(path) for path in fonts.extra],
    }


def _register(licence: Licence, qr_text: str) -> str:
    """The attachment: what a machine reads instead of the page."""
    return json.dumps(
        {
            "number": licence.number,
            "version": licence.version,
            "authority": licence.authority,
            "issued_at": licence.issued_at.astimezone(UTC).isoformat(),
            "expires_at": licence.expires_at.astimezone(UTC).isoformat(),
            "enterprise": enterprise_as_mapping(licence.enterprise),
            "qr": qr_text,
        },
        ensure_ascii=False,
        indent=1,
    )


def _capital(amount: Decimal, currency: str) -> tuple[str, str]:
    """In Chinese without needless decimals, in English with both."""
    before, after = UNITS.get(currency, ("", f" {currency}"))
    places = 0 if amount == amount.to_integral_value() else 2
    return f"{before}{amount:,.{places}f}{after}", f"{currency} {amount:,.2f}"


def _zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _en(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
