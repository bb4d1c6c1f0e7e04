"""The unit of work: one transaction over all repositories."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.db.access import SqlReplies, SqlTokens
from api.db.batches import SqlBatches
from api.db.certificates import SqlCertificates
from api.db.envelopes import SqlEnvelopes
from api.db.groups import SqlGroups
from api.db.ledger import SqlLedger
from api.db.licences import SqlLicences
from api.db.mandates import SqlMandates
from api.db.notices import SqlNotices
from api.db.people import SqlPeople
from api.db.register import SqlEnterprises
from api.db.remote import SqlRemote
from api.db.requests import SqlRequests
from api.db.seals import SqlKeys, SqlSeals, SqlSealUses
from api.db.stored_files import named_files
from api.db.webhooks import SqlWebhooks
from api.errors import BadInputError, DatabaseBusyError, DatabaseGoneError


class SqlUnitOfWork:
    """One transaction. Leaving the block without `commit` undoes it.

    Raises:
        DatabaseBusyError: somebody else holds the database for too long.
        DatabaseGoneError: the database does not answer.
        BadInputError: it cannot keep a value that it was given.
    """

    def __init__(self, engine: Engine, *, read_only: bool = False) -> None:
        """Nothing is opened before the block is entered."""
        self._engine = engine
        self._read_only = read_only
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        """Open a connection and begin."""
        try:
            connection = self._engine.connect()
            if self._read_only:
                connection = connection.execution_options(vermilion_read_only=True)
            connection.begin()
        except (OperationalError, InterfaceError, PoolTimeoutError) as exc:
            raise problem_of(exc) from exc
        self._connection = connection
        self.batches = SqlBatches(connection)
        self.certificates = SqlCertificates(connection)
        self.enterprises = SqlEnterprises(connection)
        self.envelopes = SqlEnvelopes(connection)
        self.groups = SqlGroups(connection)
        self.keys = SqlKeys(connection)
        self.ledger = SqlLedger(connection)
        self.licences = SqlLicences(connection)
        self.mandates = SqlMandates(connection)
        self.notices = SqlNotices(connection)
        self.people = SqlPeople(connection)
        self.remote = SqlRemote(connection)
        self.replies = SqlReplies(connection)
        self.requests = SqlRequests(connection)
        self.seals = SqlSeals(connection)
        self.tokens = SqlTokens(connection)
        self.uses = SqlSealUses(connection)
        self.webhooks = SqlWebhooks(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Undo what was not committed; a broken connection cannot hide the first error."""
        if self._connection is not None:
            try:
                self._connection.close()
            except DBAPIError:
                self._connection.invalidate()
            self._connection = None
        if isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError)):
            raise problem_of(error) from error
        if isinstance(error, DataError):  # PostgreSQL cannot keep U+0000 in a text; SQLite can
            raise BadInputError("a text has a character that cannot be stored") from error

    def commit(self) -> None:
        """Make it last."""
        if self._connection is not None:
            try:
                self._connection.commit()
            except (OperationalError, InterfaceError) as exc:
                raise problem_of(exc) from exc

    def named_files(self, kind: str) -> Iterator[str]:
        """Every file of the object store of this kind that a row names."""
        if self._connection is not None:
            yield from named_files(self._connection, kind)

    def probe(self) -> None:
        """Ask the database for one row."""
        if self._connection is not None:
            self._connection.execute(text("SELECT 1"))


def problem_of(error: Exception) -> DatabaseBusyError | DatabaseGoneError:
    """Tell a locked database from one that is gone."""
    said = str(getattr(error, "orig", error)).lower()
    if "locked" in said or "busy" in said or isinstance(error, PoolTimeoutError):
        return DatabaseBusyError("the database is in use by somebody else; try again in a moment")
    return DatabaseGoneError("the database does not answer; nothing was changed")
