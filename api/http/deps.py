"""What handlers ask for: the office, who calls, and remembered answers."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from api.acts.access import authenticate
from api.acts.office import Office
from api.db.access import Token
from api.db.work import SqlUnitOfWork
from api.errors import (
    BadInputError,
    DatabaseBusyError,
    DatabaseGoneError,
    ForbiddenError,
    KeyInUseError,
    KeyReusedError,
    UnauthenticatedError,
)

KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")  # what fits a structured-field string without quoting
HALL: Final = frozenset(
    {"register", "issue", "read", "audit"}
)  # over all enterprises: never for a token of one of them
bearer: Final = HTTPBearer(auto_error=False, description="A token made by the ceremony or by `vermilion token add`")


def office_of(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


OfficeDep = Annotated[Office, Depends(office_of)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@dataclass(frozen=True, slots=True)
class Scope:
    """Lets in only a token that carries the scope."""

    name: str

    def __call__(self, credentials: Credentials, office: OfficeDep) -> Token:
        """Return who calls.

        Raises:
            UnauthenticatedError: no token, or not a good one.
            ForbiddenError: the token lacks the scope, or is an enterprise's where the scope is the hall's.
        """
        if credentials is None:
            raise UnauthenticatedError("send a bearer token in the Authorization header")
        token = authenticate(office, credentials.credentials)
        if self.name not in token.scopes or (self.name in HALL and token.uscc is not None):
            raise ForbiddenError(f"this token lacks the scope {self.name}")
        return token


@dataclass(slots=True)
class AtWork:
    """Which keyed requests this process is answering right now."""

    _keys: set[tuple[str, str]] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def on(self, actor: str, key: str) -> Iterator[None]:
        """Hold a key for the length of a `with` block.

        Raises:
            KeyInUseError: it is held already.
        """
        with self._lock:
            if (actor, key) in self._keys:
                raise KeyInUseError("the first request with this Idempotency-Key is still at work")
            self._keys.add((actor, key))
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard((actor, key))


@dataclass(frozen=True, slots=True)
class Once:
    """Answers a repeated request with the answer of the first (draft-ietf-httpapi-idempotency-key-header)."""

    office: Office
    at_work: AtWork
    key: str | None

    def run(
        self, actor: str, fingerprint: bytes, act: Callable[["Remember"], BaseModel], *, status: int = 201
    ) -> Response:
        """Run `act` unless this key has an answer already; `act` hands its answer to `Remember` in its last transaction.

        Raises:
            KeyReusedError: the key came with another request before.
            KeyInUseError: the first request is still at work.
        """
        if self.key is None:
            return _json(status, act(Remember(None, actor, status)).model_dump_json())
        with self.at_work.on(actor, self.key):
            known = self._claim(actor, self.key, hashlib.sha256(fingerprint).digest())
            if known is not None:
                return known
            try:
                return _json(status, act(Remember(self.key, actor, status)).model_dump_json())
            except BaseException:
                with suppress(DatabaseGoneError, DatabaseBusyError):  # the first error is told; see `_claim`
                    self._release(actor, self.key)
                raise

    def _claim(self, actor: str, key: str, digest: bytes) -> Response | None:
        """Make the key this request's own, or return the answer that it has already."""
        with self.office.work() as work:
            mine = work.replies.claim(actor, key, digest, process=self.office.process, now=self.office.now())
            known = None if mine else work.replies.get(actor, key)
            work.commit()
        if known is None:
            return None
        if known.request_sha256 != digest:
            raise KeyReusedError("this Idempotency-Key was used with another request; take a new one")
        if known.status is not None and known.body is not None:
            return _json(known.status, known.body, replayed=True)
        if known.process != self.office.process:
            raise KeyInUseError("the first request with this Idempotency-Key is still at work")
        return None  # ours, and nothing is at work on it: the database was gone when it should have been released

    def _release(self, actor: str, key: str) -> None:
        with self.office.work() as work:
            work.replies.release(actor, key)
            work.commit()


@dataclass(frozen=True, slots=True)
class Remember:
    """Stores the answer in the same transaction as what it tells of."""

    key: str | None
    actor: str
    status: int

    def __call__(self, work: SqlUnitOfWork, answer: BaseModel) -> None:
        """Part of the caller's last transaction."""
        if self.key is not None:
            work.replies.answer(self.actor, self.key, status=self.status, body=answer.model_dump_json())


def once_of(
    request: Request,
    office: OfficeDep,
    idempotency_key: Annotated[
        str | None, Header(description="Any unique text; a repeated request gets the first answer again")
    ] = None,
) -> Once:
    """Check the header's form."""
    if idempotency_key is not None and not KEY.fullmatch(idempotency_key):
        raise BadInputError("an Idempotency-Key is 1 to 128 printable ASCII characters without blanks")
    at_work: AtWork = request.app.state.at_work
    return Once(office, at_work, idempotency_key)


OnceDep = Annotated[Once, Depends(once_of)]


def fingerprint_of(route: str, *parts: Any) -> bytes:
    """Bytes that two requests share only if they ask for the same."""
    # JSON may bring half a character (a lone surrogate): what it means is for the act to say
    return json.dumps([route, *parts], ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "surrogatepass")


def _json(status: int, body: str, *, replayed: bool = False) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(body, status_code=status, media_type="application/json", headers=headers)
