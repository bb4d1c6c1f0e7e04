"""What is sent to a webhook, by the shape that its receiver understands (docs/spec/webhooks.md)."""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from api.acts.webhook_address import Target
from api.acts.webhook_call import MAX_ANSWER, Answer
from api.db.webhooks import Delivery, Shape, Webhook

PREFIX: Final = "whsec_"  # Standard Webhooks, "Signature scheme"
SECRET_BYTES: Final = 32  # it asks for 24 to 64
MAX_ROBOT_TEXT: Final = 4096  # bytes of a WeCom robot's markdown; DingTalk takes 20 000
MAX_VALUE: Final = 200  # characters of one fact in a robot's text
AGENT: Final = "vermilion-webhooks/1"

NOUNS: Final = {  # for people who read a robot's message
    "envelope": "签约",
    "mandate": "授权",
    "request": "用印申请",
    "seal": "印章",
    "licence": "电子营业执照",
    "batch": "批量用印",
    "group": "联合采购体",
    "webhook": "通知回调",
    "member": "成员",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A call that is ready to be made. Holds keys: not for any log."""

    target: Target
    headers: Mapping[str, str]
    body: bytes


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message_of(webhook: Webhook, one: Delivery, target: Target, *, now: datetime) -> Message:
    """Write a delivery in the shape of its webhook. The body is the same at every attempt; time and signature are not."""
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": AGENT}
    if webhook.shape is Shape.VERMILION:
        body = _json(event_of(one))
        return Message(target=target, headers={**headers, **_signature(webhook, one, body, now)}, body=body)
    if webhook.shape is Shape.DINGTALK:
        text = {"title": _title(one), "text": _text(one)}
        body = _json({"msgtype": "markdown", "markdown": text})
        return Message(target=_signed_address(webhook, target, now), headers=headers, body=body)
    body = _json({"msgtype": "markdown", "markdown": {"content": _text(one)}})
    return Message(target=target, headers=headers, body=body)


def event_of(one: Delivery) -> dict[str, Any]:
    """A notice as our own shape tells it (Standard Webhooks, "Payload structure")."""
    facts = {"enterprise": one.uscc, "subject": one.subject, "number": one.notice}
    return {"type": one.kind, "timestamp": one.happened_at.isoformat(), "data": {**one.body, **facts}}


def objection(webhook: Webhook, answer: Answer) -> str | None:
    """Why an answer is not the receipt of a delivery, or None."""
    if answer.status is None:
        return answer.error or "no answer"
    if 300 <= answer.status < 400:  # noqa: PLR2004 - RFC 9110 §15.4
        return f"status {answer.status}: redirects are not followed"
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
        return f"status {answer.status}"
    return None if webhook.shape is Shape.VERMILION else _robot_objection(answer)


def excerpt_of(webhook: Webhook, answer: Answer, *, max_chars: int) -> str | None:
    """How an answer began, printable, and without the secrets that a receiver may echo."""
    text = answer.body[: 4 * max_chars].decode("utf-8", "replace")
    for secret in (webhook.secret, webhook.old_secret, *_keys_of(webhook.url)):
        if secret:
            text = text.replace(secret, "…")
    text = "".join(one if one.isprintable() else " " for one in text)
    return text[:max_chars] or None


def _keys_of(url: str) -> list[str]:
    """Values in the query of an address, the robot's key among them."""
    query = url.partition("?")[2]
    return [value for value in (part.partition("=")[2] for part in query.split("&")) if len(value) > 7]  # noqa: PLR2004 - shorter ones are no keys


def _robot_objection(answer: Answer) -> str | None:
    """Robots answer 200 to everything; the code stands in the body."""
    if len(answer.body) > MAX_ANSWER:
        return "the answer is too long"
    try:
        said = json.loads(answer.body)
        code = said["errcode"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "the answer is not that of a robot"
    return None if type(code) is int and code == 0 else f"the robot answered errcode {str(code)[:16]}"


def _signature(webhook: Webhook, one: Delivery, body: bytes, now: datetime) -> dict[str, str]:
    stamp = str(int(now.timestamp()))
    ident = f"msg_{one.id}"
    signed = f"{ident}.{stamp}.".encode() + body
    valid = [webhook.secret]
    if webhook.old_secret is not None and webhook.old_secret_until is not None and now < webhook.old_secret_until:
        valid.append(webhook.old_secret)
    signatures = [base64.b64encode(hmac.new(_key(secret), signed, sha256).digest()).decode() for secret in valid]
    return {
        "webhook-id": ident,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:  # a row that somebody wrote by hand: another key is no key of ours
        return secret.encode()


def _signed_address(webhook: Webhook, target: Target, now: datetime) -> Target:
    """DingTalk's 加签: HMAC over time and secret, beside the robot's key in the query. Without a secret it is not asked for."""
    if not webhook.secret:
        return target
    stamp = str(int(now.timestamp() * 1000))
    digest = hmac.new(webhook.secret.encode(), f"{stamp}\n{webhook.secret}".encode(), sha256).digest()
    query = urlencode({"timestamp": stamp, "sign": base64.b64encode(digest).decode()})
    return replace(target, path=f"{target.path}{'&' if '?' in target.path else '?'}{query}")


def _title(one: Delivery) -> str:
    noun = NOUNS.get(one.kind.partition(".")[0])
    return f"{noun} {one.kind}" if noun else one.kind


def _text(one: Delivery) -> str:
    lines = [f"### {_title(one)}", f"> {one.happened_at:%Y-%m-%d %H:%M:%S} UTC", "", f"- {_plain(one.subject)}"]
    lines += [f"- {_plain(name)}: {_plain(value)}" for name, value in sorted(one.body.items()) if value is not None]
    text = "\n".join(lines).encode()
    return text[:MAX_ROBOT_TEXT].decode("utf-8", "ignore")


def _plain(value: object) -> str:
    """One line without anything that a robot would take for a link, a picture, a tag or a call of somebody."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "".join(" " if one in "[]<>()!@`*#\n\r" else one for one in text)[:MAX_VALUE]


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
