"""Webhooks, their delivery log, and the notices themselves over HTTP."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from api.acts import deliveries, webhooks
from api.acts.office import Office
from api.acts.webhook_call import Caller
from api.acts.webhooks import WebhookOrder
from api.db.access import Token
from api.db.people import Role
from api.db.webhooks import Webhook, WebhookState
from api.errors import ForbiddenError, NotFoundError
from api.http.caller import AnyToken, me
from api.http.deps import OfficeDep
from api.http.webhooks_schemas import (
    DeliveryOut,
    DeliveryPage,
    NoticeOut,
    NoticePage,
    WebhookChangeIn,
    WebhookIn,
    WebhookList,
    WebhookMadeOut,
    WebhookOut,
)

router = APIRouter(prefix="/api/v1", tags=["webhooks"])
SCOPE: Final = "webhooks"
NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"description": "Not Found"}}
MANAGE: Final = frozenset({Role.REPRESENTATIVE, Role.MANAGER})
Uscc = Annotated[str, Query(max_length=18)]
Limit = Annotated[int, Query(ge=1, le=200)]
MAX_NUMBER: Final = 2**31 - 1


def caller_of(token: AnyToken, office: OfficeDep) -> Token:
    """A person in a session, or a machine of an enterprise.

    Raises:
        ForbiddenError: a token of another kind.
    """
    if token.person is not None:
        return me(token, office).token
    if SCOPE not in token.scopes:
        raise ForbiddenError(f"this token lacks the scope {SCOPE}")
    return token


Who = Annotated[Token, Depends(caller_of)]


def require(office: Office, who: Token, uscc: str, roles: frozenset[Role] | None, *, what: str) -> None:
    """Let pass who may act for this enterprise. Whoever does not belong to it learns nothing about it.

    Raises:
        NotFoundError: the caller has nothing to do with the enterprise.
        ForbiddenError: a member without the right.
    """
    if who.person is None and who.uscc == uscc:
        return
    member = None
    if who.person is not None:
        with office.reading() as work:
            member = work.people.member(who.person, uscc)
    if member is None:
        raise NotFoundError(f"there is no {what}")
    if roles is not None and member.role not in roles:
        raise ForbiddenError("the enterprise's representative or a manager may do this")


def _mine(office: Office, who: Token, webhook_id: str) -> Webhook:
    one = webhooks.webhook(office, webhook_id)
    require(office, who, one.uscc, MANAGE, what=f"webhook {webhook_id}")
    return one


@router.post("/webhooks", status_code=201, responses=NOT_FOUND)
def add(body: WebhookIn, office: OfficeDep, who: Who) -> WebhookMadeOut:
    """Enter a webhook. Its secret is in this answer and never in another, so that a repeated request makes another one."""
    require(office, who, body.uscc, MANAGE, what=f"enterprise {body.uscc}")
    order = WebhookOrder(uscc=body.uscc, url=body.url, shape=body.shape, kinds=tuple(body.kinds), secret=body.secret)
    made = webhooks.add(office, order, actor=who.name)
    return WebhookMadeOut.of(office, made, secret=made.secret or None)


@router.get("/webhooks", responses=NOT_FOUND)
def page(office: OfficeDep, who: Who, uscc: Uscc) -> WebhookList:
    """The webhooks of an enterprise."""
    require(office, who, uscc, MANAGE, what=f"enterprise {uscc}")
    return WebhookList(items=[WebhookOut.of(office, one) for one in webhooks.webhooks_of(office, uscc)])


@router.get("/webhooks/{webhook_id}")
def show(webhook_id: str, office: OfficeDep, who: Who) -> WebhookOut:
    """Show one webhook."""
    return WebhookOut.of(office, _mine(office, who, webhook_id))


@router.patch("/webhooks/{webhook_id}")
def change(webhook_id: str, body: WebhookChangeIn, office: OfficeDep, who: Who) -> WebhookOut:
    """Change address or kinds; pause it, or make it active again."""
    one = _mine(office, who, webhook_id)
    state = None if body.state is None else WebhookState(body.state)
    changed = webhooks.change(office, one, url=body.url, kinds=body.kinds, state=state, actor=who.name)
    return WebhookOut.of(office, changed)


@router.delete("/webhooks/{webhook_id}", status_code=204)
def remove(webhook_id: str, office: OfficeDep, who: Who) -> Response:
    """Forget a webhook with its log."""
    webhooks.remove(office, _mine(office, who, webhook_id), actor=who.name)
    return Response(status_code=204)


@router.post("/webhooks/{webhook_id}/secret")
def rotate(webhook_id: str, office: OfficeDep, who: Who) -> WebhookMadeOut:
    """Give it a new secret, shown once; for 24 hours both sign."""
    made = webhooks.rotate(office, _mine(office, who, webhook_id), actor=who.name)
    return WebhookMadeOut.of(office, made, secret=made.secret)


@router.post("/webhooks/{webhook_id}/test")
def test(webhook_id: str, office: OfficeDep, who: Who) -> DeliveryOut:
    """Deliver a notice `webhook.tested` right now and say what came of it."""
    one = _mine(office, who, webhook_id)
    made = webhooks.test(office, one, actor=who.name)
    deliveries.deliver_one(office, made, one, Caller.of(office.settings))
    return DeliveryOut.of(webhooks.delivery(office, one, made))


@router.get("/webhooks/{webhook_id}/deliveries")
def log(
    webhook_id: str,
    office: OfficeDep,
    who: Who,
    cursor: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """What was delivered, newest notice first; kept for ninety days."""
    one = _mine(office, who, webhook_id)
    found = webhooks.log(office, one, before=cursor, limit=limit)
    following = found[-1].notice if len(found) == limit else None
    return DeliveryPage(items=[DeliveryOut.of(each) for each in found], next=following)


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")
def replay(webhook_id: str, delivery_id: str, office: OfficeDep, who: Who) -> DeliveryOut:
    """Deliver once more, under the same `webhook-id`."""
    one = _mine(office, who, webhook_id)
    return DeliveryOut.of(webhooks.replay(office, one, delivery_id, actor=who.name))


@router.get("/notices", responses=NOT_FOUND)
def notices(
    office: OfficeDep,
    who: Who,
    uscc: Uscc,
    cursor: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    limit: Limit = 50,
) -> NoticePage:
    """What an enterprise was told, oldest first, for each of its members."""
    require(office, who, uscc, None, what=f"enterprise {uscc}")
    with office.reading() as work:
        found = work.notices.page(uscc=uscc, after=cursor, limit=limit)
    return NoticePage(items=[NoticeOut.of(one) for one in found], next=found[-1].id if len(found) == limit else None)
