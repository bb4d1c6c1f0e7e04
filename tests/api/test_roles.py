"""Manage, use and audit are disjoint: every act on seals against every role, at the enterprise's own door and at another's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from httpx import Response

from tests.support import lending
from tests.support.office import Hall, code_of
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf

PDF = make_pdf()
ROLES: Final = ("representative", "manager", "user", "auditor", "stranger")
ACTS: Final = {  # what each role is answered: representative, manager, user, auditor, stranger
    "ask for a use": (201, 403, 201, 403, 404),
    "grant a mandate": (201, 201, 403, 403, 404),
    "let a machine use seals": (201, 403, 403, 403, 404),
    "see somebody's mandate": (200, 200, 404, 200, 404),
    "revoke somebody's mandate": (200, 200, 404, 403, 404),
    "see who approves": (200, 200, 200, 200, 404),
    "set who approves": (200, 200, 403, 403, 404),
    "see somebody's request": (200, 404, 404, 200, 404),  # the representative is its approver
    "get somebody's document": (200, 404, 404, 200, 404),
    "look at somebody's document": (200, 404, 404, 200, 404),
    "approve somebody's request": (200, 404, 404, 403, 404),
    "refuse somebody's request": (200, 404, 404, 403, 404),
    "withdraw somebody's request": (403, 404, 404, 403, 404),
    "retry somebody's request": (403, 404, 404, 403, 404),
    "confirm somebody's request": (409, 404, 404, 409, 404),
    "read the log of uses": (200, 403, 403, 200, 404),
    "seal as a machine does": (403, 403, 403, 403, 403),
}


@pytest.fixture(scope="module")
def scene(shared: Hall) -> dict[str, Any]:
    firm = shared.establish()
    boss = enrol(shared, firm["licence"]["uscc"])
    people = {"representative": boss, "stranger": enrol(shared, shared.establish()["licence"]["uscc"])}
    for role in ("manager", "user", "auditor"):
        people[role] = enrol(shared, boss.uscc, role, role, by=boss)
    people["other"] = enrol(shared, boss.uscc, "user", "别人", by=boss)
    return {"code": code_of(firm), **people}


def on_seals(scene: dict[str, Any], who: Enrolled) -> dict[str, Callable[[], Response]]:
    """What is done with the enterprise's seals and mandates."""
    boss, other, code = scene["representative"], scene["other"], scene["code"]
    terms = lending.terms(boss.hall, grantor=boss.uscc)
    machine = {"grantee": {"kind": "machine", "id": "erp"}, "automatic": True}
    rule = {"mode": "one_of", "approvers": [boss.person]}
    client, path = who.hall.client, f"/api/v1/seals/{code}"

    def held() -> str:
        return f"mandates/{lending.lend(boss, other, matters=['x'])['id']}"

    return {
        "ask for a use": lambda: lending.ask(who, code, PDF),
        "grant a mandate": lambda: lending.post(
            who, "mandates", terms | {"grantee": {"kind": "person", "id": other.person}}
        ),
        "let a machine use seals": lambda: lending.post(who, "mandates", terms | machine),
        "see somebody's mandate": lambda: lending.get(who, held()),
        "revoke somebody's mandate": lambda: lending.post(who, f"{held()}/revoke", {"reason": "x"}),
        "see who approves": lambda: lending.get(who, f"seals/{code}/approval-rule"),
        "set who approves": lambda: client.put(f"{path}/approval-rule", json=rule, headers=who.headers()),
        "read the log of uses": lambda: lending.get(who, f"seals/{code}/uses"),
        "seal as a machine does": lambda: client.post(f"{path}/uses", files={"document": PDF}, headers=who.headers()),
    }


def on_request(scene: dict[str, Any], who: Enrolled) -> dict[str, Callable[[], Response]]:
    """What is done with a request of somebody else."""
    request = lending.ask(scene["other"], scene["code"], PDF).json()["id"]
    path = f"seal-requests/{request}"
    return {
        "see somebody's request": lambda: lending.get(who, path),
        "get somebody's document": lambda: lending.get(who, f"{path}/document"),
        "look at somebody's document": lambda: lending.get(who, f"{path}/preview/1.png"),
        "approve somebody's request": lambda: lending.approve(who, request),
        "refuse somebody's request": lambda: lending.refuse(who, request),
        "withdraw somebody's request": lambda: lending.post(who, f"{path}/withdraw"),
        "retry somebody's request": lambda: lending.post(who, f"{path}/retry"),
        "confirm somebody's request": lambda: lending.post(who, f"{path}/confirm", {"credential": {}}),
    }


def act(scene: dict[str, Any], what: str, who: Enrolled) -> int:
    known = on_seals(scene, who)
    return (known[what] if what in known else on_request(scene, who)[what])().status_code


@pytest.mark.parametrize("what", list(ACTS))
def test_each_role_may_do_its_own_and_nothing_else(scene: dict[str, Any], what: str) -> None:
    answers = tuple(act(scene, what, scene[role]) for role in ROLES)
    assert answers == ACTS[what], dict(zip(ROLES, answers, strict=True))


def test_nobody_gets_a_second_role_in_one_enterprise(scene: dict[str, Any]) -> None:
    """What keeps the rights disjoint: the database holds one present role for a person in an enterprise."""
    office = scene["manager"].hall.office
    with office.reading() as work:
        roles = [one.role.value for one in work.people.memberships(scene["manager"].person)]
    assert roles == ["manager"]


def test_who_audits_here_uses_nothing_here_even_if_lent_to_elsewhere(scene: dict[str, Any]) -> None:
    """An enterprise that was lent a seal cannot lend it on to the owner's own auditor or manager."""
    boss, stranger = scene["representative"], scene["stranger"]
    body = lending.terms(boss.hall, grantor=boss.uscc, grantee={"kind": "enterprise", "id": stranger.uscc})
    above = lending.offer(boss, body | {"substitution": True})
    lending.agree_to(stranger, f"mandates/{above['id']}", "accept")
    for role in ("auditor", "manager"):
        sub = lending.terms(boss.hall, parent=above["id"], grantee={"kind": "person", "id": scene[role].person})
        sub |= {"not_after": (boss.hall.clock() + timedelta(days=1)).isoformat()}
        answer = lending.post(stranger, "mandates", sub)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/mandate")
        assert "manages or audits" in answer.json()["detail"]
