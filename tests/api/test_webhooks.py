"""Webhooks: a receiver on the loopback interface gets signed deliveries, in order, once, again after a failure, and as robots read them."""

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.acts import deliveries, webhooks
from api.acts.deliveries import RETRIES, deliver
from api.acts.office import Office
from api.acts.webhook_call import Answer, Caller
from api.acts.webhook_shapes import new_secret
from api.acts.webhooks import WebhookOrder
from api.db.webhooks import Delivery, Shape, Webhook, WebhookState
from api.tasks.schedule import TASKS, run_due
from tests.support.office import Hall, open_hall
from tests.support.postgres import cluster
from tests.support.receiver import Receiver, Say, drip, flood, garbage, receiving

HOSTS = ("localhost",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path, webhook_hosts=HOSTS) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    if request.param == "sqlite":
        with open_hall(tmp_path, webhook_hosts=HOSTS) as opened:
            yield opened
    else:
        with cluster() as address, open_hall(tmp_path, database=address, webhook_hosts=HOSTS) as opened:
            yield opened


def caller_of(office: Office, **changes: Any) -> Caller:
    return replace(Caller.of(office.settings), **changes)


def subscribe(
    hall: Hall, url: str, *kinds: str, uscc: str = "", shape: Shape = Shape.VERMILION, **more: Any
) -> Webhook:
    order = WebhookOrder(
        uscc=uscc or hall.register()["uscc"], url=url, shape=shape, kinds=kinds, secret=more.get("secret")
    )
    return webhooks.add(hall.office, order, actor="test")


def tell(hall: Hall, webhook: Webhook, kind: str = "envelope.completed", **facts: Any) -> None:
    with hall.office.work() as work:
        work.notices.add(to=[webhook.uscc], kind=kind, subject=facts.pop("subject", "e1"), at=hall.clock(), **facts)
        work.commit()


def log_of(hall: Hall, webhook: Webhook) -> list[Delivery]:
    """Oldest first."""
    return webhooks.log(hall.office, webhook, before=None, limit=200)[::-1]


def run(hall: Hall, **changes: Any) -> dict[str, int]:
    return dict(deliver(hall.office, caller_of(hall.office, **changes)))


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As docs/spec/webhooks.md tells a receiver to do it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
    return any(hmac.compare_digest(one, f"v1,{mac}") for one in headers["webhook-signature"].split())


def test_a_delivery_carries_a_signature_that_its_receiver_can_check(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url + "?key=of-the-path")
    tell(hall, webhook, subject="e7", title="采购合同")
    assert run(hall) == {"delivered": 1}
    (got,) = receiver.got
    assert got.path == "/hook?key=of-the-path"
    assert is_genuine(webhook.secret, got.headers, got.body)
    assert not is_genuine(webhook.secret, got.headers, got.body + b" ")
    assert not is_genuine(new_secret(), got.headers, got.body)
    assert int(got.headers["webhook-timestamp"]) == hall.clock().timestamp()
    event = json.loads(got.body)
    assert (event["type"], event["timestamp"]) == ("envelope.completed", hall.clock().isoformat())
    assert event["data"] == {"enterprise": webhook.uscc, "subject": "e7", "title": "采购合同", "number": 1}
    (entry,) = log_of(hall, webhook)
    assert (entry.state, entry.last_status, got.headers["webhook-id"]) == ("delivered", 200, f"msg_{entry.id}")


