"""Bearer tokens and remembered answers in SQL. A token is stored as its SHA-256 only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.db.tables import replies, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token as recorded: who it speaks for and what it may do."""

    id: str
    name: str
    scopes: frozenset[str]
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    person: str | None = None  # whose session it is
    client: str | None = None  # which registered client it was issued to
    uscc: str | None = None  # the enterprise whose machine it belongs to

    @property
    def machine(self) -> str:
        """Who acts, for mandates to machines: the client, or the token itself where there is none."""
        return self.client or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The first answer to a request with an `Idempotency-Key`; `status` is None while that is at work."""

    request_sha256: bytes
    status: int | None
    body: str | None
    process: str


class SqlTokens:
    """Tokens by the hash of their secret."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, token: Token, *, sha256: bytes) -> None:
        self._connection.execute(
            insert(tokens).values(
                id=token.id,
                name=token.name,
                sha256=sha256,
                scopes=" ".join(sorted(token.scopes)),
                made_at=token.made_at,
                expires_at=token.expires_at,
                person=token.person,
                client=token.client,
                uscc=token.uscc,
            )
        )

    def by_hash(self, sha256: bytes) -> Token | None:
        row = self._connection.execute(select(tokens).where(tokens.c.sha256 == sha256)).one_or_none()
        if row is None:
            return None
        return _token(row)

    def all(self) -> list[Token]:
        rows = self._connection.execute(select(tokens).order_by(tokens.c.made_at))
        return [_token(row) for row in rows]

    def of_machines(self) -> list[Token]:
        """Those that nobody's passkey and no registered client stands behind."""
        of = select(tokens).where(tokens.c.person.is_(None), tokens.c.client.is_(None))
        return [_token(row) for row in self._connection.execute(of.order_by(tokens.c.made_at))]

    def revoke(self, token_id: str, *, at: datetime) -> bool:
        done = self._connection.execute(
            update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=at)
        )
        return done.rowcount == 1


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        person=row.person,
        client=row.client,
        uscc=row.uscc,
    )


class SqlReplies:
    """Answers that a repeated request gets again."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def claim(self, actor: str, key: str, request_sha256: bytes, *, process: str, now: datetime) -> bool:
        """Make the key the caller's; False when it is somebody's already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(replies).values(actor=actor, key=key, request_sha256=request_sha256, process=process, at=now)
                )
        except IntegrityError:
            return False
        return True

    def get(self, actor: str, key: str) -> Reply | None:
        row = self._connection.execute(
            select(replies).where(replies.c.actor == actor, replies.c.key == key)
        ).one_or_none()
        if row is None:
            return None
        return Reply(request_sha256=row.request_sha256, status=row.status, body=row.body, process=row.process)

    def answer(self, actor: str, key: str, *, status: int, body: str) -> None:
        self._connection.execute(
            update(replies).where(replies.c.actor == actor, replies.c.key == key).values(status=status, body=body)
        )

    def release(self, actor: str, key: str) -> None:
        """Forget a key whose request came to nothing, so that it may be tried again."""
        self._connection.execute(
            delete(replies).where(replies.c.actor == actor, replies.c.key == key, replies.c.status.is_(None))
        )

    def release_of(self, dead: list[str]) -> None:
        self._connection.execute(delete(replies).where(replies.c.status.is_(None), replies.c.process.in_(dead)))
