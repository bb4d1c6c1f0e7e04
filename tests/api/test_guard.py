"""A document is not taken in from somebody who may not send one."""

import asyncio
from typing import Any

import pytest

from tests.support.office import Hall

PATH = "/api/v1/seals/33010600000001/uses"


def ask(hall: Hall, headers: dict[str, str]) -> list[dict[str, Any]]:
    """Post without ever giving a body; what the service says is what it decided by the head alone."""
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(hall.app(scope, receive, send))
    return said


@pytest.mark.parametrize(
    ("scope", "headers", "status"),
    [
        (None, {}, 401),
        (None, {"Authorization": "Basic YTpi"}, 401),
        (None, {"Authorization": "Bearer vml_unknown"}, 401),
        ("read", {}, 403),
    ],
)
def test_an_upload_without_the_right_is_refused_before_its_body(
    shared: Hall, scope: str | None, headers: dict[str, str], status: int
) -> None:
    sent = headers if scope is None else shared.headers(scope)
    start = ask(shared, {**sent, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "1000000"})[0]
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    assert start["status"] == status
    assert named["content-type"] == "application/problem+json"
    assert named["connection"] == "close"
