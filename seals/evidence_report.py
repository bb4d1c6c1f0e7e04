"""The evidence report (出证报告): A4, Chinese and English, PDF/A-3b, with its facts attached as `evidence.json`."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst
from fontTools.ttLib import TTFont, TTLibError

from seals.errors import ReportError
from seals.evidence import EvidenceFile
from seals.evidence_json import to_json
from seals.evidence_view import view_of

TEMPLATE: Final = Path(__file__).parent / "templates" / "evidence.typ"
STANDARD: Final = "a-3b"  # ISO 19005-3: an archive file that may carry attachments
SEAL_X_MM: Final = 151.0  # middle of the block of authority and date on the first page: see evidence.typ
SEAL_Y_MM: Final = 247.0
SERIF: Final = "NotoSerifSC-Regular.ttf"  # all weights of a family draw the same characters
SANS: Final = "NotoSansSC-Regular.ttf"
FAMILY_NAMES: Final = (16, 1)  # typographic family, or the plain one: OpenType `name` table
ENGLISH: Final = (3, 1, 0x409)  # Windows, Unicode, en-US


@dataclass(frozen=True, slots=True)
class ReportFonts:
    """The folder with Noto Serif SC and Noto Sans SC, and further files for characters that they lack."""

    folder: Path
    extra: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where typst looks, each folder once."""
        return tuple(dict.fromkeys((self.folder, *(path.parent for path in self.extra))))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """The unsealed report and the middle of the place for the authority's seal, at most 45 mm wide."""

    pdf: bytes
    seal_page: int  # from 1
    seal_x_mm: float  # from the left edge of the page
    seal_y_mm: float  # from the top edge of the page


def evidence_report(file: EvidenceFile, *, fonts: ReportFonts, zone: tzinfo) -> ReportDocument:
    """Set the report; times are shown in `zone`. The same arguments give the same bytes.

    Raises:
        ReportError: a character that no font can draw, which is named; or the typesetter failed.
        EvidenceFileError: the facts cannot be written.
    """
    attached = to_json(file)
    view = view_of(file, zone=zone)
    _check_glyphs(_texts(view), fonts)
    values = {**view, "extra_fonts": [_family(path) for path in fonts.extra]}
    pdf = _typesetter(fonts).pdf(values, attached.decode(), file.produced_at)
    return ReportDocument(pdf=pdf, seal_page=1, seal_x_mm=SEAL_X_MM, seal_y_mm=SEAL_Y_MM)


class _Typesetter:
    """One compiler, which keeps fonts and parsed templates. It serves one thread at a time."""

    def __init__(self, fonts: ReportFonts) -> None:
        found = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in fonts.folders],
        )
        self._template = TEMPLATE.read_text(encoding="utf-8")
        self._compiler = typst.Compiler(font_paths=found, root=str(TEMPLATE.parent))
        self._lock = threading.Lock()

    def pdf(self, values: dict[str, Any], attached: str, made_at: datetime) -> bytes:
        head = f"#let values = {_quoted(json.dumps(values))}\n#let evidence = {_quoted(attached)}\n"
        source = (head + self._template).encode()
        try:
            with self._lock:
                made = self._compiler.compile(
                    source, format="pdf", pdf_standards=[STANDARD], timestamp=int(made_at.timestamp())
                )
        except typst.TypstError as exc:
            raise ReportError(f"the report could not be set: {exc}") from exc
        if not isinstance(made, bytes):
            raise ReportError("the typesetter returned no document")
        return made


@cache
def _typesetter(fonts: ReportFonts) -> _Typesetter:
    return _Typesetter(fonts)


def _quoted(text: str) -> str:
    """A typst string literal: with both of these escaped, nothing in the text ends it or means anything."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _check_glyphs(texts: Iterator[str], fonts: ReportFonts) -> None:
    extra = [_coverage(path) for path in fonts.extra]
    known = (_coverage(fonts.folder / SERIF) & _coverage(fonts.folder / SANS)).union(*extra, {0x0A})
    missing = {character: None for text in texts for character in text if ord(character) not in known}
    if missing:
        named = ", ".join(f"{character} (U+{ord(character):04X})" for character in list(missing)[:8])
        raise ReportError(f"no font can draw {named}")


@cache
def _coverage(path: Path) -> frozenset[int]:
    with _opened(path) as font:
        return frozenset(font.getBestCmap() or ())


@cache
def _family(path: Path) -> str:
    with _opened(path) as font:
        for number in FAMILY_NAMES:
            if record := font["name"].getName(number, *ENGLISH):
                return str(record)
    raise ReportError(f"the font {path.name} does not say its family")


def _opened(path: Path) -> TTFont:
    try:
        return TTFont(io.BytesIO(path.read_bytes()), lazy=True)
    except (OSError, TTLibError) as exc:
        raise ReportError(f"the font {path.name} cannot be read") from exc
