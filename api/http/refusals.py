"""Errors as answers: every error of the application becomes a problem document (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import ServiceError
from api.problems import (
    INTERNAL,
    MEDIA_TYPE,
    OF_STATUS,
    REQUEST,
    Problem,
    body_of,
    detail_of,
    more_of,
    problem_for,
)
from ca.errors import CaError
from hsm.errors import HsmError
from seals.errors import SealError
from verify.errors import VerifyError

log = logging.getLogger("vermilion")


def answer(
    problem: Problem, *, detail: str | None = None, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    headers = dict(headers or {})
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == 401:  # noqa: PLR2004 - RFC 9110 §15.5.2 demands the header with this status
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body_of(problem, detail=detail, **more), problem.status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    def known(_: Request, error: Exception) -> JSONResponse:
        problem = problem_for(error)
        if problem is INTERNAL or not problem.show:
            log.error("request failed: %s", type(error).__name__, exc_info=error)
        return answer(problem, detail=detail_of(error), **more_of(error))

    def invalid(_: Request, error: Exception) -> JSONResponse:
        found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
        fields = [{"field": ".".join(str(part) for part in one["loc"][1:]), "text": one["msg"]} for one in found]
        return answer(REQUEST, detail="; ".join(f"{one['field']}: {one['text']}" for one in fields), errors=fields)

    def plain(_: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        problem = OF_STATUS.get(status, Problem(status, "http", "Request refused"))
        # `Allow` belongs to a 405 (RFC 9110 §15.5.6)
        return answer(problem, detail=str(getattr(error, "detail", "")), headers=getattr(error, "headers", None))

    for root in (ServiceError, CaError, SealError, VerifyError, HsmError):
        app.add_exception_handler(root, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, known)
