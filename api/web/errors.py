"""Browsers that ran into an error get a page; programs keep their problem details."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.pages import error_page

MACHINE_PATHS: Final = ("/api/", "/pki/", "/csc/", "/log", "/healthz", "/readyz", "/metrics", "/static/")
PAGE: Final = b"text/html"


class BrowserErrors:
    """Replace the body of an error answer by a page where a person is reading."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, error pages put in place."""
        if not _read_by_person(scope):
            await self._app(scope, receive, send)
            return
        replaced = False

        async def humane(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _bare_error(message):
                replaced = True
                answer = error_page(Request(scope), message["status"])
                await answer(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, humane)


def _read_by_person(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in {"GET", "HEAD"}
        and not scope["path"].startswith(MACHINE_PATHS)
        and PAGE in dict(scope["headers"]).get(b"accept", b"")
    )


def _bare_error(message: Message) -> bool:
    return message["status"] >= 400 and not dict(message["headers"]).get(b"content-type", b"").startswith(PAGE)  # noqa: PLR2004 - the first status of an error
