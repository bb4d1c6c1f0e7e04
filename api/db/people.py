"""People, their roles, passkeys and what they agreed to in SQL. What may be done once only is a conditional UPDATE."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.db.people_tables import assertions, challenges, invitations, members, passkeys, persons
from api.db.person_uses import SqlPersonUses
from api.db.tables import tokens
from api.errors import MemberExistsError


class Role(StrEnum):
    """What a person may do for an enterprise: one role in each, so that manage, use and audit stay disjoint."""

    REPRESENTATIVE = "representative"  # acts for the enterprise by law
    MANAGER = "manager"  # lends seals, never uses one
    USER = "user"  # may be lent a seal
    AUDITOR = "auditor"  # reads logs and evidence


class PersonState(StrEnum):
    """Whether a person may act."""

    ACTIVE = "active"
    CLOSED = "closed"


class ChallengeKind(StrEnum):
    """What a challenge was made for."""

    REGISTER = "register"
    LOGIN = "login"
    INTENT = "intent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A natural person with an account."""

    id: str
    name: str
    contact: str
    state: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person's present role in one enterprise."""

    id: str
    person: str
    name: str
    uscc: str
    role: Role
    since: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A public key whose private half is in a person's authenticator."""

    id: bytes
    person: str
    public_key: bytes  # COSE_Key
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    backed_up: bool
    label: str
    made_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A one-time code by which somebody takes up a role."""

    id: str
    uscc: str
    role: Role
    name: str
    contact: str
    by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What an authenticator is asked to sign, once."""

    id: str
    kind: ChallengeKind
    challenge: bytes
    made_at: datetime
    expires_at: datetime
    person: str | None = None
    invitation: str | None = None
    place: str | None = None  # hash of the code for a place in an envelope
    intent: str | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAssertion:
    """The evidence of what a person agreed to: every byte that is needed to check it again without us."""

    id: str
    person: str
    credential: bytes
    challenge: str
    intent: str
    client_data_json: bytes
    authenticator_data: bytes
    signature: bytes
    public_key: bytes  # COSE_Key
    rp_id: str
    origin: str
    at: datetime


