"""Counters: numbers that are handed out once, and how often something changed."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from api.db.tables import counters


def advance(connection: Connection, name: str, *, by: int = 1) -> int:
    """Advance a counter and return the first number that is now the caller's; counters start at 1.

    The row stays locked until the caller's transaction ends, so that numbers follow the order of commits.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first = insert(counters).values(name=name, value=by)  # one statement: two may be the first at the same time
    stepped = first.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + by})
    reached: int = connection.execute(stepped.returning(counters.c.value)).scalar_one()
    return reached - by + 1


def value(connection: Connection, name: str) -> int:
    """How far a counter is; 0 before its first use."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none()
    return 0 if found is None else int(found)


def changes_of(issuer: str) -> str:
    """The counter of status changes among one issuer's certificates."""
    return f"changes-{issuer}"


LICENCE_CHANGES = "changes-licences"
