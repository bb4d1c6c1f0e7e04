"""Mandates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.acts import mandates
from api.http.caller import MeDep
from api.http.deps import OfficeDep
from api.http.mandates_schemas import AgreeIn, AgreementOut, DraftOut, MandateIn, MandateList, MandateOut, WhyIn

router = APIRouter(prefix="/api/v1", tags=["mandates"])
MandateId = Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{1,32}$")]


@router.post("/mandates", status_code=201, responses={404: {"description": "No such enterprise, or none of yours"}})
def draft(body: MandateIn, office: OfficeDep, me: MeDep, response: Response) -> DraftOut:
    """Write a mandate down. It is granted by the passkey's answer at `confirm`."""
    made, opened = mandates.draft(office, me.person.id, body.terms())
    response.headers["Location"] = f"/api/v1/mandates/{made.mandate.id}"
    return DraftOut(mandate=MandateOut.of(made), agreement=AgreementOut.of(opened))


@router.get("/mandates")
def page(office: OfficeDep, me: MeDep) -> MandateList:
    """The mandates that the caller's enterprises gave or got, and those given to the caller."""
    return MandateList(items=[MandateOut.of(one) for one in mandates.mandates_for(office, me.person.id)])


@router.get("/mandates/{mandate}")
def one(mandate: MandateId, office: OfficeDep, me: MeDep) -> MandateOut:
    """Show one mandate."""
    return MandateOut.of(mandates.mandate_for(office, me.person.id, mandate))


@router.post("/mandates/{mandate}/begin")
def begin(mandate: MandateId, office: OfficeDep, me: MeDep) -> AgreementOut:
    """Ask for the passkey of whoever's turn it is: the grantor of a draft, the grantee of an offer."""
    return AgreementOut.of(mandates.begin(office, me.person.id, mandate))


@router.post("/mandates/{mandate}/confirm")
def confirm(mandate: MandateId, body: AgreeIn, office: OfficeDep, me: MeDep) -> MandateOut:
    """Grant a draft. A machine's mandate is active at once; anybody else accepts it first."""
    return MandateOut.of(mandates.confirm(office, me.person.id, mandate, body.credential))


@router.post("/mandates/{mandate}/accept")
def accept(mandate: MandateId, body: AgreeIn, office: OfficeDep, me: MeDep) -> MandateOut:
    """Accept an offer."""
    return MandateOut.of(mandates.accept(office, me.person.id, mandate, body.credential))


@router.post("/mandates/{mandate}/decline")
def decline(mandate: MandateId, body: WhyIn, office: OfficeDep, me: MeDep) -> MandateOut:
    """Decline an offer."""
    return MandateOut.of(mandates.decline(office, me.person.id, mandate, body.reason))


@router.post("/mandates/{mandate}/revoke")
def revoke(mandate: MandateId, body: WhyIn, office: OfficeDep, me: MeDep) -> MandateOut:
    """Take a mandate back, and with it those that stand on it."""
    return MandateOut.of(mandates.revoke(office, me.person.id, mandate, body.reason))
