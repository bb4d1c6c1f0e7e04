"""Checking over HTTP, for anybody: a PDF, a picture of a QR code, or its text."""

from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from api.acts import checking
from api.acts.office import Office
from api.errors import BadInputError
from api.http.limits import RateLimit
from api.http.schemas import VerifyIn

router = APIRouter(prefix="/api/v1/verify", tags=["verify"])
AT_ONCE: Final = 4  # checks of anybody's files, in threads of their own: long ones keep nobody else waiting

REPORT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["verdict", "kind", "checked_at", "findings", "signatures", "facts"],
    "properties": {
        "verdict": {"enum": ["passed", "failed", "indeterminate"]},
        "kind": {"type": "string"},
        "checked_at": {"type": "string", "format": "date-time"},
        "findings": {"type": "array", "items": {"type": "object"}},
        "signatures": {"type": "array", "items": {"type": "object"}},
        "facts": {"type": "object"},
    },
}
BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        "application/json": {"schema": VerifyIn.model_json_schema()},
    },
}


@router.post(
    "",
    openapi_extra={"requestBody": BODY},
    responses={
        200: {"description": "The report", "content": {"application/json": {"schema": REPORT}}},
        429: {"description": "Too many requests from this address"},
    },
)
async def verify(request: Request) -> dict[str, Any]:
    """Check a file or a code against this authority's roots. A failed check is an answer (200), not an error."""
    office: Office = request.app.state.office
    limit: RateLimit = request.app.state.rate_limit
    at_once: CapacityLimiter = request.app.state.checks
    limit.take(request.client.host if request.client else "unknown")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        text = _text_of(await request.body())
        report = await to_thread.run_sync(checking.check_text, office, text, limiter=at_once)
        return report.as_json()
    if kind != "multipart/form-data":
        raise BadInputError("send a file as multipart/form-data in the field `file`, or JSON with `text`")
    async with request.form(max_files=1, max_fields=4) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise BadInputError("the field `file` is missing")
        report = await to_thread.run_sync(checking.check_file, office, upload.file, limiter=at_once)
    return report.as_json()


def _text_of(body: bytes) -> str:
    try:
        return VerifyIn.model_validate_json(body).text
    except ValidationError as exc:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in exc.errors(include_input=False, include_context=False)]
        ) from exc
