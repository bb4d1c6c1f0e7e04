"""Many requests with one SAD at the same time, on both databases."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.office import Hall, open_hall
from tests.support.postgres import Server, server
from tests.support.remote import Desk, Pkce, desk_of, sign

THREADS = 4


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_hall(tmp_path, database=database, verify_per_minute=100_000) as hall:
        yield desk_of(hall)


def hashes_of(*numbers: int) -> list[str]:
    return [b64encode(bytes([number]) * 32).decode() for number in numbers]


def test_each_occurrence_of_a_hash_is_signed_exactly_once(desk: Desk) -> None:
    asked = hashes_of(1, 2, 2)  # the second hash was authorised twice
    given = desk.machine("credentials/authorize", credentialID=desk.code, hash=asked).json()
    tries = [one for one in hashes_of(1, 2) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda one: sign(desk, given["SAD"], [one], csc=desk.machine), tries))
    assert {answer.status_code for answer in answers} == {200, 400}
    good = Counter(one for one, answer in zip(tries, answers, strict=True) if answer.status_code == 200)
    assert good == Counter(asked)


def test_of_many_requests_to_extend_one_gets_the_new_sad(desk: Desk) -> None:
    given = desk.machine("credentials/authorize", credentialID=desk.code, hash=hashes_of(1)).json()

    def extend(_: int) -> int:
        return desk.machine("credentials/extendTransaction", credentialID=desk.code, SAD=given["SAD"]).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        assert Counter(threads.map(extend, range(THREADS))) == {200: 1, 400: THREADS - 1}


def test_a_code_is_exchanged_once_and_its_token_ends_with_the_second_try(desk: Desk) -> None:
    pkce = Pkce()
    code = desk.platform.code(desk.boss, pkce)
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda _: desk.platform.redeem(code, pkce), range(THREADS)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: THREADS - 1}
    token = next(answer.json()["access_token"] for answer in answers if answer.status_code == 200)
    hall: Hall = desk.hall
    headers = {"Authorization": f"Bearer {token}"}
    assert hall.client.post("/csc/v1/credentials/list", json={}, headers=headers).status_code == 401
