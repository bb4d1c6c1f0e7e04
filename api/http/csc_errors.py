"""Errors of the remote signing interface and of the token service: `{"error", "error_description"}`, never a problem document.

CSC 1.0.4 §10.1 and RFC 6749 §5.2 share the form.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api import errors as service
from api.problems import problem_for
from ca.errors import CaError
from hsm.errors import HsmError, MechanismError
from seals import errors as seals
from verify.errors import VerifyError

log: Final = logging.getLogger("vermilion.csc")
RETRY_AFTER_S: Final = 2
BAD_REQUEST: Final = 400
SERVER_ERROR: Final = 500
UNAVAILABLE: Final = 503


class CscError(BaseModel):
    """An error, CSC 1.0.4 §10.1 and RFC 6749 §5.2."""

    error: str = Field(examples=["invalid_request"])
    error_description: str


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": CscError, "description": "A parameter is missing or not good"},
    401: {"model": CscError, "description": "No token or client that is known here"},
    403: {"model": CscError, "description": "Not allowed"},
    413: {"model": CscError, "description": "Body too large"},
    429: {"model": CscError, "description": "Too many requests from this address"},
    500: {"model": CscError, "description": "Internal error"},
    503: {"model": CscError, "description": "Worth a retry"},
}
# what a client can do something about: code, status, and whether the sentence may be shown
_TABLE: Final[Mapping[type[Exception], tuple[str, int]]] = {
    service.UnauthenticatedError: ("invalid_token", 401),
    service.ForbiddenError: ("insufficient_scope", 403),
    service.AssertionRefusedError: ("access_denied", 403),
    service.NotFoundError: ("invalid_request", 400),
    service.BadInputError: ("invalid_request", 400),
    service.RateLimitedError: ("temporarily_unavailable", 429),
    service.SealUnusableError: ("access_denied", 403),
    seals.RightError: ("access_denied", 403),
    seals.SealStateError: ("access_denied", 403),
    seals.DocumentRefusedError: ("invalid_request", 400),
    seals.IntentError: ("invalid_request", 400),
    MechanismError: ("invalid_request", 400),
}


class CscRoute(APIRoute):
    """A route whose every error has the form that its clients know."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except RequestValidationError as exc:
                return refusal("invalid_request", _missing(exc), 400)
            except (service.ServiceError, seals.SealError, HsmError, VerifyError, CaError) as exc:
                return answer_to(exc)
            except HTTPException as exc:
                if exc.status_code != BAD_REQUEST:
                    raise
                return refusal("invalid_request", "the body cannot be read", BAD_REQUEST)
            except Exception as exc:
                if type(exc).__name__ == "BodyTooLargeMidwayError":
                    raise  # the limit on bodies answers by itself
                log.exception("%s failed", request.url.path)
                return refusal("server_error", "an internal error", SERVER_ERROR)

        return handler


def answer_to(error: Exception) -> JSONResponse:
    """Say an error of ours in this form; what only we can mend stays in the log."""
    if isinstance(error, service.OAuthError):
        return refusal(error.error, str(error), error.status)
    for kind in type(error).__mro__:
        if kind in _TABLE:
            code, status = _TABLE[kind]
            return refusal(code, str(error), status)
    problem = problem_for(error)
    if problem.status == UNAVAILABLE:
        return refusal("temporarily_unavailable", problem.title, UNAVAILABLE)
    log.error("request failed: %s", type(error).__name__, exc_info=error)
    return refusal("server_error", "an internal error", SERVER_ERROR)


def refusal(code: str, text: str, status: int) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004 - RFC 6750 §3 for tokens, RFC 6749 §5.2 for clients
        headers["WWW-Authenticate"] = "Basic" if code == "invalid_client" else f'Bearer error="{code}"'
    if status in {429, UNAVAILABLE}:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    body = CscError(error=code, error_description=text)
    return JSONResponse(body.model_dump(), status, headers=headers)


def _missing(error: RequestValidationError) -> str:
    names = dict.fromkeys(".".join(str(part) for part in one["loc"][1:]) or "body" for one in error.errors())
    return f"Missing (or invalid type) parameter {', '.join(names)}"
