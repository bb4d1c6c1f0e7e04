"""Webhooks and their deliveries in SQL."""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update

from api.db.tables import notices
from api.db.webhooks_tables import deliveries, webhooks

_TRIED: Final = 16  # webhooks that a claim looks at before it says that all are taken


class Shape(StrEnum):
    """What a receiver understands."""

    VERMILION = "vermilion"  # Standard Webhooks
    DINGTALK = "dingtalk"  # 钉钉 group robot
    WECOM = "wecom"  # 企业微信 group robot


class WebhookState(StrEnum):
    """Paused: notices wait. Disabled, by us or by its receiver (410): notices pass it by."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """Failed: will be tried again. Given up: only a replay tries again."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given-up"


OPEN: Final = (DeliveryState.WAITING.value, DeliveryState.FAILED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where an enterprise wants to be told. Not for answers as it is: it holds the secret and the whole address."""

    id: str
    uscc: str
    url: str
    shape: Shape
    secret: str
    kinds: tuple[str, ...]  # empty: all
    state: WebhookState
    made_by: str
    made_at: datetime
    state_at: datetime
    old_secret: str | None = None
    old_secret_until: datetime | None = None
    failing_since: datetime | None = None

    def __repr__(self) -> str:
        """Neither secret nor address, wherever this ends up."""
        return f"Webhook(id={self.id!r}, uscc={self.uscc!r}, shape={self.shape.value!r}, state={self.state.value!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way to one webhook."""

    id: str
    webhook: str
    notice: int
    kind: str
    subject: str
    uscc: str
    happened_at: datetime
    body: dict[str, Any]
    state: DeliveryState
    attempts: int
    made_at: datetime
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    response: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to."""

    state: DeliveryState
    at: datetime
    next_at: datetime | None
    status: int | None
    error: str | None
    response: str | None


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Whether patterns such as `envelope.*` or `seal.use` name a kind of notice; no patterns name all."""
    noun = kind.partition(".")[0]
    return not kinds or kind in kinds or f"{noun}.*" in kinds


class SqlWebhooks:
    """Webhooks and their deliveries."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, one: Webhook) -> None:
        self._connection.execute(
            insert(webhooks).values(
                id=one.id, uscc=one.uscc, url=one.url, shape=one.shape.value, secret=one.secret,
                kinds=" ".join(one.kinds), state=one.state.value, made_by=one.made_by, made_at=one.made_at,
                state_at=one.state_at,
            )
        )  # fmt: skip

    def get(self, webhook_id: str) -> Webhook | None:
        row = self._connection.execute(select(webhooks).where(webhooks.c.id == webhook_id)).one_or_none()
        return None if row is None else _webhook(row)

    def of_enterprise(self, uscc: str) -> list[Webhook]:
        chosen = select(webhooks).where(webhooks.c.uscc == uscc).order_by(webhooks.c.made_at, webhooks.c.id)
        return [_webhook(row) for row in self._connection.execute(chosen)]

    def change(self, webhook_id: str, *, url: str, kinds: Sequence[str], state: WebhookState, at: datetime) -> None:
        """Set what its owner may set; who makes it active again starts with a clean sheet."""
        values: dict[str, Any] = {"url": url, "kinds": " ".join(kinds), "state": state.value, "state_at": at}
        if state is WebhookState.ACTIVE:
            values["failing_since"] = None
        self._connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))

    def rotate(self, webhook_id: str, secret: str, *, old_until: datetime) -> None:
        self._connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id)
            .values(old_secret=webhooks.c.secret, old_secret_until=old_until, secret=secret)
        )

    def remove(self, webhook_id: str) -> None:
        self._connection.execute(select(webhooks.c.id).where(webhooks.c.id == webhook_id).with_for_update())
        self._connection.execute(delete(deliveries).where(deliveries.c.webhook == webhook_id))
        self._connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))

    def enter(self, notice: int, *, uscc: str, kind: str, at: datetime) -> None:
        """Make a delivery of a notice for every webhook that wants it: in the transaction of the notice itself."""
        listening = webhooks.c.state != WebhookState.DISABLED.value
        chosen = select(webhooks.c.id, webhooks.c.kinds).where(webhooks.c.uscc == uscc, listening)
        # locked against being removed: otherwise the notice, and what it tells of, would fail on the foreign key
        for one in self._connection.execute(chosen.with_for_update(read=True, key_share=True)).all():
            if wants(one.kinds.split(), kind):
                self.put(notice, one.id, at=at)

    def put(self, notice: int, webhook_id: str, *, at: datetime) -> str:
        """Make a delivery, due at once."""
        made = secrets.token_hex(16)
        self._connection.execute(
            insert(deliveries).values(
                id=made, webhook=webhook_id, notice=notice, state=DeliveryState.WAITING.value, attempts=0, made_at=at,
                next_at=at,
            )
        )  # fmt: skip
        return made

    def count_due(self, *, now: datetime) -> int:
        """How many webhooks have something due."""
        due = and_(deliveries.c.state.in_(OPEN), deliveries.c.next_at <= now)
        active = webhooks.c.state == WebhookState.ACTIVE.value
        chosen = (
            select(func.count(webhooks.c.id.distinct()))
            .join(deliveries, deliveries.c.webhook == webhooks.c.id)
            .where(active, due)
        )
        return int(self._connection.execute(chosen).scalar_one())

    def claim(self, holder: str, *, now: datetime, until: datetime, but: Collection[str] = ()) -> Webhook | None:
        """Take a webhook that has something due and that nobody is delivering to, the longest waiting first."""
        free = or_(webhooks.c.held_until.is_(None), webhooks.c.held_until <= now)
        due = and_(deliveries.c.state.in_(OPEN), deliveries.c.next_at <= now)
        waiting = (
            select(webhooks.c.id)
            .join(deliveries, deliveries.c.webhook == webhooks.c.id)
            .where(webhooks.c.state == WebhookState.ACTIVE.value, free, due, webhooks.c.id.not_in(list(but)))
            .group_by(webhooks.c.id)
            .order_by(func.min(deliveries.c.next_at), webhooks.c.id)
            .limit(_TRIED)
        )
        for (found,) in self._connection.execute(waiting).all():
            if self.hold(found, holder, now=now, until=until):
                return self.get(found)
        return None

    def hold(self, webhook_id: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take one webhook for ourselves, or keep it for longer; False if somebody else has it."""
        mine = or_(webhooks.c.held_by == holder, webhooks.c.held_until.is_(None), webhooks.c.held_until <= now)
        done = self._connection.execute(
            update(webhooks).where(webhooks.c.id == webhook_id, mine).values(held_by=holder, held_until=until)
        )
        return done.rowcount == 1

    def release(self, webhook_id: str, holder: str) -> None:
        self._connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id, webhooks.c.held_by == holder)
            .values(held_by=None, held_until=None)
        )

    def next_due(self, webhook_id: str, *, now: datetime) -> Delivery | None:
        """The oldest notice that is due, while the webhook is active."""
        active = exists().where(webhooks.c.id == webhook_id, webhooks.c.state == WebhookState.ACTIVE.value)
        due = and_(deliveries.c.state.in_(OPEN), deliveries.c.next_at <= now)
        return self._one(
            _DELIVERIES.where(deliveries.c.webhook == webhook_id, due, active).order_by(deliveries.c.notice).limit(1)
        )

    def record(self, one: Delivery, outcome: Outcome) -> bool:
        """Write down an attempt; False if somebody else wrote one down meanwhile, or the delivery is gone."""
        done = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id == one.id, deliveries.c.attempts == one.attempts)
            .values(
                state=outcome.state.value, attempts=one.attempts + 1, next_at=outcome.next_at, last_at=outcome.at,
                last_status=outcome.status, last_error=outcome.error, response=outcome.response,
            )
        )  # fmt: skip
        return done.rowcount == 1

    def succeeded(self, webhook_id: str) -> None:
        self._connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(failing_since=None))

    def failing(self, webhook_id: str, *, at: datetime) -> datetime:
        """Note a failure and return since when there was no success."""
        self._connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id, webhooks.c.failing_since.is_(None))
            .values(failing_since=at)
        )
        since: datetime | None = self._connection.execute(
            select(webhooks.c.failing_since).where(webhooks.c.id == webhook_id)
        ).scalar_one_or_none()
        return at if since is None else since

    def disable(self, webhook_id: str, *, at: datetime) -> bool:
        """Take it out of use and give up what waits for it; False if it is not active."""
        done = self._connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id, webhooks.c.state == WebhookState.ACTIVE.value)
            .values(state=WebhookState.DISABLED.value, state_at=at)
        )
        if done.rowcount != 1:
            return False
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.webhook == webhook_id, deliveries.c.state.in_(OPEN))
            .values(state=DeliveryState.GIVEN_UP.value, next_at=None)
        )
        return True

    def replay(self, delivery_id: str, *, at: datetime) -> None:
        """Due again, from the start of the schedule, under its old identity."""
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id)
            .values(state=DeliveryState.WAITING.value, attempts=0, next_at=at)
        )

    def delivery(self, delivery_id: str) -> Delivery | None:
        return self._one(_DELIVERIES.where(deliveries.c.id == delivery_id))

    def log(self, webhook_id: str, *, before: int | None, limit: int) -> list[Delivery]:
        """The deliveries of a webhook, newest notice first."""
        chosen = _DELIVERIES.where(deliveries.c.webhook == webhook_id).order_by(deliveries.c.notice.desc()).limit(limit)
        if before is not None:
            chosen = chosen.where(deliveries.c.notice < before)
        return [_delivery(row) for row in self._connection.execute(chosen)]

    def forget(self, *, before: datetime) -> int:
        """Drop the log of what ended long ago."""
        done = self._connection.execute(
            delete(deliveries).where(deliveries.c.made_at < before, deliveries.c.next_at.is_(None))
        )
        return done.rowcount

    def _one(self, chosen: Any) -> Delivery | None:
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else _delivery(row)


_DELIVERIES: Final = select(
    deliveries, notices.c.at.label("happened_at"), notices.c.uscc, notices.c.kind, notices.c.subject, notices.c.body
).join(notices, notices.c.id == deliveries.c.notice)


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        uscc=row.uscc,
        url=row.url,
        shape=Shape(row.shape),
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until=row.old_secret_until,
        kinds=tuple(row.kinds.split()),
        state=WebhookState(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        state_at=row.state_at,
        failing_since=row.failing_since,
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        webhook=row.webhook,
        notice=row.notice,
        kind=row.kind,
        subject=row.subject,
        uscc=row.uscc,
        happened_at=row.happened_at,
        body=json.loads(row.body),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        made_at=row.made_at,
        next_at=row.next_at,
        last_at=row.last_at,
        last_status=row.last_status,
        last_error=row.last_error,
        response=row.response,
    )
