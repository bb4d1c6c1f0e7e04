"""May this seal be used on these grounds? Asked when a use is asked for, and again under a lock before the key is used."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from api.acts.mandate_life import use_up
from api.acts.office import Office
from api.db.mandates import StoredMandate
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import SealUnusableError
from ca.licences import LicenceState
from seals import approvals, mandates
from seals.errors import IntentError, RightError, RightReason
from seals.intent import DocumentIntent, Intent, IntentKind
from seals.mandates import AskedUse, Grantee, GranteeKind
from seals.register import Grounds, Seal
from seals.requests import Basis, RequestState, SealRequest

HASH: Final = "hash"  # level of a use where only a digest is signed (remote signing)
MAX_LOOKED_AT: Final = 20  # mandates that are looked at to say why none fits
USING: Final = (Role.REPRESENTATIVE, Role.USER)  # roles that may use seals; the others manage, or read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question: this seal, these grounds, this document, now."""

    work: SqlUnitOfWork
    seal: Seal
    grounds: Grounds
    document: bytes | None
    level: str
    now: datetime
    final: bool  # under locks, right before the key is used


def require(
    office: Office,
    work: SqlUnitOfWork,
    seal: Seal,
    grounds: Grounds,
    *,
    document: bytes | None = None,
    level: str = "",
) -> None:
    """Pass if the grounds allow the use of the seal on the document of this SHA-256.

    Raises:
        RightError: they do not; says why.
    """
    _check(_case(office, work, seal, grounds, document, level, final=False))


def spend(
    office: Office,
    work: SqlUnitOfWork,
    seal: Seal,
    grounds: Grounds,
    *,
    document: bytes | None = None,
    level: str = "",
) -> None:
    """As `require`, under the lock on the seal, and counted against the limits of a mandate.

    Raises:
        RightError: they no longer allow it.
        SealUnusableError: the seal's licence is not in force.
    """
    case = _case(office, work, seal, grounds, document, level, final=True)
    row = work.licences.get(seal.licence)
    if row is None or row.licence.state is not LicenceState.ACTIVE:
        raise SealUnusableError(f"the licence of seal {seal.code} is not active")
    chain = _check(case)
    if not _counted_before(case):
        for one in chain:
            if not work.mandates.count(one.mandate.id):
                raise RightError(RightReason.MANDATE_USES, f"the mandate's {one.mandate.max_uses} uses are used up")
        for one in reversed(chain):  # from the top, as everywhere: what ends above ends what stands on it
            use_up(work, one.mandate.id, at=case.now)


def spend_many(
    office: Office,
    work: SqlUnitOfWork,
    seal: Seal,
    grounds: Sequence[Grounds],
    *,
    documents: Sequence[bytes],
    level: str = "",
) -> list[RightError | None]:
    """As `spend` for many documents in one transaction: for each None, and it is counted, or why it may not be sealed.

    Raises:
        SealUnusableError: the seal's licence is not in force.
    """
    answers: list[RightError | None] = [None] * len(grounds)
    alike: dict[Grounds, list[int]] = {}
    for place, (one, document) in enumerate(zip(grounds, documents, strict=True)):
        if one.person is None:
            alike.setdefault(one, []).append(place)  # a machine's right does not depend on the document
            continue
        try:
            spend(office, work, seal, one, document=document, level=level)
        except RightError as exc:
            answers[place] = exc
    for one, places in alike.items():
        granted, refusal = _spend_alike(office, work, seal, one, len(places), level)
        for place in places[granted:]:
            answers[place] = refusal
    return answers


def _spend_alike(
    office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds, many: int, level: str
) -> tuple[int, RightError | None]:
    """Count up to `many` uses on the same grounds; how many there were left, and why not all."""
    granted = 0
    try:
        spend(office, work, seal, grounds, level=level)  # everything is asked once
        granted = 1
        chain = work.mandates.lock_chain(work.mandates.chain(grounds.mandate or ""))
        more = min(
            [many - 1, *(one.mandate.max_uses - one.mandate.uses for one in chain if one.mandate.max_uses is not None)]
        )
        if more > 0 and all(work.mandates.count(one.mandate.id, by=more) for one in chain):
            granted += more
            for one in reversed(chain):
                use_up(work, one.mandate.id, at=office.now())
    except RightError as exc:
        return granted, exc
    return granted, RightError(RightReason.MANDATE_USES, "the mandate's uses are used up")


