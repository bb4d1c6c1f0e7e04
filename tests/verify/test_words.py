"""The table of findings: complete, in both languages, and the same as its page."""

import re
import string
from pathlib import Path

import pytest

from tools.findings_page import PAGE, page
from verify.report import Verdict
from verify.wording import Both
from verify.words import MAX_SHOWN, TABLE, change, finding, joined
from verify.words_of_changes import CHANGES

VERIFY = Path(__file__).parents[2] / "verify"


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_page_lists_every_finding_as_the_table_has_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("ident", TABLE)
def test_both_languages_say_the_same_things(ident: str) -> None:
    row = TABLE[ident]
    assert names(row.en) == names(row.zh)
    assert re.search(r"[\u4e00-\u9fff]", row.zh)
    assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", ident)
    assert "|" not in row.en + row.zh + row.when


def test_every_finding_that_is_made_is_in_the_table_and_every_row_is_made() -> None:
    paths = [path for path in VERIFY.glob("*.py") if path.name not in {"words.py", "qr.py"}]
    paths += (VERIFY.parent / "api" / "acts").glob("*_standing.py")  # what the register adds to a check
    source = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert {ident for ident in TABLE if f'"{ident}"' not in source} == set()
    made = set(re.findall(r'\bfinding\(\s*"([a-z.-]+)"', source))
    assert made <= set(TABLE)


def test_changes_are_said_in_both_languages() -> None:
    for kind, row in CHANGES.items():
        assert names(row.en) == names(row.zh), kind


def test_foreign_text_in_a_finding_is_one_bounded_printable_line() -> None:
    said = finding("path.unknown-issuer", subject="a\nb\x00c" + "x" * 500)
    assert "\n" not in said.text
    assert "a b c" in said.text
    assert "…" in said.text
    assert len(said.text) < MAX_SHOWN + 100
    exact = finding("path.unknown-issuer", subject="x" * MAX_SHOWN)
    assert "…" not in exact.text


def test_a_verdict_may_be_given_and_both_languages_are_kept_apart() -> None:
    said = finding("timestamp.untrusted", Verdict.FAILED, subject="TSA", what=Both("old", "旧"))
    assert said.verdict is Verdict.FAILED
    assert said.text.endswith("old")
    assert said.text_zh.endswith("旧")


def test_a_list_of_changes_names_each_once() -> None:
    one, other = change("content", page=1), change("content", page=2)
    assert joined([one, other, one]).en == f"{one.en}; {other.en}"
    assert joined([]).en == ""
