"""States of an envelope (签约) and of its parties, and which may follow which."""

from enum import StrEnum
from typing import Final

from seals.errors import EnvelopeStateError


class EnvelopeState(StrEnum):
    """One envelope through its life; only `draft` and `sent` are open."""

    DRAFT = "draft"
    SENT = "sent"
    COMPLETED = "completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RESCINDED = "rescinded"  # by a second envelope that the same parties concluded


class PartyState(StrEnum):
    """One party of a sent envelope."""

    WAITING = "waiting"  # an earlier step is not through
    INVITED = "invited"
    REQUESTED = "requested"  # the handler has no right to the seal: its approvers decide
    AUTHORISED = "authorised"  # agreed to, by assertion, request or mandate; not yet sealed
    SEALING = "sealing"  # the seal is on its way
    FAILED = "failed"  # says why and when it is tried again; without a time it waits for a person
    SEALED = "sealed"
    APPROVED = "approved"
    NOTIFIED = "notified"
    DECLINED = "declined"
    RELEASED = "released"  # no longer needed: enough others signed, or the envelope ended


ENVELOPE_MOVES: Final[dict[EnvelopeState, frozenset[EnvelopeState]]] = {
    EnvelopeState.DRAFT: frozenset({EnvelopeState.SENT, EnvelopeState.WITHDRAWN}),
    EnvelopeState.SENT: frozenset(
        {EnvelopeState.COMPLETED, EnvelopeState.DECLINED, EnvelopeState.WITHDRAWN, EnvelopeState.EXPIRED}
    ),
    EnvelopeState.COMPLETED: frozenset({EnvelopeState.RESCINDED}),
    EnvelopeState.DECLINED: frozenset(),
    EnvelopeState.WITHDRAWN: frozenset(),
    EnvelopeState.EXPIRED: frozenset(),
    EnvelopeState.RESCINDED: frozenset(),
}

_OPEN: Final = frozenset({PartyState.DECLINED, PartyState.RELEASED})
PARTY_MOVES: Final[dict[PartyState, frozenset[PartyState]]] = {
    PartyState.WAITING: frozenset({PartyState.INVITED, PartyState.NOTIFIED, PartyState.RELEASED}),
    PartyState.INVITED: frozenset({PartyState.REQUESTED, PartyState.AUTHORISED, PartyState.APPROVED, PartyState.SEALED})
    | _OPEN,
    PartyState.REQUESTED: frozenset({PartyState.INVITED, PartyState.AUTHORISED}) | _OPEN,
    PartyState.AUTHORISED: frozenset({PartyState.SEALING, PartyState.FAILED, PartyState.SEALED, PartyState.INVITED})
    | _OPEN,
    PartyState.SEALING: frozenset({PartyState.SEALING, PartyState.FAILED, PartyState.SEALED, PartyState.RELEASED}),
    PartyState.FAILED: frozenset(
        {
            PartyState.REQUESTED,
            PartyState.AUTHORISED,
            PartyState.SEALING,
            PartyState.FAILED,
            PartyState.SEALED,
            PartyState.INVITED,
        }
    )
    | _OPEN,
    PartyState.SEALED: frozenset(),
    PartyState.APPROVED: frozenset(),
    PartyState.NOTIFIED: frozenset(),
    PartyState.DECLINED: frozenset(),
    PartyState.RELEASED: frozenset(),
}

SETTLED: Final = frozenset({PartyState.SEALED, PartyState.APPROVED, PartyState.NOTIFIED})
AT_WORK: Final = frozenset({PartyState.AUTHORISED, PartyState.SEALING, PartyState.FAILED})
ENDED: Final = frozenset(EnvelopeState) - {EnvelopeState.DRAFT, EnvelopeState.SENT}


def require_envelope_move(before: EnvelopeState, after: EnvelopeState) -> None:
    """Pass if the envelope may go from one state to the other.

    Raises:
        EnvelopeStateError: it may not.
    """
    if after not in ENVELOPE_MOVES[before]:
        raise EnvelopeStateError(f"an envelope that is {before} cannot become {after}")


def require_party_move(before: PartyState, after: PartyState) -> None:
    """Pass if the party may go from one state to the other.

    Raises:
        EnvelopeStateError: it may not.
    """
    if after not in PARTY_MOVES[before]:
        raise EnvelopeStateError(f"a party that is {before} cannot become {after}")
