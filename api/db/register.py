"""Enterprises in SQL."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.db.tables import enterprises
from api.errors import EnterpriseExistsError
from ca.register import Enterprise


class SqlEnterprises:
    """Implements `ca.ports.Enterprises`."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, enterprise: Enterprise, *, now: datetime) -> None:
        """Enter an enterprise.

        Raises:
            EnterpriseExistsError: its code is taken.
        """
        try:
            self._connection.execute(
                insert(enterprises).values(**_values(enterprise), registered_at=now, changed_at=now)
            )
        except IntegrityError as exc:
            raise EnterpriseExistsError(f"an enterprise with the code {enterprise.uscc} is registered already") from exc

    def change(self, enterprise: Enterprise, *, now: datetime) -> None:
        self._connection.execute(
            update(enterprises)
            .where(enterprises.c.uscc == enterprise.uscc)
            .values(**_values(enterprise), changed_at=now)
        )

    def get(self, uscc: str) -> Enterprise | None:
        row = self._connection.execute(select(enterprises).where(enterprises.c.uscc == uscc)).one_or_none()
        return None if row is None else _enterprise(row)

    def page(self, *, after: str, limit: int, query: str) -> list[Enterprise]:
        """At most `limit` entries behind the code `after`, whose name or code contains `query`."""
        chosen = select(enterprises).where(enterprises.c.uscc > after).order_by(enterprises.c.uscc).limit(limit)
        if query:
            chosen = chosen.where(
                or_(
                    enterprises.c.name.contains(query, autoescape=True),
                    enterprises.c.name_latin.icontains(query, autoescape=True),
                    enterprises.c.uscc.startswith(query, autoescape=True),
                )
            )
        return [_enterprise(row) for row in self._connection.execute(chosen)]


def _values(enterprise: Enterprise) -> dict[str, Any]:
    return {
        "uscc": enterprise.uscc,
        "name": enterprise.name,
        "name_latin": enterprise.name_latin,
        "kind": enterprise.kind,
        "address": enterprise.address,
        "legal_representative": enterprise.legal_representative,
        "capital": str(enterprise.capital),
        "currency": enterprise.currency,
        "founded_on": enterprise.founded_on,
        "term_until": enterprise.term_until,
        "scope": enterprise.scope,
    }


def enterprise_of_record(values: Mapping[str, Any]) -> Enterprise:
    """Read back what `ca.register.enterprise_as_mapping` wrote; it was checked when it was entered."""
    until = values["term_until"]
    return Enterprise(
        **{
            **values,
            "capital": Decimal(values["capital"]),
            "founded_on": date.fromisoformat(values["founded_on"]),
            "term_until": None if until is None else date.fromisoformat(until),
        }
    )


def _enterprise(row: Row[Any]) -> Enterprise:
    return Enterprise(
        uscc=row.uscc,
        name=row.name,
        name_latin=row.name_latin,
        kind=row.kind,
        address=row.address,
        legal_representative=row.legal_representative,
        capital=Decimal(row.capital),
        currency=row.currency,
        founded_on=row.founded_on,
        term_until=row.term_until,
        scope=row.scope,
    )
