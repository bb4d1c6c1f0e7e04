"""Whose credentials a caller of the remote signing interface sees and may use: a credential is a seal.

What is allowed is decided by api/acts/rights.py before the key is used. Here stands only what a caller is shown and by
which mandate he will act: nobody sees a seal that he could not use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from api.acts import rights
from api.acts.office import Office
from api.acts.seal_life import certificate_of
from api.db.access import Token
from api.db.people import Person, Role
from api.db.work import SqlUnitOfWork
from api.errors import OAuthError
from ca.certificate_states import Status
from ca.licences import LicenceState
from seals.errors import RightError
from seals.mandates import Grantee, GranteeKind, Mandate
from seals.register import Grounds, Seal
from seals.states import SealState

SHOWN: Final = frozenset({SealState.ACTIVE.value, SealState.SUSPENDED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a person through a client, or the machine of an enterprise."""

    name: str
    person: str | None
    machine: str | None
    client: str | None
    token: str | None

    @classmethod
    def of_token(cls, token: Token) -> "Caller":
        """The bearer of a token. One that stands for neither a person nor an enterprise sees no credentials."""
        return cls(
            name=token.name,
            person=token.person,
            machine=token.machine if token.person is None and token.uscc is not None else None,
            client=token.client,
            token=token.id,
        )

    @classmethod
    def of_person(cls, person: Person) -> "Caller":
        """A person on the page where he agrees."""
        return cls(name=person.name, person=person.id, machine=None, client=None, token=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """By which right a caller would use a seal. No mandate: as the enterprise's legal representative."""

    mandate: str | None

    def grounds(self, caller: Caller, assertion: str | None) -> Grounds:
        return Grounds(
            actor=caller.name,
            person=caller.person,
            machine=caller.machine,
            assertion=assertion,
            mandate=self.mandate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A seal as the interface shows it."""

    seal: Seal
    right: Right
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    status: str  # of the certificate: valid, expired, revoked, suspended
    enabled: bool
    automatic: bool  # no person has to agree


def credentials(office: Office, caller: Caller) -> list[Credential]:
    """All that the caller may use, by code."""
    with office.reading() as work:
        found = _usable(office, work, caller)
        enabled = {code: _enabled(work, seal) for code, (seal, _) in found.items()}
        held = {code: _status(work, seal) for code, (seal, _) in found.items()}
    return [
        _credential(office, caller, *found[code], status=held[code], enabled=enabled[code]) for code in sorted(found)
    ]


def credential(office: Office, caller: Caller, code: str) -> Credential:
    """One of the caller's credentials.

    Raises:
        OAuthError: he has none of this name. Whether somebody else has is not told.
    """
    with office.reading() as work:
        right, seal = right_of(office, work, caller, code)
        enabled, status = _enabled(work, seal), _status(work, seal)
    return _credential(office, caller, seal, right, status=status, enabled=enabled)


def right_of(office: Office, work: SqlUnitOfWork, caller: Caller, code: str) -> tuple[Right, Seal]:
    """By which right the caller would use this seal.

    Raises:
        OAuthError: by none, or there is no such seal.
    """
    found = _usable(office, work, caller).get(code)
    if found is None:
        raise OAuthError("invalid_request", "Invalid parameter credentialID")
    seal, right = found
    return right, seal


def _usable(office: Office, work: SqlUnitOfWork, caller: Caller) -> dict[str, tuple[Seal, Right]]:
    """Own seals of a legal representative before those that were lent."""
    found: dict[str, tuple[Seal, Right]] = {}
    represented = _represented(work, caller)
    for uscc in represented:
        found |= {seal.code: (seal, Right(mandate=None)) for seal in work.seals.of_enterprise(uscc)}
    for mandate, seal in _lent(office, work, caller, represented):
        found.setdefault(seal.code, (seal, Right(mandate=mandate.id)))
    return {code: pair for code, pair in found.items() if pair[0].state in SHOWN}


def _represented(work: SqlUnitOfWork, caller: Caller) -> list[str]:
    if caller.person is None:
        return []
    return [one.uscc for one in work.people.memberships(caller.person) if one.role is Role.REPRESENTATIVE]


def _lent(
    office: Office, work: SqlUnitOfWork, caller: Caller, represented: list[str]
) -> Iterator[tuple[Mandate, Seal]]:
    actors = {Grantee(kind=GranteeKind.ENTERPRISE, id=uscc) for uscc in represented}
    if caller.person is not None:
        actors.add(Grantee(kind=GranteeKind.PERSON, id=caller.person))
    if caller.machine is not None:
        actors.add(Grantee(kind=GranteeKind.MACHINE, id=caller.machine))
    if not actors:
        return
    for stored in work.mandates.active_of(one.id for one in actors):
        mandate = stored.mandate
        own = [mandate.grantee.id] if mandate.grantee.kind is GranteeKind.ENTERPRISE else []
        for seal in [one for uscc in (*mandate.grantors, *own) for one in work.seals.of_enterprise(uscc)]:
            if _covers(office, work, seal, Right(mandate=mandate.id).grounds(caller, None)):
                yield mandate, seal


def _covers(office: Office, work: SqlUnitOfWork, seal: Seal, grounds: Grounds) -> bool:
    """A mandate with limits that a bare hash cannot be held against (matter, amount, pages) covers none."""
    try:
        rights.require_mandate(office, work, seal, grounds)
    except RightError:
        return False
    return True


def _enabled(work: SqlUnitOfWork, seal: Seal) -> bool:
    licence = work.licences.get(seal.licence)
    active = licence is not None and licence.licence.state is LicenceState.ACTIVE
    return active and SealState(seal.state) is SealState.ACTIVE


def _status(work: SqlUnitOfWork, seal: Seal) -> Status:
    record = work.certificates.get(seal.serial)
    return Status.REVOKED if record is None else record.standing.status


def _credential(
    office: Office, caller: Caller, seal: Seal, right: Right, *, status: Status, enabled: bool
) -> Credential:
    certificate = certificate_of(office, seal.serial)
    expired = certificate.not_valid_after_utc <= office.now()
    good = "expired" if expired else "valid"
    return Credential(
        seal=seal,
        right=right,
        certificate=certificate,
        chain=office.authority.chain_of(certificate),
        status=good if status is Status.GOOD else status.value,
        enabled=enabled and not expired and status is Status.GOOD,
        automatic=caller.machine is not None,
    )
