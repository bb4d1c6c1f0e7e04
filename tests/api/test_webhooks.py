"""Webhooks: a receiver on the loopback interface gets signed deliveries, in order, once, again after a failure, and as robots read them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from api.acts import deliveries, webhooks
from api.acts.deliveries import RETRIES, deliver
from api.acts.webhook_call import Answer
from api.acts.webhook_shapes import new_secret
from api.db.webhooks import WebhookState
from api.tasks.schedule import TASKS, run_due
from tests.support.office import Hall, open_hall
from tests.support.postgres import cluster
from tests.support.receiver import Receiver, Say, receiving
from tests.support.webhooks import HOSTS, caller_of, is_genuine, log_of, run, subscribe, tell


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
