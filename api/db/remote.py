"""Remote signing: clients, authorisations and one row for each authorised hash in SQL."""

from sqlalchemy import Connection


class SqlRemote:
    """Remote signing: clients, authorisations and one row for each authorised hash."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
