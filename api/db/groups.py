"""Groups that buy together, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.db.groups_tables import (
    ballots,
    call_offs,
    elections,
    frameworks,
    group_members,
    groups,
    joint_mandates,
    joint_signatures,
)
from seals.groups import Ballot, CallOffState, ElectionState, GroupState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGroup:
    """A group and its members, by name as of the charter."""

    id: str
    name: str
    uscc: str
    envelope: str
    state: GroupState
    charter_sha256: str | None
    made_at: datetime
    state_at: datetime
    members: Mapping[str, str]  # name by USCC


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredElection:
    """An election and the ballots cast."""

    id: str
    group: str
    threshold: int
    state: ElectionState
    elected: str | None
    record: bytes | None
    made_at: datetime
    closed_at: datetime | None
    ballots: tuple[Ballot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSignature:
    """What one principal put under a joint mandate."""

    mandate: str
    principal: str
    person: str
    assertion: str
    seal_use: str
    cms: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJointMandate:
    """A joint mandate on its way, or given."""

    id: str
    group: str
    election: str
    payload: bytes
    credential: bytes | None
    made_by: str
    made_at: datetime
    given_at: datetime | None
    signatures: tuple[JointSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFramework:
    """An envelope that is a framework contract of a group."""

    envelope: str
    group: str
    mandate: str
    limit: Decimal
    currency: str
    not_before: datetime
    not_after: datetime
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff:
    """An order of one member under a framework contract: its obligation, and nobody else's."""

    envelope: str
    framework: str
    uscc: str
    amount: Decimal
    currency: str
    state: CallOffState
    made_at: datetime
    state_at: datetime


