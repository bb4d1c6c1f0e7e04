"""A licence through its life: versions, states, and what each change does to the enterprise's seals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ca.errors import StateError
from ca.register import Enterprise

MAX_NUMBER: Final = 32
MAX_AUTHORITY: Final = 64
REPRESENTATIVE_SEAL: Final = "representative"  # the one kind of seal that names a person


class LicenceState(StrEnum):
    """Where a licence (电子营业执照) stands. Only `active` entitles to anything."""

    ACTIVE = "active"  # 有效
    SUSPENDED = "suspended"  # 暂停
    SUPERSEDED = "superseded"  # 已变更换发
    REVOKED = "revoked"  # 吊销
    CANCELLED = "cancelled"  # 注销


class SealEffect(StrEnum):
    """What happens to a seal when its licence changes. Words of `ca`: the seals' own rules apply them."""

    KEEP = "keep"
    SUSPEND = "suspend"
    RESUME = "resume"  # only seals that were suspended with the licence
    CANCEL = "cancel"  # 注销: the enterprise is gone
    INVALIDATE = "invalidate"  # 作废: what the seal says is no longer true, or it may no longer be used


STEPS: Final[Mapping[LicenceState, frozenset[LicenceState]]] = {
    LicenceState.ACTIVE: frozenset(
        {LicenceState.SUSPENDED, LicenceState.SUPERSEDED, LicenceState.REVOKED, LicenceState.CANCELLED}
    ),
    # no new version while suspended: a change must not lift a suspension
    LicenceState.SUSPENDED: frozenset({LicenceState.ACTIVE, LicenceState.REVOKED, LicenceState.CANCELLED}),
    LicenceState.SUPERSEDED: frozenset(),
    LicenceState.REVOKED: frozenset({LicenceState.CANCELLED}),  # 吊销 is followed by 注销
    LicenceState.CANCELLED: frozenset(),
}

# By the state a licence comes to. Of `superseded`, `effect_of_change` says more.
SEAL_EFFECT: Final[Mapping[LicenceState, SealEffect]] = {
    LicenceState.ACTIVE: SealEffect.RESUME,
    LicenceState.SUSPENDED: SealEffect.SUSPEND,
    LicenceState.SUPERSEDED: SealEffect.KEEP,
    LicenceState.REVOKED: SealEffect.INVALIDATE,
    LicenceState.CANCELLED: SealEffect.CANCEL,
}

# A seal shows the registered name; the representative's also shows the person. Other fields are on no seal.
INVALIDATES_ALL: Final = frozenset({"name"})
INVALIDATES_REPRESENTATIVE: Final = frozenset({"legal_representative"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One version of a licence: the register's entry as it stood when the version was issued."""

    number: str  # of this version; never used twice
    enterprise: Enterprise
    version: int  # counts from 1 for each enterprise
    state: LicenceState
    authority: str  # 登记机关, as it stands on the licence
    authority_latin: str
    issued_at: datetime  # aware, UTC
    expires_at: datetime  # of the electronic licence, not of the enterprise's term
    status_index: int  # place in the status list


def step(licence: Licence, to: LicenceState) -> Licence:
    """Return the licence in its next state.

    Raises:
        StateError: the state machine has no such step.
    """
    if to not in STEPS[licence.state]:
        raise StateError(f"a licence that is {licence.state} cannot become {to}")
    return replace(licence, state=to)


def next_version(
    licence: Licence, changed: Enterprise, *, number: str, status_index: int, issued_at: datetime, expires_at: datetime
) -> tuple[Licence, Licence]:
    """Return the old version, superseded, and the new one, active.

    Raises:
        StateError: the old version is not active, the credit code differs, or nothing changed.
    """
    if changed.uscc != licence.enterprise.uscc:
        raise StateError("a credit code never changes; another enterprise needs a licence of its own")
    if changed == licence.enterprise:
        raise StateError("nothing changed, so there is nothing to license anew")
    if number == licence.number or status_index == licence.status_index:
        raise StateError("a new version needs a number and a place in the status list of its own")
    new = replace(
        licence,
        number=number,
        enterprise=changed,
        version=licence.version + 1,
        state=LicenceState.ACTIVE,
        status_index=status_index,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return step(licence, LicenceState.SUPERSEDED), new


def changed_fields(before: Enterprise, after: Enterprise) -> frozenset[str]:
    """The names of the fields that differ."""
    return frozenset(name for name in Enterprise.__slots__ if getattr(before, name) != getattr(after, name))


def effect_of_change(before: Enterprise, after: Enterprise, *, seal_kind: str) -> SealEffect:
    """What a change of the register does to a seal of this kind."""
    changed = changed_fields(before, after)
    if changed & INVALIDATES_ALL:
        return SealEffect.INVALIDATE
    if seal_kind == REPRESENTATIVE_SEAL and changed & INVALIDATES_REPRESENTATIVE:
        return SealEffect.INVALIDATE
    return SealEffect.KEEP
