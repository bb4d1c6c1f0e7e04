"""Groups that buy together: founded by a charter that all members seal, with a representative whom they elect."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from api.acts.agreement import intend, open_for, require_agreed
from api.acts.control import Opened
from api.acts.envelope_access import Who, require_initiator, visible
from api.acts.mandate_life import end
from api.acts.office import Office
from api.db.envelope_records import Whole
from api.db.groups import StoredElection, StoredGroup
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from seals.envelope_states import EnvelopeState
from seals.envelopes import PartyKind, PartyRole
from seals.errors import GroupError, GroupReason, GroupStateError
from seals.groups import (
    Ballot,
    ElectionState,
    GroupState,
    digest,
    election_record,
    require_members,
    require_threshold,
    tally,
)
from seals.intent import Intent, IntentKind, details_digest
from seals.mandates import MandateEvent, MandateState

VOTE: Final = "vote for the representative of a group"
ACTING: Final = (Role.REPRESENTATIVE, Role.MANAGER)
OPEN_MANDATES: Final = (MandateState.DRAFTED, MandateState.OFFERED, MandateState.ACTIVE)


def found(office: Office, who: Who, *, uscc: str, name: str, envelope: str) -> StoredGroup:
    """Begin a group whose charter is this envelope: founded once every member has sealed it.

    Raises:
        NotFoundError, ForbiddenError: enterprise or envelope is not the caller's.
        GroupError: the envelope cannot be a charter.
        GroupStateError: it has ended, or founds another group.
    """
    now = office.now()
    with office.work() as work:
        require_role(work, who, uscc, ACTING)
        whole = visible(work, who, envelope, lock=True)
        require_initiator(whole, who)
        members = _members(whole, uscc)
        if whole.record.state not in {EnvelopeState.DRAFT, EnvelopeState.SENT, EnvelopeState.COMPLETED}:
            raise GroupStateError(f"the charter's envelope is {whole.record.state}")
        made = StoredGroup(
            id=secrets.token_hex(16), name=name, uscc=uscc, envelope=envelope, state=GroupState.FOUNDING,
            charter_sha256=None, made_at=now, state_at=now, members=members,
        )  # fmt: skip
        if not work.groups.add(made):
            raise GroupStateError("this envelope is the charter of another group")
        work.ledger.note(at=now, actor=who.name, act="group.begin", subject=made.id, envelope=envelope)
        follow(work, made, office)
        work.commit()
    return group_for(office, who, made.id)


def _members(whole: Whole, uscc: str) -> dict[str, str]:
    """The members are those who sign the charter: all of them, and all of them enterprises."""
    signing = [one for one in whole.parties if one.role is PartyRole.SIGN]
    codes = [one.uscc or "" for one in signing]
    if any(one.kind is not PartyKind.ENTERPRISE or not one.required for one in signing) or whole.record.at_least:
        raise GroupError(GroupReason.CHARTER, "a charter is sealed by enterprises, and by every one of them")
    if len(whole.documents) != 1:
        raise GroupError(GroupReason.CHARTER, "a charter is one document")
    require_members(codes)
    if uscc not in codes:
        raise GroupError(GroupReason.CHARTER, "who begins a group is a member of it")
    return {one.uscc or "": one.name for one in signing}


def follow(work: SqlUnitOfWork, group: StoredGroup, office: Office) -> StoredGroup:
    """Let the group follow its charter: founded, abandoned, dissolved. Whoever looks at a group calls this first."""
    whole = work.envelopes.get(group.envelope)
    now = office.now()
    state = None if whole is None else whole.record.state
    if whole is None or state in {EnvelopeState.DRAFT, EnvelopeState.SENT}:
        return group
    if group.state is GroupState.FOUNDING and state in {EnvelopeState.COMPLETED, EnvelopeState.RESCINDED}:
        if not _sealed_by_all(whole, group):  # its parties or slots were changed while it was a draft
            _move(work, group, GroupState.ABANDONED, office)
        else:
            _move(work, group, GroupState.FOUNDED, office, charter=concluded_sha256(whole).hex())
    elif group.state is GroupState.FOUNDING:
        _move(work, group, GroupState.ABANDONED, office)
    elif group.state is GroupState.FOUNDED and state is EnvelopeState.RESCINDED:
        _move(work, group, GroupState.DISSOLVED, office)
        for one in work.groups.mandates_of(group.id):
            stored = work.mandates.lock(one.id)
            if stored is not None and stored.mandate.state in OPEN_MANDATES:
                why = "the charter of the group was rescinded"
                end(work, stored.mandate, MandateEvent.VOID, why=why, at=now, actor="service")
    return work.groups.get(group.id) or group


def _sealed_by_all(whole: Whole, group: StoredGroup) -> bool:
    signing = {one.id: one.uscc for one in whole.parties if one.role is PartyRole.SIGN}
    sealed = {signing.get(one.party) for one in whole.slots if one.sha256 is not None}
    return set(signing.values()) == sealed == set(group.members)


def concluded_sha256(whole: Whole) -> bytes:
    """SHA-256 of a document after its last seal. What is added for the archive stands behind these bytes."""
    sealed = [one for one in whole.slots if one.sha256 is not None and one.revision is not None]
    newest = max(sealed, key=lambda one: one.revision or 0, default=None)
    if newest is None or newest.sha256 is None:
        raise GroupStateError("the envelope has no sealed document")
    return newest.sha256


def _move(
    work: SqlUnitOfWork, group: StoredGroup, state: GroupState, office: Office, *, charter: str | None = None
) -> None:
    now = office.now()
    if work.groups.set_state(group.id, state, before=group.state, at=now, charter_sha256=charter):
        work.notices.add(
            to=group.members, kind=f"group.{state.value}", subject=group.id, at=now, name=group.name, charter=charter
        )
        work.ledger.note(at=now, actor="service", act=f"group.{state.value}", subject=group.id, charter=charter)


def follow_all(office: Office) -> int:
    """Let every group follow its charter; how many are being founded or stand."""
    with office.reading() as work:
        waiting = work.groups.in_states([GroupState.FOUNDING, GroupState.FOUNDED])
    for group_id in waiting:
        with office.work() as work:
            one = work.groups.get(group_id, lock=True)
            if one is not None:
                follow(work, one, office)
            work.commit()
    return len(waiting)


def group_for(office: Office, who: Who, group_id: str) -> StoredGroup:
    """Return a group to somebody of one of its members.

    Raises:
        NotFoundError: there is none, or it is none of the caller's business.
    """
    with office.work() as work:
        found_one = visible_group(work, who, group_id)
        found_one = follow(work, found_one, office)
        work.commit()
    return found_one


def groups_for(office: Office, who: Who) -> list[StoredGroup]:
    """The groups in which the caller's enterprises are members."""
    with office.reading() as work:
        every = {one.id: one for uscc in who.enterprises for one in work.groups.of_member(uscc)}
    return list(every.values())


