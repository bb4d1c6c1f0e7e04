"""Looking at seal-use requests: what the asker, an approver or an auditor sees, and nobody else."""

from dataclasses import dataclass
from datetime import datetime

from api.acts.approval_rules import USING, asked_of
from api.acts.office import Office
from api.db.people import Role
from api.db.requests import StoredDecision
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from seals import approvals
from seals.approvals import Standing
from seals.requests import SealRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request, the decisions on it and where it stands."""

    request: SealRequest
    decisions: tuple[StoredDecision, ...]
    standing: Standing | None  # of the approval; None where nobody has to approve


def request(office: Office, request_id: str) -> SealRequest:
    """Return one request.

    Raises:
        NotFoundError: there is none.
    """
    with office.reading() as work:
        found = work.requests.get(request_id)
    if found is None:
        raise NotFoundError(f"there is no request {request_id}")
    return found


def seen(office: Office, person: str, request_id: str) -> Seen:
    """Return a request to the asker, an approver, or an auditor of the enterprise.

    Raises:
        NotFoundError: there is none, or it is none of the caller's business.
    """
    now = office.now()
    with office.reading() as work:
        one = visible(work, person, request_id)
        return look(work, one, now)


def inbox(office: Office, person: str) -> list[Seen]:
    """Requests that the person can decide now, the oldest first."""
    now = office.now()
    with office.reading() as work:
        usccs = [one.uscc for one in work.people.memberships(person) if one.role in USING]
        found = [look(work, one, now) for one in work.requests.waiting_of(usccs)]
    return [one for one in found if isinstance(one.standing, approvals.Waiting) and person in one.standing.next]


def page(office: Office, person: str, *, states: list[str], cursor: str, limit: int) -> list[Seen]:
    """The caller's own requests and, for an auditor, those over the enterprise's seals; newest first."""
    now = office.now()
    with office.reading() as work:
        usccs = [one.uscc for one in work.people.memberships(person) if one.role is Role.AUDITOR]
        after = visible(work, person, cursor) if cursor else None
        found = work.requests.page(person=person, usccs=usccs, states=states, after=after, limit=limit)
        return [look(work, one, now) for one in found]


def look(work: SqlUnitOfWork, one: SealRequest, now: datetime) -> Seen:
    """The request with its decisions and where it stands."""
    taken = tuple(work.requests.decisions(one.id))
    if one.rule is None:
        return Seen(request=one, decisions=taken, standing=None)
    standing = approvals.state(one.rule, [each.decision for each in taken], asked_of(work, one), now)
    return Seen(request=one, decisions=taken, standing=standing)


def visible(work: SqlUnitOfWork, person: str, request_id: str) -> SealRequest:
    """Return the request to whom it concerns.

    Raises:
        NotFoundError: there is none, or it is none of the caller's business.
    """
    found = work.requests.get(request_id)
    if found is None or not _concerns(work, person, found):
        raise NotFoundError(f"there is no request {request_id}")
    return found


def _concerns(work: SqlUnitOfWork, person: str, one: SealRequest) -> bool:
    if one.person == person:
        return True
    member = work.people.member(person, one.uscc)
    if member is None:
        return False
    approver = one.rule is not None and person in one.rule.approvers and member.role in USING
    return approver or member.role is Role.AUDITOR


def locked(work: SqlUnitOfWork, person: str, request_id: str) -> SealRequest:
    """As `visible`, and nobody changes it before this transaction ends.

    Raises:
        NotFoundError: there is none, or it is none of the caller's business.
    """
    visible(work, person, request_id)
    found = work.requests.lock(request_id)
    if found is None:
        raise NotFoundError(f"there is no request {request_id}")
    return found
