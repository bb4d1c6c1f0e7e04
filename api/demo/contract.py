"""A sample contract to put seals on, set anew for the two parties."""

import json
import threading
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import typst

from ca.uscc import make_uscc

TEMPLATE: Final = Path(__file__).parent / "contract.typ"
FIRST_KEYWORD: Final = "甲方（盖章）"  # where the seal of the first party belongs
SECOND_KEYWORD: Final = "乙方（盖章）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party to the contract."""

    name: str
    uscc: str
    representative: str


OTHER: Final = Party(
    name="云溪丹青书画院有限公司",
    uscc=make_uscc(region="430603", organisation="MA7DQ5HY"),
    representative="沈砚秋",
)


class _Typesetter:
    """One compiler, which keeps fonts and the parsed template. It serves one thread at a time."""

    def __init__(self, fonts: Path) -> None:
        """Open the fonts in this folder, and no others."""
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        self._compiler = typst.Compiler(str(TEMPLATE), font_paths=found, root=str(TEMPLATE.parent))
        self._lock = threading.Lock()

    def pdf(self, values: dict[str, str], now: datetime) -> bytes:
        with self._lock:
            made = self._compiler.compile(
                format="pdf",
                sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
                timestamp=int(now.timestamp()),
            )
        if not isinstance(made, bytes):
            raise TypeError("the typesetter returned several files for one PDF")
        return made


@cache
def _typesetter(fonts: Path) -> _Typesetter:
    return _Typesetter(fonts)


def sample_contract(first: Party, second: Party = OTHER, *, fonts: Path, day: date, now: datetime) -> bytes:
    """Return the PDF. The same arguments give the same bytes.

    Raises:
        typst.TypstError: the template could not be set, for want of a font.
    """
    values = {
        "title": "采购合同",
        "number": f"{day:%Y%m%d}-07",
        "first": first.name,
        "first_code": first.uscc,
        "first_person": first.representative,
        "second": second.name,
        "second_code": second.uscc,
        "second_person": second.representative,
        "date": f"{day.year}年{day.month}月{day.day}日",
    }
    return _typesetter(fonts).pdf(values, now)
