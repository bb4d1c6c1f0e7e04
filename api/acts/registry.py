"""The register: who is entered, and who is not."""

from collections.abc import Callable, Mapping
from typing import Any

from api.acts.office import Office
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from ca.register import Enterprise, enterprise_from_mapping


def register(
    office: Office,
    values: Mapping[str, Any],
    *,
    actor: str,
    then: Callable[[SqlUnitOfWork, Enterprise], None] | None = None,
) -> Enterprise:
    """Enter an enterprise; `then` is part of the transaction.

    Raises:
        RegisterError: lists every field that cannot stand.
        EnterpriseExistsError: its code is taken.
    """
    now = office.now()
    entry = enterprise_from_mapping(values, today=now.astimezone(office.zone).date())
    with office.work() as work:
        work.enterprises.add(entry, now=now)
        work.ledger.note(at=now, actor=actor, act="enterprise.register", subject=entry.uscc, name=entry.name)
        if then is not None:
            then(work, entry)
        work.commit()
    return entry


def enterprise(office: Office, uscc: str) -> Enterprise:
    """Return the present entry.

    Raises:
        NotFoundError: no enterprise of this code is registered.
    """
    with office.reading() as work:
        found = work.enterprises.get(uscc)
    if found is None:
        raise NotFoundError(f"no enterprise with the code {uscc} is registered")
    return found
