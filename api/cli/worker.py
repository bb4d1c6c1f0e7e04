"""`vermilion worker`: what has to happen without anybody asking."""

import logging
import signal
import sys
import threading
from importlib import import_module
from typing import Any

import click

from api.acts.office import Office
from api.bootstrap import running_office
from api.settings import read_settings
from api.tasks.schedule import TASKS, run_due


@click.command(short_help="Do what has to happen without anybody asking.")
@click.option("--once", is_flag=True, help="Run every task once and stop.")
@click.option("--batches", is_flag=True, help="Only take part in sealing batches; leave the periodic tasks to others.")
@click.option("--until-eof", is_flag=True, hidden=True, help="Stop when standard input ends: when the parent is gone.")
def worker(*, once: bool, batches: bool, until_eof: bool) -> None:
    """Publish CRLs in time, renew OCSP responders, report what expires, seal batches.

    Any number of workers may run, on any number of hosts: each task runs once when it is due, and the files of a batch
    are shared. SIGTERM ends a worker after the chunk in hand.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with running_office(read_settings()) as office:
        if once:
            for name, said in run_due(office, dict.fromkeys(TASKS, 0.0)):
                click.echo(f"{name}: {said}")
            return
        if until_eof:
            threading.Thread(target=_end_with_parent, args=(stop,), name="parent", daemon=True).start()
        run(office, stop, tasks=not batches)


def run(office: Office, stop: threading.Event, *, tasks: bool) -> None:
    """Work until the event is set."""
    durable: Any = import_module("api.tasks.durable")  # DBOS takes most of a second to load: only where it is needed
    with durable.working(office, tasks=tasks) as turn:
        click.echo(f"worker {office.process[:8]} is ready")
        while not stop.is_set():
            for line in turn.tick():
                click.echo(line)
            stop.wait(durable.TICK_S)
    click.echo(f"worker {office.process[:8]} has stopped")


def _end_with_parent(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    stop.set()
