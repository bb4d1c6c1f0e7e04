"""The schema on both databases, and what the unit of work promises."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from api.db.engine import migrate, open_engine
from api.db.tables import metadata
from api.db.work import SqlUnitOfWork
from api.errors import DatabaseBusyError, DatabaseGoneError, EnterpriseExistsError, SettingsError
from ca.errors import StateError
from ca.ports import Intent, Reservation
from ca.register import Enterprise
from tests.support.postgres import cluster

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ENTERPRISE = Enterprise(
    uscc="91110000600037341L",
    name="北京朱砂科技有限公司",
    name_latin="Beijing Zhusha Technology Co., Ltd.",
    kind="有限责任公司",
    address="北京市东城区示范路1号",
    legal_representative="王小明",
    capital=Decimal("1000000.00"),
    currency="CNY",
    founded_on=date(2020, 1, 31),
    term_until=None,
    scope="技术开发、技术服务。",
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with cluster() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path / 'register.db'}")
    else:
        opened = open_engine(request.getfixturevalue("postgres"))
    migrate(opened)
    yield opened
    if request.param == "postgresql":
        with opened.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
    opened.dispose()


def test_migrations_lead_from_nothing_to_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)


def test_an_enterprise_comes_back_as_it_was_entered(engine: Engine) -> None:
    with SqlUnitOfWork(engine) as work:
        work.enterprises.add(ENTERPRISE, now=NOW)
        work.commit()
    with SqlUnitOfWork(engine, read_only=True) as work:
        assert work.enterprises.get(ENTERPRISE.uscc) == ENTERPRISE
        assert work.enterprises.page(after="", limit=10, query="朱砂") == [ENTERPRISE]
        assert work.enterprises.page(after="", limit=10, query="zhusha") == [ENTERPRISE]
        assert work.enterprises.page(after=ENTERPRISE.uscc, limit=10, query="") == []
        assert work.enterprises.page(after="", limit=10, query="%") == []


def test_leaving_without_commit_undoes_everything(engine: Engine) -> None:
    with SqlUnitOfWork(engine) as work:
        work.enterprises.add(ENTERPRISE, now=NOW)
    with SqlUnitOfWork(engine) as work:
        assert work.enterprises.get(ENTERPRISE.uscc) is None


def test_the_same_enterprise_twice_is_refused(engine: Engine) -> None:
    with SqlUnitOfWork(engine) as work:
        work.enterprises.add(ENTERPRISE, now=NOW)
        work.commit()
    with pytest.raises(EnterpriseExistsError, match=ENTERPRISE.uscc), SqlUnitOfWork(engine) as work:
        work.enterprises.add(ENTERPRISE, now=NOW)


def reservation(serial: int) -> Reservation:
    return Reservation(serial=serial, issuer="seal", profile="seal", subject="somebody", key_id=None)


def test_a_certificate_cannot_skip_a_state(engine: Engine) -> None:
    with SqlUnitOfWork(engine) as work:
        work.certificates.reserve([reservation(2**130)], process="p", now=NOW)
        with pytest.raises(StateError):
            work.certificates.signed([(2**130, b"der")])
        work.certificates.intend([Intent(serial=2**130, tbs=b"tbs", tbs_sha256=b"hash", not_before=NOW, not_after=NOW)])
        with pytest.raises(StateError):
            work.certificates.deliver([2**130])
        work.certificates.signed([(2**130, b"der")])
        work.certificates.deliver([2**130])
        record = work.certificates.get(2**130)
    assert record is not None
    assert (record.state, record.der, record.not_after) == ("delivered", b"der", NOW)


def test_a_counter_hands_out_each_number_once(engine: Engine) -> None:
    with SqlUnitOfWork(engine) as work:
        assert work.ledger.count("seal-330106", by=5) == 1
        assert work.ledger.count("seal-330106", by=1) == 6
        assert work.ledger.count("seal-330106") == 7
        assert work.ledger.count("seal-330105") == 1


def test_a_locked_database_is_a_busy_one_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.db.engine.BUSY_TIMEOUT_S", 0.05)
    engine = open_engine(f"sqlite:///{tmp_path / 'register.db'}")
    migrate(engine)
    with SqlUnitOfWork(engine) as first:
        first.enterprises.add(ENTERPRISE, now=NOW)
        with pytest.raises(DatabaseBusyError), SqlUnitOfWork(engine):
            pass
        first.commit()
    with SqlUnitOfWork(engine, read_only=True) as work:
        assert work.enterprises.get(ENTERPRISE.uscc) == ENTERPRISE
    engine.dispose()


def test_a_database_that_does_not_answer_is_named_so() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseGoneError), SqlUnitOfWork(engine):
        pass


@pytest.mark.parametrize("address", ["not a url", "mysql://localhost/db"])
def test_an_address_of_another_kind_stops_the_start(address: str) -> None:
    with pytest.raises(SettingsError):
        open_engine(address)
