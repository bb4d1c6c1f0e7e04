"""Who may send a document is asked before the document comes: otherwise a stranger could fill the disk."""

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.acts.access import authenticate
from api.acts.office import Office
from api.errors import ForbiddenError, ServiceError, UnauthenticatedError
from api.http.refusals import answer
from api.problems import detail_of, problem_for

UPLOADS: Final = re.compile(r"/api/v1/seals/[^/]*/uses")
SCOPE: Final = "seal"


class TokenFirst:
    """Refuse an upload without a good token while its body is still on the way. The route checks again, as all do."""

    def __init__(self, app: ASGIApp, *, office: Office) -> None:
        """Wrap the application."""
        self._app = app
        self._office = office

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope["type"] == "http" and scope["method"] == "POST" and UPLOADS.fullmatch(scope["path"]):
            try:
                await run_in_threadpool(self._check, Headers(scope=scope).get("authorization", ""))
            except ServiceError as exc:
                refusal = answer(problem_for(exc), detail=detail_of(exc))
                refusal.headers["Connection"] = "close"  # what follows on it is the body nobody wants
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, authorization: str) -> None:
        kind, _, secret = authorization.partition(" ")
        if kind.lower() != "bearer":
            raise UnauthenticatedError("send a bearer token in the Authorization header")
        if SCOPE not in authenticate(self._office, secret.strip()).scopes:
            raise ForbiddenError(f"this token lacks the scope {SCOPE}")
