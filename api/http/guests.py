"""Persons without an account who come by the code of an envelope."""

from typing import Any, Final

from fastapi import APIRouter
from pydantic import Field

from api.acts import guests
from api.http.deps import OfficeDep
from api.http.envelopes_schemas import RedeemIn
from api.http.people import STRANGERS
from api.http.people_schemas import Answer, Label, OptionsOut, SessionOut

router = APIRouter(tags=["envelopes"])
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No open place with this code"},
    429: {"description": "Too many requests from this address"},
}


class GuestIn(RedeemIn):
    """The code, and the authenticator's answer to the creation options."""

    credential: Answer
    label: Label = Field(default="", description="how the person calls this passkey")


class GuestOut(SessionOut):
    """A session, and the envelope in which the person has a place."""

    envelope: str


@router.post("/envelopes/invitations/begin", dependencies=STRANGERS, responses=RESPONSES)
def begin(body: RedeemIn, office: OfficeDep) -> OptionsOut:
    """Trade the code of a place in an envelope for options to make a passkey with."""
    return OptionsOut(options=guests.begin(office, body.code))


@router.post(
    "/envelopes/invitations/finish",
    status_code=201,
    dependencies=STRANGERS,
    responses={**RESPONSES, 403: {"description": "The passkey's answer was refused"}},
)
def finish(body: GuestIn, office: OfficeDep) -> GuestOut:
    """Register the passkey and take the place; the session's token is shown once."""
    session, envelope = guests.finish(office, body.code, body.credential, label=body.label)
    return GuestOut(**SessionOut.of(session).model_dump(), envelope=envelope)
