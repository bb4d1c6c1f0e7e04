"""What parties of an envelope do over HTTP."""

from fastapi import APIRouter, Response

from api.acts import envelope_answers, envelope_machine, envelope_requests, envelope_run
from api.acts.control import Opened
from api.db.envelope_records import Whole
from api.http.deps import OfficeDep, OnceDep, Remember, fingerprint_of
from api.http.envelope_caller import WhoDep
from api.http.envelopes_schemas import (
    AskIn,
    BeginIn,
    BegunOut,
    ConfirmIn,
    EnvelopeOut,
    ReasonIn,
    RedeemIn,
    TransferIn,
)

router = APIRouter(tags=["envelopes"])


@router.post("/envelopes/invitations", responses={404: {"description": "No such code, or it was used"}})
def redeem(body: RedeemIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Take one's place in an envelope by the code of an invitation."""
    return EnvelopeOut.of(envelope_answers.redeem(office, who, body.code))


@router.post("/envelopes/{envelope_id}/parties/{party_id}/begin")
def begin(envelope_id: str, party_id: str, body: BeginIn, office: OfficeDep, who: WhoDep) -> BegunOut:
    """Ask for the passkey over everything that the party is about to seal or approve."""
    choices = tuple(one.to_choice() for one in body.choices)
    return begun(envelope_answers.begin(office, who, envelope_id, party_id, choices, mandate=body.mandate))


def begun(opened: Opened) -> BegunOut:
    return BegunOut(id=opened.id, options=opened.options, intent=opened.intent.as_mapping())


@router.post("/envelopes/{envelope_id}/parties/{party_id}/confirm", response_model=EnvelopeOut)
def confirm(
    envelope_id: str, party_id: str, body: ConfirmIn, office: OfficeDep, who: WhoDep, once: OnceDep
) -> Response:
    """Agree; from then on the party is sealed whatever happens. The answer comes after the first attempt."""

    def act(remember: Remember) -> EnvelopeOut:
        agreed = envelope_answers.confirm(
            office, who, envelope_id, party_id, body.response,
            then=lambda work, whole: remember(work, EnvelopeOut.of(whole)),
        )  # fmt: skip
        return _pursued(office, agreed)

    asked = fingerprint_of("envelope-confirm", envelope_id, party_id, body.response)
    return once.run(who.token.id, asked, act, status=200)


def _pursued(office: OfficeDep, whole: Whole) -> EnvelopeOut:
    return EnvelopeOut.of(envelope_run.pursue(office, whole.id) or whole)


@router.post("/envelopes/{envelope_id}/parties/{party_id}/seal", response_model=EnvelopeOut)
def seal(envelope_id: str, party_id: str, body: BeginIn, office: OfficeDep, who: WhoDep, once: OnceDep) -> Response:
    """Seal by machine, under a mandate that allows automatic use."""
    choices = tuple(one.to_choice() for one in body.choices)

    def act(remember: Remember) -> EnvelopeOut:
        agreed = envelope_machine.agree(
            office, who, envelope_id, party_id, choices, mandate=body.mandate,
            then=lambda work, whole: remember(work, EnvelopeOut.of(whole)),
        )  # fmt: skip
        return _pursued(office, agreed)

    asked = fingerprint_of("envelope-seal", envelope_id, party_id, body.model_dump())
    return once.run(who.token.id, asked, act, status=200)


@router.post("/envelopes/{envelope_id}/parties/{party_id}/request", response_model=EnvelopeOut)
def ask(envelope_id: str, party_id: str, body: AskIn, office: OfficeDep, who: WhoDep, once: OnceDep) -> Response:
    """Ask the approvers of the seals (用印申请); when they have agreed, the party is sealed."""
    choices = tuple(one.to_choice() for one in body.choices)

    def act(remember: Remember) -> EnvelopeOut:
        asked = envelope_requests.ask(
            office, who, envelope_id, party_id, choices, reason=body.reason,
            then=lambda work, whole: remember(work, EnvelopeOut.of(whole)),
        )  # fmt: skip
        return EnvelopeOut.of(asked)

    return once.run(
        who.token.id, fingerprint_of("envelope-request", envelope_id, party_id, body.model_dump()), act, status=200
    )


@router.post("/envelopes/{envelope_id}/parties/{party_id}/decline")
def decline(envelope_id: str, party_id: str, body: ReasonIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Say no, and why."""
    return EnvelopeOut.of(envelope_answers.decline(office, who, envelope_id, party_id, reason=body.reason))


@router.post("/envelopes/{envelope_id}/parties/{party_id}/transfer")
def transfer(envelope_id: str, party_id: str, body: TransferIn, office: OfficeDep, who: WhoDep) -> EnvelopeOut:
    """Hand the task to a colleague (转交)."""
    done = envelope_answers.transfer(office, who, envelope_id, party_id, person=body.person, reason=body.reason)
    return EnvelopeOut.of(done)
