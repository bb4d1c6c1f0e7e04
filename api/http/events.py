"""The audit trail over HTTP, for those who audit and nobody else."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.db.access import Token
from api.http.deps import OfficeDep, Scope
from api.http.schemas import EventOut, EventPage

router = APIRouter(prefix="/api/v1/events", tags=["audit"])
MayAudit = Annotated[Token, Depends(Scope("audit"))]


@router.get("")
def page(
    office: OfficeDep,
    _: MayAudit,
    subject: Annotated[str, Query(min_length=1, max_length=64, description="a credit code, seal code or token")],
    cursor: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EventPage:
    """What was done to one enterprise, seal or token, by whom and when."""
    with office.reading() as work:
        found = work.ledger.events_of(subject, after=cursor, limit=limit)
    return EventPage(items=[EventOut.of(one) for one in found], next=found[-1].id if len(found) == limit else None)
