"""Buying together over HTTP: groups, elections, joint mandates, framework contracts and call-offs."""

from typing import Any, Final

from fastapi import APIRouter, Response

from api.acts import call_offs, groups, joint_mandates
from api.acts.call_offs import FrameworkTerms
from api.acts.joint_mandates import JointTerms
from api.http.deps import OfficeDep
from api.http.envelope_caller import WhoDep
from api.http.groups_schemas import (
    AccountOut,
    CallOffIn,
    CallOffOut,
    ElectionIn,
    ElectionOut,
    FrameworkIn,
    FrameworkOut,
    GroupIn,
    GroupList,
    GroupOut,
    JointMandateIn,
    JointMandateOut,
    OpenedOut,
    SignConfirmIn,
    SignIn,
    StandingOut,
    VoteConfirmIn,
    VoteIn,
)

router = APIRouter(prefix="/api/v1", tags=["groups"])
NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"description": "Not Found"}}


@router.post("/groups", status_code=201, responses=NOT_FOUND)
def found(body: GroupIn, office: OfficeDep, who: WhoDep) -> GroupOut:
    """Begin a group: it is founded when the envelope of its charter is completed."""
    return GroupOut.of(groups.found(office, who, uscc=body.uscc, name=body.name, envelope=body.envelope))


@router.get("/groups")
def page(office: OfficeDep, who: WhoDep) -> GroupList:
    """The groups of the caller's enterprises."""
    return GroupList(items=[GroupOut.of(one) for one in groups.groups_for(office, who)])


@router.get("/groups/{group_id}")
def show(group_id: str, office: OfficeDep, who: WhoDep) -> GroupOut:
    """Show one group."""
    return GroupOut.of(groups.group_for(office, who, group_id))


@router.post("/groups/{group_id}/elections", status_code=201)
def elect(group_id: str, body: ElectionIn, office: OfficeDep, who: WhoDep) -> ElectionOut:
    """Open an election of the representative."""
    return ElectionOut.of(groups.open_election(office, who, group_id, uscc=body.uscc, threshold=body.threshold))


@router.post("/elections/{election_id}/begin")
def begin_ballot(election_id: str, body: VoteIn, office: OfficeDep, who: WhoDep) -> OpenedOut:
    """Ask the legal representative of a member for the vote, with a passkey."""
    opened = groups.begin_ballot(office, who, election_id, uscc=body.uscc, candidate=body.candidate)
    return OpenedOut.of(opened)


@router.post("/elections/{election_id}/confirm")
def confirm_ballot(election_id: str, body: VoteConfirmIn, office: OfficeDep, who: WhoDep) -> ElectionOut:
    """Vote. The ballot that decides closes the election."""
    closed = groups.confirm_ballot(office, who, election_id, body.response, uscc=body.uscc, candidate=body.candidate)
    return ElectionOut.of(closed)


@router.post("/groups/{group_id}/mandates", status_code=201)
def draft(group_id: str, body: JointMandateIn, office: OfficeDep, who: WhoDep) -> JointMandateOut:
    """Draft a joint mandate for the elected representative."""
    terms = JointTerms(
        kinds=tuple(body.kinds), matters=tuple(body.matters), max_amount=body.max_amount, currency=body.currency or "",
        not_before=body.not_before, not_after=body.not_after,
    )  # fmt: skip
    made = joint_mandates.draft(office, who, group_id, uscc=body.uscc, election=body.election, terms=terms)
    return JointMandateOut.of(made)


@router.get("/groups/{group_id}/mandates/{mandate_id}")
def one_mandate(group_id: str, mandate_id: str, office: OfficeDep, who: WhoDep) -> JointMandateOut:
    """Show a joint mandate and who has signed it."""
    with office.reading() as work:
        return JointMandateOut.of(joint_mandates.mandate_of(work, who, group_id, mandate_id))


@router.post("/groups/{group_id}/mandates/{mandate_id}/begin")
def begin_signing(group_id: str, mandate_id: str, body: SignIn, office: OfficeDep, who: WhoDep) -> OpenedOut:
    """Ask a principal's legal representative to sign with the official seal."""
    return OpenedOut.of(joint_mandates.begin_signing(office, who, group_id, mandate_id, uscc=body.uscc))


@router.post("/groups/{group_id}/mandates/{mandate_id}/confirm")
def confirm_signing(
    group_id: str, mandate_id: str, body: SignConfirmIn, office: OfficeDep, who: WhoDep
) -> JointMandateOut:
    """Sign with the official seal; the last signature puts the mandate in force. A principal signs once."""
    signed = joint_mandates.confirm_signing(office, who, group_id, mandate_id, body.response, uscc=body.uscc)
    return JointMandateOut.of(signed)


@router.get("/groups/{group_id}/mandates/{mandate_id}/joint-mandate.json", responses=NOT_FOUND | {409: {}})
def credential(group_id: str, mandate_id: str, office: OfficeDep, who: WhoDep) -> Response:
    """The file that travels with every contract under the mandate."""
    content = joint_mandates.credential_for(office, who, group_id, mandate_id)
    return Response(content, media_type="application/json")


@router.post("/groups/{group_id}/frameworks", status_code=201)
def framework(group_id: str, body: FrameworkIn, office: OfficeDep, who: WhoDep) -> FrameworkOut:
    """Make a draft of the representative's the framework contract: the joint mandate goes into its documents."""
    terms = FrameworkTerms(
        limit=body.limit, currency=body.currency, not_before=body.not_before, not_after=body.not_after
    )
    made = call_offs.make_framework(office, who, group_id, mandate=body.mandate, envelope=body.envelope, terms=terms)
    return FrameworkOut.of(made)


@router.get("/frameworks/{envelope_id}")
def account(envelope_id: str, office: OfficeDep, who: WhoDep) -> AccountOut:
    """What was called off: the caller's own obligations, and what is left."""
    return AccountOut.of(call_offs.account(office, who, envelope_id))


@router.post("/frameworks/{envelope_id}/call-offs", status_code=201)
def call_off(envelope_id: str, body: CallOffIn, office: OfficeDep, who: WhoDep) -> CallOffOut:
    """Enter an order: a draft of the member's that refers to the framework contract by its hash."""
    return CallOffOut.of(call_offs.call_off(office, who, framework=envelope_id, envelope=body.envelope))


@router.get("/joint-mandates/{mandate_id}")
def standing(mandate_id: str, office: OfficeDep) -> StandingOut:
    """Whether a joint mandate is in force: for anybody who holds a contract under it."""
    return StandingOut.of(joint_mandates.status(office, mandate_id))
