"""Say that this process is alive, for services on other hosts, which cannot see its lock."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from threading import Event, Thread
from typing import Final

from api.acts.office import Office
from api.db.ledger import Process
from api.errors import ServiceError

log = logging.getLogger("vermilion.tasks")
EVERY_S: Final = 30.0  # well below `LOST_AFTER`


def run(office: Office) -> str:
    """Renew this process's line; one that somebody took for lost is entered again, so that its work is never orphaned."""
    now = office.now()
    with office.work() as work:
        if not work.ledger.seen(office.process, at=now):
            work.ledger.enlist(Process(id=office.process, host=socket.gethostname(), pid=getpid(), seen_at=now))
        work.commit()
    return ""


@contextmanager
def beating(office: Office, *, every_s: float = EVERY_S) -> Iterator[None]:
    """Do so again and again for the length of a `with` block; a turn that fails is logged and the next one is taken."""
    stop = Event()

    def beat() -> None:
        while not stop.wait(every_s):
            try:
                run(office)
            except ServiceError:
                log.exception("task heartbeat failed")

    thread = Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
