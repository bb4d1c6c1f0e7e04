"""`vermilion worker`: what has to happen without anybody asking."""

import signal
import threading

import click

from api.bootstrap import running_office
from api.settings import read_settings
from api.tasks.schedule import TASKS, run_due


@click.command(short_help="Do what has to happen without anybody asking.")
@click.option("--once", is_flag=True, help="Run every task once and stop.")
def worker(*, once: bool) -> None:
    """Publish CRLs in time, renew OCSP responders, report what expires.

    Several workers may run; each task is idempotent.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running_office(read_settings()) as office:
        due = dict.fromkeys(TASKS, 0.0)
        while not stop.is_set():
            for name, said in run_due(office, due):
                click.echo(f"{name}: {said}")
            if once:
                return
            stop.wait(1)
