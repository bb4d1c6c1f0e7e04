"""Apply seals of approved requests that nobody is at work on: after a crash, or after a fault that passed."""

import logging
from typing import Final

from api.acts import applying
from api.acts.office import Office
from seals.requests import RequestState

log = logging.getLogger("vermilion.requests")
EVERY_S: Final = 15


def run(office: Office) -> str:
    with office.reading() as work:
        waiting = [one.id for one in work.requests.to_apply()]
    done = 0
    for request_id in waiting:
        try:
            done += applying.apply(office, request_id).state is RequestState.SEALED
        except Exception:
            log.exception("request %s", request_id)  # it is on the request, too; the others go on
    return f"sealed {done}" if done else ""
