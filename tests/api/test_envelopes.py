"""Envelopes over HTTP: from the draft to the last seal, and to the end of the contract."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from api.tasks import pursue_envelopes
from seals.envelope_history import Step, check_history
from tests.support.envelopes import Company, Draft, agree, companies, drafted, party, sent, slot
from tests.support.office import Hall, open_hall
from tests.support.people import enrol
from tests.support.sealing import make_pdf


def acts(draft: Draft) -> list[str]:
    return [one["act"] for one in draft.get(what="/history").json()["items"]]


def findings(hall: Hall, file: bytes) -> dict[str, str]:
    answer = hall.client.post("/api/v1/verify", files={"file": ("a.pdf", file, "application/pdf")})
    return {one["id"]: one["verdict"] for one in answer.json()["findings"]}


def current(draft: Draft, document: int = 0) -> bytes:
    return draft.get(what=f"/documents/{draft.documents[document]}/file").content


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hall, list[Company]]]:
    """A service with three enterprises, for all tests of this module that do not move the clock."""
    with open_hall(tmp_path_factory.mktemp("market")) as opened:
        yield opened, companies(opened, 3)


@pytest.fixture
def hall(market: tuple[Hall, list[Company]]) -> Hall:
    return market[0]


@pytest.fixture
def three(market: tuple[Hall, list[Company]]) -> list[Company]:
    return market[1]


def test_the_archive_has_documents_and_attachments_apart_and_says_which_version_made_it(
    hall: Hall, three: list[Company]
) -> None:
    buyer = three[0]
    contract = drafted(hall, buyer, make_pdf(1))
    given = hall.client.post(
        f"{contract.path}/attachments",
        files={"attachment": ("清单.csv", b"a;b", "text/csv")},
        headers=buyer.chief.headers(),
    )
    assert given.status_code == 201, given.text
    assert contract.plan([party(buyer, "buyer")], [slot("buyer")]).status_code == 200
    assert contract.send().status_code == 200
    assert agree(contract, "buyer", buyer.chief).json()["failure"] is None
    archive = zipfile.ZipFile(io.BytesIO(contract.get(what="/archive").content))
    assert archive.read("attachments/01-清单.csv") == b"a;b"
    assert sum(name.startswith("documents/") for name in archive.namelist()) == 1
    facts = json.loads(archive.read("evidence.json"))["evidence"]
    assert facts["environment"]["service"] == f"Vermilion {version('vermilion')}"


def test_two_parties_conclude_a_contract_and_later_rescind_it(hall: Hall, three: list[Company]) -> None:
    buyer, seller, _ = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    assert agree(contract, "buyer", buyer.chief).json()["state"] == "sent"
    half = current(contract)
    assert findings(hall, half)["contract.open"] == "indeterminate"
    done = agree(contract, "seller", seller.chief)
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["failure"]) == ("completed", None)
    assert done.json()["archived_at"] is not None
    concluded = current(contract)
    assert findings(hall, concluded)["contract.concluded"] == "passed"
    assert findings(hall, half)["contract.earlier"] == "indeterminate"
    report, archive = contract.get(what="/report"), contract.get(what="/archive")
    assert report.content.startswith(b"%PDF-")
    assert archive.content.startswith(b"PK")

    rescission = drafted(hall, buyer, make_pdf())
    link = {"kind": "rescinds", "target": contract.id}
    alone = rescission.plan([party(buyer, "buyer")], [slot("buyer")], links=[link])
    assert (alone.status_code, alone.json()["type"]) == (422, "/problems/envelope")
    both = [party(buyer, "buyer"), party(seller, "seller")]
    planned = rescission.plan(
        both, [slot("buyer"), slot("seller", row=1)], links=[link], rescission_reason="cooperation-ended"
    )
    assert planned.status_code == 200, planned.text
    assert rescission.send().status_code == 200
    agree(rescission, "seller", seller.chief)
    assert contract.state() == "completed"
    agree(rescission, "buyer", buyer.chief)
    assert (rescission.state(), contract.state()) == ("completed", "rescinded")
    assert findings(hall, concluded)["contract.rescinded"] == "indeterminate"
    assert acts(contract)[-1] == "envelope.rescinded"
    linked = contract.get(what="/links").json()["items"]
    assert [(one["kind"], one["envelope"]) for one in linked] == [("rescinds", rescission.id)]
    again = drafted(hall, buyer, make_pdf()).plan(both, [slot("buyer"), slot("seller", row=1)], links=[link])
    assert (again.status_code, again.json()["type"]) == (409, "/problems/envelope-state")


def test_the_history_is_a_chain_that_shows_any_change(hall: Hall, three: list[Company]) -> None:
    buyer, seller, _ = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    agree(contract, "buyer", buyer.chief)
    told = contract.get(what="/history").json()
    assert told["head"] == told["items"][-1]["sha256"]
    with hall.office.reading() as work:
        steps = work.envelopes.steps(contract.id)
    assert check_history(steps).hex() == told["head"]
    assert [one["act"] for one in told["items"]][:4] == [
        "envelope.drafted",
        "document.added",
        "envelope.sent",
        "party.invited",
    ]
    assert "slot.sealed" in acts(contract)
    assert isinstance(steps[0], Step)


def test_later_steps_wait_and_cannot_be_answered_before_their_turn(hall: Hall, three: list[Company]) -> None:
    first, second, _ = three
    contract = sent(hall, {"first": first, "second": second}, steps=True)
    assert contract.party("second")["state"] == "waiting"
    early = contract.post("/parties/second/begin", {"choices": []}, second.chief)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/envelope-state")
    agree(contract, "first", first.chief)
    assert contract.party("second")["state"] == "invited"
    assert agree(contract, "second", second.chief).json()["state"] == "completed"


def test_who_is_no_party_sees_nothing_and_members_without_the_right_are_refused(
    hall: Hall, three: list[Company]
) -> None:
    buyer, seller, stranger = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    for what in ("", "/history", "/links", "/report", f"/documents/{contract.documents[0]}/file"):
        assert contract.get(stranger.chief, what).status_code == 404
    for what, body in (
        ("/send", None),
        ("/withdraw", {"reason": "x"}),
        ("/parties/buyer/begin", {"choices": []}),
        ("/parties/buyer/decline", {"reason": "x"}),
    ):
        assert contract.post(what, body, stranger.chief).status_code == 404
    assert stranger.chief.person not in contract.get().text
    auditor = enrol(hall, buyer.uscc, "auditor", "审计员")
    assert contract.get(auditor).status_code == 200
    assert contract.post("/parties/buyer/begin", {"choices": []}, auditor).status_code == 403
    assert contract.post("/withdraw", {"reason": "x"}, auditor).status_code == 403
    assert contract.post("/withdraw", {"reason": "x"}, seller.chief).status_code == 403
    draft = drafted(hall, buyer)
    assert draft.get(seller.chief).status_code == 404
    listed = hall.client.get("/api/v1/envelopes?limit=200", headers=seller.chief.headers()).json()["items"]
    assert contract.id in [one["id"] for one in listed]
    assert draft.id not in [one["id"] for one in listed]
    assert hall.client.get("/api/v1/envelopes", headers=hall.headers("seal")).status_code == 403


def test_a_party_declines_and_the_envelope_ends(hall: Hall, three: list[Company]) -> None:
    buyer, seller, _ = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    agree(contract, "buyer", buyer.chief)
    half = current(contract)
    answer = contract.post("/parties/seller/decline", {"reason": "the price is wrong"}, seller.chief)
    assert answer.json()["state"] == "declined"
    assert contract.party("seller")["reason"] == "the price is wrong"
    assert findings(hall, half)["contract.ended"] == "indeterminate"
    assert contract.post("/withdraw", {"reason": "x"}).status_code == 409


def test_a_task_is_handed_to_a_colleague_who_then_needs_a_right(hall: Hall, three: list[Company]) -> None:
    buyer, seller, _ = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    colleague = enrol(hall, seller.uscc, "user", "李经办")
    body = {"person": colleague.person, "reason": "on leave"}
    assert contract.post("/parties/seller/transfer", body, seller.chief).status_code == 200
    assert contract.post("/parties/seller/begin", {"choices": []}, seller.chief).status_code == 403
    none = contract.post("/parties/seller/begin", {"choices": []}, colleague)
    assert (none.status_code, none.json()["reason"]) == (403, "no-right")
    stranger = contract.post("/parties/buyer/transfer", {"person": colleague.person}, buyer.chief)
    assert stranger.status_code == 404


def test_a_colleague_who_left_sees_nothing_more_and_the_representative_takes_the_task_back(
    hall: Hall, three: list[Company]
) -> None:
    buyer, seller, _ = three
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    colleague = enrol(hall, seller.uscc, "user", "周经办")
    body = {"person": colleague.person, "reason": "on leave"}
    assert contract.post("/parties/seller/transfer", body, seller.chief).status_code == 200
    assert contract.get(colleague).status_code == 200
    path = f"/api/v1/enterprises/{seller.uscc}/members/{colleague.person}"
    assert hall.client.delete(path, headers=seller.chief.headers()).status_code == 204
    assert contract.get(colleague).status_code == 404
    listed = hall.client.get("/api/v1/envelopes", headers=colleague.headers()).json()["items"]
    assert listed == []
    body["person"] = seller.chief.person
    assert contract.post("/parties/seller/transfer", body, seller.chief).status_code == 200
    assert agree(contract, "seller", seller.chief).status_code == 200


def test_enough_of_them_suffice_where_the_rule_says_so(hall: Hall, three: list[Company]) -> None:
    one, two, last = three
    contract = drafted(hall, one)
    parties = [party(which, name, required=False) for which, name in ((one, "one"), (two, "two"), (last, "three"))]
    slots = [slot(name, row=place) for place, name in enumerate(("one", "two", "three"))]
    assert contract.plan(parties, slots, at_least=2).status_code == 200
    assert contract.send().status_code == 200
    assert contract.post("/parties/three/decline", {"reason": "no"}, last.chief).json()["state"] == "sent"
    agree(contract, "two", two.chief)
    assert agree(contract, "one", one.chief).json()["state"] == "completed"


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"parties": []}, 422, "envelope"),
        ({"slots": {}}, 422, "envelope"),
        ({"at_least": 3}, 422, "envelope"),
    ],
)
def test_what_does_not_hang_together_is_not_sent(hall: Hall, changes: dict[str, Any], status: int, kind: str) -> None:
    buyer, seller = companies(hall, 2)
    contract = drafted(hall, buyer)
    body = {
        "title": "x",
        "parties": [party(buyer, "buyer", required=False), party(seller, "seller", required=False)],
        "slots": {contract.documents[0]: [slot("buyer"), slot("seller", row=1)]},
        "at_least": 1,
        **changes,
    }
    planned = hall.client.put(contract.path, json=body, headers=buyer.chief.headers())
    answer = contract.send() if planned.status_code == 200 else planned
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


def test_a_repeated_request_to_send_or_to_confirm_gets_its_first_answer(hall: Hall, three: list[Company]) -> None:
    buyer, seller, _ = three
    contract = drafted(hall, buyer)
    contract.plan([party(buyer, "buyer"), party(seller, "seller")], [slot("buyer"), slot("seller", row=1)])
    first, second = (contract.post("/send", key="one-and-the-same") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["idempotency-replayed"] == "true"
    begun = contract.post("/parties/buyer/begin", {"choices": []}, buyer.chief).json()
    body = {"response": buyer.chief.agree(begun["options"])}
    label = f"seal-{buyer.seals['contract']}"
    before = hall.store.signed[label]
    answers = [contract.post("/parties/buyer/confirm", body, buyer.chief, key="once") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert hall.store.signed[label] == before + 1


def test_a_deadline_is_put_off_reminded_of_and_kept(tmp_path: Path) -> None:
    with open_hall(tmp_path) as own:
        buyer, seller = companies(own, 2)
        deadline_is_kept(own, buyer, seller)


def deadline_is_kept(hall: Hall, buyer: Company, seller: Company) -> None:
    deadline = hall.clock() + timedelta(days=3)
    contract = sent(hall, {"buyer": buyer, "seller": seller}, deadline=deadline.isoformat())
    later = (deadline + timedelta(days=1)).isoformat()
    assert contract.post("/extend", {"deadline": deadline.isoformat()}).status_code == 422
    assert contract.post("/extend", {"deadline": later}).status_code == 200
    assert [contract.post("/remind").status_code for _ in range(4)] == [200, 200, 200, 409]
    hall.clock.move(timedelta(days=4) - timedelta(seconds=1))
    pursue_envelopes.run(hall.office)
    buyer_chief, seller_chief = buyer.chief.log_in(), seller.chief.log_in()
    assert contract.get(buyer_chief).json()["state"] == "sent"
    hall.clock.move(timedelta(seconds=1))
    late = contract.post("/parties/seller/begin", {"choices": []}, seller_chief)
    assert late.status_code == 409
    pursue_envelopes.run(hall.office)
    assert contract.get(buyer_chief).json()["state"] == "expired"
