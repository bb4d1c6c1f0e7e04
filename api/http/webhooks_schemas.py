"""What the webhook endpoints take and give. Neither a secret nor the query of an address is in any answer but the first."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints

from api.acts import webhooks
from api.acts.office import Office
from api.db.notices import Notice
from api.db.webhooks import Delivery, Shape, Webhook
from api.http.schemas import Strict

Kind = Annotated[str, StringConstraints(max_length=64)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class WebhookIn(Strict):
    """Where to tell what, in which shape."""

    uscc: Annotated[str, StringConstraints(max_length=18)]
    url: Url = Field(examples=["https://erp.example.com/hooks/vermilion"])
    shape: Shape = Shape.VERMILION
    kinds: list[Kind] = Field(default=[], max_length=50, description="envelope.completed, envelope.*; empty: all")
    secret: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="of a DingTalk robot (加签); all others are made here"
    )


class WebhookChangeIn(Strict):
    """What to change; what is left out stays."""

    url: Url | None = None
    kinds: list[Kind] | None = Field(default=None, max_length=50)
    state: Literal["active", "paused"] | None = None


class WebhookOut(BaseModel):
    """A webhook. The address is shown without its query."""

    id: str
    uscc: str
    url: str
    shape: Shape
    kinds: list[str]
    state: str
    made_by: str
    made_at: datetime
    state_at: datetime
    failing_since: datetime | None
    old_secret_until: datetime | None

    @classmethod
    def of(cls, office: Office, one: Webhook, **more: Any) -> Self:
        return cls(
            id=one.id,
            uscc=one.uscc,
            url=webhooks.shown_url(office, one),
            shape=one.shape,
            kinds=list(one.kinds),
            state=one.state.value,
            made_by=one.made_by,
            made_at=one.made_at,
            state_at=one.state_at,
            failing_since=one.failing_since,
            old_secret_until=one.old_secret_until,
            **more,
        )


class WebhookMadeOut(WebhookOut):
    """A webhook with the secret that its receiver needs: shown once."""

    secret: str | None


class WebhookList(BaseModel):
    """The webhooks of an enterprise."""

    items: list[WebhookOut]


class DeliveryOut(BaseModel):
    """One notice on its way to one webhook."""

    id: str
    webhook_id: str  # the header of the same name
    kind: str
    subject: str
    number: int  # of the notice
    happened_at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    response: str | None  # how the receiver's answer began

    @classmethod
    def of(cls, one: Delivery) -> Self:
        return cls(
            id=one.id,
            webhook_id=f"msg_{one.id}",
            kind=one.kind,
            subject=one.subject,
            number=one.notice,
            happened_at=one.happened_at,
            state=one.state.value,
            attempts=one.attempts,
            next_at=one.next_at,
            last_at=one.last_at,
            last_status=one.last_status,
            last_error=one.last_error,
            response=one.response,
        )


class DeliveryPage(BaseModel):
    """A part of the delivery log, newest notice first; `next` continues it."""

    items: list[DeliveryOut]
    next: int | None


class NoticeOut(BaseModel):
    """What an enterprise is told."""

    number: int
    at: datetime
    kind: str
    subject: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, one: Notice) -> Self:
        return cls(number=one.id, at=one.at, kind=one.kind, subject=one.subject, facts=dict(one.body))


class NoticePage(BaseModel):
    """A part of an enterprise's notices, oldest first; `next` continues it."""

    items: list[NoticeOut]
    next: int | None
