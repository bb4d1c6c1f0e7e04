"""A passkey's answer held against what is about to be done, as this side knows it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.acts import control
from api.acts.control import Assertion, Opened
from api.acts.office import Office
from api.db.work import SqlUnitOfWork
from seals.errors import RightError, RightReason
from seals.intent import NONCE_BYTES, DocumentIntent, Intent, IntentKind


def intend(
    office: Office,
    kind: IntentKind,
    subject: str,
    *,
    purpose: str,
    documents: tuple[DocumentIntent, ...] = (),
    details_sha256: bytes | None = None,
) -> Intent:
    """What a person is to agree to, under a fresh nonce."""
    return Intent(
        kind=kind,
        subject=subject,
        documents=documents,
        purpose=purpose,
        nonce=office.random(NONCE_BYTES),
        details_sha256=details_sha256,
    )


def open_for(office: Office, person: str, intent: Intent) -> Opened:
    """Ask for the passkey's answer."""
    return control.begin(office, person, intent)


def require_agreed(
    office: Office, work: SqlUnitOfWork, person: str, response: Mapping[str, Any], expected: Intent
) -> Assertion:
    """Check the answer in the caller's transaction, and that it is to exactly this but for the nonce.

    Raises:
        AssertionRefusedError: the answer does not hold.
        RightError: it holds, for something else.
    """
    given = control.confirm(office, person, response, work=work)
    if given.intent != replace(expected, nonce=given.intent.nonce):
        raise RightError(RightReason.ASSERTION_MISMATCH, "what was agreed to is not what is to be done")
    return given