class SqlGroups:
    """Groups, elections, joint mandates, frameworks and call-offs."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    # -- groups

    def add(self, one: StoredGroup) -> bool:
        """Enter a group; False if its charter founds another one already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(groups).values(
                        id=one.id, name=one.name, uscc=one.uscc, envelope=one.envelope, state=one.state.value,
                        charter_sha256=one.charter_sha256, made_at=one.made_at, state_at=one.state_at,
                    )
                )  # fmt: skip
        except IntegrityError:
            return False
        rows = [{"group": one.id, "uscc": uscc, "name": name} for uscc, name in one.members.items()]
        self._connection.execute(insert(group_members), rows)
        return True

    def get(self, group_id: str, *, lock: bool = False) -> StoredGroup | None:
        chosen = select(groups).where(groups.c.id == group_id)
        row = self._connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
        return None if row is None else self._group(row)

    def of_member(self, uscc: str) -> list[StoredGroup]:
        chosen = (
            select(groups)
            .join(group_members, group_members.c.group == groups.c.id)
            .where(group_members.c.uscc == uscc)
            .order_by(groups.c.made_at, groups.c.id)
        )
        return [self._group(row) for row in self._connection.execute(chosen).all()]

    def in_states(self, states: Sequence[GroupState]) -> list[str]:
        chosen = select(groups.c.id).where(groups.c.state.in_([one.value for one in states])).order_by(groups.c.made_at)
        return list(self._connection.execute(chosen).scalars())

    def set_state(
        self, group_id: str, state: GroupState, *, before: GroupState, at: datetime, charter_sha256: str | None = None
    ) -> bool:
        values: dict[str, Any] = {"state": state.value, "state_at": at}
        if charter_sha256 is not None:
            values["charter_sha256"] = charter_sha256
        done = self._connection.execute(
            update(groups).where(groups.c.id == group_id, groups.c.state == before.value).values(**values)
        )
        return done.rowcount == 1

    def _group(self, row: Row[Any]) -> StoredGroup:
        members = self._connection.execute(
            select(group_members).where(group_members.c.group == row.id).order_by(group_members.c.uscc)
        )
        return StoredGroup(
            id=row.id,
            name=row.name,
            uscc=row.uscc,
            envelope=row.envelope,
            state=GroupState(row.state),
            charter_sha256=row.charter_sha256,
            made_at=row.made_at,
            state_at=row.state_at,
            members={one.uscc: one.name for one in members},
        )

    # -- elections

    def add_election(self, one: StoredElection) -> None:
        self._connection.execute(
            insert(elections).values(
                id=one.id, group=one.group, threshold=one.threshold, state=one.state.value, made_at=one.made_at
            )
        )

    def election(self, election_id: str, *, lock: bool = False) -> StoredElection | None:
        chosen = select(elections).where(elections.c.id == election_id)
        row = self._connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
        return None if row is None else self._election(row)

    def elections_of(self, group_id: str) -> list[StoredElection]:
        chosen = select(elections).where(elections.c.group == group_id).order_by(elections.c.made_at, elections.c.id)
        return [self._election(row) for row in self._connection.execute(chosen).all()]

    def cast(self, election_id: str, one: Ballot) -> bool:
        """Put a ballot in; False if the member has voted already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(ballots).values(
                        election=election_id, voter=one.voter, candidate=one.candidate, person=one.person,
                        assertion=one.assertion, challenge_sha256=one.challenge_sha256, at=one.at,
                    )
                )  # fmt: skip
        except IntegrityError:
            return False
        return True

    def close(
        self, election_id: str, state: ElectionState, *, elected: str | None, record: bytes, at: datetime
    ) -> None:
        self._connection.execute(
            update(elections)
            .where(elections.c.id == election_id, elections.c.state == ElectionState.OPEN.value)
            .values(state=state.value, elected=elected, record=record, closed_at=at)
        )

    def _election(self, row: Row[Any]) -> StoredElection:
        cast = self._connection.execute(
            select(ballots).where(ballots.c.election == row.id).order_by(ballots.c.voter)
        ).all()
        return StoredElection(
            id=row.id,
            group=row.group,
            threshold=row.threshold,
            state=ElectionState(row.state),
            elected=row.elected,
            record=row.record,
            made_at=row.made_at,
            closed_at=row.closed_at,
            ballots=tuple(
                Ballot(
                    voter=one.voter, candidate=one.candidate, person=one.person, assertion=one.assertion,
                    challenge_sha256=one.challenge_sha256, at=one.at,
                )
                for one in cast
            ),
        )  # fmt: skip

    # -- joint mandates

    def add_mandate(self, one: StoredJointMandate) -> None:
        self._connection.execute(
            insert(joint_mandates).values(
                id=one.id, group=one.group, election=one.election, payload=one.payload, made_by=one.made_by,
                made_at=one.made_at,
            )
        )  # fmt: skip

    def mandate(self, mandate_id: str, *, lock: bool = False) -> StoredJointMandate | None:
        chosen = select(joint_mandates).where(joint_mandates.c.id == mandate_id)
        row = self._connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
        return None if row is None else self._mandate(row)

    def mandates_of(self, group_id: str) -> list[StoredJointMandate]:
        chosen = select(joint_mandates).where(joint_mandates.c.group == group_id).order_by(joint_mandates.c.made_at)
        return [self._mandate(row) for row in self._connection.execute(chosen).all()]

    def sign(self, one: JointSignature) -> bool:
        """Keep a principal's signature; False if there is one already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(joint_signatures).values(
                        mandate=one.mandate, principal=one.principal, person=one.person, assertion=one.assertion,
                        seal_use=one.seal_use, cms=one.cms, at=one.at,
                    )
                )  # fmt: skip
        except IntegrityError:
            return False
        return True

    def give(self, mandate_id: str, credential: bytes, *, at: datetime) -> bool:
        done = self._connection.execute(
            update(joint_mandates)
            .where(joint_mandates.c.id == mandate_id, joint_mandates.c.given_at.is_(None))
            .values(credential=credential, given_at=at)
        )
        return done.rowcount == 1

    def _mandate(self, row: Row[Any]) -> StoredJointMandate:
        signed = self._connection.execute(
            select(joint_signatures).where(joint_signatures.c.mandate == row.id).order_by(joint_signatures.c.principal)
        ).all()
        return StoredJointMandate(
            id=row.id,
            group=row.group,
            election=row.election,
            payload=row.payload,
            credential=row.credential,
            made_by=row.made_by,
            made_at=row.made_at,
            given_at=row.given_at,
            signatures=tuple(
                JointSignature(
                    mandate=one.mandate, principal=one.principal, person=one.person, assertion=one.assertion,
                    seal_use=one.seal_use, cms=one.cms, at=one.at,
                )
                for one in signed
            ),
        )  # fmt: skip

    # -- frameworks and call-offs

    def add_framework(self, one: StoredFramework) -> bool:
        """Enter a framework; False if the envelope is one already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(frameworks).values(
                        envelope=one.envelope, group=one.group, mandate=one.mandate, limit=format(one.limit, "f"),
                        currency=one.currency, not_before=one.not_before, not_after=one.not_after, made_at=one.made_at,
                    )
                )  # fmt: skip
        except IntegrityError:
            return False
        return True

    def framework(self, envelope_id: str, *, lock: bool = False) -> StoredFramework | None:
        chosen = select(frameworks).where(frameworks.c.envelope == envelope_id)
        row = self._connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
        return None if row is None else _framework(row)

    def frameworks_of(self, group_id: str) -> list[StoredFramework]:
        chosen = select(frameworks).where(frameworks.c.group == group_id).order_by(frameworks.c.made_at)
        return [_framework(row) for row in self._connection.execute(chosen)]

    def add_call_off(self, one: CallOff) -> bool:
        """Enter a call-off; False if the envelope is one already."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(call_offs).values(
                        envelope=one.envelope, framework=one.framework, uscc=one.uscc, amount=format(one.amount, "f"),
                        currency=one.currency, state=one.state.value, made_at=one.made_at, state_at=one.state_at,
                    )
                )  # fmt: skip
        except IntegrityError:
            return False
        return True

    def call_offs_of(self, framework: str) -> list[CallOff]:
        chosen = select(call_offs).where(call_offs.c.framework == framework).order_by(call_offs.c.made_at)
        return [_call_off(row) for row in self._connection.execute(chosen)]

    def open_call_offs(self) -> list[CallOff]:
        """Those whose envelope may still change what they mean."""
        chosen = select(call_offs).where(call_offs.c.state != CallOffState.CANCELLED.value)
        return [_call_off(row) for row in self._connection.execute(chosen)]

    def move_call_off(self, envelope: str, state: CallOffState, *, before: CallOffState, at: datetime) -> bool:
        done = self._connection.execute(
            update(call_offs)
            .where(call_offs.c.envelope == envelope, call_offs.c.state == before.value)
            .values(state=state.value, state_at=at)
        )
        return done.rowcount == 1


def _framework(row: Row[Any]) -> StoredFramework:
    return StoredFramework(
        envelope=row.envelope,
        group=row.group,
        mandate=row.mandate,
        limit=Decimal(row.limit),
        currency=row.currency,
        not_before=row.not_before,
        not_after=row.not_after,
        made_at=row.made_at,
    )


def _call_off(row: Row[Any]) -> CallOff:
    return CallOff(
        envelope=row.envelope,
        framework=row.framework,
        uscc=row.uscc,
        amount=Decimal(row.amount),
        currency=row.currency,
        state=CallOffState(row.state),
        made_at=row.made_at,
        state_at=row.state_at,
    )
