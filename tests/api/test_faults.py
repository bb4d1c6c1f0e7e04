"""A part of the service fails: the answer says so, nothing half-made stays, and the service recovers without a restart."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.acts.ceremony import hold
from api.acts.licence_face import qr_face
from hsm.errors import DeviceError, DeviceGoneError, HsmError, KeyBusyError, PinError, TokenFullError
from hsm.signer import KeyRef, KeySpec, Signer
from tests.support.keys import MemoryStore
from tests.support.office import HELD_AT, Hall, code_of, fresh_store, open_hall, plan, random_key
from tests.support.postgres import Server, server
from tests.support.sealing import make_pdf
from tests.support.softhsm import SoftHsm, softhsm

__all__ = ["softhsm"]  # a fixture, found by its name


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@dataclass(slots=True)
class FailingStore(MemoryStore):
    """Fails where it is told to, for as long as it is told to."""

    on_lease: HsmError | None = None
    on_generate: HsmError | None = None
    labels: str = ""
    failed: list[str] = field(default_factory=list)

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        if self.on_generate is not None:
            raise self.on_generate
        return MemoryStore.generate(self, spec, label=label, resident=resident)

    @contextmanager
    def lease(self, ref: KeyRef) -> Iterator[Signer]:  # type: ignore[override]  # any signer will do
        if self.on_lease is not None and ref.label.startswith(self.labels):
            self.failed.append(ref.label)
            raise self.on_lease
        with MemoryStore.lease(self, ref) as signer:
            yield signer


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path, store=FailingStore(resident=fresh_store().resident)) as opened:
        yield opened


def nothing_half_made(hall: Hall) -> None:
    with hall.office.reading() as work:
        assert work.certificates.unfinished() == []
        assert work.uses.unfinished() == []
    assert hall.get("/api/v1/licences").json()["items"] == []
    assert hall.get("/api/v1/seals").json()["items"] == []


FAULTS = {
    "gone": (DeviceGoneError("the token is gone"), "key-store-gone", "10"),
    "full": (TokenFullError("the token is full"), "key-store-full", "60"),
    "busy": (KeyBusyError("no session free"), "key-busy", "2"),
    "faulty": (DeviceError("CKR_DEVICE_ERROR"), "key-store-fault", "5"),
    "locked": (PinError("CKR_PIN_LOCKED"), "key-store-locked", "60"),
}


@pytest.mark.parametrize(("error", "problem", "retry"), FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize(
    "at", ["vermilion-licence", "vermilion-seal", "vermilion-credential", "vermilion-tsa", "generate"]
)
def test_a_key_store_that_fails_leaves_nothing_and_the_same_request_works_afterwards(
    failing: Hall, error: HsmError, problem: str, retry: str, at: str
) -> None:
    uscc, key = failing.register()["uscc"], random_key()
    failing.store.labels = at
    failing.store.on_generate = error if at == "generate" else None
    failing.store.on_lease = None if at == "generate" else error
    answer = failing.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key)
    expected = ("timestamp", "10") if at == "vermilion-tsa" else (problem, retry)
    assert answer.status_code == 503
    assert (answer.json()["type"], answer.headers["retry-after"]) == (f"/problems/{expected[0]}", expected[1])
    if problem == "key-store-locked" and at != "vermilion-tsa":
        assert "detail" not in answer.json()
    nothing_half_made(failing)
    failing.store.on_generate = failing.store.on_lease = None
    assert failing.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key).status_code == 201


@pytest.mark.parametrize("at", ["seal-", "vermilion-tsa", "vermilion-ocsp-seal"])
def test_a_key_store_that_is_gone_refuses_a_use_and_seals_again_when_it_is_back(failing: Hall, at: str) -> None:
    code, document, key = code_of(failing.establish()), make_pdf(), random_key()
    failing.store.labels, failing.store.on_lease = at, DeviceGoneError("the token is gone")
    answer = failing.seal(code, document, key=key)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    (use,) = failing.get(f"/api/v1/seals/{code}/uses").json()["items"]
    assert use["state"] == "refused"
    failing.store.on_lease = None
    assert failing.seal(code, document, key=key).status_code == 201


def test_pki_endpoints_say_503_while_the_key_store_is_gone(failing: Hall) -> None:
    failing.store.on_lease = DeviceGoneError("the token is gone")
    for path in ("/pki/crl/seal.crl", "/pki/status/0"):
        answer = failing.client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/key-store-gone")
    assert failing.client.get("/pki/ca/root.cer").status_code == 200
    failing.store.on_lease = None
    assert failing.client.get("/pki/crl/seal.crl").status_code == 200


@contextmanager
def locked(hall: Hall) -> Iterator[None]:
    """Somebody else writes to the SQLite file and does not stop."""
    other = sqlite3.connect(hall.office.settings.data / "vermilion.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_database_is_503_for_writers_and_readers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.db.engine.BUSY_TIMEOUT_S", 0.05)
    with open_hall(tmp_path) as hall:
        made, key, entry = hall.establish(), random_key(), hall.entry()
        with locked(hall):
            for answer in (
                hall.post("/api/v1/enterprises", entry, "register", key=key),
                hall.seal(code_of(made), make_pdf()),
                hall.decide("licences", made["licence"]["number"], "suspend"),
            ):
                assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-busy")
                assert answer.headers["retry-after"] == "2"
            assert hall.get("/api/v1/licences").status_code == 200
        assert hall.get(f"/api/v1/licences/{made['licence']['number']}").json()["state"] == "active"
        assert hall.get(f"/api/v1/seals/{code_of(made)}/uses").json()["items"] == []
        assert hall.post("/api/v1/enterprises", entry, "register", key=key).status_code == 201


def test_a_key_that_could_not_be_released_can_still_be_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is gone in the middle of the act and still gone when the key should be released."""
    monkeypatch.setattr("api.db.engine.BUSY_TIMEOUT_S", 0.05)
    with open_hall(tmp_path) as hall:
        key, uscc, other = random_key(), hall.register()["uscc"], []

        def lock_now(*_: Any) -> None:
            other.append(locked(hall))
            other[0].__enter__()

        with monkeypatch.context() as patched:
            patched.setattr("api.acts.establish._preflight", lock_now)
            answer = hall.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key)
        assert answer.json()["type"] == "/problems/database-busy"
        other[0].__exit__(None, None, None)
        wrong = hall.post("/api/v1/licences", {"uscc": hall.register()["uscc"]}, "issue", key=key)
        assert wrong.json()["type"] == "/problems/idempotency-key-reused"
        assert hall.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key).status_code == 201


