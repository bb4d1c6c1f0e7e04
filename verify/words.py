"""Every finding of a check: its id, when it appears, which verdicts it may carry, and its words in English and Chinese.

docs/spec/findings.md is made from this table; a test compares them.
"""

from collections.abc import Iterable
from typing import Final

from verify.report import Finding, Verdict
from verify.wording import Both, Words
from verify.words_of_changes import CHANGES
from verify.words_of_files import FILES
from verify.words_of_signatures import SIGNATURES

TABLE: Final[dict[str, Words]] = {**FILES, **SIGNATURES}


def finding(ident: str, verdict: Verdict | None = None, /, **values: object) -> Finding:
    """Make the finding `ident` of the table, with its own verdict unless another one is given."""
    row = TABLE[ident]
    shown = {name: _shown(value) for name, value in values.items()}
    en, zh = {**shown}, {**shown}
    for name, value in values.items():
        if isinstance(value, Both):
            en[name], zh[name] = value.en, value.zh
    return Finding(ident, verdict or row.verdict, row.en.format(**en), row.zh.format(**zh))


MAX_SHOWN: Final = 200  # characters of foreign text that may stand in a finding


def _shown(value: object) -> str:
    """Foreign text in a finding: one line, printable, bounded."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def change(kind: str, /, **values: object) -> Both:
    """Say in both languages what was changed."""
    row, shown = CHANGES[kind], {name: _shown(value) for name, value in values.items()}
    return Both(row.en.format(**shown), row.zh.format(**shown))


def joined(parts: Iterable[Both]) -> Both:
    """One list out of several sayings, each once."""
    unique = list(dict.fromkeys(parts))
    return Both("; ".join(one.en for one in unique), "；".join(one.zh for one in unique))