def visible_group(work: SqlUnitOfWork, who: Who, group_id: str, *, lock: bool = False) -> StoredGroup:
    one = work.groups.get(group_id, lock=lock)
    if one is None or not set(who.enterprises) & set(one.members):
        raise NotFoundError(f"there is no group {group_id}")
    return one


def require_role(work: SqlUnitOfWork, who: Who, uscc: str, roles: tuple[Role, ...]) -> str:
    """Return the person who may act for the enterprise in one of these roles.

    Raises:
        NotFoundError: the caller has nothing to do with the enterprise.
        ForbiddenError: a machine, or another role.
    """
    if uscc not in who.enterprises:
        raise NotFoundError(f"there is no enterprise {uscc} of yours")
    member = None if who.person is None else work.people.member(who.person, uscc)
    if who.person is None or member is None or member.role not in roles:
        raise ForbiddenError("only " + " or ".join(roles) + " can do this for the enterprise")
    return who.person


def standing(work: SqlUnitOfWork, who: Who, group_id: str, office: Office) -> StoredGroup:
    """Return a founded group, locked.

    Raises:
        NotFoundError: see `group_for`.
        GroupStateError: it is not founded.
    """
    one = follow(work, visible_group(work, who, group_id, lock=True), office)
    if one.state is not GroupState.FOUNDED:
        raise GroupStateError(f"the group is {one.state}")
    return one


# -- elections


def open_election(office: Office, who: Who, group_id: str, *, uscc: str, threshold: int) -> StoredElection:
    """Let the members elect their representative: who first has `threshold` votes.

    Raises:
        NotFoundError, ForbiddenError: see `require_role`.
        GroupError: the threshold is not more than half of the members.
        GroupStateError: the group is not founded, or another election is open.
    """
    now = office.now()
    with office.work() as work:
        group = standing(work, who, group_id, office)
        require_role(work, who, uscc, ACTING)
        _require_member(group, uscc)
        require_threshold(threshold, members=len(group.members))
        if any(one.state is ElectionState.OPEN for one in work.groups.elections_of(group_id)):
            raise GroupStateError("an election is open already")
        made = StoredElection(
            id=secrets.token_hex(16), group=group_id, threshold=threshold, state=ElectionState.OPEN, elected=None,
            record=None, made_at=now, closed_at=None, ballots=(),
        )  # fmt: skip
        work.groups.add_election(made)
        work.notices.add(
            to=group.members, kind="group.election-opened", subject=group_id, at=now, election=made.id,
            threshold=threshold,
        )  # fmt: skip
        work.ledger.note(at=now, actor=who.name, act="election.open", subject=group_id, election=made.id)
        work.commit()
    return made


