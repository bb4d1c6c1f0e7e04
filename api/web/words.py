"""Which language a page is in, and its texts in that language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.web.texts import PAGES, TITLES
from api.web.texts_acts import BROWSER, DEMO, SHARED
from api.web.texts_agree import AGREE, AGREE_BROWSER
from api.web.texts_people import HEADINGS, PEOPLE, PEOPLE_BROWSER

LANGUAGES: Final = ("zh", "en")
TAGS: Final = {"zh": "zh-CN", "en": "en"}  # BCP 47

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    **TITLES,
    **PAGES,
    **DEMO,
    **SHARED,
    **BROWSER,
    **HEADINGS,
    **PEOPLE,
    **PEOPLE_BROWSER,
    **AGREE,
    **AGREE_BROWSER,
}


@dataclass(frozen=True, slots=True)
class Words:
    """The texts in one language."""

    language: str  # one of LANGUAGES

    @property
    def tag(self) -> str:
        return TAGS[self.language]

    def __call__(self, key: str, **values: object) -> str:
        """Return the text, its `{name}` places filled. A key that is not there is a mistake of ours: KeyError."""
        text = WORDS[key][LANGUAGES.index(self.language)]
        return text.format(**values) if values else text

    def known(self, prefix: str, name: str) -> str:
        """Return the text of `prefix.name`, or `name` itself when there is none: newer data than words."""
        return self(f"{prefix}.{name}") if f"{prefix}.{name}" in WORDS else name

    def for_browser(self) -> str:
        """What the browser modules need, as JSON."""
        verdicts = {key: self(key) for key in TITLES if key.startswith(("t.verdict.", "t.check."))}
        return json.dumps(
            verdicts | {key: self(key) for key in (*SHARED, *BROWSER, *PEOPLE_BROWSER, *AGREE_BROWSER)},
            ensure_ascii=False,
            separators=(",", ":"),
        )


def title_characters() -> str:
    """Every character that our titles use, for the subset of the title face."""
    pairs = [
        *TITLES.values(),
        *HEADINGS.values(),
        *(pair for key, pair in PEOPLE_BROWSER.items() if key.startswith("contract.task.")),
        *(pair for key, pair in PAGES.items() if key.startswith("tag.")),
    ]  # tags head the API list
    return "".join(sorted({character for pair in pairs for text in pair for character in text}))


def choose_language(asked: str | None, cookie: str | None, accept: str) -> str:
    """Return the language of a page: the one asked for, the one kept, the best that the browser accepts, or Chinese."""
    for wanted in (asked, cookie):
        if wanted in LANGUAGES:
            return wanted
    return _best(accept)


def _best(accept: str) -> str:
    """RFC 9110 §12.5.4, primary subtags only; equal weights go to the first named."""
    best, weight = "zh", 0.0
    for part in accept.split(",")[:20]:  # nobody reads more than 20 languages
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if primary in LANGUAGES and quality > weight:
            best, weight = primary, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if name.strip() == "q" and 0 <= quality <= 1 else 0.0
