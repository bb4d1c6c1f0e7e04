"""Approval rules, seal-use requests and decisions on them in SQL."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.db.mandates_tables import approval_rules, request_decisions, seal_requests
from api.db.tables import seal_uses
from seals.approvals import ApprovalRule, Decision, Mode
from seals.errors import ApprovalError, ApprovalReason, RequestStateError
from seals.intent import DocumentIntent
from seals.register import UseState
from seals.requests import Basis, RequestState, SealRequest

MAX_FAILURE: Final = 512
COUNTED: Final = (UseState.AUTHORISED.value, UseState.DONE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """A decision, when it was made and what proves it."""

    decision: Decision
    assertion: str | None
    at: datetime


class SqlRequests:
    """Approval rules, requests and decisions."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def rule(self, seal: str) -> ApprovalRule | None:
        text = self._connection.execute(
            select(approval_rules.c.rule).where(approval_rules.c.seal == seal)
        ).scalar_one_or_none()
        return None if text is None else rule_of(text)

    def set_rule(self, seal: str, rule: ApprovalRule, *, by: str, at: datetime) -> None:
        self._connection.execute(delete(approval_rules).where(approval_rules.c.seal == seal))
        self._connection.execute(insert(approval_rules).values(seal=seal, rule=rule_text(rule), set_by=by, set_at=at))

    def add(self, one: SealRequest) -> None:
        self._connection.execute(
            insert(seal_requests).values(
                id=one.id,
                state=one.state.value,
                basis=one.basis.value,
                seal=one.seal,
                uscc=one.uscc,
                person=one.person,
                mandate=one.mandate,
                assertion=one.assertion,
                documents=documents_text(one.documents),
                object=one.object,
                name=one.name,
                placement=one.placement,
                purpose=one.purpose,
                matter=one.matter,
                amount=None if one.amount is None else str(one.amount),
                currency=one.currency,
                pages=one.pages,
                rule=None if one.rule is None else rule_text(one.rule),
                envelope=one.envelope,
                party=one.party,
                asked_at=one.asked_at,
                deadline=one.deadline,
                state_at=one.state_at,
                attempts=one.attempts,
            )
        )

    def get(self, request_id: str) -> SealRequest | None:
        row = self._connection.execute(select(seal_requests).where(seal_requests.c.id == request_id)).one_or_none()
        return None if row is None else _request(row)

    def lock(self, request_id: str) -> SealRequest | None:
        """As `get`, and nobody changes it or decides on it before this transaction ends."""
        chosen = select(seal_requests).where(seal_requests.c.id == request_id).with_for_update()
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else _request(row)

    def page(
        self, *, person: str | None, usccs: Iterable[str], states: Iterable[str], after: SealRequest | None, limit: int
    ) -> list[SealRequest]:
        """The newest first: those that `person` asked for and those over seals of `usccs`; `after` continues a page."""
        when, who = seal_requests.c.asked_at, seal_requests.c.id
        chosen = select(seal_requests).where(
            or_(seal_requests.c.person == person, seal_requests.c.uscc.in_(list(usccs)))
        )
        if wanted := list(states):
            chosen = chosen.where(seal_requests.c.state.in_(wanted))
        if after is not None:
            chosen = chosen.where(or_(when < after.asked_at, and_(when == after.asked_at, who < after.id)))
        rows = self._connection.execute(chosen.order_by(when.desc(), who.desc()).limit(limit))
        return [_request(row) for row in rows]

    def waiting_of(self, usccs: Iterable[str]) -> list[SealRequest]:
        """Those that wait for approvers of these enterprises' seals, the oldest first."""
        chosen = select(seal_requests).where(
            seal_requests.c.uscc.in_(list(usccs)), seal_requests.c.state == RequestState.WAITING.value
        )
        return [_request(row) for row in self._connection.execute(chosen.order_by(seal_requests.c.asked_at))]

    def of_party(self, envelope: str, party: str) -> list[SealRequest]:
        """Those of one party to an envelope, the newest first."""
        chosen = select(seal_requests).where(seal_requests.c.envelope == envelope, seal_requests.c.party == party)
        rows = self._connection.execute(chosen.order_by(seal_requests.c.asked_at.desc(), seal_requests.c.id))
        return [_request(row) for row in rows]

    def late(self, now: datetime) -> list[SealRequest]:
        """Open ones past their deadline."""
        chosen = select(seal_requests).where(
            seal_requests.c.state.in_([RequestState.ASKED.value, RequestState.WAITING.value]),
            seal_requests.c.deadline < now,
        )
        return [_request(row) for row in self._connection.execute(chosen)]

    def to_apply(self) -> list[SealRequest]:
        """Approved ones that nobody is at work on."""
        chosen = select(seal_requests).where(
            seal_requests.c.state == RequestState.APPROVED.value, seal_requests.c.process.is_(None)
        )
        return [_request(row) for row in self._connection.execute(chosen.order_by(seal_requests.c.state_at))]

    def set_state(
        self, request_id: str, state: RequestState, *, before: RequestState, at: datetime, **values: Any
    ) -> None:
        """Move on.

        Raises:
            RequestStateError: somebody moved it before.
        """
        if "failure" in values and values["failure"] is not None:
            values["failure"] = values["failure"][:MAX_FAILURE]
        done = self._connection.execute(
            update(seal_requests)
            .where(seal_requests.c.id == request_id, seal_requests.c.state == before.value)
            .values(state=state.value, state_at=at, **values)
        )
        if done.rowcount != 1:
            raise RequestStateError(f"request {request_id} is no longer {before}; somebody changed it just now")

    def claim(self, request_id: str, *, process: str) -> bool:
        """Make applying the seal this process's work; False where somebody else is at it, or it is not approved."""
        done = self._connection.execute(
            update(seal_requests)
            .where(
                seal_requests.c.id == request_id,
                seal_requests.c.state == RequestState.APPROVED.value,
                seal_requests.c.process.is_(None),
            )
            .values(process=process, attempts=seal_requests.c.attempts + 1)
        )
        return done.rowcount == 1

    def unclaim(self, request_id: str) -> None:
        self._connection.execute(update(seal_requests).where(seal_requests.c.id == request_id).values(process=None))

    def release_of(self, dead: list[str]) -> None:
        """Let others apply what processes that are gone were at work on."""
        self._connection.execute(
            update(seal_requests)
            .where(seal_requests.c.process.in_(dead), seal_requests.c.state == RequestState.APPROVED.value)
            .values(process=None)
        )

    def decide(self, request_id: str, decision: Decision, *, assertion: str | None, at: datetime) -> None:
        """Keep a decision.

        Raises:
            ApprovalError: this person decided before.
        """
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(request_decisions).values(
                        request=request_id,
                        person=decision.person,
                        approved=decision.approved,
                        reason=decision.reason,
                        assertion=assertion,
                        at=at,
                    )
                )
        except IntegrityError as exc:
            raise ApprovalError(ApprovalReason.DECIDED, "decided already") from exc

    def decisions(self, request_id: str) -> list[StoredDecision]:
        rows = self._connection.execute(
            select(request_decisions).where(request_decisions.c.request == request_id).order_by(request_decisions.c.id)
        )
        return [
            StoredDecision(
                decision=Decision(person=row.person, approved=row.approved, reason=row.reason),
                assertion=row.assertion,
                at=row.at,
            )
            for row in rows
        ]

    def uses_of(self, *, assertion: str | None, request: str | None, seal: str, document: bytes) -> int:
        """How often the seal's key was let at this document on this ground; uses that were refused do not count."""
        ground = seal_uses.c.assertion == assertion if request is None else seal_uses.c.request == request
        return self._connection.execute(
            select(func.count())
            .select_from(seal_uses)
            .where(
                ground,
                seal_uses.c.seal == seal,
                seal_uses.c.document_sha256 == document,
                seal_uses.c.state.in_(COUNTED),
            )
        ).scalar_one()

    def counted_before(self, *, mandate: str, assertion: str, seal: str, document: bytes) -> bool:
        """Whether this very use was counted on the mandate before, and came to nothing after the key was used."""
        chosen = select(seal_uses.c.id).where(
            seal_uses.c.mandate == mandate,
            seal_uses.c.assertion == assertion,
            seal_uses.c.seal == seal,
            seal_uses.c.document_sha256 == document,
            seal_uses.c.intent_sha256.is_not(None),
            seal_uses.c.state == UseState.REFUSED.value,
        )
        return self._connection.execute(chosen.limit(1)).first() is not None


