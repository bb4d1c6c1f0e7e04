"""Machines of an enterprise, for tests."""

from datetime import timedelta

from api.acts.access import add_token
from api.db.tables import tokens
from tests.support.office import Hall


def machine_token(hall: Hall, uscc: str, *scopes: str) -> str:
    """The secret of a token that belongs to an enterprise."""
    token, secret = add_token(hall.office, name="erp", scopes=frozenset(scopes), valid_for=timedelta(days=365))
    with hall.office.engine.begin() as connection:
        connection.execute(tokens.update().where(tokens.c.id == token.id).values(uscc=uscc))
    return secret
