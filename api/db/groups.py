"""Groups of enterprises that buy together in SQL."""

from sqlalchemy import Connection


class SqlGroups:
    """Groups of enterprises that buy together."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
