"""Seal codes: 14 digits, the region that registered the enterprise and a serial number within it."""

import re
from dataclasses import dataclass
from typing import Final

from seals.errors import SealCodeError

REGION: Final = slice(2, 8)  # characters 3 to 8 of the credit code, GB 32100-2015 §5.4 (digits of GB/T 2260)
SERIAL_DIGITS: Final = 8
MAX_SERIAL: Final = 10**SERIAL_DIGITS - 1
CODE: Final = re.compile(r"[0-9]{6}[0-9]{8}")
USCC: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")  # no I O S V Z, §5.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCode:
    """A code taken apart. `str` puts it together again."""

    region: str
    serial: int

    def __str__(self) -> str:
        return f"{self.region}{self.serial:0{SERIAL_DIGITS}d}"


def make_code(uscc: str, *, serial: int) -> str:
    """Return the code of the `serial`th seal (from 1) of the region that the credit code names.

    Raises:
        SealCodeError: no credit code by its form, or the region's serial numbers are used up.
    """
    if not USCC.fullmatch(uscc):
        raise SealCodeError("the region is taken from a credit code of 18 characters; this is none")
    if not 1 <= serial <= MAX_SERIAL:
        raise SealCodeError(f"serial number {serial} is outside 1 to {MAX_SERIAL}")
    return str(SealCode(region=uscc[REGION], serial=serial))


def parse_code(text: str) -> SealCode:
    """Take a code apart; only ASCII digits without blanks are one.

    Raises:
        SealCodeError: anything else, and serial number 0.
    """
    if not CODE.fullmatch(text):
        raise SealCodeError("a seal code has exactly 14 digits")
    code = SealCode(region=text[:6], serial=int(text[6:]))
    if not code.serial:
        raise SealCodeError("serial numbers of seals begin with 1")
    return code


def check_code(text: str) -> None:
    """Return where `text` is a seal code.

    Raises:
        SealCodeError: it is none.
    """
    parse_code(text)
