"""Write down what follows from the states of an envelope's parties: whose turn it is, and whether it has ended."""

from datetime import datetime

from api.acts.envelope_links import rescind_target
from api.db.envelope_records import PartyRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from seals.envelope_states import EnvelopeState, PartyState
from seals.envelopes import Envelope, end, follow, moved


def reread(work: SqlUnitOfWork, envelope_id: str) -> Whole:
    """Return the envelope as it stands in this transaction.

    Raises:
        NotFoundError: there is none.
    """
    found = work.envelopes.get(envelope_id)
    if found is None:
        raise NotFoundError(f"there is no envelope {envelope_id}")
    return found


def settle(work: SqlUnitOfWork, whole: Whole, *, now: datetime) -> Whole:
    """Invite whose turn has come, end what has ended. The envelope has to be locked; it is returned as it is then."""
    before = whole.plain()
    after = follow(before, now=now)
    if after == before:
        return whole
    _write(work, whole, before, after, now=now, actor="service")
    done = reread(work, whole.id)
    return settle(work, done, now=now) if done.record.state is EnvelopeState.SENT else done


def end_envelope(
    work: SqlUnitOfWork, whole: Whole, state: EnvelopeState, *, now: datetime, actor: str, reason: str
) -> Whole:
    """End the envelope by somebody's will.

    Raises:
        EnvelopeStateError: it cannot end like this.
    """
    before = whole.plain()
    work.envelopes.set(whole.id, reason=reason)
    _write(work, whole, before, end(before, state), now=now, actor=actor, reason=reason)
    return reread(work, whole.id)


def move_party(
    work: SqlUnitOfWork, party: PartyRecord, state: PartyState, *, now: datetime, actor: str, act: str, **more: object
) -> None:
    """Bring one party into another state and say so in the history; `values` go into its row.

    Raises:
        EnvelopeStateError: it cannot get there.
    """
    moved(party.plain(), state)
    values = more.pop("values", {})
    work.envelopes.set_party(party.envelope, party.id, state=state, **(values if isinstance(values, dict) else {}))
    work.envelopes.note(party.envelope, at=now, actor=actor, act=act, party=party.id, name=party.name, **more)


def _write(
    work: SqlUnitOfWork,
    whole: Whole,
    before: Envelope,
    after: Envelope,
    *,
    now: datetime,
    actor: str,
    reason: str | None = None,
) -> None:
    told = {} if reason is None else {"reason": reason}
    for old, new in zip(before.parties, after.parties, strict=True):
        if old.state is not new.state:
            _write_party(work, whole, old.id, new.state, now)
    if before.state is after.state:
        return
    work.envelopes.set(whole.id, state=after.state, ended_at=now)
    act = f"envelope.{after.state.value}"
    work.envelopes.note(whole.id, at=now, actor=actor, act=act, **told)
    work.notices.add(
        to=whole.enterprises(), kind=act, subject=whole.id, at=now, title=whole.record.title, actor=actor, **told
    )
    work.ledger.note(at=now, actor=actor, act=act, subject=whole.id, **told)
    if after.state is EnvelopeState.COMPLETED and whole.record.rescinds is not None:
        rescind_target(work, whole, now=now)


def _write_party(work: SqlUnitOfWork, whole: Whole, party_id: str, state: PartyState, now: datetime) -> None:
    party = whole.party(party_id)
    if party is None:  # the pure envelope was made from these rows
        raise NotFoundError(f"the envelope has no party {party_id}")
    work.envelopes.set_party(whole.id, party_id, state=state, retry_at=None)
    work.envelopes.note(whole.id, at=now, actor="service", act=f"party.{state.value}", party=party_id, name=party.name)
    if state in {PartyState.INVITED, PartyState.NOTIFIED} and party.uscc is not None:
        work.notices.add(
            to=[party.uscc],
            kind=f"envelope.{state.value}",
            subject=whole.id,
            at=now,
            title=whole.record.title,
            party=party_id,
            role=party.role.value,
        )
