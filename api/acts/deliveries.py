"""Deliver notices to webhooks: each by one deliverer at a time, in their order, again and again on a written schedule."""

import logging
import secrets
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from api.acts.office import Office
from api.acts.webhook_address import target_of
from api.acts.webhook_call import Answer, Caller
from api.acts.webhook_shapes import excerpt_of, message_of, objection
from api.db.webhooks import Delivery, DeliveryState, Outcome, Webhook
from api.db.work import SqlUnitOfWork
from api.errors import BadInputError

log = logging.getLogger("vermilion.webhooks")

RETRIES: Final = (  # after the first attempt: Standard Webhooks, "Deliverability and reliability"
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
DISABLE_AFTER: Final = timedelta(days=5)  # of failures without one success
HOLD: Final = timedelta(seconds=60)  # well above the time of one call; after a crash others wait so long
AT_ONCE: Final = 100  # deliveries to one webhook before others get their turn
THREADS: Final = 4  # a receiver that is slow holds up one of them
LOG_FOR: Final = timedelta(days=90)
MAX_EXCERPT: Final = 512  # characters
MAX_ERROR: Final = 256
GONE: Final = 410  # Standard Webhooks: the receiver wants no more


def deliver(office: Office, caller: Caller) -> Counter[str]:
    """Deliver what is due, to every webhook that has something due; returns how often which outcome.

    A webhook that fails gets no further delivery in the same turn.
    """
    done: Counter[str] = Counter()
    served: set[str] = set()

    def serve() -> Counter[str]:
        mine: Counter[str] = Counter()
        holder = secrets.token_hex(16)
        while (webhook := _claim(office, holder, served)) is not None:
            served.add(webhook.id)
            try:
                mine += _serve(office, webhook, holder, caller)
            finally:
                _release(office, webhook, holder)
        return mine

    with office.reading() as work:
        threads = min(THREADS, work.webhooks.count_due(now=office.now()))
    if not threads:
        return done
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="webhooks") as pool:
        for part in [pool.submit(serve) for _ in range(threads)]:
            done += part.result()
    return done


def deliver_one(office: Office, delivery_id: str, webhook: Webhook, caller: Caller) -> None:
    """Make one attempt right now, if nobody is delivering to the webhook; otherwise it is due as any other."""
    holder = secrets.token_hex(16)
    with office.work() as work:
        free = work.webhooks.hold(webhook.id, holder, now=office.now(), until=office.now() + HOLD)
        one = work.webhooks.delivery(delivery_id) if free else None
        work.commit()
    if not free:
        return
    try:
        if one is not None and one.state is DeliveryState.WAITING:
            _attempt(office, webhook, one, caller)
    finally:
        _release(office, webhook, holder)


def forget_old(office: Office) -> int:
    """Drop the log of what ended more than ninety days ago."""
    with office.work() as work:
        dropped = work.webhooks.forget(before=office.now() - LOG_FOR)
        work.commit()
    return dropped


def _claim(office: Office, holder: str, served: Collection[str]) -> Webhook | None:
    now = office.now()
    with office.work() as work:
        found = work.webhooks.claim(holder, now=now, until=now + HOLD, but=tuple(served))
        work.commit()
    return found


def _release(office: Office, webhook: Webhook, holder: str) -> None:
    with office.work() as work:
        work.webhooks.release(webhook.id, holder)
        work.commit()


def _serve(office: Office, webhook: Webhook, holder: str, caller: Caller) -> Counter[str]:
    done: Counter[str] = Counter()
    for _ in range(AT_ONCE):
        now = office.now()
        with office.work() as work:
            mine = work.webhooks.hold(webhook.id, holder, now=now, until=now + HOLD)
            fresh = work.webhooks.get(webhook.id)
            one = work.webhooks.next_due(webhook.id, now=now) if mine else None
            work.commit()
        if one is None or fresh is None:
            break
        state = _attempt(office, fresh, one, caller)
        done[state.value] += 1
        if state is not DeliveryState.DELIVERED:
            break
    return done


def _attempt(office: Office, webhook: Webhook, one: Delivery, caller: Caller) -> DeliveryState:
    now = office.now()
    try:
        target = target_of(webhook.url, hosts=caller.hosts)
    except BadInputError as exc:  # the operator has taken the host off the list
        answer = Answer(error=str(exc))
    else:
        message = message_of(webhook, one, target, now=now)
        answer = caller.post(message.target, message.headers, message.body)
    outcome = _outcome(webhook, one, answer, office.now())
    with office.work() as work:
        if work.webhooks.record(one, outcome):
            _judge(work, webhook, outcome)
        work.commit()
    log.info(
        "delivery %s of %s to webhook %s: %s%s", one.id, one.kind, webhook.id, outcome.state.value,
        f", {outcome.error}" if outcome.error else "",
    )  # fmt: skip
    return outcome.state


def _outcome(webhook: Webhook, one: Delivery, answer: Answer, at: datetime) -> Outcome:
    error = objection(webhook, answer)
    wait = RETRIES[one.attempts] if one.attempts < len(RETRIES) else None
    if error is None:
        state, following = DeliveryState.DELIVERED, None
    else:
        state = DeliveryState.GIVEN_UP if wait is None else DeliveryState.FAILED
        following = None if wait is None else at + wait
    return Outcome(
        state=state,
        at=at,
        next_at=following,
        status=answer.status,
        error=None if error is None else error[:MAX_ERROR],
        response=excerpt_of(webhook, answer, max_chars=MAX_EXCERPT),
    )


def _judge(work: SqlUnitOfWork, webhook: Webhook, outcome: Outcome) -> None:
    """What an outcome means for the webhook: five days of nothing but failures, or a 410, and it is taken out of use."""
    if outcome.state is DeliveryState.DELIVERED:
        work.webhooks.succeeded(webhook.id)
        return
    since = work.webhooks.failing(webhook.id, at=outcome.at)
    gone = outcome.status == GONE
    if (gone or outcome.at - since >= DISABLE_AFTER) and work.webhooks.disable(webhook.id, at=outcome.at):
        why = "the receiver wants no more (410)" if gone else "nothing was delivered for five days"
        work.ledger.note(
            at=outcome.at, actor="worker", act="webhook.disable", subject=webhook.uscc, webhook=webhook.id, why=why
        )
        work.notices.add(to=[webhook.uscc], kind="webhook.disabled", subject=webhook.id, at=outcome.at, why=why)