def rule_text(rule: ApprovalRule) -> str:
    return json.dumps(
        {"mode": rule.mode.value, "approvers": rule.approvers, "within_s": int(rule.within.total_seconds())}
    )


def rule_of(text: str) -> ApprovalRule:
    found = json.loads(text)
    return ApprovalRule(
        mode=Mode(found["mode"]), approvers=tuple(found["approvers"]), within=timedelta(seconds=found["within_s"])
    )


def documents_text(documents: Iterable[DocumentIntent]) -> str:
    return json.dumps(
        [{"name": one.name, "sha256": one.sha256.hex(), "seals": one.seals} for one in documents], ensure_ascii=False
    )


def documents_of(text: str) -> tuple[DocumentIntent, ...]:
    return tuple(
        DocumentIntent(name=one["name"], sha256=bytes.fromhex(one["sha256"]), seals=tuple(one["seals"]))
        for one in json.loads(text)
    )


def _request(row: Row[Any]) -> SealRequest:
    return SealRequest(
        id=row.id,
        state=RequestState(row.state),
        basis=Basis(row.basis),
        seal=row.seal,
        uscc=row.uscc,
        person=row.person,
        mandate=row.mandate,
        assertion=row.assertion,
        documents=documents_of(row.documents),
        object=row.object,
        name=row.name,
        placement=row.placement,
        purpose=row.purpose,
        matter=row.matter,
        amount=None if row.amount is None else Decimal(row.amount),
        currency=row.currency,
        pages=row.pages,
        rule=None if row.rule is None else rule_of(row.rule),
        envelope=row.envelope,
        party=row.party,
        asked_at=row.asked_at,
        deadline=row.deadline,
        state_at=row.state_at,
        failure=row.failure,
        use=row.use,
        process=row.process,
        attempts=row.attempts,
    )
