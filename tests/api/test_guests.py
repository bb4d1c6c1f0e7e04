"""Persons of no enterprise: they come by the code of an envelope, make a passkey and sign."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from api.demo.authenticator import SoftwareAuthenticator
from tests.support.envelopes import BASE_URL, Draft, agree, companies, drafted, party, slot
from tests.support.office import Hall, open_hall
from tests.support.people import Enrolled

PATH = "/api/v1/envelopes/invitations"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


def invited(hall: Hall) -> tuple[Draft, str]:
    """A contract of a company with somebody of no enterprise."""
    (buyer,) = companies(hall, 1)
    contract = drafted(hall, buyer)
    guest = {"id": "guest", "kind": "person", "name": "沈砚秋", "contact": "shen@example.org"}
    planned = contract.plan([party(buyer, "buyer"), guest], [slot("buyer"), slot("guest", row=1, kinds=[])])
    assert planned.status_code == 200, planned.text
    sent = contract.send()
    assert sent.status_code == 200, sent.text
    return contract, sent.json()["invitations"]["guest"]


def arrive(hall: Hall, code: str, holder: SoftwareAuthenticator, *, other: str | None = None) -> Response:
    begun = hall.client.post(f"{PATH}/begin", json={"code": code})
    assert begun.status_code == 200, begun.text
    body: dict[str, Any] = {"code": other or code, "credential": holder.register(begun.json()["options"])}
    return hall.client.post(f"{PATH}/finish", json=body)


def test_a_guest_makes_a_passkey_signs_and_sees_nothing_else(hall: Hall) -> None:
    contract, code = invited(hall)
    holder = SoftwareAuthenticator(origin=BASE_URL)
    answer = arrive(hall, code, holder)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["envelope"], made["person"]["name"]) == (contract.id, "沈砚秋")
    guest = Enrolled(
        hall=hall, person=made["person"]["id"], name="沈砚秋", uscc="", role="", authenticator=holder,
        token=made["token"],
    )  # fmt: skip
    assert agree(contract, "buyer", contract.by.chief).status_code == 200
    done = agree(contract, "guest", guest)
    assert (done.status_code, done.json()["state"]) == (200, "completed"), done.text
    other, _ = invited(hall)
    assert hall.client.get(other.path, headers=guest.headers()).status_code == 404
    assert hall.client.get("/api/v1/me", headers=guest.headers()).json()["memberships"] == []


def test_a_code_opens_one_place_once(hall: Hall) -> None:
    _, code = invited(hall)
    assert arrive(hall, code, SoftwareAuthenticator(origin=BASE_URL)).status_code == 201
    assert hall.client.post(f"{PATH}/begin", json={"code": code}).status_code == 404


def test_a_passkey_asked_for_one_place_does_not_take_another(hall: Hall) -> None:
    (_, mine), (_, yours) = invited(hall), invited(hall)
    answer = arrive(hall, mine, SoftwareAuthenticator(origin=BASE_URL), other=yours)
    assert (answer.status_code, answer.json()["reason"]) == (403, "other-person")


def test_a_withdrawn_contract_lets_nobody_in(hall: Hall) -> None:
    contract, code = invited(hall)
    assert contract.post("/withdraw", {"reason": "a mistake"}).status_code == 200
    assert hall.client.post(f"{PATH}/begin", json={"code": code}).status_code == 404
    assert hall.client.post(f"{PATH}/begin", json={"code": "x" * 40}).status_code == 404
