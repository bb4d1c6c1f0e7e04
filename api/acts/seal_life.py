"""What becomes of a single seal."""

from typing import Final

from cryptography import x509

from api.acts.faces import certificate_der
from api.acts.licence_life import move_seal
from api.acts.office import Office
from api.errors import NotFoundError, SealUnusableError
from ca.certificate_states import Reason
from ca.licences import LicenceState
from seals.register import Seal
from seals.states import SealEvent

EVENT_OF: Final = {"suspend": SealEvent.SUSPEND, "reinstate": SealEvent.RESUME, "cancel": SealEvent.CANCEL}


def seal(office: Office, code: str) -> Seal:
    """Return one seal.

    Raises:
        NotFoundError: there is none of this code.
    """
    with office.reading() as work:
        found = work.seals.get(code)
    if found is None:
        raise NotFoundError(f"there is no seal {code}")
    return found


def certificate_of(office: Office, serial: int) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate_der(office, serial))


def decide(office: Office, code: str, decision: str, *, reason: str, actor: str) -> Seal:
    """Suspend, reinstate or cancel one seal.

    Raises:
        NotFoundError: there is none of this code.
        SealStateError: not possible in its present state.
        SealUnusableError: it cannot come back while its licence is not active.
    """
    now = office.now()
    with office.work() as work:
        one = work.seals.get(code)
        if one is None:
            raise NotFoundError(f"there is no seal {code}")
        if decision == "reinstate":
            row = work.licences.get(one.licence)
            if row is None or row.licence.state is not LicenceState.ACTIVE:
                raise SealUnusableError(f"the licence of seal {code} is not active")
        move_seal(work, one, EVENT_OF[decision], reason=Reason.CESSATION, with_licence=False, at=now, actor=actor)
        work.ledger.note(at=now, actor=actor, act=f"seal.decision.{decision}", subject=code, reason=reason)
        found = work.seals.get(code)
        work.commit()
    if found is None:
        raise NotFoundError(f"there is no seal {code}")
    return found
