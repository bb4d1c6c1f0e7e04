"""May this seal be used on these grounds? Asked when a use is asked for, and again under a lock before the key is used."""

from api.acts.office import Office
from api.db.work import SqlUnitOfWork
from seals.register import Grounds, Seal


def require(office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds) -> None:
    """Pass if the grounds allow the use.

    Raises:
        RightError: they do not; says why.
    """


def spend(office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds) -> None:
    """As `require`, under the lock on the seal, and counted against the limits of a mandate.

    Raises:
        RightError: they no longer allow it.
    """
    require(office, work, seal, grounds)
