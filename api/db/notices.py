"""Notices: what an enterprise is told of. Its inbox reads them, and its webhooks get them as deliveries."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from api.db.tables import notices
from api.db.webhooks import SqlWebhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened, told to one enterprise."""

    id: int
    at: datetime
    uscc: str
    kind: str
    subject: str
    body: Mapping[str, Any]


class SqlNotices:
    """Written in the transaction of what they tell of: a notice is never lost, and never tells what did not happen."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
        self._webhooks = SqlWebhooks(connection)

    def add(self, *, to: Iterable[str], kind: str, subject: str, at: datetime, **body: Any) -> None:
        """Tell these enterprises. The body holds facts, never secrets or personal data beyond names."""
        for uscc in dict.fromkeys(to):
            number = self._write(uscc, kind, subject, at, body)
            self._webhooks.enter(number, uscc=uscc, kind=kind, at=at)

    def add_for(self, webhook: str, *, to: str, kind: str, subject: str, at: datetime, **body: Any) -> str:
        """Tell an enterprise through one of its webhooks alone; returns the delivery."""
        return self._webhooks.put(self._write(to, kind, subject, at, body), webhook, at=at)

    def _write(self, uscc: str, kind: str, subject: str, at: datetime, body: Mapping[str, Any]) -> int:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, default=str)
        row = insert(notices).values(at=at, uscc=uscc, kind=kind, subject=subject, body=text)
        number: int = self._connection.execute(row.returning(notices.c.id)).scalar_one()
        return number

    def page(self, *, uscc: str | None, after: int, limit: int) -> list[Notice]:
        """The notices after number `after`, of one enterprise or of all, oldest first."""
        chosen = select(notices).where(notices.c.id > after).order_by(notices.c.id).limit(limit)
        if uscc is not None:
            chosen = chosen.where(notices.c.uscc == uscc)
        return [
            Notice(id=row.id, at=row.at, uscc=row.uscc, kind=row.kind, subject=row.subject, body=json.loads(row.body))
            for row in self._connection.execute(chosen)
        ]
