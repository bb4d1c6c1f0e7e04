"""People, their passkeys and what they agreed to in SQL."""

from sqlalchemy import Connection


class SqlPeople:
    """People, their passkeys and what they agreed to."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
