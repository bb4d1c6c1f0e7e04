"""Mass sealing in SQL."""

from sqlalchemy import Connection


class SqlBatches:
    """Mass sealing."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
