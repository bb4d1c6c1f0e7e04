"""Do whatever an envelope has due: seal what was agreed to, retry what failed, end what has ended. Safe to call any time."""

import logging
from datetime import datetime
from typing import Final

from api.acts.completion import conclude
from api.acts.envelope_requests import look_after_requests
from api.acts.envelope_sealing import DocumentBusyError, seal_one
from api.acts.envelope_settling import reread, settle
from api.acts.office import Office
from api.db.envelope_records import PartyRecord, Whole
from api.errors import (
    DatabaseBusyError,
    DatabaseGoneError,
    NotFoundError,
    SealUnusableError,
    ServiceError,
)
from api.problems import problem_for
from hsm.errors import HsmError
from seals.envelope_states import AT_WORK, EnvelopeState, PartyState
from seals.envelopes import retry_after
from seals.errors import (
    AppearanceError,
    DocumentRefusedError,
    PlacementError,
    RightError,
    SealError,
    SealStateError,
)

log = logging.getLogger("vermilion.envelopes")
MAX_REASON: Final = 500

# Trying again does not help by itself: somebody has to do something first.
PERMANENT: Final[tuple[tuple[type[Exception], str], ...]] = (
    (SealUnusableError, "choose another seal, or have this one put back into use, and agree again"),
    (SealStateError, "the certificate of the seal is not valid; have the seal issued anew and agree again"),
    (RightError, "agree again, or have the seal lent to you"),
    (
        DocumentRefusedError,
        "the stored document is not the one that was frozen; withdraw the envelope and send it anew",
    ),
    (PlacementError, "withdraw the envelope and lay it out anew"),
    (AppearanceError, "correct what was filled in and agree again"),
    (NotFoundError, "agree again"),
)


def pursue(office: Office, envelope_id: str) -> Whole | None:
    """Do what is due for one envelope and return it as it is then; None if there is none.

    What fails is written down with its reason and with the time at which it is tried again.
    """
    whole = _settle(office, envelope_id)
    if whole is None:
        return None
    if whole.record.state is EnvelopeState.SENT:
        look_after_requests(office, whole)
        for party in _due(_read(office, envelope_id), office.now()):
            _seal_party(office, envelope_id, party)
    conclude(office, envelope_id)
    return _read(office, envelope_id)


def _settle(office: Office, envelope_id: str) -> Whole | None:
    with office.work() as work:
        whole = work.envelopes.lock(envelope_id)
        if whole is None:
            return None
        done = settle(work, whole, now=office.now())
        work.commit()
    return done


def _read(office: Office, envelope_id: str) -> Whole:
    with office.reading() as work:
        return reread(work, envelope_id)


def _due(whole: Whole, now: datetime) -> list[PartyRecord]:
    return [
        one
        for one in whole.parties
        if one.state in AT_WORK
        and (one.state is not PartyState.FAILED or (one.retry_at is not None and one.retry_at <= now))
    ]


def _seal_party(office: Office, envelope_id: str, party: PartyRecord) -> None:
    """Seal every slot of the party that is authorised."""
    for slot in _read(office, envelope_id).slots_of(party.id):
        if slot.state != "authorised":
            continue
        try:
            seal_one(office, envelope_id, slot.document, slot.id)
        except DocumentBusyError:
            log.info("envelope %s: document %s is held by somebody else", envelope_id, slot.document)
            return  # the party is still due: the next one who comes by goes on
        except (DatabaseGoneError, DatabaseBusyError):
            raise  # nothing can be written down now; the party is still due
        except Exception as exc:  # noqa: BLE001 - whatever it was, the party must say so and be tried again
            _failed(office, envelope_id, party.id, exc)
            return


def advice_for(error: Exception) -> str | None:
    """What to do about an error that does not go away by itself; None for one that may."""
    return next((advice for kind, advice in PERMANENT if isinstance(error, kind)), None)


def _failed(office: Office, envelope_id: str, party_id: str, error: Exception) -> None:
    known = isinstance(error, (SealError, HsmError, ServiceError))
    if not known:
        log.error("envelope %s: party %s could not be sealed", envelope_id, party_id, exc_info=error)
    advice = advice_for(error)
    reason = str(error) if known else "an internal error; its details are in the log of the service"
    text = f"{reason}; {advice}" if advice else reason
    code = str(getattr(error, "reason", None) or problem_for(error).slug)
    with office.work() as work:
        now = office.now()
        whole = work.envelopes.lock(envelope_id)
        party = None if whole is None else whole.party(party_id)
        if whole is None or party is None or party.state not in AT_WORK:
            return
        attempts = party.attempts + 1
        retry_at = None if advice else now + retry_after(attempts)
        work.envelopes.set_party(
            envelope_id, party_id, state=PartyState.FAILED, reason_code=code, reason=text[:MAX_REASON],
            attempts=attempts, retry_at=retry_at,
        )  # fmt: skip
        work.envelopes.note(
            envelope_id, at=now, actor="service", act="party.failed", party=party_id, name=party.name,
            code=code, reason=text[:MAX_REASON], retry_at=retry_at,
        )  # fmt: skip
        if attempts == 1 or advice:
            work.notices.add(
                to=[one for one in (whole.record.uscc, party.uscc) if one], kind="envelope.failed",
                subject=envelope_id, at=now, title=whole.record.title, party=party_id, reason=text[:MAX_REASON],
                code=code,
            )  # fmt: skip
        work.commit()