def choose(
    office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds, *, document: bytes | None = None
) -> Grounds:
    """Return the grounds with the mandate under which they allow the use; the one that ends first, if several do.

    Where none does, they come back with the nearest one, if there is any: `require` then says what is wrong with it.
    """
    if grounds.mandate is not None:
        return grounds
    case = _case(office, work, seal, grounds, document, "", final=False)
    whose = sorted({one.id for one in _actors(case)})
    active = work.mandates.active_of(whose)
    for stored in active:
        chosen = replace(grounds, mandate=stored.mandate.id)
        with suppress(RightError):
            _require_mandate(replace(case, grounds=chosen))
            return chosen
    ended = work.mandates.of_grantees(whose)[:MAX_LOOKED_AT]
    for stored in (*active, *ended):
        one = stored.mandate
        if seal.uscc in one.grantors and (seal.kind in one.kinds or seal.code in one.seals):
            return replace(grounds, mandate=one.id)
    return grounds


def require_mandate(office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds) -> None:
    """Pass if the mandate of the grounds covers the use, whatever else it will need.

    Raises:
        RightError: it does not, or none is named.
    """
    if grounds.mandate is None:
        raise RightError(RightReason.NO_RIGHT, "there is no mandate for this seal")
    _require_mandate(_case(office, work, seal, grounds, None, "", final=False))


def is_representative(work: SqlUnitOfWork, person: str, uscc: str) -> bool:
    member = work.people.member(person, uscc)
    return member is not None and member.role is Role.REPRESENTATIVE


def _case(
    office: Office,
    work: SqlUnitOfWork,
    seal: Seal,
    grounds: Grounds,
    document: bytes | None,
    level: str,
    *,
    final: bool,
) -> _Case:
    return _Case(
        work=work, seal=seal, grounds=grounds, document=document, level=level, now=office.now(), final=final
    )  # fmt: skip


def _check(case: _Case) -> Sequence[StoredMandate]:
    """Return the mandates on which the use counts, from the bottom up."""
    grounds = case.grounds
    if grounds.person is None:
        if grounds.machine is None or grounds.request is not None:
            raise RightError(RightReason.NO_RIGHT, "nobody who could have the right is named")
        if grounds.mandate is None:
            raise RightError(RightReason.NO_RIGHT, "a machine needs a mandate that allows automatic use")
        return _require_mandate(case)
    if grounds.request is not None and _require_request(case, grounds.request).basis is Basis.APPROVAL:
        return ()
    _require_assertion(case)
    if grounds.mandate is not None:
        return _require_mandate(case)
    if is_representative(case.work, grounds.person, case.seal.uscc):
        return ()
    raise RightError(RightReason.NO_RIGHT, "neither the legal representative, nor a mandate, nor an approved request")


# -- assertions


def _require_assertion(case: _Case) -> None:
    grounds, work = case.grounds, case.work
    found = None if grounds.assertion is None else work.people.assertion(grounds.assertion)
    if found is None:
        raise RightError(RightReason.NO_ASSERTION, "the use of a seal by a person needs the answer of a passkey")
    if found.person != grounds.person:
        raise RightError(RightReason.ASSERTION_MISMATCH, "the passkey's answer is somebody else's")
    try:
        intent = Intent.parse(found.intent.encode())
    except IntentError as exc:
        raise RightError(RightReason.ASSERTION_MISMATCH, "what was agreed to cannot be read") from exc
    # over the remote interface whole documents are signed, too; a bare hash never on the grounds of a document
    if intent.kind is not IntentKind.REMOTE and (case.level == HASH or intent.kind is not IntentKind.SEAL):
        raise RightError(RightReason.ASSERTION_MISMATCH, f"what was agreed to is to {intent.kind}, not this")
    if grounds.request is not None and intent.subject != grounds.request:
        raise RightError(RightReason.ASSERTION_MISMATCH, "what was agreed to is another request")
    times = _times(intent.documents, case)
    if times == 0:
        raise RightError(RightReason.ASSERTION_MISMATCH, "this seal on this document is not what was agreed to")
    _require_unused(case, times, assertion=grounds.assertion, request=None)


def _times(documents: Sequence[DocumentIntent], case: _Case) -> int:
    """How often the seal goes on the document, by what was agreed to."""
    return sum(one.seals.count(case.seal.code) for one in documents if one.sha256 == case.document)


def _require_unused(case: _Case, times: int, *, assertion: str | None, request: str | None) -> None:
    if case.document is None:
        return
    used = case.work.requests.uses_of(assertion=assertion, request=request, seal=case.seal.code, document=case.document)
    if used >= times:
        reason = RightReason.ASSERTION_MISMATCH if request is None else RightReason.REQUEST_STATE
        raise RightError(reason, "what was agreed to is done already")


# -- requests


