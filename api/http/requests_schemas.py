"""What the endpoints for seal-use requests and approval rules take and give."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.acts.request_views import Seen
from api.http.mandates_schemas import AgreementOut
from api.http.schemas import Strict
from seals.approvals import MAX_APPROVERS, MAX_REASON, MAX_WITHIN, ApprovalRule, Mode, Waiting
from seals.requests import Basis, RequestState

PersonId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class RuleIn(Strict):
    """Who approves the use of a seal."""

    mode: Mode
    approvers: Annotated[list[PersonId], Field(min_length=1, max_length=MAX_APPROVERS)]
    within_s: Annotated[int, Field(ge=60, le=int(MAX_WITHIN.total_seconds()))] = 7 * 86_400

    def rule(self) -> ApprovalRule:
        return ApprovalRule(
            mode=self.mode, approvers=tuple(self.approvers), within=timedelta(seconds=self.within_s)
        )  # fmt: skip


class RuleOut(BaseModel):
    """Who approves the use of a seal. One that was not set is the legal representative, if that person has an account."""

    mode: Mode
    approvers: list[str]
    within_s: int
    set: bool

    @classmethod
    def of(cls, rule: ApprovalRule | None, *, was_set: bool) -> Self:
        if rule is None:
            return cls(mode=Mode.ONE_OF, approvers=[], within_s=0, set=False)
        return cls(
            mode=rule.mode, approvers=list(rule.approvers), within_s=int(rule.within.total_seconds()), set=was_set
        )


class DecisionMade(BaseModel):
    """What one approver decided."""

    person: str
    approved: bool
    reason: str
    assertion: str | None
    at: datetime


class DocumentOut(BaseModel):
    """One document that will be sealed."""

    name: str
    sha256: str
    seals: list[str]


class SealRequestOut(BaseModel):
    """A seal-use request and where it stands."""

    id: str
    state: RequestState
    basis: Basis
    seal: str
    uscc: str
    asked_by: str
    mandate: str | None
    documents: list[DocumentOut]
    purpose: str
    matter: str
    amount: Decimal | None
    currency: str
    pages: int | None
    rule: RuleOut | None
    waits_for: list[str]
    blocked_by: list[str]  # approvers whose consent is needed and who left
    decisions: list[DecisionMade]
    envelope: str | None
    party: str | None
    asked_at: datetime
    deadline: datetime
    state_at: datetime
    failure: str | None  # why it was refused or could not be applied
    use: str | None
    document: str | None  # where the bytes are that will be sealed
    sealed: str | None  # where the sealed file is
    agreement: AgreementOut | None = None  # for who has the right himself: what to confirm

    @classmethod
    def of(cls, seen: Seen, agreement: AgreementOut | None = None) -> Self:
        one, base = seen.request, f"/api/v1/seal-requests/{seen.request.id}"
        waiting = seen.standing if isinstance(seen.standing, Waiting) and one.state is RequestState.WAITING else None
        return cls(
            id=one.id,
            state=one.state,
            basis=one.basis,
            seal=one.seal,
            uscc=one.uscc,
            asked_by=one.person,
            mandate=one.mandate,
            documents=[
                DocumentOut(name=each.name, sha256=each.sha256.hex(), seals=list(each.seals)) for each in one.documents
            ],
            purpose=one.purpose,
            matter=one.matter,
            amount=one.amount,
            currency=one.currency,
            pages=one.pages,
            rule=None if one.rule is None else RuleOut.of(one.rule, was_set=True),
            waits_for=[] if waiting is None else list(waiting.next),
            blocked_by=[] if waiting is None else list(waiting.blocked_by),
            decisions=[
                DecisionMade(
                    person=each.decision.person,
                    approved=each.decision.approved,
                    reason=each.decision.reason,
                    assertion=each.assertion,
                    at=each.at,
                )
                for each in seen.decisions
            ],
            envelope=one.envelope,
            party=one.party,
            asked_at=one.asked_at,
            deadline=one.deadline,
            state_at=one.state_at,
            failure=one.failure,
            use=one.use,
            document=None if one.object is None else f"{base}/document",
            sealed=f"{base}/sealed" if one.state is RequestState.SEALED and one.object is not None else None,
            agreement=agreement,
        )


class SealRequestPage(BaseModel):
    """Seal-use requests; `next` continues them."""

    items: list[SealRequestOut]
    next: str | None


class DecideIn(Strict):
    """An approver's decision: approval with the passkey's answer, or refusal with a reason."""

    decision: Literal["approve", "refuse"]
    credential: dict[str, Any] | None = None
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON, strip_whitespace=True)] = ""

    @model_validator(mode="after")
    def whole(self) -> Self:
        """What a decision needs, and nothing else."""
        if (self.decision == "approve") != (self.credential is not None):
            raise ValueError("an approval comes with the passkey's answer, a refusal without")
        if (self.decision == "refuse") != bool(self.reason):
            raise ValueError("a refusal has a reason, an approval none")
        return self
