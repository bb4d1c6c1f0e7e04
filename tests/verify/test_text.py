"""What may stand in a text that people read."""

import re

import pytest

from verify.text import objection


@pytest.mark.parametrize("text", ["福州朱砂", "Café", "A B", "𠮷野家", "\U00031350"])
def test_names_of_all_kinds_pass(text: str) -> None:
    assert objection(text, max_chars=20) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 20 characters"),
        ("x" * 21, "1 to 20 characters"),
        ("a\nb", r"character 2 \(U\+000A\)"),
        ("a\u202eb", "U\\+202E"),
        ("a\u200bb", "U\\+200B"),
        ("\ue000", "U\\+E000"),
        ("\ud800", "U\\+D800"),
        ("\ufffe", "U\\+FFFE"),
        ("\U0001ffff", "U\\+1FFFF"),
        ("a\u2028b", "U\\+2028"),
        (" a", "space"),
        ("a\u3000", "space"),
        ("Cafe\u0301", "normalization form C"),
    ],
)
def test_what_misleads_a_reader_is_named(text: str, why: str) -> None:
    found = objection(text, max_chars=20)
    assert found is not None
    assert found[1]
    assert re.search(why, found[0])


def test_limits_are_inclusive() -> None:
    assert objection("ab", min_chars=2, max_chars=2) is None
    assert objection("a", min_chars=2, max_chars=2)
    assert objection("abc", min_chars=2, max_chars=2)
