"""Bearer tokens: made once, shown once, stored as a hash."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from api.acts.office import Office
from api.db.access import Token
from api.errors import BadInputError, NotFoundError, UnauthenticatedError

PREFIX: Final = "vml_"  # lets secret scanners find a leaked token
SCOPES: Final = {
    "register": "enter and change enterprises",
    "issue": "issue, change, suspend and revoke licences and seals",
    "seal": "use seals",
    "read": "read the register, seals and their uses",
    "audit": "read the audit trail",
    "webhooks": "manage the webhooks of the token's enterprise and read its notices",
}
MACHINE_SCOPES: Final = frozenset({"seal", "webhooks"})  # what a token that belongs to an enterprise may have


def new_secret() -> str:
    """Return a token's secret: 256 random bits behind a recognisable prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """A plain SHA-256 is enough: the secret is random, not chosen by a person."""
    return hashlib.sha256(secret.encode()).digest()


def add_token(
    office: Office, *, name: str, scopes: frozenset[str], valid_for: timedelta | None, uscc: str | None = None
) -> tuple[Token, str]:
    """Record a token and return it with its secret, which is never shown again.

    Raises:
        BadInputError: a scope that does not exist, or one of the hall for an enterprise's machine.
        NotFoundError: no such enterprise.
    """
    if unknown := sorted(scopes - SCOPES.keys()):
        raise BadInputError(f"no such scope: {', '.join(unknown)}; scopes are {', '.join(SCOPES)}")
    if uscc is not None and (of_hall := sorted(scopes - MACHINE_SCOPES)):
        raise BadInputError(f"a machine of an enterprise has no scope of the hall: {', '.join(of_hall)}")
    now = office.now()
    token = Token(
        id=secrets.token_hex(8),
        name=name,
        scopes=scopes,
        made_at=now,
        expires_at=None if valid_for is None else now + valid_for,
        uscc=uscc,
    )
    secret = new_secret()
    with office.work() as work:
        if uscc is not None and work.enterprises.get(uscc) is None:
            raise NotFoundError(f"there is no enterprise {uscc}")
        work.tokens.add(token, sha256=hash_of(secret))
        work.ledger.note(at=now, actor="operator", act="token.add", subject=token.id, name=name, scopes=sorted(scopes))
        work.commit()
    return token, secret


def authenticate(office: Office, secret: str) -> Token:
    """Return the token behind a secret.

    Raises:
        UnauthenticatedError: unknown, expired or withdrawn; it does not say which of unknown and withdrawn.
    """
    with office.reading() as work:
        token = work.tokens.by_hash(hash_of(secret))
    if token is None or token.revoked_at is not None:
        raise UnauthenticatedError("this bearer token is not known here")
    if token.expires_at is not None and token.expires_at <= office.now():
        raise UnauthenticatedError("this bearer token has expired")
    return token
