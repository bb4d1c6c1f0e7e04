"""OAuth clients and authorization codes in SQL. Secrets and codes are stored as their SHA-256 only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from api.db.remote_tables import clients, codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that asks for tokens (RFC 6749 §2)."""

    id: str
    name: str
    uscc: str | None  # whose machine it is
    secret_sha256: bytes | None  # None: a public client
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    made_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code and what a person agreed to by it."""

    sha256: bytes
    client: str
    person: str
    redirect_uri: str
    scope: str
    challenge: str  # PKCE, S256
    details: str  # JSON, empty for scope `service`
    expires_at: datetime
    used_at: datetime | None = None
    token: str | None = None
    authorisation: str | None = None


class SqlClients:
    """Clients and codes."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, client: Client) -> None:
        self._connection.execute(
            insert(clients).values(
                id=client.id,
                name=client.name,
                uscc=client.uscc,
                secret_sha256=client.secret_sha256,
                redirect_uris="\n".join(client.redirect_uris),
                scopes=" ".join(sorted(client.scopes)),
                made_at=client.made_at,
            )
        )

    def get(self, client_id: str) -> Client | None:
        row = self._connection.execute(select(clients).where(clients.c.id == client_id)).one_or_none()
        return None if row is None else _client(row)

    def all(self) -> list[Client]:
        return [_client(row) for row in self._connection.execute(select(clients).order_by(clients.c.made_at))]

    def revoke(self, client_id: str, *, at: datetime) -> bool:
        done = self._connection.execute(
            update(clients).where(clients.c.id == client_id, clients.c.revoked_at.is_(None)).values(revoked_at=at)
        )
        return done.rowcount == 1

    def add_code(self, code: Code) -> None:
        self._connection.execute(
            insert(codes).values(
                sha256=code.sha256,
                client=code.client,
                person=code.person,
                redirect_uri=code.redirect_uri,
                scope=code.scope,
                challenge=code.challenge,
                details=code.details,
                expires_at=code.expires_at,
            )
        )

    def code(self, sha256: bytes) -> Code | None:
        """The code, locked until the transaction ends."""
        row = self._connection.execute(select(codes).where(codes.c.sha256 == sha256).with_for_update()).one_or_none()
        return None if row is None else Code(**row._asdict())

    def use_code(self, sha256: bytes, *, at: datetime, token: str | None, authorisation: str | None) -> bool:
        """Spend a code; False when it was spent before."""
        done = self._connection.execute(
            update(codes)
            .where(codes.c.sha256 == sha256, codes.c.used_at.is_(None))
            .values(used_at=at, token=token, authorisation=authorisation)
        )
        return done.rowcount == 1


def _client(row: Row[Any]) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        uscc=row.uscc,
        secret_sha256=row.secret_sha256,
        redirect_uris=tuple(row.redirect_uris.split("\n")) if row.redirect_uris else (),
        scopes=frozenset(row.scopes.split()),
        made_at=row.made_at,
        revoked_at=row.revoked_at,
    )