def _require_request(case: _Case, request_id: str) -> SealRequest:
    work, grounds = case.work, case.grounds
    found = work.requests.lock(request_id) if case.final else work.requests.get(request_id)
    if found is None or found.state is not RequestState.APPROVED:
        state = "not there" if found is None else found.state
        raise RightError(RightReason.REQUEST_STATE, f"the seal-use request is {state}, not approved")
    times = _times(found.documents, case)
    same = found.person == grounds.person and found.envelope == grounds.envelope and found.mandate == grounds.mandate
    proven = found.basis is Basis.APPROVAL or found.assertion == grounds.assertion
    if not same or not proven or found.seal != case.seal.code or times == 0:
        raise RightError(RightReason.REQUEST_STATE, "the seal-use request is for something else")
    if (found.matter, found.amount, found.currency) != (grounds.matter, grounds.amount, grounds.currency):
        raise RightError(RightReason.REQUEST_STATE, "the seal-use request is for another matter or amount")
    if found.basis is Basis.APPROVAL:
        _require_approval(case, found)
    _require_unused(case, times, assertion=None, request=found.id)
    return found


def _require_approval(case: _Case, found: SealRequest) -> None:
    """The decisions themselves are looked at again, not only the state that was made of them."""
    member = case.work.people.member(found.person, found.uscc)
    if member is None or member.role not in USING:
        raise RightError(RightReason.REQUEST_STATE, "who asked has left the enterprise, or its seals to others")
    if found.rule is None:
        raise RightError(RightReason.REQUEST_STATE, "the request has no rule by which it was approved")
    taken = [one.decision for one in case.work.requests.decisions(found.id)]
    asked = approvals.Asked(by=found.person, at=found.asked_at, present=frozenset(found.rule.approvers))
    if not isinstance(approvals.state(found.rule, taken, asked, case.now), approvals.Approved):
        raise RightError(RightReason.REQUEST_STATE, "the approvals that the rule asks for are not there")


# -- mandates


def _require_mandate(case: _Case) -> Sequence[StoredMandate]:
    mandate_id = case.grounds.mandate or ""
    chain = case.work.mandates.chain(mandate_id)
    if not chain or chain[-1].mandate.parent is not None:
        raise RightError(RightReason.MANDATE_STATE, "there is no such mandate")
    if case.final:
        chain = case.work.mandates.lock_chain(chain)
    counted = _counted_before(case)
    use = _asked_use(case, chain)
    for one in chain:  # each as if its own grantee acted: he does, through the one below
        above = use if one is chain[0] else replace(use, actors=use.actors | {one.mandate.grantee})
        mandates.require(one.mandate, above, case.now, counted=counted)
    if case.grounds.person is not None:
        _require_using_role(case, case.grounds.person, chain)
    return chain


def _counted_before(case: _Case) -> bool:
    """A use that failed after it was counted is tried again under the same answer of the passkey: it is the same use."""
    grounds = case.grounds
    if grounds.assertion is None or grounds.mandate is None or case.document is None:
        return False
    return case.work.requests.counted_before(
        mandate=grounds.mandate, assertion=grounds.assertion, seal=case.seal.code, document=case.document
    )


def _asked_use(case: _Case, chain: Sequence[StoredMandate]) -> AskedUse:
    grounds, work = case.grounds, case.work
    licences = {}
    for uscc in chain[0].mandate.grantors:
        row = work.licences.in_force(uscc)
        if row is not None and row.licence.state is LicenceState.ACTIVE:
            licences[uscc] = row.licence.number
    return AskedUse(
        seal=case.seal.code,
        kind=case.seal.kind,
        enterprise=case.seal.uscc,
        actors=_actors(case),
        automatic=grounds.person is None,
        licences=licences,
        matter=grounds.matter,
        amount=grounds.amount,
        currency=grounds.currency,
        pages=grounds.pages,
    )


def _actors(case: _Case) -> frozenset[Grantee]:
    """Who acts: the machine; or the person, and the enterprises whose legal representative he is."""
    grounds = case.grounds
    if grounds.person is None:
        return frozenset({Grantee(kind=GranteeKind.MACHINE, id=grounds.machine or "")})
    enterprises = (one.uscc for one in case.work.people.memberships(grounds.person) if one.role is Role.REPRESENTATIVE)
    person = Grantee(kind=GranteeKind.PERSON, id=grounds.person)
    return frozenset({person, *(Grantee(kind=GranteeKind.ENTERPRISE, id=uscc) for uscc in enterprises)})


def _require_using_role(case: _Case, person: str, chain: Sequence[StoredMandate]) -> None:
    """Who manages or audits an enterprise never uses its seals; who left uses none of what he was lent there."""
    roles = {one.uscc: one.role for one in case.work.people.memberships(person)}
    owner = roles.get(case.seal.uscc)
    if owner is not None and owner not in USING:
        raise RightError(RightReason.NO_RIGHT, f"the role of {owner} never uses a seal of this enterprise")
    granting = set(chain[0].mandate.grantors)
    granting |= {one.mandate.grantee.id for one in chain if one.mandate.grantee.kind is GranteeKind.ENTERPRISE}
    if not any(roles.get(uscc) in USING for uscc in granting):
        raise RightError(RightReason.NO_RIGHT, "whoever was lent the seal has left the enterprise")
