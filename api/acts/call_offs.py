"""Framework contracts of a group, and what its members call off: one obligation each, and no payments."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from api.acts.envelope_access import Who, require_initiator, visible
from api.acts.envelope_links import Link
from api.acts.groups import concluded_sha256, require_role, standing, visible_group
from api.acts.joint_mandates import mandate_of, with_credential
from api.acts.office import Office
from api.db.envelope_records import Whole
from api.db.groups import CallOff, StoredFramework
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from api.scratch import scratch_file, sha256_of
from seals.envelope_states import EnvelopeState
from seals.envelopes import PartyRole
from seals.errors import GroupError, GroupReason, GroupStateError
from seals.groups import CallOffState, Framework, require_call_off
from seals.mandates import MandateState
from seals.pdf_input import Limits
from verify.joint_mandate import JointMandate

ORDERING: Final = (Role.REPRESENTATIVE, Role.MANAGER, Role.USER)
ENDED: Final = frozenset(
    {EnvelopeState.DECLINED, EnvelopeState.WITHDRAWN, EnvelopeState.EXPIRED, EnvelopeState.RESCINDED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkTerms:
    """What the members may call off together."""

    limit: Decimal
    currency: str
    not_before: datetime
    not_after: datetime


def make_framework(
    office: Office, who: Who, group_id: str, *, mandate: str, envelope: str, terms: FrameworkTerms
) -> StoredFramework:
    """Make the draft of the representative's a framework contract: the joint mandate goes into each of its documents.

    Raises:
        NotFoundError, ForbiddenError: mandate or draft is not the caller's.
        GroupError: the members are not parties, or the terms cannot be so.
        GroupStateError: the mandate is not in force, or the envelope was sent.
        DocumentRefusedError, PlacementError: a document does not take the mandate.
    """
    with office.reading() as work:
        whole, credential = _checked(work, who, group_id, mandate, envelope, terms, office)
    changed = {}
    for document in whole.documents:
        with scratch_file(office.scratch) as source, scratch_file(office.scratch) as to:
            source.writelines(office.objects.stream(document.source_object))
            limits = Limits(max_bytes=office.settings.max_document_bytes)
            with_credential(source, to, credential, limits=limits)
            digest, size = sha256_of(to), to.seek(0, 2)
            to.seek(0)
            changed[document.id] = (office.objects.put("envelopes", ".pdf", to), digest, size)
    now = office.now()
    with office.work() as work:
        standing(work, who, group_id, office)
        again, _ = _checked(work, who, group_id, mandate, envelope, terms, office)
        if [one.source_sha256 for one in again.documents] != [one.source_sha256 for one in whole.documents]:
            raise GroupStateError("the draft was changed meanwhile")
        made = StoredFramework(
            envelope=envelope, group=group_id, mandate=mandate, limit=terms.limit, currency=terms.currency,
            not_before=terms.not_before, not_after=terms.not_after, made_at=now,
        )  # fmt: skip
        if not work.groups.add_framework(made):
            raise GroupStateError("this envelope is a framework contract already")
        for document_id, (name, digest, size) in changed.items():
            work.envelopes.set_document(document_id, source_object=name, source_sha256=digest, source_size=size)
        work.envelopes.note(envelope, at=now, actor=who.name, act="framework.mandate-attached", mandate=mandate)
        work.ledger.note(at=now, actor=who.name, act="framework.make", subject=group_id, envelope=envelope)
        work.commit()
    return made


def _checked(
    work: SqlUnitOfWork, who: Who, group_id: str, mandate: str, envelope: str, terms: FrameworkTerms, office: Office
) -> tuple[Whole, bytes]:
    group = visible_group(work, who, group_id)
    one = mandate_of(work, who, group_id, mandate)
    stored = work.mandates.get(mandate)
    if one.credential is None or stored is None or stored.mandate.state is not MandateState.ACTIVE:
        raise GroupStateError("the joint mandate is not in force")
    payload = JointMandate.parse(one.payload)
    require_role(work, who, payload.attorney.uscc, ORDERING)
    whole = visible(work, who, envelope)
    require_initiator(whole, who)
    if whole.record.uscc != payload.attorney.uscc:
        raise ForbiddenError("the framework contract is drafted by the representative")
    if whole.record.state is not EnvelopeState.DRAFT or not whole.documents:
        raise GroupStateError("a framework contract starts from a draft with its documents")
    told = {party.uscc for party in whole.parties}
    if not set(group.members) <= told:
        raise GroupError(
            GroupReason.NOT_A_MEMBER, "every member is a party of the framework contract, at least for a copy"
        )
    if not terms.limit.is_finite() or terms.limit <= 0 or terms.not_after < max(terms.not_before, office.now()):
        raise GroupError(GroupReason.TERMS, "a framework contract has a limit above 0 and a period that is not over")
    return whole, one.credential


def call_off(office: Office, who: Who, *, framework: str, envelope: str) -> CallOff:
    """Enter an order of the caller's under a framework contract: its envelope refers to it, and states the amount.

    Raises:
        NotFoundError, ForbiddenError: framework or order is not the caller's.
        GroupError: the order breaks a rule of the framework; names it.
        GroupStateError: the order was sent, or is entered already.
    """
    now = office.now()
    with office.work() as work:
        frame = work.groups.framework(framework, lock=True)
        if frame is None:
            raise NotFoundError(f"there is no framework contract {framework}")
        group = standing(work, who, frame.group, office)
        order = visible(work, who, envelope, lock=True)
        require_initiator(order, who)
        member = order.record.uscc
        require_role(work, who, member, ORDERING)
        if order.record.state is not EnvelopeState.DRAFT:
            raise GroupStateError(f"the order is {order.record.state}; it is entered before it is sent")
        if not any(one.role is PartyRole.SIGN and one.uscc == member for one in order.parties):
            raise GroupError(GroupReason.NOT_A_MEMBER, "the member seals its own order")
        _require_mandate_stood(work, frame)
        require_call_off(
            _framework(work, frame, frozenset(group.members)),
            member=member,
            refers_to=_reference(work, envelope, framework),
            amount=order.record.amount,
            currency=order.record.currency,
            taken=_taken(work, framework),
            now=now,
        )
        made = CallOff(
            envelope=envelope, framework=framework, uscc=member, amount=order.record.amount or Decimal(0),
            currency=frame.currency, state=CallOffState.ORDERED, made_at=now, state_at=now,
        )  # fmt: skip
        if not work.groups.add_call_off(made):
            raise GroupStateError("this order is entered already")
        work.notices.add(
            to=group.members, kind="group.called-off", subject=group.id, at=now, framework=framework, by=member,
            amount=format(made.amount, "f"), currency=made.currency,
        )  # fmt: skip
        work.ledger.note(at=now, actor=who.name, act="call-off.enter", subject=envelope, framework=framework)
        work.commit()
    return made


def _require_mandate_stood(work: SqlUnitOfWork, frame: StoredFramework) -> None:
    """A mandate that ends later leaves the contract as it is; one that had ended when it was sealed never made it."""
    whole = work.envelopes.get(frame.envelope)
    stored = work.mandates.get(frame.mandate)
    if whole is None or stored is None:
        raise GroupStateError("the framework contract is not on record")
    one = work.groups.mandate(frame.mandate)
    attorney = "" if one is None else JointMandate.parse(one.payload).attorney.uscc
    uses = [work.uses.get(slot.seal_use) for slot in whole.slots if slot.seal_use is not None]
    grounds = {use.grounds.mandate for use in uses if use is not None and _owner(work, use.seal) == attorney}
    if grounds != {frame.mandate}:
        raise GroupStateError("the framework contract was not sealed under the joint mandate")
    sealed = [slot.time or slot.done_at for slot in whole.slots if slot.done_at is not None]
    ended = stored.mandate.state in {MandateState.REVOKED, MandateState.VOID}
    if ended and (not sealed or stored.state_at <= max(at for at in sealed if at is not None)):
        raise GroupStateError("the joint mandate had ended when the framework contract was sealed")


def _owner(work: SqlUnitOfWork, code: str) -> str | None:
    found = work.seals.get(code)
    return None if found is None else found.uscc


def _framework(work: SqlUnitOfWork, frame: StoredFramework, members: frozenset[str]) -> Framework:
    whole = work.envelopes.get(frame.envelope)
    concluded = whole is not None and whole.record.state is EnvelopeState.COMPLETED
    files: frozenset[bytes] = frozenset()
    if whole is not None and concluded:
        current = {one.current_sha256 for one in whole.documents if one.current_sha256 is not None}
        files = frozenset({concluded_sha256(whole), *current})
    return Framework(
        members=members,
        files=files,
        concluded_at=whole.record.ended_at if whole is not None and concluded else None,
        limit=frame.limit,
        currency=frame.currency,
        not_before=frame.not_before,
        not_after=frame.not_after,
    )


def _reference(work: SqlUnitOfWork, envelope: str, framework: str) -> bytes | None:
    for one in work.envelopes.links(envelope):
        if one.kind == Link.CALL_OFF_OF.value and one.target == framework:
            return one.sha256
    return None


def _taken(work: SqlUnitOfWork, framework: str) -> Decimal:
    """What all call-offs come to that were not cancelled; those whose order was changed since count as it now is."""
    total = Decimal(0)
    for one in work.groups.call_offs_of(framework):
        if _follow(work, one, one.state_at) is not CallOffState.CANCELLED:
            record = work.envelopes.record(one.envelope)
            now_asked = None if record is None else record.amount
            total += max(one.amount, now_asked or Decimal(0))
    return total


def _follow(work: SqlUnitOfWork, one: CallOff, now: datetime) -> CallOffState:
    """Let a call-off follow its envelope."""
    record = work.envelopes.record(one.envelope)
    state = one.state
    if record is None or record.state in ENDED:
        state = CallOffState.CANCELLED
    elif record.state is EnvelopeState.COMPLETED:
        kept = record.amount == one.amount and record.currency == one.currency and record.uscc == one.uscc
        state = CallOffState.OBLIGED if kept else CallOffState.CANCELLED
    if state is not one.state:
        work.groups.move_call_off(one.envelope, state, before=one.state, at=now)
    return state


def follow_all(office: Office) -> int:
    """Let every open call-off follow its envelope; returns how many there are."""
    with office.reading() as work:
        waiting = work.groups.open_call_offs()
    for one in waiting:
        with office.work() as work:
            _follow(work, one, office.now())
            work.commit()
    return len(waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A framework contract as a member sees it: its own obligations, and what is left for all."""

    framework: StoredFramework
    concluded_sha256: bytes | None
    taken: Decimal
    mine: tuple[CallOff, ...]


def account(office: Office, who: Who, framework: str) -> Account:
    """Return the obligations of the caller's enterprises; the representative sees everybody's.

    Raises:
        NotFoundError: it is none of the caller's business.
    """
    with office.work() as work:
        frame = work.groups.framework(framework, lock=True)
        if frame is None:
            raise NotFoundError(f"there is no framework contract {framework}")
        visible_group(work, who, frame.group)
        taken = _taken(work, framework)
        one = work.groups.mandate(frame.mandate)
        attorney = "" if one is None else JointMandate.parse(one.payload).attorney.uscc
        every = attorney in who.enterprises
        mine = tuple(found for found in work.groups.call_offs_of(framework) if every or found.uscc in who.enterprises)
        whole = work.envelopes.get(framework)
        concluded = whole is not None and whole.record.state is EnvelopeState.COMPLETED
        digest = concluded_sha256(whole) if whole is not None and concluded else None
        work.commit()
    return Account(framework=frame, concluded_sha256=digest, taken=taken, mine=mine)
