"""Webhooks and notices over HTTP: who may, what is shown, and what is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.machines import machine_token
from tests.support.office import Hall, open_hall
from tests.support.people import enrol
from tests.support.receiver import Receiver, Say, receiving

HOSTS = ("localhost",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path, webhook_hosts=HOSTS) as opened:
        yield opened


def machine(hall: Hall, uscc: str) -> dict[str, str]:
    """The headers of a machine of an enterprise."""
    return {"Authorization": f"Bearer {machine_token(hall, uscc, 'webhooks')}"}


def enter(hall: Hall, headers: dict[str, str], uscc: str, url: str, **more: Any) -> dict[str, Any]:
    answer = hall.client.post("/api/v1/webhooks", json={"uscc": uscc, "url": url, **more}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_representative_enters_tests_pauses_and_removes_a_webhook(hall: Hall, receiver: Receiver) -> None:
    uscc = hall.register()["uscc"]
    me = enrol(hall, uscc, "representative").headers()
    made = enter(hall, me, uscc, receiver.url + "?key=0123456789", kinds=["envelope.*"])
    assert made["secret"].startswith("whsec_")
    assert made["url"].endswith("/hook?…")
    path = f"/api/v1/webhooks/{made['id']}"
    shown = hall.client.get(path, headers=me)
    assert "secret" not in shown.json()
    assert "0123456789" not in shown.text
    receiver.answers = [Say(500, b"out of order")]
    tested = hall.client.post(f"{path}/test", headers=me).json()
    assert (tested["state"], tested["last_status"], tested["response"]) == ("failed", 500, "out of order")
    assert receiver.got[0].headers["webhook-id"] == tested["webhook_id"]
    again = hall.client.post(f"{path}/deliveries/{tested['id']}/replay", headers=me).json()
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    log = hall.client.get(f"{path}/deliveries", headers=me, params={"limit": 1}).json()
    assert [one["id"] for one in log["items"]] == [tested["id"]]
    assert hall.client.get(f"{path}/deliveries", headers=me, params={"cursor": log["next"]}).json()["items"] == []
    assert hall.client.patch(path, json={"state": "paused"}, headers=me).json()["state"] == "paused"
    assert hall.client.post(f"{path}/test", headers=me).status_code == 409
    rotated = hall.client.post(f"{path}/secret", headers=me).json()
    assert rotated["secret"] != made["secret"]
    assert hall.client.delete(path, headers=me).status_code == 204
    assert hall.client.get(path, headers=me).status_code == 404
    assert hall.client.get("/api/v1/webhooks", params={"uscc": uscc}, headers=me).json() == {"items": []}


def test_members_without_the_right_are_refused_and_strangers_learn_nothing(hall: Hall, receiver: Receiver) -> None:
    uscc, other = hall.register()["uscc"], hall.register()["uscc"]
    manager = enrol(hall, uscc, "manager").headers()
    made = enter(hall, manager, uscc, receiver.url)
    stranger, user = enrol(hall, other, "representative").headers(), enrol(hall, uscc, "user").headers()
    for headers, status in ((stranger, 404), (user, 403)):
        for method, path in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"), ("GET", "/deliveries"),
            ("POST", "/deliveries/x/replay"),
        ):  # fmt: skip
            sent: dict[str, str] | None = {} if method == "PATCH" else None
            answer = hall.client.request(method, f"/api/v1/webhooks/{made['id']}{path}", headers=headers, json=sent)
            assert answer.status_code == status, (method, path)
        listed = hall.client.get("/api/v1/webhooks", params={"uscc": uscc}, headers=headers)
        entered = hall.client.post("/api/v1/webhooks", json={"uscc": uscc, "url": receiver.url}, headers=headers)
        assert (listed.status_code, entered.status_code) == (status, status)
    foreign = enter(hall, stranger, other, receiver.url)
    tested = hall.client.post(f"/api/v1/webhooks/{foreign['id']}/test", headers=stranger).json()
    swapped = f"/api/v1/webhooks/{made['id']}/deliveries/{tested['id']}/replay"
    assert hall.client.post(swapped, headers=manager).status_code == 404


def test_every_member_reads_the_notices_and_nobody_else_does(hall: Hall) -> None:
    uscc, other = hall.register()["uscc"], hall.register()["uscc"]
    auditor, stranger = enrol(hall, uscc, "auditor"), enrol(hall, other, "representative")
    with hall.office.work() as work:
        for number in range(3):
            work.notices.add(
                to=[uscc, other], kind="envelope.sent", subject=f"e{number}", at=hall.clock(), title="合同"
            )
        work.commit()
    mine: dict[str, str | int] = {"uscc": uscc, "limit": 200}
    items = hall.client.get("/api/v1/notices", headers=auditor.headers(), params=mine).json()["items"]
    sent = [one for one in items if one["kind"] == "envelope.sent"]
    assert [(one["subject"], one["facts"]) for one in sent] == [
        (f"e{number}", {"title": "合同"}) for number in range(3)
    ]
    rest = hall.client.get(
        "/api/v1/notices", params={"uscc": uscc, "cursor": sent[1]["number"]}, headers=auditor.headers()
    ).json()
    assert [one["subject"] for one in rest["items"]] == ["e2"]
    assert hall.client.get("/api/v1/notices", headers=stranger.headers(), params=mine).status_code == 404
    assert hall.client.get("/api/v1/notices", headers=machine(hall, uscc), params=mine).status_code == 200
    assert hall.client.get("/api/v1/notices", headers=machine(hall, other), params=mine).status_code == 404
    assert hall.client.get("/api/v1/notices", headers=hall.headers("read"), params=mine).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://example.com/"},
        {"url": "https://127.0.0.1/"},
        {"kinds": ["everything"]},
        {"kinds": ["envelope.completed "]},
        {"secret": "mine"},
        {"shape": "dingtalk", "secret": "with blanks in it"},
        {"shape": "telegram"},
        {"more": 1},
    ],
)
def test_an_order_that_cannot_be_is_refused(hall: Hall, body: dict[str, Any]) -> None:
    uscc = hall.register()["uscc"]
    headers = machine(hall, uscc)
    answer = hall.client.post(
        "/api/v1/webhooks", json={"uscc": uscc, "url": "https://example.com/", **body}, headers=headers
    )
    assert answer.status_code == 422


def test_an_enterprise_has_at_most_twenty_webhooks(hall: Hall) -> None:
    uscc = hall.register()["uscc"]
    headers = machine(hall, uscc)
    for _ in range(20):
        enter(hall, headers, uscc, "https://example.com/")
    answer = hall.client.post("/api/v1/webhooks", json={"uscc": uscc, "url": "https://example.com/"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-input")
