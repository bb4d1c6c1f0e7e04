"""Bounds on what comes in over HTTP: body sizes by path, and requests a minute by address on public endpoints."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLargeError, RateLimitedError
from api.http import csc_errors
from api.problems import MEDIA_TYPE, PROBLEMS, body_of

MAX_PROTOCOL_BYTES: Final = 64 * 1024  # OCSP and time-stamp requests are far smaller; they refuse more precisely
MAX_SIGN_DOC_BYTES: Final = 16 << 20  # JSON with documents in base64, held in memory: larger ones go by their digest
MULTIPART_ROOM: Final = 64 * 1024  # boundaries and fields around an uploaded document
REMOTE: Final = ("/csc/", "/oauth/token")  # whose clients know one form of errors
MAX_ADDRESSES: Final = 50_000  # remembered by the rate limit


class BodyTooLargeMidwayError(Exception):
    """Raised out of `receive` when a body grows over its limit."""


class BodyLimit:
    """Refuse bodies over the limit of their path with 413, by the declared length or while they come in.

    Only files in a form may be as large as a document: they stream to disk. Any other body is read into memory.
    """

    def __init__(self, app: ASGIApp, *, json_bytes: int, document_bytes: int) -> None:
        """Wrap the application. Limits are inclusive, in bytes."""
        self._app = app
        self._json = json_bytes
        self._document = document_bytes + MULTIPART_ROOM

    def _limit(self, path: str, content_type: bytes) -> int:
        if path.startswith("/pki/"):
            return MAX_PROTOCOL_BYTES
        if path == "/csc/v2/signatures/signDoc":
            return max(MAX_SIGN_DOC_BYTES, self._json)
        takes_files = (
            path in {"/api/v1/verify", "/api/v1/batches", "/api/v1/seal-requests"}
            or (path.startswith("/api/v1/seals/") and path.endswith(("/uses", "/containers")))
            or (path.startswith("/api/v1/envelopes/") and path.endswith(("/documents", "/attachments", "/revisions")))
            or (path.startswith("/api/v1/envelope-templates/") and path.endswith("/rows"))
        )
        in_form = content_type.partition(b";")[0].strip().lower() == b"multipart/form-data"
        return self._document if takes_files and in_form else self._json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what fits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = self._limit(scope["path"], headers.get(b"content-type", b""))
        room = MULTIPART_ROOM if limit == self._document else 0
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _too_large(scope, send, limit, room)
            return
        got = 0
        over = started = False

        async def bounded() -> Message:
            nonlocal got, over
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                over = True
                raise BodyTooLargeMidwayError
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if over and not started:
                return  # whatever the application made of the interrupted body, the answer is 413
            started = True
            await send(message)

        try:
            await self._app(scope, bounded, watched)
        except Exception:
            if not over:
                raise
        if over and not started:
            await _too_large(scope, send, limit, room)


async def _too_large(scope: Scope, send: Send, limit: int, room: int) -> None:
    """Name the limit that the operator set: `room` around a document is ours."""
    problem, detail = PROBLEMS[BodyTooLargeError], f"at most {limit - room} bytes are accepted here"
    if scope["path"].startswith(REMOTE):
        answer = csc_errors.refusal("invalid_request", f"{problem.title}: {detail}", problem.status)
    else:
        answer = JSONResponse(body_of(problem, detail=detail), problem.status, media_type=MEDIA_TYPE)
    answer.headers["Connection"] = "close"
    await answer(scope, _nothing, send)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}  # what is left of the body is not read


@dataclass(slots=True)
class RateLimit:
    """A bucket of `per_minute` requests for each address, refilled evenly. In memory, per process."""

    per_minute: int
    monotonic: Callable[[], float] = time.monotonic
    _level: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, address: str) -> None:
        """Count one request.

        Raises:
            RateLimitedError: the address used up its bucket.
        """
        now = self.monotonic()
        with self._lock:
            level, then = self._level.pop(address, (float(self.per_minute), now))
            level = min(float(self.per_minute), level + (now - then) * self.per_minute / 60)
            enough = level >= 1
            self._level[address] = (level - 1 if enough else level, now)
            if len(self._level) > MAX_ADDRESSES:
                self._level.popitem(last=False)
        if not enough:
            raise RateLimitedError("too many requests from this address; try again in a minute")
