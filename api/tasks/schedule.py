"""The tasks and how often they are due."""

import logging
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Final

from api.acts.office import Office
from api.errors import ServiceError
from api.tasks import (
    apply_requests,
    deliver_webhooks,
    expire_rights,
    follow_groups,
    forget_deliveries,
    heartbeat,
    publish_crls,
    pursue_envelopes,
    renew_responders,
    sweep_objects,
    warn_of_expiry,
)
from ca.errors import CaError
from hsm.errors import HsmError
from seals.errors import SealError
from verify.errors import VerifyError

log = logging.getLogger("vermilion.tasks")


@dataclass(frozen=True, slots=True)
class Task:
    """One background task."""

    every_s: float
    run: Callable[[Office], str]
    everywhere: bool = False  # in every worker, not once for all of them


TASKS: Final[dict[str, Task]] = {
    "apply-requests": Task(apply_requests.EVERY_S, apply_requests.run),
    "expire-rights": Task(expire_rights.EVERY_S, expire_rights.run),
    "heartbeat": Task(heartbeat.EVERY_S, heartbeat.run, everywhere=True),
    "pursue-envelopes": Task(pursue_envelopes.EVERY_S, pursue_envelopes.run),
    "publish-crls": Task(300, publish_crls.run),
    "renew-responders": Task(3600, renew_responders.run),
    "warn-of-expiry": Task(3600, warn_of_expiry.run),
    "deliver-webhooks": Task(5, deliver_webhooks.run),
    "follow-groups": Task(60, follow_groups.run),
    "forget-deliveries": Task(3600, forget_deliveries.run),
    "sweep-objects": Task(sweep_objects.EVERY_S, sweep_objects.run),
}


def run_due(office: Office, due: MutableMapping[str, float]) -> Iterator[tuple[str, str]]:
    """Run every task whose time has come; one that fails is tried again at its next turn, the others go on."""
    for name, task in TASKS.items():
        if time.monotonic() < due[name]:
            continue
        due[name] = time.monotonic() + task.every_s
        said = run_task(office, name)
        if said:
            yield name, said


def run_task(office: Office, name: str) -> str:
    """Run one task now; a fault is logged and told, and the next turn comes."""
    try:
        return TASKS[name].run(office)
    except (ServiceError, CaError, HsmError, SealError, VerifyError) as exc:
        log.exception("task %s failed", name)
        return f"failed: {type(exc).__name__}"
