"""Joint mandates: drafted after an election, signed by every principal's official seal, then in force as any mandate."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, BinaryIO, Final

from api.acts import mandates
from api.acts.agreement import intend, open_for, require_agreed
from api.acts.control import Opened
from api.acts.envelope_access import Who
from api.acts.evidence import OfficeEvidence
from api.acts.groups import ACTING, require_role, standing, visible_group
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import UseOrder, open_use
from api.db.groups import JointSignature, StoredGroup, StoredJointMandate
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from ca.licences import LicenceState
from seals.attaching import attach
from seals.detached import sign_detached
from seals.errors import DocumentRefusedError, GroupError, GroupReason, GroupStateError, Reason
from seals.groups import ElectionState, digest
from seals.intent import DocumentIntent, Intent, IntentKind
from seals.mandates import Grantee, GranteeKind, Mandate, MandateState
from seals.model import SealKind
from seals.pdf_input import Limits, open_document, refusing
from seals.register import Grounds
from seals.revision import Copy, plain
from seals.signing import Level, evidence_for
from seals.slots import Attachment
from seals.states import SealState
from verify.joint_mandate import Body, Credential, JointMandate
from verify.joint_mandate_pdf import FILE_NAME

GIVE: Final = "give a joint mandate"
LEVEL: Final = "cms"  # of the use in the log: a detached signature over the mandate
MEDIA_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTerms:
    """What the representative may do. Limits are inclusive."""

    kinds: tuple[SealKind, ...]  # of the representative's own seals
    matters: tuple[str, ...]
    max_amount: Decimal | None  # of one contract
    currency: str
    not_before: datetime
    not_after: datetime


def draft(
    office: Office, who: Who, group_id: str, *, uscc: str, election: str, terms: JointTerms
) -> StoredJointMandate:
    """Write a joint mandate for the elected representative.

    Raises:
        NotFoundError, ForbiddenError: the group is not the caller's, or the role does not allow it.
        GroupError: the terms cannot be so.
        GroupStateError: the group is not founded, or nobody was elected.
    """
    now = office.now()
    with office.work() as work:
        group = standing(work, who, group_id, office)
        person = require_role(work, who, uscc, ACTING)
        if uscc not in group.members:
            raise GroupError(GroupReason.NOT_A_MEMBER, "this enterprise is no member of the group")
        payload = _payload(office, work, group, election, terms)
        made = StoredJointMandate(
            id=payload.id, group=group_id, election=election, payload=payload.payload(), credential=None,
            made_by=person, made_at=now, given_at=None, signatures=(),
        )  # fmt: skip
        work.groups.add_mandate(made)
        work.notices.add(
            to=group.members, kind="group.mandate-drafted", subject=group_id, at=now, mandate=made.id,
            attorney=payload.attorney.uscc,
        )  # fmt: skip
        work.ledger.note(at=now, actor=who.name, act="joint-mandate.draft", subject=made.id, group=group_id)
        work.commit()
    return made


def _payload(
    office: Office, work: SqlUnitOfWork, group: StoredGroup, election_id: str, terms: JointTerms
) -> JointMandate:
    election = work.groups.election(election_id)
    if election is None or election.group != group.id:
        raise NotFoundError(f"the group has no election {election_id}")
    if election.state is not ElectionState.ELECTED or election.elected is None or election.record is None:
        raise GroupStateError(f"the election is {election.state}")
    newer = [one for one in work.groups.elections_of(group.id) if one.state is ElectionState.ELECTED]
    if newer[-1].id != election.id:
        raise GroupStateError("another representative was elected since")
    ident = secrets.token_hex(16)
    amount = None if terms.max_amount is None else format(terms.max_amount.normalize(), "f")
    made = JointMandate(
        id=ident,
        group=group.charter_sha256 or "",
        election_sha256=digest(election.record),
        principals=tuple(Body(uscc=uscc, name=group.members[uscc]) for uscc in sorted(group.members)),
        attorney=Body(uscc=election.elected, name=group.members[election.elected]),
        kinds=tuple(sorted(one.value for one in terms.kinds)),
        matters=terms.matters,
        max_amount=amount,
        currency=terms.currency,
        not_before=terms.not_before.astimezone(UTC).replace(microsecond=0),
        not_after=terms.not_after.astimezone(UTC).replace(microsecond=0),
        status=f"{office.public_url}/api/v1/joint-mandates/{ident}",
    )
    if objection := made.objection():
        raise GroupError(GroupReason.TERMS, objection)
    return made


def mandate_of(
    work: SqlUnitOfWork, who: Who, group_id: str, mandate_id: str, *, lock: bool = False
) -> StoredJointMandate:
    """Return a joint mandate of a group of the caller's.

    Raises:
        NotFoundError: there is none.
    """
    visible_group(work, who, group_id)
    found = work.groups.mandate(mandate_id, lock=lock)
    if found is None or found.group != group_id:
        raise NotFoundError(f"the group has no joint mandate {mandate_id}")
    return found


def begin_signing(office: Office, who: Who, group_id: str, mandate_id: str, *, uscc: str) -> Opened:
    """Ask a principal's legal representative to sign with the official seal: the mandate itself is the document.

    Raises:
        NotFoundError, ForbiddenError, GroupError, GroupStateError: it is not the caller's to sign, or not now.
    """
    with office.work() as work:
        person, one, code = _may_sign(office, work, who, group_id, mandate_id, uscc)
        intent = _intent(office, one, code)
    return open_for(office, person, intent)


def confirm_signing(
    office: Office, who: Who, group_id: str, mandate_id: str, response: Mapping[str, Any], *, uscc: str
) -> StoredJointMandate:
    """Use the official seal over the mandate. The last principal's signature puts it in force.

    Raises:
        NotFoundError, ForbiddenError, GroupError, GroupStateError: see `begin_signing`.
        AssertionRefusedError, RightError: the passkey's answer is not to this mandate.
        SealUnusableError, SealError, HsmError: the seal cannot be used; nothing was signed, and it may be tried again.
    """
    with office.work() as work:
        person, one, code = _may_sign(office, work, who, group_id, mandate_id, uscc)
        given = require_agreed(office, work, person, response, _intent(office, one, code))
        work.commit()
    payload = one.payload
    order = UseOrder(
        seal=code,
        grounds=Grounds(actor=who.name, person=person, assertion=given.id),
        purpose=GIVE,
        level=LEVEL,
        document_sha256=sha256(payload).digest(),
    )
    with open_use(office, order) as using:
        stamper = OfficeTimeStamper(office)
        cms = sign_detached(
            payload,
            key=using.key,
            timestamper=stamper,
            evidence=evidence_for(Level.B_LT, using.key, timestamper=stamper, revocation=OfficeEvidence(office)),
            now=office.now(),
            authorise=lambda attributes: using.authorise_bytes(sha256(attributes).digest()),
        ).signature
        with office.work() as work:
            group = standing(work, who, group_id, office)
            use = using.done(work, sealed_sha256=sha256(cms).digest(), name=None, at=office.now(), mandate=mandate_id)
            signed = JointSignature(
                mandate=mandate_id, principal=uscc, person=person, assertion=given.id, seal_use=use.id, cms=cms,
                at=office.now(),
            )  # fmt: skip
            if not work.groups.sign(signed):
                raise GroupStateError("this principal has signed")
            _give_if_complete(office, work, group, mandate_id)
            work.commit()
    with office.reading() as work:
        return mandate_of(work, who, group_id, mandate_id)


def _give_if_complete(office: Office, work: SqlUnitOfWork, group: StoredGroup, mandate_id: str) -> None:
    """All have signed: the credential is put together, and the mandate entered under the same identity."""
    one = work.groups.mandate(mandate_id, lock=True)
    if one is None:
        return
    payload = JointMandate.parse(one.payload)
    signatures = {each.principal: each.cms for each in one.signatures}
    if set(signatures) != {each.uscc for each in payload.principals}:
        return
    now = office.now()
    if not work.groups.give(mandate_id, Credential(mandate=payload, signatures=signatures).encode(), at=now):
        return
    grantors = tuple(each.uscc for each in payload.principals)
    made = Mandate(
        id=mandate_id,
        grantors=grantors,
        grantee=Grantee(kind=GranteeKind.ENTERPRISE, id=payload.attorney.uscc),
        kinds=frozenset(SealKind(kind) for kind in payload.kinds),
        matters=payload.matters,
        max_amount=None if payload.max_amount is None else Decimal(payload.max_amount),
        currency=payload.currency,
        not_before=payload.not_before,
        not_after=payload.not_after,
        licences=_licences(work, grantors),
        state=MandateState.ACTIVE,
        text=f"{group.name}: {group.charter_sha256}",
    )
    mandates.enter(work, made, by=group.id, at=now, why="signed by the official seal of each principal")


def _licences(work: SqlUnitOfWork, grantors: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for uscc in grantors:
        row = work.licences.in_force(uscc)
        if row is None or row.licence.state is not LicenceState.ACTIVE:
            raise GroupStateError(f"{uscc} has no licence that is active")
        found[uscc] = row.licence.number
    return found


def _may_sign(
    office: Office, work: SqlUnitOfWork, who: Who, group_id: str, mandate_id: str, uscc: str
) -> tuple[str, StoredJointMandate, str]:
    """Who signs, what, and with which seal."""
    standing(work, who, group_id, office)
    one = mandate_of(work, who, group_id, mandate_id)
    person = require_role(work, who, uscc, (Role.REPRESENTATIVE,))
    payload = JointMandate.parse(one.payload)
    if uscc not in {each.uscc for each in payload.principals}:
        raise GroupError(GroupReason.NOT_A_MEMBER, "this enterprise is no principal of the mandate")
    if any(each.principal == uscc for each in one.signatures):
        raise GroupStateError("this principal has signed")
    if office.now() > payload.not_after:
        raise GroupStateError("the period of the mandate is over")
    for seal in work.seals.of_enterprise(uscc):
        if seal.kind is SealKind.OFFICIAL and seal.state == SealState.ACTIVE.value:
            return person, one, seal.code
    raise GroupStateError("the enterprise has no official seal in force")


def _intent(office: Office, one: StoredJointMandate, code: str) -> Intent:
    document = DocumentIntent(sha256=sha256(one.payload).digest(), seals=(code,), name=FILE_NAME)
    return intend(office, IntentKind.SEAL, one.id, purpose=GIVE, documents=(document,))


def credential_for(office: Office, who: Who, group_id: str, mandate_id: str) -> bytes:
    """Return the file that goes with every contract under the mandate.

    Raises:
        NotFoundError: there is none.
        GroupStateError: not all have signed.
    """
    with office.reading() as work:
        one = mandate_of(work, who, group_id, mandate_id)
    if one.credential is None:
        raise GroupStateError("not every principal has signed the mandate")
    return one.credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What anybody may know of a joint mandate: who holds the credential has all of it."""

    id: str
    state: str
    since: datetime
    payload_sha256: bytes


