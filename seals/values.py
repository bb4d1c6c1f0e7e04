"""What may be filled in: required or not, how long, a date, a tick, a sentence that was to be re-typed."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from seals.errors import FillError
from seals.slots import Fill, FillKind

YES: Final = "true"
NO: Final = "false"
_DATE: Final = re.compile(r"(\d{4})(?:-|年)(\d{1,2})(?:-|月)(\d{1,2})日?", re.ASCII)


def check_values(slot: str, fills: Mapping[str, Fill], values: Mapping[str, str]) -> None:
    """Make sure that the values are what the fills of the slot ask for.

    Raises:
        FillError: names the first field that is wrong.
    """
    for name in values:
        if name not in fills:
            raise FillError(name, f"is not one of the slot “{slot}”")
    for name, fill in fills.items():
        value = values.get(name, "")
        if not value:
            if fill.required:
                raise FillError(name, "has to be filled in")
        elif objection := _objection(fill, value):
            raise FillError(name, objection)


def _objection(fill: Fill, value: str) -> str | None:
    if len(value) > fill.max_chars:
        return f"holds at most {fill.max_chars} characters, not {len(value)}"
    match fill.kind:
        case FillKind.TICK:
            return _tick(fill, value)
        case FillKind.STATEMENT:
            return None if value == fill.statement else f"has to read “{fill.statement}”"
        case FillKind.DATE:
            return None if _is_date(value) else "has to be a date, like 2026-07-01 or 2026年7月1日"
        case FillKind.TEXT:
            printable = all(part.isprintable() for part in value.split("\n"))
            return None if printable and value.strip() else "holds characters that cannot be seen"


def _tick(fill: Fill, value: str) -> str | None:
    if value not in {YES, NO}:
        return f"is {YES} or {NO}"
    return "has to be ticked" if fill.required and value == NO else None


def _is_date(value: str) -> bool:
    found = _DATE.fullmatch(value)
    if found is None or ("年" in value) != value.endswith("日") or ("年" in value) != ("月" in value):
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True
