"""An envelope (签约): parties, their order and the rule of completion. Pure: states go in, states come out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from seals.envelope_states import (
    SETTLED,
    EnvelopeState,
    PartyState,
    require_envelope_move,
    require_party_move,
)
from seals.errors import EnvelopeError

MAX_PARTIES: Final = 100
MAX_STEP: Final = 1000
MAX_REMINDERS: Final = 3  # as the signing platforms of China allow
RETRY_MINUTES: Final = (1, 2, 4, 8, 16, 32, 60)  # after each failure; the last one from then on


class PartyRole(StrEnum):
    """What a party does."""

    SIGN = "sign"
    APPROVE = "approve"
    COPY = "copy"  # is told, does nothing


class PartyKind(StrEnum):
    """Who a party is."""

    ENTERPRISE = "enterprise"
    PERSON = "person"


class OnOutage(StrEnum):
    """What to do while no time-stamp can be had. Never a time that is made up."""

    WAIT = "wait"
    DEGRADE = "degrade"  # seal at B-B now, say so, and add the archive time-stamp later


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One party. Told apart by `id`, and by USCC or person: two may have the same name."""

    id: str
    name: str
    kind: PartyKind
    role: PartyRole
    step: int  # equal steps at once, later steps wait
    uscc: str | None = None
    person: str | None = None
    required: bool = True
    state: PartyState = PartyState.WAITING

    @property
    def identity(self) -> tuple[str, str]:
        """What two parties must not share: the enterprise, the person, or failing both the party itself."""
        if self.kind is PartyKind.ENTERPRISE:
            return ("uscc", self.uscc or "")
        return ("person", self.person) if self.person else ("party", self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The part of an envelope that decides what happens next."""

    id: str
    state: EnvelopeState
    parties: tuple[Party, ...]
    at_least: int | None = None  # signing parties that suffice; None: all of them
    deadline: datetime | None = None

    @property
    def signing(self) -> tuple[Party, ...]:
        return tuple(one for one in self.parties if one.role is PartyRole.SIGN)

    def party(self, party_id: str) -> Party:
        """Return one party.

        Raises:
            EnvelopeError: there is none.
        """
        for one in self.parties:
            if one.id == party_id:
                return one
        raise EnvelopeError(f"the envelope has no party {party_id}")


def check_parties(envelope: Envelope, *, acting: Iterable[str]) -> None:
    """Pass if the parties make sense; `acting` are the parties that have something to fill or to seal.

    One enterprise may be a party twice only where it signs in different slots (as buyer and as guarantor): its roles
    must be `sign` and each must have slots of its own, which `acting` tells.

    Raises:
        EnvelopeError: they do not; says why.
    """
    parties, acts = envelope.parties, set(acting)
    if not 0 < len(parties) <= MAX_PARTIES:
        raise EnvelopeError(f"an envelope has 1 to {MAX_PARTIES} parties")
    if not envelope.signing:
        raise EnvelopeError("nobody signs: at least one party needs the role sign")
    if len({one.id for one in parties}) != len(parties):
        raise EnvelopeError("two parties have the same identity within the envelope")
    for one in parties:
        _check_party(one, acts)
    _check_doubles(parties)
    _check_rule(envelope)


def _check_party(one: Party, acts: set[str]) -> None:
    if not 0 <= one.step <= MAX_STEP:
        raise EnvelopeError(f"steps are numbers from 0 to {MAX_STEP}")
    if (one.kind is PartyKind.ENTERPRISE) is not (one.uscc is not None):
        raise EnvelopeError(f"party {one.id}: an enterprise is named by its USCC, a person is not")
    if one.role is PartyRole.SIGN and one.id not in acts:
        raise EnvelopeError(f"party {one.id} is to sign, but no document has a field for its signature")
    if one.role is not PartyRole.SIGN and one.id in acts:
        raise EnvelopeError(f"party {one.id} has fields in a document but is not to sign")


def _check_doubles(parties: tuple[Party, ...]) -> None:
    seen: dict[tuple[str, str], Party] = {}
    for one in parties:
        other = seen.setdefault(one.identity, one)
        if other is not one and not (one.role is other.role is PartyRole.SIGN):
            raise EnvelopeError(
                f"parties {other.id} and {one.id} are the same; only where both sign, each in fields of its own, may"
                " one be a party twice"
            )


def _check_rule(envelope: Envelope) -> None:
    needed, signing = envelope.at_least, envelope.signing
    if needed is None:
        if not all(one.required for one in envelope.parties if one.role is not PartyRole.COPY):
            raise EnvelopeError("where all parties have to sign, none is optional; give the number that suffices")
    elif not 1 <= needed <= len(signing):
        raise EnvelopeError(f"{needed} signatures cannot suffice: {len(signing)} parties sign")


def holds_up(one: Party) -> bool:
    """Whether later steps and completion wait for this party."""
    return one.role is not PartyRole.COPY and one.required


def open_step(envelope: Envelope) -> int | None:
    """The step whose parties, and all before it, may act now; None when nobody is waited for any more."""
    pending = [one.step for one in envelope.parties if holds_up(one) and one.state not in SETTLED]
    if pending:
        return min(pending)
    return max((one.step for one in envelope.parties), default=None)


def next_parties(envelope: Envelope) -> tuple[Party, ...]:
    """The waiting parties whose turn it is."""
    if envelope.state is not EnvelopeState.SENT or (step := open_step(envelope)) is None:
        return ()
    return tuple(one for one in envelope.parties if one.state is PartyState.WAITING and one.step <= step)


def is_complete(envelope: Envelope) -> bool:
    """Whether everybody required has answered and enough have signed."""
    signed = sum(one.state is PartyState.SEALED for one in envelope.signing)
    needed = len(envelope.signing) if envelope.at_least is None else envelope.at_least
    return signed >= needed and all(one.state in SETTLED for one in envelope.parties if holds_up(one))


def is_lost(envelope: Envelope) -> bool:
    """Whether so many declined that the envelope can never be complete."""
    if any(one.state is PartyState.DECLINED for one in envelope.parties if holds_up(one)):
        return True
    possible = sum(one.state is not PartyState.DECLINED for one in envelope.signing)
    needed = len(envelope.signing) if envelope.at_least is None else envelope.at_least
    return possible < needed


def follow(envelope: Envelope, *, now: datetime) -> Envelope:
    """Return the envelope with everything done that follows from its parties' states and the time. Idempotent."""
    if envelope.state is not EnvelopeState.SENT:
        return envelope
    if is_lost(envelope):
        return end(envelope, EnvelopeState.DECLINED)
    if is_complete(envelope):
        return end(envelope, EnvelopeState.COMPLETED)
    if envelope.deadline is not None and envelope.deadline <= now:
        return end(envelope, EnvelopeState.EXPIRED)
    turn = {one.id for one in next_parties(envelope)}
    return replace(envelope, parties=tuple(_invited(one) if one.id in turn else one for one in envelope.parties))


def _invited(one: Party) -> Party:
    return moved(one, PartyState.NOTIFIED if one.role is PartyRole.COPY else PartyState.INVITED)


def end(envelope: Envelope, state: EnvelopeState) -> Envelope:
    """Return the envelope in a last state: whoever did not act is released, copies are told of a completion.

    Raises:
        EnvelopeStateError: it cannot end like this.
    """
    require_envelope_move(envelope.state, state)
    parties = tuple(_released(one, state) for one in envelope.parties)
    return replace(envelope, state=state, parties=parties)


def _released(one: Party, state: EnvelopeState) -> Party:
    if one.state in SETTLED or one.state in {PartyState.DECLINED, PartyState.RELEASED}:
        return one
    told = one.role is PartyRole.COPY and state is EnvelopeState.COMPLETED
    return moved(one, PartyState.NOTIFIED if told else PartyState.RELEASED)


def moved(one: Party, state: PartyState) -> Party:
    """Return the party in another state.

    Raises:
        EnvelopeStateError: it cannot get there.
    """
    require_party_move(one.state, state)
    return replace(one, state=state)


def answered(envelope: Envelope, party_id: str, state: PartyState) -> Envelope:
    """Return the envelope after one party moved on; what follows from it is for `follow`.

    Raises:
        EnvelopeError: no such party.
        EnvelopeStateError: it cannot get there.
    """
    changed = moved(envelope.party(party_id), state)
    return replace(envelope, parties=tuple(changed if one.id == party_id else one for one in envelope.parties))


def retry_after(attempts: int) -> timedelta:
    """How long to wait after this many failures."""
    return timedelta(minutes=RETRY_MINUTES[min(max(attempts, 1), len(RETRY_MINUTES)) - 1])
