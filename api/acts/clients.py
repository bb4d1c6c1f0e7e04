"""Registered clients: programs that ask for tokens, each with a secret of its own or none at all."""

import secrets
from collections.abc import Sequence
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from api.acts.access import hash_of
from api.acts.office import Office
from api.db.clients import Client
from api.db.work import SqlUnitOfWork
from api.errors import BadInputError, NotFoundError, OAuthError

SERVICE: Final = "service"  # CSC 1.0.4 §8.4.1: ask for credentials, sign with an authorisation
CREDENTIAL: Final = "credential"  # one authorisation to sign named hashes
SCOPES: Final = frozenset({SERVICE, CREDENTIAL})
MAX_NAME: Final = 64
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def add_client(
    office: Office, *, name: str, uscc: str | None, redirect_uris: Sequence[str], public: bool
) -> tuple[Client, str | None]:
    """Register a client and return it with its secret, which is never shown again.

    Raises:
        BadInputError: a name or redirect URI that cannot be, or a client that could never get a token.
        NotFoundError: there is no such enterprise.
    """
    if not 0 < len(name.strip()) <= MAX_NAME:
        raise BadInputError(f"a client has a name of at most {MAX_NAME} characters")
    for uri in redirect_uris:
        _check_redirect(uri)
    if uscc is None and not redirect_uris:
        raise BadInputError("a client needs an enterprise it works for, or a redirect URI by which people come back")
    if public and uscc is not None:
        raise BadInputError("a client that works for an enterprise by itself has to keep a secret")
    secret = None if public else secrets.token_urlsafe(32)
    client = Client(
        id=secrets.token_hex(8),
        name=name.strip(),
        uscc=uscc,
        secret_sha256=None if secret is None else hash_of(secret),
        redirect_uris=tuple(redirect_uris),
        scopes=SCOPES if redirect_uris else frozenset({SERVICE}),
        made_at=office.now(),
    )
    with office.work() as work:
        if uscc is not None and work.enterprises.get(uscc) is None:
            raise NotFoundError(f"there is no enterprise {uscc}")
        work.remote.clients.add(client)
        work.ledger.note(
            at=client.made_at, actor="operator", act="client.add", subject=client.id, name=client.name, uscc=uscc
        )
        work.commit()
    return client, secret


def revoke_client(office: Office, client_id: str) -> None:
    """End a client, its tokens and its authorisations.

    Raises:
        NotFoundError: there is no valid client of this identity.
    """
    now = office.now()
    with office.work() as work:
        if not work.remote.clients.revoke(client_id, at=now):
            raise NotFoundError(f"there is no valid client {client_id}")
        work.remote.revoke_of_client(client_id, at=now)
        work.ledger.note(at=now, actor="operator", act="client.revoke", subject=client_id)
        work.commit()


def client_of(work: SqlUnitOfWork, client_id: str) -> Client:
    """Return a registered client.

    Raises:
        OAuthError: unknown or withdrawn.
    """
    found = work.remote.clients.get(client_id)
    if found is None or found.revoked_at is not None:
        raise OAuthError("invalid_client", "this client is not known here", status=401)
    return found


def proven_client(work: SqlUnitOfWork, client_id: str, secret: str | None) -> Client:
    """Return the client if it proved itself as far as it can (RFC 6749 §2.3).

    Raises:
        OAuthError: unknown, withdrawn, or the secret is wrong, missing, or given by a client that has none.
    """
    client = client_of(work, client_id)
    if client.secret_sha256 is None:
        good = secret is None
    else:
        good = secret is not None and compare_digest(hash_of(secret), client.secret_sha256)
    if not good:
        raise OAuthError("invalid_client", "this client is not known here", status=401)
    return client


def _check_redirect(uri: str) -> None:
    """RFC 6749 §3.1.2, RFC 9700 §2.1: absolute, no fragment, TLS but for this machine or an app's own scheme."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError as exc:
        raise BadInputError(f"{uri!r} is not a redirect URI") from exc
    clean = uri.isascii() and uri.isprintable() and " " not in uri and "#" not in uri
    app = "." in parts.scheme  # a reversed domain name, RFC 8252 §7.1
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not clean or not (app or (safe and host)):
        raise BadInputError(f"{uri!r} is not a redirect URI: https, or http on this machine, and no fragment")
