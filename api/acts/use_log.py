"""Who reads the log of a seal's uses, and who gets what was sealed."""

from api.acts.office import Office
from api.acts.people import require_member
from api.acts.seal_life import seal
from api.db.access import Token
from api.db.people import Role
from api.errors import ForbiddenError, NotFoundError

READING = (Role.REPRESENTATIVE, Role.AUDITOR)


def require_reader(office: Office, who: Token, code: str) -> None:
    """Pass for the hall, for the machine of the seal's enterprise, for its representative and its auditors.

    Raises:
        NotFoundError: no such seal, or none of the caller's business.
        ForbiddenError: a member whose role does not read logs.
    """
    one = seal(office, code)
    nothing = NotFoundError(f"there is no seal {code}")
    if who.person is None:
        if who.uscc not in {None, one.uscc}:
            raise nothing
        return
    try:
        with office.reading() as work:
            role = require_member(work, who.person, one.uscc).role
    except NotFoundError as exc:
        raise nothing from exc
    if role not in READING:
        raise ForbiddenError(f"the role of {role} does not read the log of uses")


def require_owner(office: Office, who: Token, use_id: str) -> None:
    """Pass for the machine that had a file sealed, and for any of the enterprise whose seal it is.

    Raises:
        NotFoundError: no such use, or somebody else's.
    """
    with office.reading() as work:
        found = work.uses.get(use_id)
        one = None if found is None else work.seals.get(found.seal)
    mine = found is not None and who.person is None and found.grounds.machine == who.machine
    if one is None or not (mine or (who.uscc is not None and who.uscc == one.uscc)):
        raise NotFoundError(f"there is no seal use {use_id}")
