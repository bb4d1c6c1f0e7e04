"""What receivers answer, robots among them, and what of it is told to whom."""

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.acts import webhooks
from api.db.webhooks import Shape
from tests.support.office import Hall, open_hall
from tests.support.receiver import Receiver, Say, drip, flood, garbage, receiving
from tests.support.webhooks import HOSTS, log_of, run, subscribe, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path, webhook_hosts=HOSTS) as opened:
        yield opened


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
