"""Subscribing, telling and delivering, for tests of webhooks."""

import base64
import hmac
from dataclasses import replace
from hashlib import sha256
from typing import Any

from api.acts import webhooks
from api.acts.deliveries import deliver
from api.acts.office import Office
from api.acts.webhook_call import Caller
from api.acts.webhooks import WebhookOrder
from api.db.webhooks import Delivery, Shape, Webhook
from tests.support.office import Hall

HOSTS = ("localhost",)


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
