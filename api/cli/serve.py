"""`vermilion serve`: the HTTP service and its pages."""

from pathlib import Path

import click
import uvicorn

from api.authority_file import AUTHORITY_FILE
from api.bootstrap import running_office, utc_now
from api.demo.first_run import demo_authority, make_software_keys
from api.http.app import create_app
from api.settings import Settings, read_settings
from api.tasks.heartbeat import beating


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
    with running_office(settings) as office, beating(office):
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


def prepare_demo(settings: Settings) -> None:
    """Make keys and an authority in an empty folder."""
    if (settings.authority_folder / AUTHORITY_FILE).exists():
        return
    click.echo("Making a demo authority…")
    make_software_keys(settings)
    demo_authority(settings, base_url=f"http://{settings.host}:{settings.port}", now=utc_now())