def test_the_scheduled_task_delivers_over_tls_under_the_operators_root(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with receiving(ca=ca) as receiver, open_hall(tmp_path / "a", webhook_hosts=HOSTS, webhook_ca=ca) as hall:
        webhook = subscribe(hall, receiver.url)
        tell(hall, webhook)
        assert "deliver-webhooks" not in dict(run_due(hall.office, dict.fromkeys(TASKS, 0.0)))
        (got,) = receiver.got
        assert is_genuine(webhook.secret, got.headers, got.body)


def test_a_receiver_whose_certificate_is_not_trusted_gets_nothing(hall: Hall, tmp_path: Path) -> None:
    with receiving(ca=tmp_path / "ca.pem") as receiver:
        webhook = subscribe(hall, receiver.url)
        tell(hall, webhook)
        assert run(hall) == {"failed": 1}
        assert receiver.got == []
    assert "its certificate is not trusted" in str(log_of(hall, webhook)[0].last_error)


def test_only_the_kinds_that_were_asked_for_come(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url, "envelope.*", "seal.suspended")
    for kind in ("envelope.completed", "seal.suspended", "seal.used", "envelopes.completed", "mandate.accepted"):
        tell(hall, webhook, kind)
    assert run(hall) == {"delivered": 2}
    assert [json.loads(one.body)["type"] for one in receiver.got] == ["envelope.completed", "seal.suspended"]


def test_an_enterprise_is_told_what_is_meant_for_it_and_nothing_else(hall: Hall, receiver: Receiver) -> None:
    mine, theirs = subscribe(hall, receiver.url), subscribe(hall, receiver.url)
    tell(hall, mine)
    assert run(hall) == {"delivered": 1}
    assert json.loads(receiver.got[0].body)["data"]["enterprise"] == mine.uscc
    assert log_of(hall, theirs) == []


def test_what_was_undone_is_not_told(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    with hall.office.work() as work:
        work.notices.add(to=[webhook.uscc], kind="envelope.completed", subject="e1", at=hall.clock())
    assert (run(hall), receiver.got) == ({}, [])


def test_notices_come_in_the_order_in_which_they_happened(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    for number in range(12):
        tell(hall, webhook, subject=f"e{number}")
    assert run(hall) == {"delivered": 12}
    assert [json.loads(one.body)["data"]["subject"] for one in receiver.got] == [f"e{one}" for one in range(12)]


def test_a_failure_is_tried_again_on_the_written_schedule_and_then_given_up(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    receiver.answers = [Say(500) for _ in range(len(RETRIES) + 1)]
    assert run(hall) == {"failed": 1}
    for turn, wait in enumerate(RETRIES):
        hall.clock.move(wait - timedelta(seconds=1))
        assert run(hall) == {}, turn
        hall.clock.move(timedelta(seconds=1))
        assert sum(run(hall).values()) == 1, turn
    hall.clock.move(timedelta(days=30))
    assert run(hall) == {}
    (entry,) = log_of(hall, webhook)
    assert (entry.state, entry.attempts, entry.last_error) == ("given-up", 10, "status 500")
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len({one.body for one in receiver.got}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.got}) == 10


def test_the_schedule_is_the_one_that_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "spec" / "webhooks.md").read_text(encoding="utf-8")
    assert "5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h" in page
    seconds = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert [one.total_seconds() for one in RETRIES] == seconds


def test_a_failure_does_not_hold_up_what_came_after_it_for_long(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook, subject="bad")
    tell(hall, webhook, subject="good")
    receiver.answers = [Say(503)]
    assert run(hall) == {"failed": 1}
    assert run(hall) == {"delivered": 1}
    hall.clock.move(RETRIES[0])
    assert run(hall) == {"delivered": 1}
    assert [json.loads(one.body)["data"]["subject"] for one in receiver.got] == ["bad", "good", "bad"]


def test_after_five_days_of_failures_a_webhook_is_disabled_and_the_enterprise_told(
    hall: Hall, receiver: Receiver
) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    receiver.answers = [Say(500), Say(500), Say(500)]
    run(hall)
    hall.clock.move(deliveries.DISABLE_AFTER - timedelta(seconds=1))
    run(hall)
    assert webhooks.webhook(hall.office, webhook.id).state == "active"
    hall.clock.move(RETRIES[1])
    run(hall)
    assert webhooks.webhook(hall.office, webhook.id).state == "disabled"
    tell(hall, webhook)
    assert [one.state for one in log_of(hall, webhook)] == ["given-up"]
    with hall.office.reading() as work:
        kinds = [one.kind for one in work.notices.page(uscc=webhook.uscc, after=0, limit=10)]
    assert kinds == ["envelope.completed", "webhook.disabled", "envelope.completed"]


def test_one_success_ends_the_count_of_failing_days(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    receiver.answers = [Say(500)]
    run(hall)
    assert webhooks.webhook(hall.office, webhook.id).failing_since == hall.clock()
    hall.clock.move(timedelta(days=9))
    assert run(hall) == {"delivered": 1}
    assert webhooks.webhook(hall.office, webhook.id).failing_since is None


def test_a_receiver_that_is_gone_is_not_asked_again(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    tell(hall, webhook)
    receiver.answers = [Say(410)]
    assert run(hall) == {"failed": 1}
    assert webhooks.webhook(hall.office, webhook.id).state == "disabled"
    assert [one.state for one in log_of(hall, webhook)] == ["given-up", "given-up"]


def test_a_paused_webhook_gets_what_it_missed_when_it_is_active_again(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    paused = webhooks.change(hall.office, webhook, url=None, kinds=None, state=WebhookState.PAUSED, actor="t")
    tell(hall, webhook)
    assert run(hall) == {}
    webhooks.change(hall.office, paused, url=None, kinds=None, state=WebhookState.ACTIVE, actor="t")
    assert run(hall) == {"delivered": 1}


def test_a_replay_comes_under_the_same_name_with_the_same_body(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    run(hall)
    hall.clock.move(timedelta(days=2))
    webhooks.replay(hall.office, webhook, log_of(hall, webhook)[0].id, actor="t")
    assert run(hall) == {"delivered": 1}
    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert is_genuine(webhook.secret, second.headers, second.body)


def test_an_old_secret_signs_along_for_a_day_and_no_second_longer(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    fresh = webhooks.rotate(hall.office, webhook, actor="t")
    assert fresh.secret != webhook.secret
    for wait, still in ((timedelta(hours=24) - timedelta(seconds=1), True), (timedelta(seconds=1), False)):
        hall.clock.move(wait)
        tell(hall, webhook)
        run(hall)
        got = receiver.got[-1]
        assert is_genuine(fresh.secret, got.headers, got.body)
        assert is_genuine(webhook.secret, got.headers, got.body) is still


def test_two_deliverers_send_each_notice_once_and_in_order(both: Hall, receiver: Receiver) -> None:
    hooks = [subscribe(both, receiver.url) for _ in range(3)]
    for number in range(8):
        for webhook in hooks:
            tell(both, webhook, subject=f"e{number}")
    caller, start = caller_of(both.office), Barrier(2)

    def work() -> None:
        start.wait()
        deliver(both.office, caller)

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = [json.loads(one.body)["data"] for one in receiver.got]
    for webhook in hooks:
        mine = [one["subject"] for one in events if one["enterprise"] == webhook.uscc]
        assert mine == [f"e{number}" for number in range(8)]
        assert {one.attempts for one in log_of(both, webhook)} == {1}
    assert len({one.headers["webhook-id"] for one in receiver.got}) == len(receiver.got) == 24


def test_what_a_dead_deliverer_held_is_delivered_by_another_after_a_minute(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    now = hall.clock()
    with hall.office.work() as work:
        assert work.webhooks.claim("dead", now=now, until=now + deliveries.HOLD) is not None
        work.commit()
    hall.clock.move(deliveries.HOLD - timedelta(seconds=1))
    assert run(hall) == {}
    hall.clock.move(timedelta(seconds=1))
    assert run(hall) == {"delivered": 1}


def test_an_attempt_that_two_made_is_written_down_once(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    (stale,) = log_of(hall, webhook)
    run(hall)
    with hall.office.work() as work:
        outcome = deliveries._outcome(webhook, stale, Answer(error="late"), hall.clock())
        assert not work.webhooks.record(stale, outcome)
        work.commit()
    assert log_of(hall, webhook)[0].state == "delivered"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Say(write=drip), "no complete answer within 0.3 s"),
        (Say(write=garbage), "the answer is not HTTP"),
        (Say(write=lambda _: None), "the answer is not HTTP"),
        (Say(302, headers=(("Location", "http://127.0.0.1:1/secret"),)), "status 302: redirects are not followed"),
        (Say(404, "没有".encode()), "status 404"),
    ],
    ids=["slow", "garbage", "hangs up", "redirect", "not found"],
)
def test_a_bad_answer_is_a_failure_with_its_reason(hall: Hall, receiver: Receiver, said: Say, error: str) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    receiver.answers = [said]
    assert run(hall, timeout_s=0.3) == {"failed": 1}
    (entry,) = log_of(hall, webhook)
    assert (entry.last_error, len(receiver.got)) == (error, 1)


def test_of_a_huge_answer_only_the_beginning_is_read(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    receiver.answers = [Say(write=flood)]
    assert run(hall) == {"delivered": 1}
    assert log_of(hall, webhook)[0].response == "x" * 512


def test_nobody_at_the_address_is_a_failure(hall: Hall) -> None:
    with receiving() as gone:
        webhook = subscribe(hall, gone.url)
    tell(hall, webhook)
    assert run(hall) == {"failed": 1}
    assert log_of(hall, webhook)[0].last_error == "nobody answers there"


def test_a_dingtalk_robot_gets_a_signed_markdown_message(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(
        hall, receiver.url + "?access_token=0123456789abcdef", shape=Shape.DINGTALK, secret="SEC0123456789"
    )
    tell(hall, webhook, title="[点我](https://evil.example)", amount=3)
    receiver.answers = [Say(200, b'{"errcode":0,"errmsg":"ok"}')]
    assert run(hall) == {"delivered": 1}
    (got,) = receiver.got
    query = parse_qs(urlsplit(got.path).query)
    stamp = str(int(hall.clock().timestamp() * 1000))
    mac = hmac.new(b"SEC0123456789", f"{stamp}\nSEC0123456789".encode(), sha256).digest()
    assert query == {
        "access_token": ["0123456789abcdef"], "timestamp": [stamp], "sign": [base64.b64encode(mac).decode()],
    }  # fmt: skip
    message = json.loads(got.body)
    assert (message["msgtype"], message["markdown"]["title"]) == ("markdown", "签约 envelope.completed")
    assert "- amount: 3" in message["markdown"]["text"]
    assert "](" not in message["markdown"]["text"]
    assert "webhook-signature" not in got.headers


def test_a_wecom_robot_gets_a_markdown_message_that_fits(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url + "?key=693a91f6-7abc", shape=Shape.WECOM)
    tell(hall, webhook, **{f"fact{one}": "章" * 500 for one in range(40)})
    receiver.answers = [Say(200, b'{"errcode":0,"errmsg":"ok"}')]
    assert run(hall) == {"delivered": 1}
    (got,) = receiver.got
    message = json.loads(got.body)
    assert got.path == "/hook?key=693a91f6-7abc"
    assert message["msgtype"] == "markdown"
    assert 4000 < len(message["markdown"]["content"].encode()) <= 4096


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"errcode":310000,"errmsg":"sign not match"}', "the robot answered errcode 310000"),
        (b'{"errcode":false}', "the robot answered errcode False"),
        (b"<html>", "the answer is not that of a robot"),
        (b"[]", "the answer is not that of a robot"),
        (b"[" * 50_000, "the answer is not that of a robot"),
        (b" " * 70_000 + b'{"errcode":0}', "the answer is too long"),
    ],
)
def test_a_robot_says_in_the_body_whether_it_took_the_message(
    hall: Hall, receiver: Receiver, body: bytes, error: str
) -> None:
    webhook = subscribe(hall, receiver.url, shape=Shape.WECOM)
    tell(hall, webhook)
    receiver.answers = [Say(200, body)]
    assert run(hall) == {"failed": 1}
    assert log_of(hall, webhook)[0].last_error == error


def test_no_secret_shows_up_in_logs_errors_or_the_audit_trail(
    hall: Hall, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key, sign = "0123456789abcdef", "SEC0123456789"
    webhook = subscribe(hall, f"{receiver.url}?access_token={key}", shape=Shape.DINGTALK, secret=sign)
    ours = subscribe(hall, receiver.url, uscc=webhook.uscc)
    echo = Say(500, f"bad token {key} {sign} {ours.secret}\0".encode())
    receiver.answers = [echo, echo]
    tell(hall, webhook)
    run(hall)
    webhooks.rotate(hall.office, ours, actor="t")
    with hall.office.reading() as work:
        events = [repr(one) for one in work.ledger.events_of(webhook.uscc, after=0, limit=100)]
    entries = [*log_of(hall, webhook), *log_of(hall, ours)]
    said = caplog.text + "".join(events) + repr([webhook, ours])
    assert entries[0].response is not None
    for secret in (key, sign, ours.secret):
        assert secret not in said
    assert key not in repr(entries[0])
    assert sign not in repr(entries[0])
    assert ours.secret not in repr(entries[1])


def test_the_log_forgets_after_ninety_days_what_came_to_an_end(hall: Hall, receiver: Receiver) -> None:
    webhook = subscribe(hall, receiver.url)
    tell(hall, webhook)
    run(hall)
    hall.clock.move(timedelta(days=90))
    assert deliveries.forget_old(hall.office) == 0
    tell(hall, webhook)
    hall.clock.move(timedelta(days=91))
    assert deliveries.forget_old(hall.office) == 1
    assert [one.state for one in log_of(hall, webhook)] == ["waiting"]