def begin_ballot(office: Office, who: Who, election_id: str, *, uscc: str, candidate: str) -> Opened:
    """Ask the legal representative of a member to vote with a passkey.

    Raises:
        NotFoundError, ForbiddenError, GroupError, GroupStateError: it is not the caller's to vote so, or not now.
    """
    with office.work() as work:
        person, group, election = _may_vote(office, work, who, election_id, uscc, candidate)
        intent = _ballot_intent(office, group, election, uscc, candidate)
    return open_for(office, person, intent)


def confirm_ballot(
    office: Office, who: Who, election_id: str, response: Mapping[str, Any], *, uscc: str, candidate: str
) -> StoredElection:
    """Put the ballot in; the one that decides closes the election.

    Raises:
        NotFoundError, ForbiddenError, GroupError, GroupStateError: see `begin_ballot`.
        AssertionRefusedError, RightError: the passkey's answer is not to this vote.
    """
    now = office.now()
    with office.work() as work:
        person, group, election = _may_vote(office, work, who, election_id, uscc, candidate)
        given = require_agreed(office, work, person, response, _ballot_intent(office, group, election, uscc, candidate))
        one = Ballot(
            voter=uscc, candidate=candidate, person=person, assertion=given.id,
            challenge_sha256=given.intent.challenge().hex(), at=now,
        )  # fmt: skip
        if not work.groups.cast(election_id, one):
            raise GroupStateError("this member has voted")
        work.ledger.note(
            at=now, actor=who.name, act="election.vote", subject=group.id, election=election_id, voter=uscc
        )
        _close_if_decided(work, group, election_id, office)
        work.commit()
        closed = work.groups.election(election_id)
    if closed is None:
        raise NotFoundError(f"there is no election {election_id}")
    return closed


def _close_if_decided(work: SqlUnitOfWork, group: StoredGroup, election_id: str, office: Office) -> None:
    election = work.groups.election(election_id)
    if election is None:
        return
    votes = {one.voter: one.candidate for one in election.ballots}
    result = tally(votes, members=len(group.members), threshold=election.threshold)
    if result.state is ElectionState.OPEN:
        return
    record = election_record(
        election=election.id, charter_sha256=group.charter_sha256 or "", members=list(group.members),
        threshold=election.threshold, ballots=election.ballots,
    )  # fmt: skip
    now = office.now()
    work.groups.close(election.id, result.state, elected=result.elected, record=record, at=now)
    name = None if result.elected is None else group.members[result.elected]
    work.notices.add(
        to=group.members, kind=f"group.election-{'won' if result.elected else 'failed'}", subject=group.id, at=now,
        election=election.id, elected=result.elected, name=name, record=digest(record),
    )  # fmt: skip


def _may_vote(
    office: Office, work: SqlUnitOfWork, who: Who, election_id: str, uscc: str, candidate: str
) -> tuple[str, StoredGroup, StoredElection]:
    election = work.groups.election(election_id, lock=True)
    if election is None:
        raise NotFoundError(f"there is no election {election_id}")
    group = standing(work, who, election.group, office)
    person = require_role(work, who, uscc, (Role.REPRESENTATIVE,))
    _require_member(group, uscc)
    if candidate not in group.members:
        raise GroupError(GroupReason.NOT_A_MEMBER, "a candidate is a member of the group")
    if election.state is not ElectionState.OPEN:
        raise GroupStateError(f"the election is {election.state}")
    if any(one.voter == uscc for one in election.ballots):
        raise GroupStateError("this member has voted")
    return person, group, election


def _require_member(group: StoredGroup, uscc: str) -> None:
    if uscc not in group.members:
        raise GroupError(GroupReason.NOT_A_MEMBER, "this enterprise is no member of the group")


def _ballot_intent(office: Office, group: StoredGroup, election: StoredElection, uscc: str, candidate: str) -> Intent:
    ballot = {"election": election.id, "charter": group.charter_sha256, "voter": uscc, "candidate": candidate}
    return intend(office, IntentKind.GRANT, election.id, purpose=VOTE, details_sha256=details_digest(ballot))
