"""The ledger of certificates in SQL. Every step names the state it starts from, so that no row skips one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from api.db.counters import advance, changes_of
from api.db.tables import certificates
from ca.certificate_states import Life, Reason, Standing, Status
from ca.errors import StateError
from ca.ports import CertificateRecord, Intent, Reservation, RevokedEntry

MAX_ASKED: Final = 500  # serials in one statement; databases bound the number of parameters
UNSIGNED: Final = frozenset({Life.RESERVED.value, Life.INTENT.value})
_OF_SERIAL: Final = certificates.c.serial == bindparam("serial")
_RECORD: Final = select(certificates).where(_OF_SERIAL)  # built once: these two are asked all day
_STANDING: Final = select(
    certificates.c.issuer,
    certificates.c.state,
    certificates.c.status,
    certificates.c.reason,
    certificates.c.status_at,
).where(_OF_SERIAL)


class SqlCertificates:
    """Implements `ca.ports.Certificates`."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def reserve(self, rows: Sequence[Reservation], *, process: str, now: datetime) -> None:
        """Set serials aside; a serial that exists is an IntegrityError of the unique key."""
        self._connection.execute(
            insert(certificates),
            [
                {
                    "serial": _hex(row.serial),
                    "issuer": row.issuer,
                    "profile": row.profile,
                    "state": "reserved",
                    "subject": row.subject,
                    "key_id": row.key_id,
                    "process": process,
                    "reserved_at": now,
                    "status": "good",
                }
                for row in rows
            ],
        )

    def intend(self, rows: Sequence[Intent]) -> None:
        """Record what will be signed."""
        self._step(
            "reserved",
            "intent",
            [
                {
                    "b_serial": _hex(row.serial),
                    "tbs": row.tbs,
                    "tbs_sha256": row.tbs_sha256,
                    "not_before": row.not_before,
                    "not_after": row.not_after,
                }
                for row in rows
            ],
        )

    def signed(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self._step("intent", "signed", [{"b_serial": _hex(serial), "der": der} for serial, der in rows])

    def deliver(self, serials: Sequence[int]) -> None:
        self._step("signed", "delivered", [{"b_serial": _hex(serial)} for serial in serials])

    def void(self, serials: Sequence[int], *, revoked: bool, now: datetime) -> None:
        """Give up on certificates that never reached anybody. `revoked`: the key may have signed, so list them."""
        chosen = certificates.c.serial.in_([_hex(serial) for serial in serials])
        values: dict[str, Any] = {"state": Life.VOID.value}
        if revoked:
            values |= {"status": Status.REVOKED.value, "reason": Reason.CESSATION.value, "status_at": now}
            for issuer in self._connection.execute(select(certificates.c.issuer).where(chosen).distinct()).scalars():
                advance(self._connection, changes_of(issuer))
        self._connection.execute(
            update(certificates).where(chosen, certificates.c.state != Life.DELIVERED.value).values(**values)
        )

    def get(self, serial: int) -> CertificateRecord | None:
        row = self._connection.execute(_RECORD, {"serial": _hex(serial)}).one_or_none()
        return None if row is None else _record(row)

    def standing(self, serial: int, *, issuer: str) -> Standing | None:
        """Return what OCSP says of a certificate; None for a serial that this issuer never signed."""
        row = self._connection.execute(_STANDING, {"serial": _hex(serial)}).one_or_none()
        if row is None or row.issuer != issuer or row.state in UNSIGNED:
            return None
        standing = _standing(row)
        given_up = row.state == Life.VOID.value and standing.status is Status.GOOD  # before there was anything to sign
        return None if given_up else standing

    def find(self, serials: Sequence[int]) -> dict[int, CertificateRecord]:
        """Return those that exist, by serial."""
        found: dict[int, CertificateRecord] = {}
        for start in range(0, len(serials), MAX_ASKED):
            asked = [_hex(serial) for serial in serials[start : start + MAX_ASKED]]
            rows = self._connection.execute(select(certificates).where(certificates.c.serial.in_(asked)))
            found.update((record.serial, record) for record in map(_record, rows))
        return found

    def unfinished(self) -> list[CertificateRecord]:
        rows = self._connection.execute(
            select(certificates).where(certificates.c.state.in_(["reserved", "intent", "signed"]))
        )
        return [_record(row) for row in rows]

    def stand(self, serial: int, standing: Standing) -> None:
        """Set what CRL and OCSP say of it from now on."""
        one = certificates.c.serial == _hex(serial)
        issuer = self._connection.execute(select(certificates.c.issuer).where(one)).scalar_one()
        advance(self._connection, changes_of(issuer))
        reason = None if standing.reason is None else standing.reason.value
        self._connection.execute(
            update(certificates)
            .where(one)
            .values(status=standing.status.value, reason=reason, status_at=standing.since)
        )

    def revoked(self, issuer: str) -> list[RevokedEntry]:
        """Every serial of this issuer that a CRL has to name, oldest first."""
        found = self._connection.execute(
            select(certificates.c.serial, certificates.c.status, certificates.c.reason, certificates.c.status_at)
            .where(certificates.c.issuer == issuer, certificates.c.status != "good")
            .order_by(certificates.c.status_at, certificates.c.serial)
        )
        return [RevokedEntry(serial=int(row.serial, 16), standing=_standing(row)) for row in found]

    def add_delivered(self, certificate: x509.Certificate, *, issuer: str, profile: str, subject: str) -> None:
        """Enter a certificate that the ceremony made; one that is there already stays as it is."""
        serial = _hex(certificate.serial_number)
        if self._connection.execute(select(certificates.c.serial).where(certificates.c.serial == serial)).first():
            return
        tbs = certificate.tbs_certificate_bytes
        self._connection.execute(
            insert(certificates).values(
                serial=serial,
                issuer=issuer,
                profile=profile,
                state=Life.DELIVERED.value,
                subject=subject,
                process="ceremony",
                reserved_at=certificate.not_valid_before_utc,
                not_before=certificate.not_valid_before_utc,
                not_after=certificate.not_valid_after_utc,
                tbs=tbs,
                tbs_sha256=sha256(tbs).digest(),
                der=certificate.public_bytes(Encoding.DER),
                status=Status.GOOD.value,
            )
        )

    def _step(self, before: str, after: str, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        columns = [name for name in rows[0] if name != "b_serial"]
        done = self._connection.execute(
            update(certificates)
            .where(certificates.c.serial == bindparam("b_serial"), certificates.c.state == before)
            .values(state=after, **{name: bindparam(name) for name in columns}),
            list(rows),
        )
        if done.rowcount not in {len(rows), -1}:
            raise StateError(f"a certificate was not {before}, so it cannot become {after}")


def _hex(serial: int) -> str:
    return f"{serial:x}"


def _record(row: Row[Any]) -> CertificateRecord:
    return CertificateRecord(
        serial=int(row.serial, 16),
        issuer=row.issuer,
        profile=row.profile,
        state=row.state,
        subject=row.subject,
        key_id=row.key_id,
        process=row.process,
        not_before=row.not_before,
        not_after=row.not_after,
        tbs=row.tbs,
        der=row.der,
        standing=_standing(row),
    )


def _standing(row: Row[*tuple[Any, ...]]) -> Standing:
    reason = None if row.reason is None else Reason(row.reason)
    return Standing(status=Status(row.status), since=row.status_at, reason=reason)
