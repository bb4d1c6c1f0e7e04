"""Seal-use requests (用印申请): asked, confirmed or approved, refused, withdrawn, expired. Applying is api/acts/applying.py."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, Final

from api.acts import rights
from api.acts.agreement import intend, open_for, require_agreed
from api.acts.approval_rules import USING, asked_of, decided, rule_for
from api.acts.control import Opened
from api.acts.machine_use import pages_of
from api.acts.office import Office
from api.acts.previewing import locate
from api.acts.request_views import locked, request, visible
from api.acts.seal_life import seal
from api.acts.sealing import SealOrder
from api.db.people import Person, Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError, SealUnusableError
from api.scratch import sha256_of
from seals import approvals
from seals.approvals import Approved, Decision, Refused
from seals.errors import RequestStateError, RightError
from seals.intent import DocumentIntent, Intent, IntentKind, details_digest
from seals.register import Grounds, Seal
from seals.requests import Basis, RequestEvent, RequestState, SealRequest, follow
from seals.states import SealState

CONFIRM_WITHIN: Final = timedelta(hours=24)  # by whom has the right himself
Then = Callable[[SqlUnitOfWork, SealRequest], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked for."""

    seal: str
    placement: Mapping[str, Any]  # as `SealOrder.of` takes it, less the reason
    name: str
    purpose: str
    matter: str
    amount: Decimal | None
    currency: str
    mandate: str | None = None  # which; without it, the one that fits


def ask(office: Office, who: Person, asking: Asking, source: BinaryIO, *, then: Then | None = None) -> SealRequest:
    """Keep the file and the request. Who has the right himself confirms it next; otherwise it goes to the approvers.

    Raises:
        NotFoundError: no such seal, or none of the caller's business.
        ForbiddenError: the caller's role never uses a seal.
        SealUnusableError, DocumentRefusedError, PlacementError: the seal would not be applied anyway.
        RightError: the mandate that was named does not cover it.
        ApprovalError: there is nobody who could approve.
    """
    one = seal(office, asking.seal)
    with office.reading() as work:
        _require_may_ask(work, who, one)
    if one.state != SealState.ACTIVE.value:
        raise SealUnusableError(f"the seal {one.code} is {one.state}")
    order = SealOrder.of(**asking.placement, reason=asking.purpose)
    locate(office, one, source, order.placement)
    document = DocumentIntent(name=asking.name, sha256=sha256_of(source), seals=(one.code,))
    pages = pages_of(office, source)
    stored = office.objects.put("requests", ".pdf", source)
    try:
        with office.work() as work:
            made = _make(office, work, who, asking, one, document, pages, stored)
            work.requests.add(made)
            _note(work, made, "asked", at=made.asked_at, actor=who.id)
            if then is not None:
                then(work, made)
            work.commit()
    except BaseException:
        office.objects.delete(stored)
        raise
    return made


def _make(
    office: Office,
    work: SqlUnitOfWork,
    who: Person,
    asking: Asking,
    one: Seal,
    document: DocumentIntent,
    pages: int | None,
    stored: str,
) -> SealRequest:
    now = office.now()
    basis, mandate = _basis(office, work, who, one, asking, pages)
    rule = rule_for(work, one, asker=who.id) if basis is Basis.APPROVAL else None
    return SealRequest(
        id=secrets.token_hex(16),
        state=RequestState.ASKED if rule is None else RequestState.WAITING,
        basis=basis,
        seal=one.code,
        uscc=one.uscc,
        person=who.id,
        mandate=mandate,
        documents=(document,),
        object=stored,
        name=asking.name,
        placement=json.dumps(dict(asking.placement), ensure_ascii=False, sort_keys=True),
        purpose=asking.purpose,
        matter=asking.matter,
        amount=asking.amount,
        currency=asking.currency,
        pages=pages,
        rule=rule,
        asked_at=now,
        deadline=now + (CONFIRM_WITHIN if rule is None else rule.within),
        state_at=now,
    )


def _basis(
    office: Office, work: SqlUnitOfWork, who: Person, one: Seal, asking: Asking, pages: int | None
) -> tuple[Basis, str | None]:
    """The caller's own right, if there is one; else approval, which only people of the enterprise can ask for."""
    grounds = Grounds(
        actor=who.name, person=who.id, mandate=asking.mandate, matter=asking.matter, amount=asking.amount,
        currency=asking.currency, pages=pages,
    )  # fmt: skip
    if asking.mandate is None and rights.is_representative(work, who.id, one.uscc):
        return Basis.REPRESENTATIVE, None
    chosen = rights.choose(office, work, one, grounds)
    member = work.people.member(who.id, one.uscc)
    try:
        rights.require_mandate(office, work, one, chosen)
    except RightError:
        if asking.mandate is not None or member is None or member.role not in USING:
            raise
        return Basis.APPROVAL, None
    return Basis.MANDATE, chosen.mandate


