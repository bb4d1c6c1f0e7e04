"""`vermilion serve`: the HTTP service and its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import click
import uvicorn

from api.acts.office import Office
from api.authority_file import AUTHORITY_FILE
from api.bootstrap import running_office, utc_now
from api.cli.worker import run as work
from api.demo.first_run import demo_authority, make_software_keys
from api.http.app import create_app
from api.settings import Settings, read_settings
from api.tasks.heartbeat import beating

WORKER_AFTER_S = 2.0


@click.command()
@click.option(
    "--demo", is_flag=True, help="Also serve a demo page that issues to anybody; makes a demo authority first."
)
@click.option("--host", help="Address to listen on; default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; default 8000.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="The service's folder; default: var.")
def serve(host: str | None, port: int | None, data: Path | None, *, demo: bool) -> None:
    """Serve the register, sealing, checking and the PKI endpoints.

    Needs an authority (`vermilion ceremony`); with --demo it makes one with software keys if there is none.
    """
    settings = read_settings(host=host, port=port, data=data, demo=demo or None)
    if settings.demo:
        prepare_demo(settings)
    with running_office(settings) as office, beating(office), _with_worker(office, wanted=settings.demo):
        click.echo(f"{office.authority.name} · {office.authority.name_latin}")
        click.echo(f"Serving on http://{settings.host}:{settings.port}/")
        if not office.store.hardware:
            click.secho("Software keys: for trying out only, this is no HSM.", fg="yellow", err=True)
        uvicorn.run(
            create_app(office),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
        )


@contextmanager
def _with_worker(office: Office, *, wanted: bool) -> Iterator[None]:
    """A worker in this process, so that envelopes and batches of the demo move; begun once the service answers."""
    if not wanted:
        yield
        return
    stop = Event()

    def begin() -> None:
        if not stop.wait(WORKER_AFTER_S):
            work(office, stop, tasks=True)

    thread = Thread(target=begin, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def prepare_demo(settings: Settings) -> None:
    """Make keys and an authority in an empty folder."""
    if (settings.authority_folder / AUTHORITY_FILE).exists():
        return
    click.echo("Making a demo authority…")
    make_software_keys(settings)
    demo_authority(settings, base_url=f"http://{settings.host}:{settings.port}", now=utc_now())
