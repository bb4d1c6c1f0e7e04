"""The history of an envelope: every step hashed over the one before it, so that none can be changed or left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from seals.errors import EnvelopeError
from seals.intent import canonical_json

NOTHING: Final = bytes(32)  # what the first step is hashed over


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to an envelope."""

    number: int  # from 1
    at: datetime
    actor: str
    act: str
    detail: Mapping[str, Any]  # texts, whole numbers, lists and objects
    sha256: bytes = b""

    def digest(self, before: bytes) -> bytes:
        """SHA-256 over the digest of the step before and the canonical JSON of this one."""
        told = {
            "number": self.number,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "act": self.act,
            "detail": dict(self.detail),
        }
        return sha256(before + canonical_json(told)).digest()


def check_history(steps: Iterable[Step]) -> bytes:
    """Return the digest of the last step of an unbroken history.

    Raises:
        EnvelopeError: a step was changed, left out or put in; names the first one that does not fit.
    """
    before = NOTHING
    for place, step in enumerate(steps, start=1):
        if step.number != place or step.sha256 != step.digest(before):
            raise EnvelopeError(f"the history of the envelope is broken at step {place}")
        before = step.sha256
    return before
