"""The two state machines of a certificate, as data: how it is made, and what is said of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509

from ca.errors import StateError


class Life(StrEnum):
    """How a certificate comes into being; one row of the ledger is one certificate."""

    RESERVED = "reserved"  # a unique serial number is set aside
    INTENT = "intent"  # the exact TBS bytes are recorded and linted; the CA key has not been used
    SIGNED = "signed"  # the CA key was used, the certificate is stored
    DELIVERED = "delivered"  # it was handed out
    VOID = "void"  # it will never be handed out; if it may have been signed, it stands revoked


LIFE: Final[Mapping[Life, frozenset[Life]]] = {
    Life.RESERVED: frozenset({Life.INTENT, Life.VOID}),
    Life.INTENT: frozenset({Life.SIGNED, Life.VOID}),
    Life.SIGNED: frozenset({Life.DELIVERED, Life.VOID}),
    Life.DELIVERED: frozenset(),
    Life.VOID: frozenset(),
}


def advance(state: Life, to: Life) -> Life:
    """Return the new state.

    Raises:
        StateError: there is no such step.
    """
    if to not in LIFE[state]:
        raise StateError(f"a certificate cannot go from {state} to {to}")
    return to


def void_needs_revocation(state: Life) -> bool:
    """Tell whether voiding from this state must also revoke: the CA key may have been used on the intent."""
    return state in {Life.INTENT, Life.SIGNED}


class Status(StrEnum):
    """What CRL and OCSP say of a certificate."""

    GOOD = "good"
    SUSPENDED = "suspended"  # certificateHold
    REVOKED = "revoked"  # final


class Reason(StrEnum):
    """CRLReason (RFC 5280 §5.3.1), those that our issuers use; values as in `x509.ReasonFlags`."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"  # the register entry changed: name, status
    SUPERSEDED = "superseded"
    CESSATION = "cessationOfOperation"
    HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"

    @property
    def flag(self) -> x509.ReasonFlags:
        return x509.ReasonFlags(self.value)


STATUS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.GOOD: frozenset({Status.SUSPENDED, Status.REVOKED}),
    Status.SUSPENDED: frozenset({Status.GOOD, Status.REVOKED}),
    Status.REVOKED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is said of one certificate, since when and why. The same value feeds CRL and OCSP."""

    status: Status = Status.GOOD
    since: datetime | None = None  # aware; None for good
    reason: Reason | None = None  # None for good

    def suspend(self, *, at: datetime) -> "Standing":
        """Put it on hold, which can be undone.

        Raises:
            StateError: it is suspended or revoked already.
        """
        return self._to(Status.SUSPENDED, at, Reason.HOLD)

    def reinstate(self) -> "Standing":
        """Lift the hold.

        Raises:
            StateError: it is not suspended; a revoked certificate never comes back.
        """
        return self._to(Status.GOOD, None, None)

    def revoke(self, reason: Reason, *, at: datetime) -> "Standing":
        """Revoke for good. Coming from a hold, the time stays that of the hold: nothing after it may count.

        Raises:
            StateError: it is revoked already, or the reason is that of a hold.
        """
        if reason is Reason.HOLD:
            raise StateError("certificateHold is a suspension, not a revocation")
        return self._to(Status.REVOKED, self.since or at, reason)

    def _to(self, status: Status, since: datetime | None, reason: Reason | None) -> "Standing":
        if status not in STATUS[self.status]:
            raise StateError(f"a certificate that is {self.status} cannot become {status}")
        return Standing(status=status, since=since, reason=reason)


GOOD: Final = Standing()
