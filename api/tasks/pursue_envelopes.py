"""Take up every envelope that has something due: no envelope is ever stuck."""

import logging
from typing import Final

from api.acts.envelope_run import pursue
from api.acts.office import Office
from api.errors import ServiceError

log = logging.getLogger("vermilion.tasks")
EVERY_S: Final = 15.0
AT_ONCE: Final = 200  # in one turn; the rest at the next


def run(office: Office) -> str:
    with office.reading() as work:
        due = work.envelopes.due(now=office.now(), limit=AT_ONCE)
    failed = 0
    for envelope_id in due:
        try:
            pursue(office, envelope_id)
        except ServiceError:
            failed += 1
            log.exception("envelope %s could not be taken up", envelope_id)
    return f"{len(due)} envelopes, {failed} not taken up" if due else ""
