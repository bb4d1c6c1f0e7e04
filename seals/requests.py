"""Seal-use requests (用印申请): what is asked for, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from seals.approvals import ApprovalRule
from seals.errors import RequestStateError
from seals.intent import DocumentIntent


class RequestState(StrEnum):
    """Where a request is in its life."""

    ASKED = "asked"  # the asker has the right himself and has yet to confirm with a passkey
    WAITING = "waiting"  # for approvers
    APPROVED = "approved"  # by all whose consent is needed; the seal is about to be applied
    SEALED = "sealed"
    REFUSED = "refused"  # by an approver, with a reason
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"  # approved, but the seal could not be applied; says why, and can be tried again


class RequestEvent(StrEnum):
    """What can happen to a request."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    SEAL = "seal"
    FAIL = "fail"
    RETRY = "retry"


class Basis(StrEnum):
    """By which right the seal is used in the end."""

    REPRESENTATIVE = "representative"
    MANDATE = "mandate"
    APPROVAL = "approval"


FOLLOWS: Final[Mapping[tuple[RequestState, RequestEvent], RequestState]] = {
    (RequestState.ASKED, RequestEvent.APPROVE): RequestState.APPROVED,
    (RequestState.WAITING, RequestEvent.APPROVE): RequestState.APPROVED,
    (RequestState.WAITING, RequestEvent.REFUSE): RequestState.REFUSED,
    (RequestState.APPROVED, RequestEvent.SEAL): RequestState.SEALED,
    (RequestState.APPROVED, RequestEvent.FAIL): RequestState.FAILED,
    (RequestState.FAILED, RequestEvent.RETRY): RequestState.APPROVED,
    **{(state, RequestEvent.EXPIRE): RequestState.EXPIRED for state in (RequestState.ASKED, RequestState.WAITING)},
    **{
        (state, RequestEvent.WITHDRAW): RequestState.WITHDRAWN
        for state in (RequestState.ASKED, RequestState.WAITING, RequestState.FAILED)
    },
}


def follow(state: RequestState, event: RequestEvent) -> RequestState:
    """Return the state after `event`.

    Raises:
        RequestStateError: the event cannot happen in this state; names both.
    """
    try:
        return FOLLOWS[state, event]
    except KeyError as exc:
        raise RequestStateError(f"a request that is {state} cannot be acted on by “{event}”") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRequest:
    """One request for one seal: on a single file, or on the documents of a party to an envelope."""

    id: str
    state: RequestState
    basis: Basis
    seal: str
    uscc: str  # whose seal it is
    person: str  # who asks
    mandate: str | None = None
    assertion: str | None = None  # of the asker, where he has the right himself
    documents: tuple[DocumentIntent, ...]
    object: str | None = None  # the single file, as it was handed in
    name: str = ""
    placement: str = "{}"  # JSON, as the interface takes it
    purpose: str
    matter: str = ""
    amount: Decimal | None = None
    currency: str = ""
    pages: int | None = None
    rule: ApprovalRule | None = None  # the rule under which it was asked
    envelope: str | None = None
    party: str | None = None
    asked_at: datetime
    deadline: datetime  # inclusive
    state_at: datetime
    failure: str | None = None
    use: str | None = None
    process: str | None = None  # who applies the seal right now
    attempts: int = 0
