"""What a seal shows, and the sizes each kind may have."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from seals.codes import check_code
from seals.errors import AppearanceError
from seals.model import SealKind

MIN_NAME: Final = 2
MAX_NAME: Final = 40  # characters of an enterprise's name that can still be read on 40 mm
MAX_PERSON: Final = 20  # characters of a person's name, dots included
MAX_LINE: Final = 12  # characters of the line across
USCC_LENGTH: Final = 18  # GB 32100-2015 §5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """How a kind looks unless its face says otherwise. Sizes in millimetres, inclusive, with their sources in docs/spec/seals.md."""

    size: float  # diameter, side, or the long axis of the ellipse
    smallest: float
    largest: float
    ring: float
    star: bool = False
    line: str = ""


PATTERNS: Final[dict[SealKind, Pattern]] = {
    SealKind.OFFICIAL: Pattern(size=40, smallest=38, largest=42, ring=1.2, star=True),
    SealKind.FINANCE: Pattern(size=38, smallest=38, largest=40, ring=1.0, line="财务专用章"),
    SealKind.CONTRACT: Pattern(size=38, smallest=38, largest=40, ring=1.0, line="合同专用章"),
    SealKind.INVOICE: Pattern(size=40, smallest=40, largest=40, ring=1.0, line="发票专用章"),
    SealKind.REPRESENTATIVE: Pattern(size=20, smallest=18, largest=25, ring=0.9),
    SealKind.OTHER: Pattern(size=38, smallest=38, largest=40, ring=1.0, line="业务专用章"),
    SealKind.AUTHORITY: Pattern(size=42, smallest=42, largest=45, ring=1.2, star=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFace:
    """The text of one seal and what differs from its kind's pattern. Checked when made."""

    kind: SealKind
    name: str  # as registered; on the arc, except on a representative's seal
    code: str = ""  # 14 digits, along the lower edge
    representative: str = ""  # on a representative's seal only
    line: str | None = None  # across; None for the kind's own, "" for none
    uscc: str = ""  # on an invoice seal, in the middle; the seal code stands there without it
    size_mm: float | None = None
    star: bool | None = None  # None for the kind's own

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn well.

        Raises:
            AppearanceError: a text too long or too short, a size outside the kind's range.
            SealCodeError: not a seal code.
        """
        _check_text("name", self.name, MIN_NAME, MAX_NAME)
        _check_text("line", self.text_across, 0, MAX_LINE)
        if self.code:
            check_code(self.code)
        if self.uscc and not (len(self.uscc) == USCC_LENGTH and self.uscc.isascii() and self.uscc.isalnum()):
            raise AppearanceError("a unified social credit code has 18 digits and letters")
        if self.kind is SealKind.REPRESENTATIVE:
            _check_text("representative's name", self.representative, MIN_NAME, MAX_PERSON)
        pattern = PATTERNS[self.kind]
        if not pattern.smallest <= self.size <= pattern.largest:
            raise AppearanceError(
                f"a seal of kind {self.kind} is {pattern.smallest:g} to {pattern.largest:g} mm wide, not {self.size:g}"
            )

    @property
    def size(self) -> float:
        return PATTERNS[self.kind].size if self.size_mm is None else self.size_mm

    @property
    def ring(self) -> float:
        return PATTERNS[self.kind].ring

    @property
    def has_star(self) -> bool:
        return PATTERNS[self.kind].star if self.star is None else self.star

    @property
    def representative_shown(self) -> str:
        return self.representative if self.kind is SealKind.REPRESENTATIVE else ""

    @property
    def text_across(self) -> str:
        return PATTERNS[self.kind].line if self.line is None else self.line


def _check_text(what: str, text: str, least: int, most: int) -> None:
    if text != unicodedata.normalize("NFC", text).strip():
        raise AppearanceError(f"the {what} is not in normal form C, or begins or ends with a blank")
    if unseen := [character for character in text if character != " " and unicodedata.category(character)[0] in "CMZ"]:
        raise AppearanceError(f"the {what} has a character that cannot stand by itself: U+{ord(unseen[0]):04X}")
    if not least <= len(text) <= most:
        raise AppearanceError(f"the {what} has {len(text)} characters; {least} to {most} can be drawn")
