"""An enterprise's webhooks: where it wants to be told, of what, and in which shape."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.acts.office import Office
from api.acts.webhook_address import Target, target_of
from api.acts.webhook_shapes import new_secret
from api.db.webhooks import Delivery, Shape, Webhook, WebhookState
from api.errors import BadInputError, NotFoundError, WebhookStateError

KIND: Final = re.compile(r"[a-z]+(-[a-z]+)*\.(\*|[a-z]+(-[a-z]+)*)")
MAX_WEBHOOKS: Final = 20  # of one enterprise
MAX_KINDS: Final = 50
ROBOT_SECRET: Final = re.compile(r"[\x21-\x7e]{1,128}")
OLD_SECRET_FOR: Final = timedelta(hours=24)  # the receiver's time to change over
TESTED: Final = "webhook.tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOrder:
    """What an enterprise asks for."""

    uscc: str
    url: str
    shape: Shape
    kinds: tuple[str, ...]
    secret: str | None  # of a DingTalk robot; all others are ours to make


def add(office: Office, order: WebhookOrder, *, actor: str) -> Webhook:
    """Enter a webhook. Its secret is in the answer to this one call and in no other.

    Raises:
        BadInputError: the address, a kind or the secret is not a possible one, or there are too many webhooks.
    """
    target = target_of(order.url, hosts=office.settings.webhook_hosts)
    now = office.now()
    made = Webhook(
        id=secrets.token_hex(16),
        uscc=order.uscc,
        url=order.url,
        shape=order.shape,
        secret=_secret(order),
        kinds=_kinds(order.kinds),
        state=WebhookState.ACTIVE,
        made_by=actor,
        made_at=now,
        state_at=now,
    )
    with office.work() as work:
        if work.enterprises.get(order.uscc) is None:
            raise NotFoundError(f"there is no enterprise {order.uscc}")
        if len(work.webhooks.of_enterprise(order.uscc)) >= MAX_WEBHOOKS:
            raise BadInputError(f"an enterprise has at most {MAX_WEBHOOKS} webhooks")
        work.webhooks.add(made)
        work.ledger.note(
            at=now, actor=actor, act="webhook.add", subject=order.uscc, webhook=made.id, host=target.host,
            shape=order.shape.value,
        )  # fmt: skip
        work.commit()
    return made


def webhook(office: Office, webhook_id: str) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: there is none.
    """
    with office.reading() as work:
        found = work.webhooks.get(webhook_id)
    if found is None:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    return found


def webhooks_of(office: Office, uscc: str) -> list[Webhook]:
    with office.reading() as work:
        return work.webhooks.of_enterprise(uscc)


def change(
    office: Office,
    one: Webhook,
    *,
    url: str | None,
    kinds: Sequence[str] | None,
    state: WebhookState | None,
    actor: str,
) -> Webhook:
    """Change address, kinds or state. What waits for a paused webhook is delivered once it is active again.

    Raises:
        BadInputError: see `add`.
    """
    url = one.url if url is None else url
    target = target_of(url, hosts=office.settings.webhook_hosts)
    now = office.now()
    with office.work() as work:
        work.webhooks.change(
            one.id, url=url, kinds=one.kinds if kinds is None else _kinds(kinds), state=state or one.state, at=now
        )
        work.ledger.note(
            at=now, actor=actor, act="webhook.change", subject=one.uscc, webhook=one.id, host=target.host,
            state=(state or one.state).value,
        )  # fmt: skip
        work.commit()
    return webhook(office, one.id)


def rotate(office: Office, one: Webhook, *, actor: str) -> Webhook:
    """Give it a new secret; the old one signs along for a day.

    Raises:
        WebhookStateError: a robot's secret is made by the robot's own service.
    """
    if one.shape is not Shape.VERMILION:
        raise WebhookStateError("the secret of a robot is made where the robot is; enter the webhook anew with it")
    now = office.now()
    with office.work() as work:
        work.webhooks.rotate(one.id, new_secret(), old_until=now + OLD_SECRET_FOR)
        work.ledger.note(at=now, actor=actor, act="webhook.rotate", subject=one.uscc, webhook=one.id)
        work.commit()
    return webhook(office, one.id)


def remove(office: Office, one: Webhook, *, actor: str) -> None:
    """Forget a webhook with its log of deliveries."""
    with office.work() as work:
        work.webhooks.remove(one.id)
        work.ledger.note(at=office.now(), actor=actor, act="webhook.remove", subject=one.uscc, webhook=one.id)
        work.commit()


def test(office: Office, one: Webhook, *, actor: str) -> str:
    """Make a delivery that says nothing but that somebody tests; returns its identity.

    Raises:
        WebhookStateError: the webhook is not active.
    """
    if one.state is not WebhookState.ACTIVE:
        raise WebhookStateError(f"the webhook is {one.state.value}; make it active first")
    now = office.now()
    with office.work() as work:
        made = work.notices.add_for(one.id, to=one.uscc, kind=TESTED, subject=one.id, at=now, by=actor)
        work.commit()
    return made


def delivery(office: Office, one: Webhook, delivery_id: str) -> Delivery:
    """Return a delivery of this webhook.

    Raises:
        NotFoundError: it has no such delivery.
    """
    with office.reading() as work:
        found = work.webhooks.delivery(delivery_id)
    if found is None or found.webhook != one.id:
        raise NotFoundError(f"this webhook has no delivery {delivery_id}")
    return found


def log(office: Office, one: Webhook, *, before: int | None, limit: int) -> list[Delivery]:
    with office.reading() as work:
        return work.webhooks.log(one.id, before=before, limit=limit)


def replay(office: Office, one: Webhook, delivery_id: str, *, actor: str) -> Delivery:
    """Deliver a notice once more, under the same `webhook-id`, from the start of the schedule.

    Raises:
        NotFoundError: the webhook has no such delivery.
        WebhookStateError: the webhook is disabled.
    """
    found = delivery(office, one, delivery_id)
    if one.state is WebhookState.DISABLED:
        raise WebhookStateError("the webhook is disabled; make it active first")
    with office.work() as work:
        work.webhooks.replay(found.id, at=office.now())
        work.ledger.note(
            at=office.now(), actor=actor, act="webhook.replay", subject=one.uscc, webhook=one.id, delivery=found.id
        )
        work.commit()
    return delivery(office, one, delivery_id)


def shown_url(office: Office, one: Webhook) -> str:
    """The address without its query. Also of one that the operator's hosts no longer allow."""
    target: Target = target_of(one.url, hosts=(*office.settings.webhook_hosts, _host(one.url)))
    return target.shown


def _host(url: str) -> str:
    return re.sub(r"^https?://\[?([^/?\]]*?)\]?(:\d+)?([/?].*)?$", r"\1", url).lower()


def _secret(order: WebhookOrder) -> str:
    if order.shape is Shape.DINGTALK:
        if order.secret is not None and not ROBOT_SECRET.fullmatch(order.secret):
            raise BadInputError("a robot's secret is 1 to 128 printable ASCII characters")
        return order.secret or ""
    if order.secret is not None:
        raise BadInputError("only a DingTalk robot brings a secret; ours are made here")
    return "" if order.shape is Shape.WECOM else new_secret()


def _kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    if len(kinds) > MAX_KINDS or any(len(one) > 64 or not KIND.fullmatch(one) for one in kinds):  # noqa: PLR2004 - the column
        raise BadInputError(f"kinds are at most {MAX_KINDS} names such as envelope.completed or envelope.*")
    return tuple(dict.fromkeys(kinds))
