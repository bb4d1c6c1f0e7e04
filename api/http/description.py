"""Complete the OpenAPI document: which problems each operation may answer with follows from what it takes."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from api.problems import MEDIA_TYPE

METHODS: Final = ("get", "post", "put", "patch", "delete")
PROBLEM: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "Problem details, RFC 9457",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "which problem; docs/spec/problems.md lists them"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence on this very request"},
        "reason": {"type": "string", "description": "why a document was refused"},
        "errors": {
            "type": "array",
            "description": "the fields that are wrong, all of them",
            "items": {
                "type": "object",
                "required": ["field", "text"],
                "properties": {
                    "field": {"type": "string"},
                    "text": {"type": "string"},
                    "text_zh": {"type": "string"},
                },
            },
        },
    },
}
CONTENT: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RETRY: Final = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to every operation the problems that it may answer with."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = dict(PROBLEM)
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                _complete(item[method], method)
    for unused in ("HTTPValidationError", "ValidationError"):  # what the framework would answer, and we never do
        schemas.pop(unused, None)
    return document


def _complete(operation: dict[str, Any], method: str) -> None:
    answers = operation["responses"]
    answers.pop("422", None)  # the framework's own; ours comes back below
    own_form = "content" in answers.get("500", {})  # remote signing and tokens: all their errors are described there
    for status in () if own_form else _problems(operation, method):
        known = answers.setdefault(str(status.value), {"description": status.phrase})
        if "content" not in known:
            known["content"] = CONTENT
    for code, known in answers.items():
        if int(code) >= HTTPStatus.BAD_REQUEST and "content" not in known:
            known["content"] = CONTENT
        if int(code) in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            known["headers"] = RETRY
    operation["responses"] = dict(sorted(answers.items()))


def _problems(operation: Mapping[str, Any], method: str) -> Iterator[HTTPStatus]:
    parameters = operation.get("parameters", [])
    yield HTTPStatus.INTERNAL_SERVER_ERROR
    if "operation" not in operation.get("tags", []):  # probes need no part of the service to answer
        yield HTTPStatus.SERVICE_UNAVAILABLE
    if operation.get("security"):
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
    if parameters or operation.get("security"):  # PostgreSQL, say, cannot store U+0000 in a text
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if any(one["in"] == "path" for one in parameters):
        yield HTTPStatus.NOT_FOUND
    if "requestBody" in operation:
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if method != "get" and operation.get("security"):  # it changes a state that may not allow it
        yield HTTPStatus.CONFLICT