@pytest.mark.softhsm
def test_a_token_that_is_removed_is_503_and_works_again_when_it_is_back(softhsm: SoftHsm, tmp_path: Path) -> None:
    token = softhsm.token()
    store = token.store(pause_s=0.0)  # it is tried again at once
    try:
        hold(plan(store=store.name), tmp_path / "authority", stores={store.name: store}, now=HELD_AT)
        with open_hall(tmp_path, store=store) as hall:
            code = code_of(hall.establish())
            assert hall.seal(code, make_pdf()).status_code == 201
            hidden = softhsm.folder / "away"
            token.folder.rename(hidden)
            try:
                answer = hall.seal(code, make_pdf())
                assert answer.status_code == 503
                assert hall.client.get("/healthz").status_code == 200
                assert hall.client.get("/readyz").status_code == 503
            finally:
                hidden.rename(token.folder)
            assert hall.client.get("/readyz").status_code == 200
            assert hall.seal(code, make_pdf()).status_code == 201
    finally:
        store.close()


@pytest.mark.postgres
def test_a_postgresql_that_is_killed_is_503_and_works_again_when_it_is_back(postgres: Server, tmp_path: Path) -> None:
    with open_hall(tmp_path, database=postgres.new_database()) as hall:
        made, key, entry = hall.establish(), random_key(), hall.entry()
        postgres.kill()
        for answer in (
            hall.get("/api/v1/licences"),
            hall.post("/api/v1/enterprises", entry, "register", key=key),
            hall.client.get("/pki/crl/seal.crl"),
        ):
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-gone")
        assert hall.client.get("/readyz").json()["parts"]["database"] == "DatabaseGoneError"
        assert hall.client.get("/healthz").status_code == 200
        postgres.start()
        assert hall.get(f"/api/v1/licences/{made['licence']['number']}").status_code == 200
        assert hall.post("/api/v1/enterprises", entry, "register", key=key).status_code == 201
        assert hall.seal(code_of(made), make_pdf()).status_code == 201


@pytest.mark.postgres
def test_a_postgresql_that_is_killed_in_the_middle_of_an_act_leaves_nothing_in_force(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_hall(tmp_path, database=postgres.new_database()) as hall:
        uscc, key = hall.register()["uscc"], random_key()

        def killing(*given: Any) -> str:
            postgres.kill()
            return qr_face(*given)

        with monkeypatch.context() as patched:
            patched.setattr("api.acts.establish.qr_face", killing)
            answer = hall.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key)
        assert answer.status_code == 503
        postgres.start()
        assert hall.get("/api/v1/licences").json()["items"] == []
        again = hall.post("/api/v1/licences", {"uscc": uscc}, "issue", key=key)
        assert again.status_code == 201


@pytest.mark.postgres
def test_characters_that_postgresql_cannot_keep_are_refused(postgres: Server, tmp_path: Path) -> None:
    with open_hall(tmp_path, database=postgres.new_database()) as hall:
        code = code_of(hall.establish())
        for answer in (
            hall.get("/api/v1/enterprises/%00"),
            hall.get("/api/v1/enterprises", params={"query": "\0"}),
            hall.seal(code, make_pdf(), reason="a\0b"),
        ):
            assert answer.status_code == 422, answer.text
