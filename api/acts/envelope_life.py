"""What the initiator does with a sent envelope: withdraw it, give more time, remind the others, have a failure retried."""

from datetime import datetime

from api.acts.envelope_access import Who, is_open, require_initiator, visible
from api.acts.envelope_settling import end_envelope, reread
from api.acts.office import Office
from api.db.envelope_records import Whole
from api.errors import ForbiddenError, NotFoundError
from seals.envelope_states import EnvelopeState, PartyState
from seals.envelopes import MAX_REMINDERS
from seals.errors import EnvelopeError, EnvelopeStateError


def withdraw(office: Office, who: Who, envelope_id: str, *, reason: str) -> Whole:
    """End an envelope before it is completed.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's.
        EnvelopeStateError: it has ended already.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        require_initiator(whole, who)
        done = end_envelope(work, whole, EnvelopeState.WITHDRAWN, now=office.now(), actor=who.name, reason=reason)
        work.commit()
    return done


def extend(office: Office, who: Who, envelope_id: str, *, deadline: datetime) -> Whole:
    """Give more time.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's.
        EnvelopeStateError: it has ended.
        EnvelopeError: this would be less time, or none.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        require_initiator(whole, who)
        if not is_open(whole):
            raise EnvelopeStateError(f"the envelope is {whole.record.state}")
        before, now = whole.record.deadline, office.now()
        if deadline <= now or (before is not None and deadline <= before):
            raise EnvelopeError("a deadline can only be put off")
        work.envelopes.set(envelope_id, deadline=deadline)
        work.envelopes.note(
            envelope_id, at=now, actor=who.name, act="envelope.extended", before=before, deadline=deadline
        )
        work.notices.add(
            to=whole.enterprises(), kind="envelope.extended", subject=envelope_id, at=now,
            title=whole.record.title, deadline=deadline.isoformat(),
        )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)


def remind(office: Office, who: Who, envelope_id: str) -> Whole:
    """Tell those whose turn it is once more.

    Raises:
        NotFoundError, ForbiddenError: it is not the caller's.
        EnvelopeStateError: it has ended, or they were reminded often enough.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        require_initiator(whole, who)
        if not is_open(whole):
            raise EnvelopeStateError(f"the envelope is {whole.record.state}")
        if whole.record.reminders >= MAX_REMINDERS:
            raise EnvelopeStateError(f"at most {MAX_REMINDERS} reminders are sent")
        now = office.now()
        late = [one for one in whole.parties if one.state in {PartyState.INVITED, PartyState.FAILED}]
        work.envelopes.set(envelope_id, reminders=whole.record.reminders + 1)
        work.envelopes.note(
            envelope_id, at=now, actor=who.name, act="envelope.reminded", parties=[one.id for one in late]
        )
        work.notices.add(
            to=[one.uscc for one in late if one.uscc], kind="envelope.reminder", subject=envelope_id, at=now,
            title=whole.record.title, deadline=whole.record.deadline and whole.record.deadline.isoformat(),
        )  # fmt: skip
        work.commit()
        return reread(work, envelope_id)


def retry(office: Office, who: Who, envelope_id: str, party_id: str) -> Whole:
    """Have a failed party tried again at once, after its cause was put right.

    Raises:
        NotFoundError: no such envelope or party.
        ForbiddenError: it is neither the caller's envelope nor the caller's party.
        EnvelopeStateError: it has not failed.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = whole.party(party_id)
        if party is None:
            raise NotFoundError(f"the envelope has no party {party_id}")
        if not (who.may_draft_for(whole.record.uscc) or who.may_act_for(party.uscc or "")):
            raise ForbiddenError("this is for the sender and for the party itself")
        if not is_open(whole) or party.state is not PartyState.FAILED:
            raise EnvelopeStateError(f"party {party_id} is {party.state}; there is nothing to retry")
        work.envelopes.set_party(envelope_id, party_id, retry_at=office.now())
        work.envelopes.note(
            envelope_id, at=office.now(), actor=who.name, act="party.retried", party=party_id, name=party.name
        )
        work.commit()
        return reread(work, envelope_id)
