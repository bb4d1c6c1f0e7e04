"""The title face, the suggested enterprise, the colours."""

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fontTools.ttLib import TTFont

import api.web
from api.web.fonts import cut
from api.web.pages import moment
from api.web.suggestion import suggest
from api.web.words import title_characters
from ca.register import enterprise_from_mapping
from tests.support.asgi_client import AsgiClient
from tests.support.web_front import AUTHORITY, FONTS, app_with, front_with

CSS = (Path(api.web.__file__).parent / "static" / "look.css").read_text(encoding="utf-8")
MAX_FONT_BYTES = 80_000


def test_title_face_has_every_character_of_every_title_and_is_small() -> None:
    font = cut(FONTS / "NotoSerifSC-SemiBold.ttf", title_characters() + AUTHORITY)
    assert len(font.content) < MAX_FONT_BYTES
    with TTFont(BytesIO(font.content)) as read:
        assert read.flavor == "woff"
        assert {ord(character) for character in title_characters() + AUTHORITY} <= set(read.getBestCmap())


def test_title_face_is_not_sent_twice() -> None:
    client = AsgiClient(app_with(front_with()))
    first = client.get("/fonts/titles.woff")
    assert first.headers["content-type"] == "font/woff"
    again = client.get("/fonts/titles.woff", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_suggested_enterprise_is_one_that_the_register_takes() -> None:
    today = date(2026, 11, 21)
    for _ in range(200):
        entry = suggest(today=today)
        entered = {**entry, "term_until": entry["term_until"] or None}
        assert enterprise_from_mapping(entered, today=today).uscc == entry["uscc"]


def test_suggested_codes_differ() -> None:
    assert len({suggest(today=date(2026, 11, 21))["uscc"] for _ in range(50)}) == 50


def test_moment_names_its_zone() -> None:
    time = datetime(2026, 11, 21, 18, 30, 5, tzinfo=UTC)
    assert moment(time, zone=ZoneInfo("Asia/Shanghai")) == "2026-11-22 02:30:05 UTC+08:00"
    assert moment(time, zone=UTC) == "2026-11-21 18:30:05 UTC"
    assert moment(time, zone=ZoneInfo("America/St_Johns")) == "2026-11-21 15:00:05 UTC-03:30"


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


COLOURS = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", CSS))


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("ink", "paper", 7.0),
        ("soft", "paper", 4.5),
        ("soft", "leaf", 4.5),
        ("soft", "green-wash", 4.5),
        ("soft", "amber-wash", 4.5),
        ("soft", "ink-wash", 4.5),
        ("green", "paper", 4.5),
        ("amber", "amber-wash", 3.0),  # large type and signs only, WCAG 2.2 §1.4.3 and §1.4.11
        ("amber", "leaf", 3.0),
        ("line", "leaf", 3.0),  # edges of fields, §1.4.11
        ("line", "paper", 3.0),
    ],
)
def test_colours_contrast_as_wcag_aa_demands(text: str, ground: str, least: float) -> None:
    assert contrast(COLOURS[text], COLOURS[ground]) >= least


def test_white_on_seal_red_can_be_read() -> None:
    assert contrast("#ffffff", COLOURS["red"]) >= 4.5


def test_colours_are_those_of_the_house() -> None:
    assert {name: COLOURS[name] for name in ("paper", "ink", "red", "green", "amber")} == {
        "paper": "#faf7f2",
        "ink": "#1b1b1f",
        "red": "#c8161d",
        "green": "#1e7b4f",
        "amber": "#b46900",
    }


def test_motion_stops_where_the_reader_asks_for_it() -> None:
    assert "@media (prefers-reduced-motion: reduce)" in CSS
    assert ":focus-visible" in CSS
