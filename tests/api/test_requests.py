"""Seal-use requests over HTTP: confirmed by who has the right, approved for who has not, applied once."""

from typing import Any

import pytest

from tests.support import lending
from tests.support.office import Hall, code_of
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf


@pytest.fixture(scope="module")
def firm(shared: Hall) -> dict[str, Any]:
    return shared.establish()


@pytest.fixture(scope="module")
def boss(shared: Hall, firm: dict[str, Any]) -> Enrolled:
    return enrol(shared, firm["licence"]["uscc"])


@pytest.fixture(scope="module")
def user(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "user", "李经办", by=boss)


@pytest.fixture
def code(firm: dict[str, Any]) -> str:
    return code_of(firm)


def test_the_legal_representative_seals_with_a_passkey_alone(boss: Enrolled, code: str) -> None:
    asked = lending.ask(boss, code, make_pdf(), placement="position")
    done = lending.confirm(boss, asked)
    assert done.status_code == 200, done.text
    made = done.json()
    assert (made["state"], made["basis"], made["failure"]) == ("sealed", "representative", None)


def test_who_has_no_right_gets_the_seal_by_approval(boss: Enrolled, user: Enrolled, code: str) -> None:
    document = make_pdf()
    asked = lending.ask(user, code, document).json()
    assert (asked["state"], asked["basis"], asked["waits_for"]) == ("waiting", "approval", [boss.person])
    (waiting,) = lending.get(boss, "seal-requests/inbox").json()["items"]
    assert waiting["id"] == asked["id"]
    assert lending.get(boss, f"seal-requests/{asked['id']}/document").content == document
    done = lending.approve(boss, asked["id"])
    assert (done.status_code, done.json()["state"]) == (200, "sealed"), done.text


def test_a_mandate_is_offered_accepted_and_used(boss: Enrolled, user: Enrolled, code: str) -> None:
    lent = lending.lend(boss, user, max_uses=1)
    assert lent["state"] == "active"
    done = lending.confirm(user, lending.ask(user, code, make_pdf()))
    assert (done.json()["state"], done.json()["mandate"]) == ("sealed", lent["id"])
    assert lending.get(user, f"mandates/{lent['id']}").json()["state"] == "used-up"
