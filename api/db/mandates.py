"""Mandates, approval rules and seal-use requests in SQL."""

from sqlalchemy import Connection


class SqlMandates:
    """Mandates, approval rules and seal-use requests."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