def status(office: Office, mandate_id: str) -> Standing:
    """Whether a joint mandate is in force, and since when it is not.

    Raises:
        NotFoundError: no such mandate was ever given.
    """
    with office.reading() as work:
        one = work.groups.mandate(mandate_id)
        stored = work.mandates.get(mandate_id)
    if one is None or stored is None or one.given_at is None:
        raise NotFoundError(f"there is no joint mandate {mandate_id}")
    state, since = stored.mandate.state.value, stored.state_at
    if stored.mandate.state is MandateState.ACTIVE and office.now() > stored.mandate.not_after:
        state, since = MandateState.EXPIRED.value, stored.mandate.not_after
    return Standing(id=mandate_id, state=state, since=since, payload_sha256=sha256(one.payload).digest())


def with_credential(source: BinaryIO, target: BinaryIO, credential: bytes, *, limits: Limits) -> None:
    """Write the PDF to `target` with the mandate in it, as an update of its own before anything is sealed.

    Raises:
        DocumentRefusedError, PlacementError: the document does not take it.
    """
    document = open_document(source, limits)
    if document.standing.signed:
        raise DocumentRefusedError(Reason.LOCKED, "the document is signed already; the mandate goes in before")
    with refusing():
        attach(document.writer, [Attachment(name=FILE_NAME, media_type=MEDIA_TYPE, data=credential)])
        copy = Copy(target, "sha256")
        copy.append_from(document.stream)
        copy.append(plain(copy, document.writer, seed=b"joint mandate"))
