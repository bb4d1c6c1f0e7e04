"""What the endpoints of groups take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from api.acts.call_offs import Account
from api.acts.control import Opened
from api.acts.joint_mandates import Standing
from api.db.groups import CallOff, StoredElection, StoredFramework, StoredGroup, StoredJointMandate
from api.http.schemas import Moment, Strict
from seals.groups import digest
from seals.model import SealKind

Code = Annotated[str, StringConstraints(max_length=18)]
Ident = Annotated[str, StringConstraints(max_length=32)]
Matter = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=2)]


class GroupIn(Strict):
    """The charter is an envelope that every member signs."""

    uscc: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    envelope: Ident


class MemberOut(BaseModel):
    """A member, by name as of the charter."""

    uscc: str
    name: str


class GroupOut(BaseModel):
    """A group that buys together."""

    id: str
    name: str
    state: str
    envelope: str
    charter_sha256: str | None
    members: list[MemberOut]
    made_at: datetime
    state_at: datetime

    @classmethod
    def of(cls, one: StoredGroup) -> Self:
        return cls(
            id=one.id, name=one.name, state=one.state.value, envelope=one.envelope, charter_sha256=one.charter_sha256,
            members=[MemberOut(uscc=uscc, name=name) for uscc, name in one.members.items()],
            made_at=one.made_at, state_at=one.state_at,
        )  # fmt: skip


class GroupList(BaseModel):
    """The groups of the caller's enterprises."""

    items: list[GroupOut]


class ElectionIn(Strict):
    """Who opens the election, and how many votes elect: more than half of the members."""

    uscc: Code
    threshold: Annotated[int, Field(ge=1, le=1000)]


class VoteIn(Strict):
    """A member's vote."""

    uscc: Code
    candidate: Code


class VoteConfirmIn(VoteIn):
    """A member's vote with the passkey's answer."""

    response: dict[str, Any]


class BallotOut(BaseModel):
    """A ballot that was cast."""

    voter: str
    candidate: str
    assertion: str
    at: datetime


class ElectionOut(BaseModel):
    """An election."""

    id: str
    group: str
    threshold: int
    state: str
    elected: str | None
    record_sha256: str | None
    ballots: list[BallotOut]
    made_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, one: StoredElection) -> Self:
        return cls(
            id=one.id, group=one.group, threshold=one.threshold, state=one.state.value, elected=one.elected,
            record_sha256=None if one.record is None else digest(one.record),
            ballots=[
                BallotOut(voter=each.voter, candidate=each.candidate, assertion=each.assertion, at=each.at)
                for each in one.ballots
            ],
            made_at=one.made_at, closed_at=one.closed_at,
        )  # fmt: skip


class OpenedOut(BaseModel):
    """What the passkey is asked."""

    id: str
    options: dict[str, Any]
    intent: dict[str, Any]

    @classmethod
    def of(cls, one: Opened) -> Self:
        return cls(id=one.id, options=one.options, intent=one.intent.as_mapping())


class JointMandateIn(Strict):
    """What the elected representative may do in the name of all."""

    uscc: Code
    election: Ident
    kinds: Annotated[list[SealKind], Field(min_length=1, max_length=6)]
    matters: Annotated[list[Matter], Field(min_length=1, max_length=32)]
    max_amount: Amount | None = None
    currency: Currency | None = None
    not_before: Moment
    not_after: Moment


class SignIn(Strict):
    """For which principal."""

    uscc: Code


class SignConfirmIn(SignIn):
    """For which principal, with the passkey's answer."""

    response: dict[str, Any]


class JointMandateOut(BaseModel):
    """A joint mandate: what is signed, and who has signed."""

    id: str
    group: str
    election: str
    payload: str  # the exact text
    signed: list[str]
    given_at: datetime | None

    @classmethod
    def of(cls, one: StoredJointMandate) -> Self:
        return cls(
            id=one.id, group=one.group, election=one.election, payload=one.payload.decode(),
            signed=[each.principal for each in one.signatures], given_at=one.given_at,
        )  # fmt: skip


class StandingOut(BaseModel):
    """Whether a joint mandate is in force."""

    id: str
    state: str
    since: datetime
    payload_sha256: str

    @classmethod
    def of(cls, one: Standing) -> Self:
        return cls(id=one.id, state=one.state, since=one.since, payload_sha256=one.payload_sha256.hex())


class FrameworkIn(Strict):
    """Which draft becomes the framework contract, and what may be called off."""

    mandate: Ident
    envelope: Ident
    limit: Amount
    currency: Currency
    not_before: Moment
    not_after: Moment


class FrameworkOut(BaseModel):
    """A framework contract."""

    envelope: str
    group: str
    mandate: str
    limit: Decimal
    currency: str
    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, one: StoredFramework) -> Self:
        return cls(
            envelope=one.envelope, group=one.group, mandate=one.mandate, limit=one.limit, currency=one.currency,
            not_before=one.not_before, not_after=one.not_after,
        )  # fmt: skip


class CallOffIn(Strict):
    """An order under a framework contract: a draft that refers to it."""

    envelope: Ident


class CallOffOut(BaseModel):
    """What one member called off."""

    envelope: str
    framework: str
    uscc: str
    amount: Decimal
    currency: str
    state: str
    made_at: datetime
    state_at: datetime

    @classmethod
    def of(cls, one: CallOff) -> Self:
        return cls(
            envelope=one.envelope, framework=one.framework, uscc=one.uscc, amount=one.amount, currency=one.currency,
            state=one.state.value, made_at=one.made_at, state_at=one.state_at,
        )  # fmt: skip


class AccountOut(BaseModel):
    """A framework contract as a member sees it: its own obligations, and what is left for all."""

    framework: FrameworkOut
    sha256: str | None  # of the concluded contract: what an order refers to
    taken: Decimal
    left: Decimal
    call_offs: list[CallOffOut]

    @classmethod
    def of(cls, one: Account) -> Self:
        return cls(
            framework=FrameworkOut.of(one.framework),
            sha256=None if one.concluded_sha256 is None else one.concluded_sha256.hex(),
            taken=one.taken,
            left=one.framework.limit - one.taken,
            call_offs=[CallOffOut.of(each) for each in one.mine],
        )
