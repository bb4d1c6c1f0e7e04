"""Seals and their uses as the register keeps them, and what must be stored of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from hsm.signer import KeyRef
from seals.model import SealKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """An electronic seal: kind, code, picture, key and certificate, bound to one enterprise and one licence."""

    code: str  # 14 digits
    uscc: str
    licence: str  # number of the licence it was made under
    kind: SealKind
    name: str  # the registered name on it
    state: str  # seals/states.py
    with_licence: bool = False  # suspended by its licence, and to be resumed with it
    serial: int  # of its certificate
    key_id: str
    face: str  # JSON: what the picture is drawn from
    made_at: datetime
    state_at: datetime


class UseState(StrEnum):
    """用印: recorded before the key is used, and its outcome after."""

    ASKED = "asked"
    AUTHORISED = "authorised"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """By which right a seal is used and what proves it: kept with the use for ever.

    A person acts as legal representative, under a mandate or by an approved request, and has given an assertion of a
    passkey over this very use. A machine acts under a mandate that allows automatic use.
    """

    actor: str  # the name in the log
    person: str | None = None
    machine: str | None = None  # identity of the token or client
    assertion: str | None = None  # identity of the kept WebAuthn assertion
    mandate: str | None = None
    request: str | None = None
    envelope: str | None = None
    matter: str = ""
    amount: Decimal | None = None
    currency: str = ""
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealUse:
    """One act of sealing, always logged."""

    id: str
    seal: str
    state: UseState
    grounds: Grounds
    purpose: str
    level: str
    asked_at: datetime
    process: str
    document_sha256: bytes | None = None
    intent_sha256: bytes | None = None
    sealed_sha256: bytes | None = None
    object: str | None = None
    decided_at: datetime | None = None
    detail: str | None = None

    @property
    def actor(self) -> str:
        return self.grounds.actor


class Seals(Protocol):
    """Storage of seals; part of the caller's transaction."""

    def add(self, rows: Sequence[Seal]) -> None: ...
    def get(self, code: str) -> Seal | None: ...
    def of_licence(self, number: str) -> list[Seal]: ...
    def set_state(self, code: str, state: str, *, before: str, with_licence: bool, at: datetime) -> None: ...


class SealUses(Protocol):
    """Storage of the log of uses."""

    def ask(self, use: SealUse) -> None: ...
    def authorise(self, use_id: str, *, intent_sha256: bytes, again: bool = False) -> None: ...
    def done(self, use_id: str, *, sealed_sha256: bytes, name: str | None, at: datetime) -> None: ...
    def refuse(self, use_id: str, *, detail: str, at: datetime) -> None: ...
    def get(self, use_id: str) -> SealUse | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key's reference under the identity that other records use."""

    id: str
    ref: KeyRef
    made_at: datetime
