"""End mandates whose period is over, and seal-use requests that nobody approved in time."""

from contextlib import suppress
from typing import Final

from api.acts.mandate_life import SERVICE, end
from api.acts.office import Office
from api.acts.requests import expire
from seals.errors import MandateStateError, RequestStateError
from seals.mandates import MandateEvent

EVERY_S: Final = 60


def run(office: Office) -> str:
    now = office.now()
    with office.reading() as work:
        mandates = [one.mandate.id for one in work.mandates.past(now)]
        requests = [one.id for one in work.requests.late(now)]
    ended = 0
    for (
        mandate_id
    ) in mandates:  # each in a transaction of its own: one that was moved just now keeps nothing from ending
        with office.work() as work, suppress(MandateStateError):
            found = work.mandates.lock(mandate_id)
            if found is not None:
                end(work, found.mandate, MandateEvent.EXPIRE, why="its period is over", at=now, actor=SERVICE)
                work.commit()
                ended += 1
    for request_id in requests:
        with office.work() as work, suppress(RequestStateError):
            one = work.requests.lock(request_id)
            if one is not None:
                expire(work, one, at=now)
                work.commit()
                ended += 1
    return f"ended {ended}" if ended else ""
