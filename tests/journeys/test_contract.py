"""A contract from draft to rescission: seam seals over 30 pages, steps, two approvers, a person; then every judge is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.envelopes import Company, Draft, agree, companies, drafted, party, slot
from tests.support.office import Hall, open_hall
from tests.support.pdf_judges import make_nss, mutool, pdfsig
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf

PAGES = 30


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path / "service") as opened:
        yield opened


def approve(hall: Hall, request: str, who: Enrolled) -> str:
    """The approver sees the request, agrees with the passkey; returns the state of the request."""
    begun = hall.client.post(f"/api/v1/seal-requests/{request}/begin", headers=who.headers())
    assert begun.status_code == 200, begun.text
    body = {"decision": "approve", "credential": who.agree(begun.json()["options"])}
    answer = hall.client.post(f"/api/v1/seal-requests/{request}/decision", json=body, headers=who.headers())
    assert answer.status_code == 200, answer.text
    state: str = answer.json()["state"]
    return state


def fields(document: bytes, hall: Hall) -> list[tuple[str, str]]:
    answer = hall.client.post("/api/v1/verify", files={"file": ("a.pdf", document, "application/pdf")})
    doubts = [one["findings"] for one in answer.json()["signatures"] if one["verdict"] != "passed"]
    assert not doubts, [finding for one in doubts for finding in one if finding["verdict"] != "passed"]
    return [(one["verdict"], one["kind"]) for one in answer.json()["signatures"]]


def laid_out(hall: Hall, buyer: Company, seller: Company, guarantor: Company, witness: Enrolled) -> Draft:
    """Buyer and seller at once, then the guarantor, then a person as witness; the buyer fills two fields in."""
    contract = drafted(hall, buyer, make_pdf(PAGES))
    fills = [
        {"name": "day", "kind": "date", "page": -1, "x_mm": 20, "y_mm": 20, "width_mm": 40, "height_mm": 8},
        {
            "name": "opinion",
            "kind": "statement",
            "page": -1,
            "x_mm": 20,
            "y_mm": 40,
            "width_mm": 120,
            "height_mm": 10,
            "statement": "我已知晓内容并同意签署",
        },
    ]
    planned = contract.plan(
        [
            party(buyer, "buyer", step=1),
            party(seller, "seller", step=1),
            party(guarantor, "guarantor", step=2),
            {"id": "witness", "kind": "person", "person": witness.person, "step": 3},
        ],
        [
            slot("buyer", seam=True, fills=fills),
            slot("seller", row=1, seam=True),
            slot("guarantor", row=2, seam=True),
            {"party": "witness", "spots": [{"at": "position", "page": -1, "x_mm": 150, "y_mm": 250}]},
        ],
        matter="purchase",
        amount="120000.00",
        currency="CNY",
    )
    assert planned.status_code == 200, planned.text
    answer = contract.send()
    assert answer.status_code == 200, answer.text
    return contract


@pytest.mark.judge
def test_a_contract_is_concluded_judged_and_rescinded(hall: Hall, tmp_path: Path) -> None:
    buyer, seller, guarantor = companies(hall, 3)
    handler = enrol(hall, seller.uscc, "user", "李经办")
    checkers = [enrol(hall, seller.uscc, "user", name) for name in ("王复核", "赵审批")]
    witness = enrol(hall, guarantor.uscc, "user", "孙见证")
    with_two_approvers(hall, seller, checkers)
    contract = laid_out(hall, buyer, seller, guarantor, witness)
    document = contract.documents[0]

    no_right = contract.post("/parties/seller/begin", {"choices": []}, handler)
    assert (no_right.status_code, no_right.json()["reason"]) == (403, "no-right")
    asked = contract.post("/parties/seller/request", {"choices": [], "reason": "the purchase of May"}, handler)
    assert asked.status_code == 200, asked.text
    (request,) = next(one for one in asked.json()["parties"] if one["id"] == "seller")["requests"]
    assert contract.party("seller")["state"] == "requested"
    assert approve(hall, request, checkers[0]) == "waiting"
    values = {"day": "2026-05-04", "opinion": "我已知晓内容并同意签署"}
    choice = {"document": document, "slot": "buyer", "values": values}
    wrong = {**choice, "values": {**values, "opinion": "我已知晓"}}
    assert contract.post("/parties/buyer/begin", {"choices": [wrong]}, buyer.chief).status_code == 422
    assert agree(contract, "buyer", buyer.chief, [choice]).status_code == 200
    assert contract.party("buyer")["state"] == "sealed"
    assert contract.party("guarantor")["state"] == "waiting"
    assert approve(hall, request, checkers[1]) == "sealed"
    assert contract.party("seller")["state"] == "sealed"
    assert agree(contract, "guarantor", guarantor.chief).json()["state"] == "sent"
    done = agree(contract, "witness", witness)
    assert done.json()["state"] == "completed", done.text
    assert (done.json()["failure"], done.json()["archived_at"] is None) == (None, False)

    concluded = contract.get(what=f"/documents/{document}/file").content
    assert fields(concluded, hall) == [("passed", "seal")] * 3 + [("passed", "signature"), ("passed", "timestamp")]
    path = tmp_path / "concluded.pdf"
    path.write_bytes(concluded)
    nss = make_nss(tmp_path, hall.office.authority.certificate("root"))
    poppler = pdfsig(path, nss, ocsp=False)
    assert len(poppler) == 5
    assert all(one.valid for one in poppler[:4]), [
        one.text for one in poppler
    ]  # the fifth is a time-stamp: it skips it
    assert set(mutool(path)[:4]) <= {"edited", "unchanged"}, mutool(path)
    acts = [one["act"] for one in contract.get(what="/history").json()["items"]]
    assert acts.count("slot.sealed") == 4
    assert {"document.archived", "report.made", "archive.made"} <= set(acts)
    report = contract.get(what="/report").content
    (tmp_path / "report.pdf").write_bytes(report)
    assert pdfsig(tmp_path / "report.pdf", nss, ocsp=False)[0].valid

    rescind(hall, contract, [("buyer", buyer), ("seller", seller), ("guarantor", guarantor)], witness)
    answer = hall.client.post("/api/v1/verify", files={"file": ("a.pdf", concluded, "application/pdf")}).json()
    said = {one["id"]: one["verdict"] for one in answer["findings"]}
    assert said["contract.rescinded"] == "indeterminate"
    assert answer["facts"]["contract"]["state"] == "rescinded"


def rescind(hall: Hall, contract: Draft, sealing: list[tuple[str, Company]], witness: Enrolled) -> None:
    rescission = drafted(hall, sealing[1][1], make_pdf())
    person = {"id": "witness", "kind": "person", "person": witness.person}
    planned = rescission.plan(
        [*(party(of, name) for name, of in sealing), person],
        [*(slot(name, row=row) for row, (name, _) in enumerate(sealing)), slot("witness", row=3, kinds=[])],
        links=[{"kind": "rescinds", "target": contract.id}],
        rescission_reason="content-wrong",
    )
    assert planned.status_code == 200, planned.text
    assert rescission.send().status_code == 200
    for ident, who in (*((name, of.chief) for name, of in sealing), ("witness", witness)):
        assert agree(rescission, ident, who).status_code == 200
    assert (rescission.state(), contract.state()) == ("completed", "rescinded")


def with_two_approvers(hall: Hall, of: Company, checkers: list[Enrolled]) -> None:
    manager = enrol(hall, of.uscc, "manager", "钱管理")
    body = {"mode": "ordered", "approvers": [one.person for one in checkers], "within_s": 48 * 3600}
    answer = hall.client.put(
        f"/api/v1/seals/{of.seals['contract']}/approval-rule", json=body, headers=manager.headers()
    )
    assert answer.status_code == 200, answer.text
