"""Rights for tests: a mandate as it lies in the database once it was granted and accepted, without the way there."""

import secrets
from datetime import timedelta
from typing import Any

from api.acts.office import Office
from seals.mandates import Grantee, GranteeKind, Mandate, MandateState
from seals.model import SealKind

FOR = timedelta(days=3650)


def lend(office: Office, uscc: str, grantee: Grantee, **terms: Any) -> Mandate:
    """An active mandate of this enterprise over all its seals, without limits but those given."""
    now = office.now()
    with office.work() as work:
        row = work.licences.in_force(uscc)
        assert row is not None, f"{uscc} has no licence"
        values: dict[str, Any] = {
            "id": secrets.token_hex(16),
            "grantors": (uscc,),
            "grantee": grantee,
            "kinds": frozenset(SealKind) - {SealKind.AUTHORITY},
            "not_before": now - timedelta(days=1),
            "not_after": now + FOR,
            "automatic": grantee.kind is GranteeKind.MACHINE,
            "licences": {uscc: row.licence.number},
            "state": MandateState.ACTIVE,
        }
        made = Mandate(**(values | terms))
        work.mandates.add(made, by="test", at=now)
        work.commit()
    return made


def lend_to_machine(office: Office, uscc: str, machine: str, **terms: Any) -> Mandate:
    return lend(office, uscc, Grantee(kind=GranteeKind.MACHINE, id=machine), **terms)
