"""How the words of a check are kept: rows of the table of findings, and sayings in both languages."""

from dataclasses import dataclass
from typing import Final

from verify.report import Verdict

PASSED: Final = Verdict.PASSED
FAILED: Final = Verdict.FAILED
INDETERMINATE: Final = Verdict.INDETERMINATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One row of the table. `en` and `zh` are format strings; `{…}` names come from the check."""

    when: str
    verdict: Verdict
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Both:
    """A piece of text in both languages."""

    en: str
    zh: str
