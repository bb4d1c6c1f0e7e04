"""Ten parties seal one contract at once, on both databases: all end sealed, none is lost, each seal signs once."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.acts.checking import check_file
from api.acts.envelope_run import pursue
from api.tasks import pursue_envelopes
from tests.support.envelopes import Company, Draft, companies, sent
from tests.support.office import Hall, open_hall, random_key
from tests.support.postgres import Server, server
from verify.report import Verdict

PARTIES = 10


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def hall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_hall(tmp_path, database=database) as opened:
        yield opened


def test_ten_parties_seal_at_once(hall: Hall) -> None:
    parties = {f"p{number}": of for number, of in enumerate(companies(hall, PARTIES))}
    contract = sent(hall, parties, pages=2, seam=False, level="B-B")
    responses = {name: begun(contract, name, of) for name, of in parties.items()}
    start = threading.Barrier(PARTIES)

    def confirm(name: str) -> int:
        start.wait(60)
        body = {"response": responses[name]}
        return contract.post(f"/parties/{name}/confirm", body, parties[name].chief, key=random_key()).status_code

    with ThreadPoolExecutor(PARTIES) as pool:
        codes = list(pool.map(confirm, parties))
    assert set(codes) <= {200, 503}, codes  # SQLite may be busy for longer than one waits: nothing was done then
    for _ in range(3):
        pursue_envelopes.run(hall.office)  # what a busy database kept from being done at once
    for name in (name for name, code in zip(parties, codes, strict=True) if code != 200):
        body = {"response": begun(contract, name, parties[name])}
        if contract.party(name)["state"] == "invited":
            assert contract.post(f"/parties/{name}/confirm", body, parties[name].chief).status_code == 200
    whole = contract.get().json()
    assert {one["state"] for one in whole["parties"]} == {"sealed"}
    assert whole["state"] == "completed"
    assert sorted(slot["revision"] for one in whole["parties"] for slot in one["slots"]) == list(range(1, PARTIES + 1))
    for of in parties.values():
        assert hall.store.signed[f"seal-{of.seals['contract']}"] == 1
    file = contract.get(what=f"/documents/{contract.documents[0]}/file").content
    report = check_file(hall.office, io.BytesIO(file))
    assert len(report.signatures) == PARTIES + 1
    assert {one.verdict for one in report.signatures} == {Verdict.PASSED}
    pursue(hall.office, contract.id)
    assert contract.get().json()["documents"][0]["revision"] == PARTIES + 1


def begun(contract: Draft, name: str, of: Company) -> dict[str, object]:
    answer = contract.post(f"/parties/{name}/begin", {"choices": []}, of.chief)
    assert answer.status_code == 200, answer.text
    return of.chief.agree(answer.json()["options"])
