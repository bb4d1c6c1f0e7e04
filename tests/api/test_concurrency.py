"""Eight at a time, on both databases: nothing is issued twice, nothing is lost, losers leave nothing in force."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import select

from api.acts.establish import establish
from api.acts.publishing import publish_crl
from api.acts.registry import register
from api.acts.sealing import SealOrder, seal_document
from api.db.tables import certificates
from api.errors import EnterpriseExistsError, LicenceInForceError
from ca.errors import StateError
from seals.placement import Invisible
from seals.register import Grounds
from seals.signing import Level
from tests.support.office import Clock, Hall, code_of, open_hall, random_key
from tests.support.postgres import Server, server
from tests.support.sealing import make_pdf

THREADS = 8
T = TypeVar("T")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_hall(tmp_path, database=database, clock=Clock()) as opened:
        yield opened


def together(act: Callable[[int], T]) -> list[T | Exception]:
    """Run the act in all threads at once."""
    start = Barrier(THREADS)

    def one(number: int) -> T | Exception:
        start.wait(30)
        try:
            return act(number)
        except Exception as exc:  # noqa: BLE001 - every outcome counts
            return exc

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def states(hall: Hall) -> Counter[tuple[str, str]]:
    with hall.office.engine.connect() as connection:
        chosen = select(certificates.c.state, certificates.c.status).where(certificates.c.process != "ceremony")
        return Counter((row.state, row.status) for row in connection.execute(chosen))


def test_eight_different_enterprises_are_established_at_once(crowded: Hall) -> None:
    codes = [crowded.register()["uscc"] for _ in range(THREADS)]
    made = together(lambda number: establish(crowded.office, codes[number], actor="t"))
    assert [one for one in made if isinstance(one, Exception)] == []
    licences = crowded.get("/api/v1/licences").json()["items"]
    assert len({one["number"] for one in licences}) == THREADS
    seals = crowded.get("/api/v1/seals", params={"limit": 200}).json()["items"]
    assert len({one["code"] for one in seals}) == 5 * THREADS
    with crowded.office.reading() as work:
        assert work.licences.places() == THREADS
    assert states(crowded) == {("delivered", "good"): 6 * THREADS}


def test_one_enterprise_is_established_once_and_the_losers_leave_nothing_in_force(crowded: Hall) -> None:
    uscc = crowded.register()["uscc"]
    made = together(lambda _: establish(crowded.office, uscc, actor="t"))
    lost = [one for one in made if isinstance(one, Exception)]
    assert len(lost) == THREADS - 1
    assert {type(one) for one in lost} == {LicenceInForceError}
    assert len(crowded.get("/api/v1/licences").json()["items"]) == 1
    assert len(crowded.get("/api/v1/seals").json()["items"]) == 5
    kinds = states(crowded)
    assert kinds["delivered", "good"] == 6
    assert set(kinds) <= {("delivered", "good"), ("void", "revoked")}
    stored = list((crowded.office.settings.data / "objects").rglob("*.pdf"))
    assert len(stored) == 1


def test_one_code_is_registered_once(crowded: Hall) -> None:
    entry = crowded.entry()
    made = together(lambda _: register(crowded.office, entry, actor="t"))
    assert Counter(type(one) for one in made)[EnterpriseExistsError] == THREADS - 1


def test_one_licence_is_decided_on_once(crowded: Hall) -> None:
    number = crowded.establish()["licence"]["number"]
    answers = together(lambda _: crowded.decide("licences", number, "suspend").status_code)
    assert Counter(answers) == {200: 1, 409: THREADS - 1}


def test_eight_documents_are_sealed_with_one_seal_at_once(crowded: Hall) -> None:
    made, document = crowded.establish(), make_pdf()
    code = code_of(made)
    grounds = Grounds(actor="t", machine=crowded.machine, mandate=crowded.lend(made["licence"]["uscc"]))
    order = SealOrder(level=Level.B_LT, placement=Invisible(), reason="")
    path = crowded.office.settings.data / "document.pdf"
    path.write_bytes(document)

    def act(_: int) -> str:
        with path.open("rb") as file:
            return seal_document(crowded.office, code, file, order, grounds=grounds).state.value

    assert together(act) == ["done"] * THREADS
    assert crowded.store.signed[f"seal-{code}"] == THREADS
    uses = crowded.get(f"/api/v1/seals/{code}/uses").json()["items"]
    assert len({one["sha256"] for one in uses}) == THREADS


def test_one_key_at_once_is_answered_once(crowded: Hall) -> None:
    body, key = {"uscc": crowded.register()["uscc"]}, random_key()
    answers = together(lambda _: crowded.post("/api/v1/licences", body, "issue", key=key))
    codes = Counter(one.status_code for one in answers if not isinstance(one, Exception))
    assert set(codes) <= {201, 409}
    assert codes[201] >= 1
    assert len(crowded.get("/api/v1/licences").json()["items"]) == 1
    again = crowded.post("/api/v1/licences", body, "issue", key=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


def test_crls_made_at_once_have_numbers_of_their_own(crowded: Hall) -> None:
    made = together(lambda _: publish_crl(crowded.office, "seal").number)
    numbers = [one for one in made if isinstance(one, int)]
    assert len(set(numbers)) == len(numbers)
    assert {type(one) for one in made if isinstance(one, Exception)} <= {StateError}
    assert numbers
