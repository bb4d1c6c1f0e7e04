"""Webhooks and their deliveries in SQL."""

from sqlalchemy import Connection


class SqlWebhooks:
    """Webhooks and their deliveries."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
