"""Envelopes in SQL."""

from sqlalchemy import Connection


class SqlEnvelopes:
    """Envelopes."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
