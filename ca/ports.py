"""What must be stored of the authority's work. `api/db` implements these; nothing here knows SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca.certificate_states import Standing
from ca.register import Enterprise


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A serial number set aside before anything about the certificate is fixed."""

    serial: int
    issuer: str
    profile: str
    subject: str
    key_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What will be signed, byte for byte."""

    serial: int
    tbs: bytes
    tbs_sha256: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecord:
    """One certificate as recorded; `standing` is what CRL and OCSP say of it."""

    serial: int
    issuer: str
    profile: str
    state: str
    subject: str
    key_id: str | None
    process: str
    not_before: datetime | None
    not_after: datetime | None
    tbs: bytes | None
    der: bytes | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One line of a CRL."""

    serial: int
    standing: Standing


class Certificates(Protocol):
    """The ledger of certificates. Each method is part of the caller's transaction."""

    def reserve(self, rows: Sequence[Reservation], *, process: str, now: datetime) -> None: ...
    def intend(self, rows: Sequence[Intent]) -> None: ...
    def signed(self, rows: Iterable[tuple[int, bytes]]) -> None: ...
    def deliver(self, serials: Sequence[int]) -> None: ...
    def void(self, serials: Sequence[int], *, revoked: bool, now: datetime) -> None: ...
    def get(self, serial: int) -> CertificateRecord | None: ...
    def find(self, serials: Sequence[int]) -> dict[int, CertificateRecord]: ...
    def unfinished(self) -> list[CertificateRecord]: ...
    def stand(self, serial: int, standing: Standing) -> None: ...
    def revoked(self, issuer: str) -> list[RevokedEntry]: ...


class Enterprises(Protocol):
    """The register."""

    def add(self, enterprise: Enterprise, *, now: datetime) -> None: ...
    def change(self, enterprise: Enterprise, *, now: datetime) -> None: ...
    def get(self, uscc: str) -> Enterprise | None: ...
