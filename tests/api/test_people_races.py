"""Several at once, on both databases: a code is redeemed once, a seat is taken once, a passkey is revoked or used."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from api.acts import accounts
from api.demo.authenticator import SoftwareAuthenticator
from api.errors import AssertionRefusedError, InvitationError, MemberExistsError
from tests.support.office import BASE_URL, Hall, open_hall
from tests.support.people import enrol, invite
from tests.support.postgres import Server, server

THREADS = 4


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_hall(tmp_path, database=database) as opened:
        yield opened


def together(act: Callable[[int], object]) -> list[str]:
    """Run the act in all threads at once; say what became of each."""
    start = Barrier(THREADS)

    def one(number: int) -> str:
        start.wait(30)
        try:
            act(number)
        except (AssertionRefusedError, InvitationError, MemberExistsError) as exc:
            return type(exc).__name__
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(one, range(THREADS)))


def test_one_code_makes_one_person_and_one_seat_has_one_holder(crowded: Hall) -> None:
    office = crowded.office
    uscc = crowded.register()["uscc"]
    code = invite(crowded, uscc, "representative")
    answers = [answer_to(crowded, code) for _ in range(THREADS)]
    outcome = together(lambda number: accounts.finish_redeem(office, code, answers[number], label=""))
    assert outcome.count("done") == 1
    assert set(outcome) == {"done", "InvitationError"}
    with office.reading() as work:
        assert len(work.people.members_of(uscc)) == 1

    other = crowded.register()["uscc"]
    codes = [invite(crowded, other, "representative") for _ in range(THREADS)]
    answers = [answer_to(crowded, one) for one in codes]
    outcome = together(lambda number: accounts.finish_redeem(office, codes[number], answers[number], label=""))
    assert outcome == ["MemberExistsError"] * (THREADS - 1) + ["done"]


def test_one_log_in_opens_one_session(crowded: Hall) -> None:
    person = enrol(crowded, crowded.register()["uscc"])
    response = person.agree(accounts.begin_login(crowded.office))
    outcome = together(lambda _: accounts.finish_login(crowded.office, response))
    assert outcome == ["AssertionRefusedError"] * (THREADS - 1) + ["done"]


def answer_to(hall: Hall, code: str) -> dict[str, object]:
    return SoftwareAuthenticator(origin=BASE_URL).register(accounts.begin_redeem(hall.office, code))