class SqlPeople:
    """People, their passkeys and what they agreed to."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
        self.uses = SqlPersonUses(connection)

    # -- persons and their roles

    def add(self, person: Person) -> None:
        self._connection.execute(
            insert(persons).values(
                id=person.id, name=person.name, contact=person.contact, state=person.state, made_at=person.made_at
            )
        )

    def get(self, person_id: str) -> Person | None:
        row = self._connection.execute(select(persons).where(persons.c.id == person_id)).one_or_none()
        return None if row is None else Person(**row._asdict())

    def appoint(self, member: Member) -> None:
        """Give a person a role.

        Raises:
            MemberExistsError: the person has one in this enterprise, or it has a representative already.
        """
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(members).values(
                        id=member.id,
                        person=member.person,
                        uscc=member.uscc,
                        role=member.role.value,
                        since=member.since,
                        by=member.by,
                    )
                )
        except IntegrityError as exc:
            raise MemberExistsError(
                "the person has a role in this enterprise already, or it has a representative already"
            ) from exc

    def dismiss(self, member_id: str, *, at: datetime, by: str) -> bool:
        """End a role; False if somebody ended it before."""
        done = self._connection.execute(
            update(members)
            .where(members.c.id == member_id, members.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=by)
        )
        return done.rowcount == 1

    def member(self, person_id: str, uscc: str) -> Member | None:
        chosen = _present().where(members.c.person == person_id, members.c.uscc == uscc)
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else _member(row)

    def representative(self, uscc: str) -> Member | None:
        chosen = _present().where(members.c.uscc == uscc, members.c.role == Role.REPRESENTATIVE.value)
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else _member(row)

    def members_of(self, uscc: str) -> list[Member]:
        chosen = _present().where(members.c.uscc == uscc).order_by(members.c.since, members.c.id)
        return [_member(row) for row in self._connection.execute(chosen)]

    def memberships(self, person_id: str) -> list[Member]:
        chosen = _present().where(members.c.person == person_id).order_by(members.c.uscc)
        return [_member(row) for row in self._connection.execute(chosen)]

    # -- passkeys

    def add_passkey(self, passkey: Passkey) -> None:
        """Raise IntegrityError for a credential that is known already."""
        self._connection.execute(
            insert(passkeys).values(
                id=passkey.id,
                person=passkey.person,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
                transports=" ".join(passkey.transports),
                aaguid=passkey.aaguid,
                backed_up=passkey.backed_up,
                label=passkey.label,
                made_at=passkey.made_at,
            )
        )

    def passkey(self, credential: bytes) -> Passkey | None:
        row = self._connection.execute(select(passkeys).where(passkeys.c.id == credential)).one_or_none()
        return None if row is None else _passkey(row)

    def passkeys_of(self, person_id: str) -> list[Passkey]:
        """Those that still count, oldest first."""
        chosen = select(passkeys).where(passkeys.c.person == person_id, passkeys.c.revoked_at.is_(None))
        return [_passkey(row) for row in self._connection.execute(chosen.order_by(passkeys.c.made_at, passkeys.c.id))]

    def use_passkey(self, credential: bytes, *, sign_count: int, backed_up: bool, at: datetime) -> bool:
        """Move the counter on; False if the passkey was revoked or its counter did not grow (WebAuthn L3 §6.1.1)."""
        grows = passkeys.c.sign_count < sign_count
        if sign_count == 0:
            grows = or_(grows, passkeys.c.sign_count == 0)  # an authenticator without a counter
        done = self._connection.execute(
            update(passkeys)
            .where(and_(passkeys.c.id == credential, passkeys.c.revoked_at.is_(None), grows))
            .values(sign_count=sign_count, backed_up=backed_up, last_used_at=at)
        )
        return done.rowcount == 1

    def revoke_passkey(self, credential: bytes, *, at: datetime) -> bool:
        done = self._connection.execute(
            update(passkeys).where(passkeys.c.id == credential, passkeys.c.revoked_at.is_(None)).values(revoked_at=at)
        )
        return done.rowcount == 1

    def end_sessions(self, person_id: str, *, at: datetime, but: str | None = None) -> int:
        """Withdraw every session of a person but one."""
        chosen = update(tokens).where(tokens.c.person == person_id, tokens.c.revoked_at.is_(None))
        if but is not None:
            chosen = chosen.where(tokens.c.id != but)
        return self._connection.execute(chosen.values(revoked_at=at)).rowcount

    # -- invitations

    def invite(self, invitation: Invitation, *, sha256: bytes) -> None:
        self._connection.execute(
            insert(invitations).values(
                id=invitation.id,
                sha256=sha256,
                uscc=invitation.uscc,
                role=invitation.role.value,
                name=invitation.name,
                contact=invitation.contact,
                by=invitation.by,
                made_at=invitation.made_at,
                expires_at=invitation.expires_at,
            )
        )

    def invitation(self, invitation_id: str) -> Invitation | None:
        return self._invitation(invitations.c.id == invitation_id)

    def invitation_by_code(self, sha256: bytes) -> Invitation | None:
        return self._invitation(invitations.c.sha256 == sha256)

    def _invitation(self, condition: Any) -> Invitation | None:
        row = self._connection.execute(select(invitations).where(condition)).one_or_none()
        if row is None:
            return None
        found = row._asdict()
        del found["sha256"]
        return Invitation(**{**found, "role": Role(row.role)})

    def redeem(self, invitation_id: str, *, person: str, at: datetime) -> bool:
        """Use an invitation up; False if somebody did before or it is too late."""
        done = self._connection.execute(
            update(invitations)
            .where(invitations.c.id == invitation_id, invitations.c.used_at.is_(None), invitations.c.expires_at > at)
            .values(used_at=at, person=person)
        )
        return done.rowcount == 1

    # -- challenges and assertions

    def open_challenge(self, challenge: Challenge) -> bool:
        """Keep a challenge; False if these very octets were a challenge before."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(challenges).values(
                        id=challenge.id,
                        kind=challenge.kind.value,
                        person=challenge.person,
                        invitation=challenge.invitation,
                        place=challenge.place,
                        challenge=challenge.challenge,
                        intent=challenge.intent,
                        made_at=challenge.made_at,
                        expires_at=challenge.expires_at,
                    )
                )
        except IntegrityError:
            return False
        return True

    def challenge(self, octets: bytes) -> Challenge | None:
        row = self._connection.execute(select(challenges).where(challenges.c.challenge == octets)).one_or_none()
        return None if row is None else Challenge(**{**row._asdict(), "kind": ChallengeKind(row.kind)})

    def consume(self, challenge_id: str, *, at: datetime) -> bool:
        """Use a challenge up; of any number of transactions at once exactly one is told True."""
        done = self._connection.execute(
            update(challenges)
            .where(challenges.c.id == challenge_id, challenges.c.used_at.is_(None), challenges.c.expires_at > at)
            .values(used_at=at)
        )
        return done.rowcount == 1

    def forget_challenges(self, *, before: datetime) -> int:
        """Remove those that ran out without an answer; what was answered is evidence and stays."""
        done = self._connection.execute(
            delete(challenges).where(challenges.c.used_at.is_(None), challenges.c.expires_at < before)
        )
        return done.rowcount

    def keep(self, assertion: StoredAssertion) -> None:
        self._connection.execute(
            insert(assertions).values({name: getattr(assertion, name) for name in StoredAssertion.__slots__})
        )

    def assertion(self, assertion_id: str) -> StoredAssertion | None:
        row = self._connection.execute(select(assertions).where(assertions.c.id == assertion_id)).one_or_none()
        return None if row is None else StoredAssertion(**row._asdict())


def _present() -> Any:
    """Roles that have not ended, with the person's name."""
    return (
        select(members, persons.c.name)
        .join(persons, persons.c.id == members.c.person)
        .where(members.c.ended_at.is_(None))
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        id=row.id,
        person=row.person,
        name=row.name,
        uscc=row.uscc,
        role=Role(row.role),
        since=row.since,
        by=row.by,
    )


def _passkey(row: Row[Any]) -> Passkey:
    found = row._asdict()
    return Passkey(**{**found, "transports": tuple(row.transports.split())})
