"""Mandates and requests over HTTP, with people and their passkeys."""

from datetime import timedelta
from typing import Any

from httpx import Response

from tests.support.office import Hall
from tests.support.people import Enrolled


def terms(hall: Hall, **changes: Any) -> dict[str, Any]:
    """A mandate over contract seals for a month."""
    now = hall.clock()
    values = {
        "kinds": ["contract"],
        "not_before": (now - timedelta(minutes=1)).isoformat(),
        "not_after": (now + timedelta(days=30)).isoformat(),
    }
    return values | changes


def post(person: Enrolled, path: str, body: Any = None) -> Response:
    return person.hall.client.post(f"/api/v1/{path}", json=body, headers=person.headers())


def get(person: Enrolled, path: str, **more: Any) -> Response:
    return person.hall.client.get(f"/api/v1/{path}", headers=person.headers(), **more)


def draft(person: Enrolled, body: dict[str, Any]) -> dict[str, Any]:
    answer = post(person, "mandates", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def offer(person: Enrolled, body: dict[str, Any]) -> dict[str, Any]:
    """Draft and grant."""
    made = draft(person, body)
    answer = post(
        person,
        f"mandates/{made['mandate']['id']}/confirm",
        {"credential": person.agree(made["agreement"]["options"])},
    )
    assert answer.status_code == 200, answer.text
    granted: dict[str, Any] = answer.json()
    return granted


def agree_to(person: Enrolled, path: str, verb: str) -> Response:
    """Ask for the options at `begin`, and send the passkey's answer to `verb`."""
    begun = post(person, f"{path}/begin")
    assert begun.status_code == 200, begun.text
    return post(person, f"{path}/{verb}", {"credential": person.agree(begun.json()["options"])})


def lend(granter: Enrolled, grantee: Enrolled, **changes: Any) -> dict[str, Any]:
    """A mandate of the granter's enterprise that the grantee accepted."""
    body = terms(granter.hall, grantor=granter.uscc, grantee={"kind": "person", "id": grantee.person}, **changes)
    made = offer(granter, body)
    answer = agree_to(grantee, f"mandates/{made['id']}", "accept")
    assert answer.status_code == 200, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


def ask(person: Enrolled, seal: str, document: bytes, *, key: str | None = None, **form: Any) -> Response:
    """A seal-use request."""
    return person.hall.client.post(
        "/api/v1/seal-requests",
        files={"document": ("contract.pdf", document, "application/pdf")},
        data={"seal": seal, "purpose": "采购合同", "level": "B-B"} | form,
        headers=person.headers(key),
    )


def confirm(person: Enrolled, asked: Response) -> Response:
    """Confirm one's own request with the options that came with it."""
    assert asked.status_code == 201, asked.text
    made = asked.json()
    assert made["agreement"] is not None, made
    return post(
        person,
        f"seal-requests/{made['id']}/confirm",
        {"credential": person.agree(made["agreement"]["options"])},
    )


def approve(person: Enrolled, request: str) -> Response:
    begun = post(person, f"seal-requests/{request}/begin")
    if begun.status_code != 200:
        return begun
    body = {"decision": "approve", "credential": person.agree(begun.json()["options"])}
    return post(person, f"seal-requests/{request}/decision", body)


def refuse(person: Enrolled, request: str, reason: str = "价格未定") -> Response:
    return post(person, f"seal-requests/{request}/decision", {"decision": "refuse", "reason": reason})
