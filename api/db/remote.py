"""Remote signing: clients, authorisations and one row for each authorised hash in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, or_, select, update

from api.db.clients import SqlClients
from api.db.remote_tables import authorised_hashes, signing_authorisations
from api.db.tables import seal_uses, tokens


class HashState(StrEnum):
    """One authorised hash. `released` may be reserved again: its key was provably not used; `consumed` never."""

    AUTHORISED = "authorised"
    RESERVED = "reserved"
    CONSUMED = "consumed"
    RELEASED = "released"


OPEN = (HashState.AUTHORISED.value, HashState.RELEASED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """What stands behind signature activation data (SAD): who may have which hashes signed by which seal."""

    id: str
    sha256: bytes
    credential: str
    person: str | None
    machine: str | None
    client: str | None
    token: str | None
    assertion: str | None
    mandate: str | None
    hash_algorithm: str
    num_signatures: int
    description: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisedHash:
    """One occurrence of an authorised hash."""

    authorisation: str
    number: int
    hash: bytes
    hash_algorithm: str
    state: HashState
    use: str | None = None


class SqlRemote:
    """Remote signing: clients, authorisations and one row for each authorised hash."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection
        self.clients = SqlClients(connection)

    def authorise(self, given: Authorisation, hashes: Sequence[bytes]) -> None:
        """Record the authorisation and a row for each occurrence of a hash."""
        columns = {name: getattr(given, name) for name in Authorisation.__dataclass_fields__}
        self._connection.execute(insert(signing_authorisations).values(**columns))
        rows = [
            {
                "authorisation": given.id,
                "number": number,
                "hash": one,
                "hash_algorithm": given.hash_algorithm,
                "state": HashState.AUTHORISED.value,
            }
            for number, one in enumerate(hashes, start=1)
        ]
        self._connection.execute(insert(authorised_hashes), rows)

    def by_sad(self, sha256: bytes) -> Authorisation | None:
        """The authorisation, locked until the transaction ends: two requests with one SAD go one after the other."""
        chosen = select(signing_authorisations).where(signing_authorisations.c.sha256 == sha256).with_for_update()
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else Authorisation(**row._asdict())

    def renew(self, authorisation: str, *, sha256: bytes, before: bytes, expires_at: datetime) -> bool:
        """Put new SAD in the place of the old; False when somebody else did so just now."""
        header = signing_authorisations.c
        done = self._connection.execute(
            update(signing_authorisations)
            .where(header.id == authorisation, header.sha256 == before)
            .values(sha256=sha256, expires_at=expires_at)
        )
        return done.rowcount == 1

    def revoke(self, authorisation: str, *, at: datetime) -> bool:
        header = signing_authorisations.c
        done = self._connection.execute(
            update(signing_authorisations)
            .where(header.id == authorisation, header.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount == 1

    def revoke_of_token(self, token: str, *, at: datetime) -> None:
        """What was given to a bearer token ends with it."""
        header = signing_authorisations.c
        self._connection.execute(
            update(signing_authorisations)
            .where(header.token == token, header.revoked_at.is_(None))
            .values(revoked_at=at)
        )

    def revoke_of_client(self, client: str, *, at: datetime) -> None:
        """End all that a client holds: its tokens and its authorisations."""
        for table in (signing_authorisations, tokens):
            self._connection.execute(
                update(table).where(table.c.client == client, table.c.revoked_at.is_(None)).values(revoked_at=at)
            )

    def hashes(self, authorisation: str) -> list[AuthorisedHash]:
        rows = self._connection.execute(
            select(authorised_hashes)
            .where(authorised_hashes.c.authorisation == authorisation)
            .order_by(authorised_hashes.c.number)
        )
        return [
            AuthorisedHash(
                authorisation=row.authorisation,
                number=row.number,
                hash=row.hash,
                hash_algorithm=row.hash_algorithm,
                state=HashState(row.state),
                use=row.use,
            )
            for row in rows
        ]

    def reserve(self, authorisation: str, number: int, *, process: str, at: datetime) -> bool:
        """Take one occurrence; False when somebody has it already."""
        row = authorised_hashes.c
        done = self._connection.execute(
            update(authorised_hashes)
            .where(row.authorisation == authorisation, row.number == number, row.state.in_(OPEN))
            .values(state=HashState.RESERVED.value, process=process, reserved_at=at, use=None)
        )
        return done.rowcount == 1

    def name_use(self, authorisation: str, number: int, use: str) -> None:
        """Say which seal use a reserved hash belongs to, before that use is authorised."""
        self._step(authorisation, number, use=use)

    def consume(self, authorisation: str, number: int) -> None:
        """The hash was signed, or may have been: it never is again."""
        self._step(authorisation, number, state=HashState.CONSUMED.value)

    def release(self, authorisation: str, number: int) -> None:
        """The key was provably not used."""
        self._step(authorisation, number, state=HashState.RELEASED.value)

    def _step(self, authorisation: str, number: int, **values: str) -> None:
        row = authorised_hashes.c
        self._connection.execute(
            update(authorised_hashes)
            .where(row.authorisation == authorisation, row.number == number, row.state == HashState.RESERVED.value)
            .values(**values)
        )

    def resolve_of(self, gone: Sequence[str]) -> int:
        """Close what dead processes left reserved: burnt if the key may have been used, else released."""
        row = authorised_hashes.c
        touched = select(seal_uses.c.id).where(seal_uses.c.intent_sha256.is_not(None))
        left = (row.state == HashState.RESERVED.value, row.process.in_(list(gone)))
        burnt = self._connection.execute(
            update(authorised_hashes).where(*left, row.use.in_(touched)).values(state=HashState.CONSUMED.value)
        )
        released = self._connection.execute(
            update(authorised_hashes)
            .where(*left, or_(row.use.is_(None), row.use.not_in(touched)))
            .values(state=HashState.RELEASED.value)
        )
        return burnt.rowcount + released.rowcount