def ask_for_party(
    office: Office,
    work: SqlUnitOfWork,
    who: Person,
    code: str,
    documents: tuple[DocumentIntent, ...],
    *,
    envelope: str,
    party: str,
    purpose: str,
    matter: str,
    amount: Decimal | None,
    currency: str,
    pages: int | None,
) -> SealRequest:
    """Ask the approvers of a seal for a party to an envelope, in the caller's transaction. The documents are the frozen ones.

    Raises:
        NotFoundError: no such seal, or none of the caller's business.
        ForbiddenError: the caller's role never uses a seal.
        ApprovalError: there is nobody who could approve.
    """
    now = office.now()
    one = work.seals.get(code)
    member = None if one is None else work.people.member(who.id, one.uscc)
    if one is None or member is None:
        raise NotFoundError(f"there is no seal {code}")
    if member.role not in USING:
        raise ForbiddenError(f"the role of {member.role} never uses a seal of this enterprise")
    rule = rule_for(work, one, asker=who.id)
    made = SealRequest(
        id=secrets.token_hex(16),
        state=RequestState.WAITING,
        basis=Basis.APPROVAL,
        seal=code,
        uscc=one.uscc,
        person=who.id,
        documents=documents,
        purpose=purpose,
        matter=matter,
        amount=amount,
        currency=currency,
        pages=pages,
        rule=rule,
        envelope=envelope,
        party=party,
        asked_at=now,
        deadline=now + rule.within,
        state_at=now,
    )
    work.requests.add(made)
    _note(work, made, "asked", at=now, actor=who.id)
    return made


def begin(office: Office, person: str, request_id: str) -> Opened:
    """Ask the passkey of whoever's turn it is: of the asker who has the right himself, or of an approver.

    Raises:
        NotFoundError: none of the caller's business.
        RequestStateError, ApprovalError: it is not the caller's turn.
    """
    now = office.now()
    with office.reading() as work:
        one = visible(work, person, request_id)
        if one.state is RequestState.ASKED and one.person == person:
            return open_for(office, person, intent_of(office, one, IntentKind.SEAL))
        if one.state is not RequestState.WAITING or one.rule is None:
            raise RequestStateError(f"the request is {one.state}; nobody is asked to agree to it")
        yes = Decision(person=person, approved=True)
        approvals.require_turn(one.rule, decided(work, one), asked_of(work, one), yes, now)
    return open_for(office, person, intent_of(office, one, IntentKind.APPROVE))


def confirm(office: Office, person: str, request_id: str, response: Mapping[str, Any]) -> SealRequest:
    """The asker who has the right himself agrees; the seal is to be applied next.

    Raises:
        NotFoundError: none of the caller's business.
        RequestStateError: there is nothing to confirm, or it is too late.
        AssertionRefusedError, RightError: the passkey's answer is not to this use.
    """
    now = office.now()
    with office.work() as work:
        one = locked(work, person, request_id)
        after = follow(one.state, RequestEvent.APPROVE)
        if one.person != person or one.state is not RequestState.ASKED:
            raise RequestStateError("only who asked confirms, and only where nobody has to approve")
        if now > one.deadline:
            raise RequestStateError("the time to confirm is over; ask again")
        given = require_agreed(office, work, person, response, intent_of(office, one, IntentKind.SEAL))
        work.requests.set_state(one.id, after, before=one.state, at=now, assertion=given.id)
        _note(work, one, "confirmed", at=now, actor=person)
        work.commit()
    return request(office, request_id)


def approve(office: Office, person: str, request_id: str, response: Mapping[str, Any]) -> SealRequest:
    """One approver agrees, with a passkey over exactly the documents that will be sealed.

    Raises:
        NotFoundError: none of the caller's business.
        ApprovalError, RequestStateError: it is not the caller's turn, or too late.
        AssertionRefusedError, RightError: the passkey's answer is not to this request.
    """
    now = office.now()
    with office.work() as work:
        one = locked(work, person, request_id)
        decision = Decision(person=person, approved=True)
        _require_turn(work, one, decision, now)
        given = require_agreed(office, work, person, response, intent_of(office, one, IntentKind.APPROVE))
        work.requests.decide(one.id, decision, assertion=given.id, at=now)
        _follow_decisions(work, one, now=now, actor=person)
        work.commit()
    return request(office, request_id)


def refuse(office: Office, person: str, request_id: str, reason: str) -> SealRequest:
    """One approver refuses, with a reason: that ends the request.

    Raises:
        NotFoundError: none of the caller's business.
        ApprovalError, RequestStateError: it is not the caller's turn, too late, or there is no reason.
    """
    now = office.now()
    with office.work() as work:
        one = locked(work, person, request_id)
        decision = Decision(person=person, approved=False, reason=reason)
        _require_turn(work, one, decision, now)
        work.requests.decide(one.id, decision, assertion=None, at=now)
        _follow_decisions(work, one, now=now, actor=person)
        work.commit()
    return request(office, request_id)


