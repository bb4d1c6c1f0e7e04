"""Who may send a document is asked before the document comes: otherwise a stranger could fill the disk."""

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.acts.access import authenticate
from api.acts.office import Office
from api.errors import ForbiddenError, ServiceError, UnauthenticatedError
from api.http import csc_errors
from api.http.refusals import answer
from api.problems import detail_of, problem_for

SCOPE: Final = "seal"
PERSON: Final = "person"  # what a person may send where is for the route to decide
REMOTE: Final = ("service", "credential")
SIGN_DOC: Final = "/csc/v2/signatures/signDoc"
UPLOADS: Final = (
    (re.compile(r"/api/v1/batches"), (SCOPE,)),
    (re.compile(r"/api/v1/seals/[^/]*/(uses|containers)"), (SCOPE,)),
    (re.compile(r"/api/v1/seal-requests"), (PERSON,)),
    (re.compile(r"/api/v1/envelopes/.*/(documents|attachments|revisions)"), (SCOPE, PERSON)),
    (re.compile(r"/api/v1/envelope-templates/[^/]*/rows"), (SCOPE, PERSON)),
    (re.compile(SIGN_DOC), REMOTE),
)


def scopes_for(path: str) -> tuple[str, ...] | None:
    """The scopes that let a document in at this path; None where no documents come in."""
    return next((scopes for pattern, scopes in UPLOADS if pattern.fullmatch(path)), None)


class TokenFirst:
    """Refuse an upload without a good token while its body is still on the way. The route checks again, as all do."""

    def __init__(self, app: ASGIApp, *, office: Office) -> None:
        """Wrap the application."""
        self._app = app
        self._office = office

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        needed = scopes_for(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if needed is not None:
            try:
                await run_in_threadpool(self._check, Headers(scope=scope).get("authorization", ""), needed)
            except ServiceError as exc:
                remote = scope["path"] == SIGN_DOC
                refusal = csc_errors.answer_to(exc) if remote else answer(problem_for(exc), detail=detail_of(exc))
                refusal.headers["Connection"] = "close"  # what follows on it is the body nobody wants
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, authorization: str, needed: tuple[str, ...]) -> None:
        kind, _, secret = authorization.partition(" ")
        if kind.lower() != "bearer":
            raise UnauthenticatedError("send a bearer token in the Authorization header")
        if not authenticate(self._office, secret.strip()).scopes.intersection(needed):
            raise ForbiddenError(f"this token lacks the scope {needed[0]}")
