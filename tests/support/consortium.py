"""Enterprises that buy together, for tests: every step over HTTP, as they would take it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from httpx import Response

from tests.support.envelopes import Company, Draft, agree, drafted, party, slot
from tests.support.office import Hall
from tests.support.sealing import make_pdf

GROUPS = "/api/v1/groups"


def ask(hall: Hall, method: str, path: str, by: Company, body: Any = None) -> Response:
    return hall.client.request(method, path, json=body, headers=by.chief.headers())


def done(answer: Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, answer.text
    made: dict[str, Any] = answer.json()
    return made


def charter(hall: Hall, members: Sequence[Company], **more: Any) -> Draft:
    """The draft of a charter that all members seal with their official seals."""
    made = drafted(hall, members[0], make_pdf(2))
    names = [f"m{place}" for place in range(len(members))]
    planned = made.plan(
        [party(one, name) for one, name in zip(members, names, strict=True)],
        [slot(name, row=place, kinds=["official"]) for place, name in enumerate(names)],
        **more,
    )
    assert planned.status_code == 200, planned.text
    return made


def begin(hall: Hall, by: Company, draft: Draft) -> Response:
    return ask(hall, "POST", GROUPS, by, {"uscc": by.uscc, "name": "联合采购一组", "envelope": draft.id})


def founded(hall: Hall, members: Sequence[Company]) -> tuple[dict[str, Any], Draft]:
    """A founded group, and its charter."""
    draft = charter(hall, members)
    group = done(begin(hall, members[0], draft))
    assert draft.send().status_code == 200
    for place, one in enumerate(members):
        done(agree(draft, f"m{place}", one.chief))
    return done(ask(hall, "GET", f"{GROUPS}/{group['id']}", members[0])), draft


def election_of(hall: Hall, group: Mapping[str, Any], by: Company, threshold: int) -> dict[str, Any]:
    return done(ask(hall, "POST", f"{GROUPS}/{group['id']}/elections", by, {"uscc": by.uscc, "threshold": threshold}))


def vote(hall: Hall, election: Mapping[str, Any], voter: Company, candidate: Company) -> Response:
    body = {"uscc": voter.uscc, "candidate": candidate.uscc}
    opened = ask(hall, "POST", f"/api/v1/elections/{election['id']}/begin", voter, body)
    if opened.status_code != 200:
        return opened
    response = voter.chief.agree(opened.json()["options"])
    return ask(hall, "POST", f"/api/v1/elections/{election['id']}/confirm", voter, {**body, "response": response})


def elected(hall: Hall, group: Mapping[str, Any], members: Sequence[Company], winner: Company) -> dict[str, Any]:
    """An election that this member won, by more than half."""
    threshold = len(members) // 2 + 1
    election = election_of(hall, group, members[0], threshold)
    for one in members[:threshold]:
        election = done(vote(hall, election, one, winner))
    assert election["state"] == "elected"
    return election


def mandate_draft(
    hall: Hall, group: Mapping[str, Any], election: Mapping[str, Any], by: Company, **more: Any
) -> Response:
    body = {
        "uscc": by.uscc,
        "election": election["id"],
        "kinds": ["contract"],
        "matters": ["框架采购"],
        "max_amount": "5000000.00",
        "currency": "CNY",
        "not_before": (hall.clock() - timedelta(hours=1)).isoformat(),
        "not_after": (hall.clock() + timedelta(days=90)).isoformat(),
    }
    return ask(hall, "POST", f"{GROUPS}/{group['id']}/mandates", by, {**body, **more})


def sign(hall: Hall, mandate: Mapping[str, Any], by: Company) -> Response:
    path = f"{GROUPS}/{mandate['group']}/mandates/{mandate['id']}"
    opened = ask(hall, "POST", f"{path}/begin", by, {"uscc": by.uscc})
    if opened.status_code != 200:
        return opened
    response = by.chief.agree(opened.json()["options"])
    return ask(hall, "POST", f"{path}/confirm", by, {"uscc": by.uscc, "response": response})


def given(
    hall: Hall, group: Mapping[str, Any], members: Sequence[Company], representative: Company, **more: Any
) -> dict[str, Any]:
    """A joint mandate in force."""
    election = elected(hall, group, members, representative)
    mandate = done(mandate_draft(hall, group, election, members[0], **more))
    for one in members:
        mandate = done(sign(hall, mandate, one))
    assert mandate["given_at"] is not None
    return mandate


def framework_draft(
    hall: Hall,
    representative: Company,
    supplier: Company,
    members: Sequence[Company],
    *,
    amount: str = "3000000.00",
    matter: str = "框架采购",
) -> Draft:
    """The draft of a framework contract: the representative and the supplier seal it, the members get copies."""
    made = drafted(hall, representative, make_pdf(3))
    copies = [
        party(one, f"c{place}", role="copy") for place, one in enumerate(members) if one.uscc != representative.uscc
    ]
    planned = made.plan(
        [party(representative, "buyer"), party(supplier, "seller"), *copies],
        [slot("buyer"), slot("seller", row=1)],
        amount=amount, currency="CNY", matter=matter,
    )  # fmt: skip
    assert planned.status_code == 200, planned.text
    return made


def make_framework(hall: Hall, mandate: Mapping[str, Any], draft: Draft, **more: Any) -> Response:
    body = {
        "mandate": mandate["id"],
        "envelope": draft.id,
        "limit": "1000000.00",
        "currency": "CNY",
        "not_before": hall.clock().isoformat(),
        "not_after": (hall.clock() + timedelta(days=365)).isoformat(),
    }
    return ask(hall, "POST", f"{GROUPS}/{mandate['group']}/frameworks", draft.by, {**body, **more})


def order(hall: Hall, by: Company, supplier: Company, framework: Draft, *, amount: str, **more: Any) -> Draft:
    """The draft of a member's own order that refers to the framework contract."""
    made = drafted(hall, by, make_pdf(1))
    planned = made.plan(
        [party(by, "buyer"), party(supplier, "seller")],
        [slot("buyer"), slot("seller", row=1)],
        **{
            "amount": amount, "currency": "CNY", "links": [{"kind": "call-off-of", "target": framework.id}], **more,
        },
    )  # fmt: skip
    assert planned.status_code == 200, planned.text
    return made


def call_off(hall: Hall, framework: Draft, one: Draft) -> Response:
    return ask(hall, "POST", f"/api/v1/frameworks/{framework.id}/call-offs", one.by, {"envelope": one.id})
