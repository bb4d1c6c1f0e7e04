"""Counters: numbers that are handed out once, and how often something changed."""

from sqlalchemy import Connection, insert, select, update

from api.db.tables import counters


def advance(connection: Connection, name: str, *, by: int = 1) -> int:
    """Advance a counter and return the first number that is now the caller's; counters start at 1.

    The row stays locked until the caller's transaction ends, so that numbers follow the order of commits.
    """
    done = connection.execute(update(counters).where(counters.c.name == name).values(value=counters.c.value + by))
    if done.rowcount == 0:
        connection.execute(insert(counters).values(name=name, value=by))
        return 1
    return value(connection, name) - by + 1


def value(connection: Connection, name: str) -> int:
    """How far a counter is; 0 before its first use."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none()
    return 0 if found is None else int(found)


def changes_of(issuer: str) -> str:
    """The counter of status changes among one issuer's certificates."""
    return f"changes-{issuer}"


LICENCE_CHANGES = "changes-licences"
