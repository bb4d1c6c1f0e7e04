"""Renders templates in the reader's language, error pages included."""

from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.web.front import Front, front_of
from api.web.words import LANGUAGES, TAGS, Words, choose_language

HERE: Final = Path(__file__).parent
COOKIE: Final = "lang"
COOKIE_KEPT_S: Final = 365 * 24 * 3600
templates: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def words_for(request: Request) -> Words:
    return Words(
        choose_language(
            request.query_params.get(COOKIE), request.cookies.get(COOKIE), request.headers.get("accept-language", "")
        )
    )


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return the page in the reader's language, and remember the language if it was asked for."""
    words, front = words_for(request), front_of(request.app)
    text = templates.get_template(template).render(
        t=words,
        front=front,
        authority=name_of(front, words),
        path=request.url.path,
        base=f"{request.url.scheme}://{request.url.netloc}",
        other=next(code for code in LANGUAGES if code != words.language),
        moment=partial(moment, zone=front.zone),
        **values,
    )
    answer = HTMLResponse(
        text,
        status_code=status,
        headers={
            "Content-Language": TAGS[words.language],
            "Cache-Control": "private, no-cache",
            "Vary": "Accept-Language, Cookie",
        },
    )
    if request.query_params.get(COOKIE) in LANGUAGES:
        answer.set_cookie(
            COOKIE,
            words.language,
            max_age=COOKIE_KEPT_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return answer


def error_page(request: Request, status: int) -> HTMLResponse:
    """Say in the reader's language that there is nothing here, or that something broke."""
    kind = {404: "404", 500: "500"}.get(status, "500" if status > 500 else "other")  # noqa: PLR2004 - HTTP's own numbers
    return page(request, "error.html", status=status, kind=kind, number=status)


def name_of(front: Front, words: Words) -> str:
    return front.authority_name if words.language == "zh" else front.authority_name_latin or front.authority_name


def moment(time: datetime, *, zone: tzinfo) -> str:
    """A time in the office's zone, which is named; the order of day and month leaves no doubt in either language."""
    shown = time.astimezone(zone)
    offset = shown.strftime("%z")
    name = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:]}"
    return f"{shown:%Y-%m-%d %H:%M:%S} {name}"
