"""Every text exists in both languages, and the reader gets the one they asked for."""

import re
from pathlib import Path

import pytest

import api.web
from api.web.words import WORDS, Words, choose_language, title_characters
from seals.errors import Reason

WEB = Path(api.web.__file__).parent
PLACE = re.compile(r"\{\w+\}")
SPARE = (
    "tag.",
    "fact.",
    "state.",
    "seal.",
    "level.",
    "source.",
    "problem.",
    "verdict.",
    "revocation.",
    "sig.",
    "t.",
    "field.",
    "role.",
    "envelope.",
    "party.",
    "mark.",
    "act.",
    "link.",
    "grantee.",
    "mandate.",
    "people.",
    "rescission.",
)


@pytest.mark.parametrize(
    ("asked", "cookie", "accept", "language"),
    [
        ("en", "zh", "zh-CN", "en"),
        ("fr", "en", "zh-CN", "en"),
        (None, None, "", "zh"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "zh;q=0.2,en;q=0.7", "en"),
        (None, None, "de-DE,de;q=0.9", "zh"),
        (None, None, "fr,en;q=0.1", "en"),
        (None, None, "en;q=0,zh;q=0.1", "zh"),
        (None, None, "en;q=2", "zh"),
        (None, None, "en;q=nan", "zh"),
        (None, None, "en;q=loud", "zh"),
        (None, None, ";;;,,,=", "zh"),
    ],
)
def test_language_is_what_was_asked_for_then_kept_then_accepted(
    asked: str | None, cookie: str | None, accept: str, language: str
) -> None:
    assert choose_language(asked, cookie, accept) == language


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_something_and_fill_the_same_places(key: str) -> None:
    zh, en = WORDS[key]
    assert zh.strip()
    assert en.strip()
    assert set(PLACE.findall(zh)) == set(PLACE.findall(en)) or key == "report.because"


def keys_in(pattern: str, *files: str) -> set[str]:
    texts = [path.read_text(encoding="utf-8") for name in files for path in sorted(WEB.glob(name))]
    return {key for text in texts for key in re.findall(pattern, text)}


def test_templates_and_modules_use_only_texts_that_exist() -> None:
    used = keys_in(r"""\bt\(\s*["']([\w.-]+)["']\s*[,)]""", "templates/*.html", "static/js/*.js")
    assert len(used) > 100
    assert used <= WORDS.keys()


def test_no_text_is_left_over() -> None:
    used = keys_in(r"""["']([a-z][\w-]*(?:\.[\w-]+)*)["']""", "templates/*.html", "static/js/*.js")
    built = {
        key
        for key in WORDS
        if key.startswith(SPARE)
        or key.startswith(("demo.", "error.", "landing.", "report.failed", "report.indeterminate"))
    }
    assert WORDS.keys() - used - built == set()


def test_browser_modules_get_every_text_they_use() -> None:
    used = keys_in(r"""\bt\(\s*["']([\w.-]+)["']\s*[,)]""", "static/js/*.js")
    handed = Words("zh").for_browser()
    assert {key for key in used if f'"{key}"' not in handed} == set()


def test_a_name_without_a_text_is_shown_as_it_is() -> None:
    assert Words("en").known("state", "active") == "in force"
    assert Words("en").known("state", "archived") == "archived"


def test_title_characters_hold_both_languages() -> None:
    characters = title_characters()
    assert "照" in characters
    assert "L" in characters
    assert len(characters) == len(set(characters))


def test_title_characters_hold_the_headings_of_the_api_list() -> None:
    headings = {character for key, pair in WORDS.items() if key.startswith("tag.") for character in "".join(pair)}
    assert headings <= set(title_characters())


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_for_refusing_a_document_has_words(reason: Reason) -> None:
    assert f"problem.{reason}" in WORDS