def withdraw(office: Office, person: str, request_id: str) -> SealRequest:
    """The asker takes it back.

    Raises:
        NotFoundError: none of the caller's business.
        ForbiddenError: somebody else asked.
        RequestStateError: it is too late.
    """
    now = office.now()
    with office.work() as work:
        one = locked(work, person, request_id)
        if one.person != person:
            raise ForbiddenError("only who asked can withdraw")
        after = follow(one.state, RequestEvent.WITHDRAW)
        work.requests.set_state(one.id, after, before=one.state, at=now)
        _note(work, one, "withdrawn", at=now, actor=person)
        work.commit()
    return request(office, request_id)


def retry(office: Office, person: str, request_id: str) -> SealRequest:
    """Let the seal be applied once more after a failure; what was approved stays approved.

    Raises:
        NotFoundError: none of the caller's business.
        ForbiddenError: somebody else asked.
        RequestStateError: it did not fail.
    """
    now = office.now()
    with office.work() as work:
        one = locked(work, person, request_id)
        if one.person != person:
            raise ForbiddenError("only who asked can have it tried again")
        after = follow(one.state, RequestEvent.RETRY)
        work.requests.set_state(one.id, after, before=one.state, at=now, process=None, attempts=0)
        _note(work, one, "retried", at=now, actor=person)
        work.commit()
    return request(office, request_id)


def mark_sealed(work: SqlUnitOfWork, request_id: str, *, use: str, at: datetime) -> None:
    """The last seal of the request is on: part of the transaction of that use.

    Raises:
        RequestStateError: the request is not approved any more.
    """
    one = work.requests.get(request_id)
    if one is None:
        raise NotFoundError(f"there is no request {request_id}")
    after = follow(one.state, RequestEvent.SEAL)
    work.requests.set_state(request_id, after, before=one.state, at=at, use=use, process=None, failure=None)
    _note(work, one, "sealed", at=at, actor=one.person)


def expire(work: SqlUnitOfWork, one: SealRequest, *, at: datetime) -> None:
    """End a request whose time is over.

    Raises:
        RequestStateError: somebody moved it on just now.
    """
    after = follow(one.state, RequestEvent.EXPIRE)
    work.requests.set_state(one.id, after, before=one.state, at=at)
    _note(work, one, "expired", at=at, actor="service")


# -- who may


def _require_may_ask(work: SqlUnitOfWork, who: Person, one: Seal) -> None:
    member = work.people.member(who.id, one.uscc)
    if member is not None:
        if member.role not in USING:
            raise ForbiddenError(f"the role of {member.role} never uses a seal of this enterprise")
        return
    represents = [found.uscc for found in work.people.memberships(who.id) if found.role is Role.REPRESENTATIVE]
    if not any(one.uscc in held.mandate.grantors for held in work.mandates.active_of([who.id, *represents])):
        raise NotFoundError(f"there is no seal {one.code}")


def _require_turn(work: SqlUnitOfWork, one: SealRequest, decision: Decision, now: datetime) -> None:
    if one.state is not RequestState.WAITING or one.rule is None:
        raise RequestStateError(f"the request is {one.state}; nobody is asked to decide on it")
    approvals.require_turn(one.rule, decided(work, one), asked_of(work, one), decision, now)


def _follow_decisions(work: SqlUnitOfWork, one: SealRequest, *, now: datetime, actor: str) -> None:
    """Bring the request where the decisions have brought it."""
    if one.rule is None:
        return
    standing = approvals.state(one.rule, decided(work, one), asked_of(work, one), now)
    if isinstance(standing, Refused):
        after = follow(one.state, RequestEvent.REFUSE)
        work.requests.set_state(one.id, after, before=one.state, at=now, failure=standing.reason)
        _note(work, one, "refused", at=now, actor=actor, reason=standing.reason)
    elif isinstance(standing, Approved):
        work.requests.set_state(one.id, follow(one.state, RequestEvent.APPROVE), before=one.state, at=now)
        _note(work, one, "approved", at=now, actor=actor)
    else:
        _note(work, one, "advanced", at=now, actor=actor)


def intent_of(office: Office, one: SealRequest, kind: IntentKind) -> Intent:
    """What asker or approver agrees to: the documents, the seal, and all that was stated."""
    details = {
        "asked_by": one.person,
        "seal": one.seal,
        "placement": one.placement,
        "matter": one.matter,
        "amount": None if one.amount is None else format(one.amount, "f"),
        "currency": one.currency,
        "pages": one.pages,
        "envelope": one.envelope,
        "party": one.party,
        "mandate": one.mandate,
    }
    return intend(
        office, kind, one.id, purpose=one.purpose, documents=one.documents, details_sha256=details_digest(details)
    )


def _note(work: SqlUnitOfWork, one: SealRequest, verb: str, *, at: datetime, actor: str, **more: object) -> None:
    work.notices.add(to=[one.uscc], kind=f"request.{verb}", subject=one.id, at=at, seal=one.seal, **more)
    work.ledger.note(at=at, actor=actor, act=f"request.{verb}", subject=one.id, seal=one.seal, **more)
