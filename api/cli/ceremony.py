"""`vermilion ceremony`: make the authority's keys and certificates from one reviewed file."""

from pathlib import Path

import click
import yaml

from api.acts.ceremony import hold
from api.bootstrap import utc_now
from api.demo.first_run import make_software_keys
from api.settings import read_settings
from ca.ceremony_plan import CeremonyPlan
from ca.errors import CeremonyError
from hsm.stores import open_store

MAX_BYTES = 64 * 1024


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="The service's folder; default: var.")
@click.option("--keys", help="Key store: software:PATH or a PKCS#11 URI. Default: a new key file in the folder.")
@click.option("--pin-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the PIN.")
@click.option("--check", "check_only", is_flag=True, help="Only read and check FILE; touch no key.")
def ceremony(file: Path, data: Path | None, keys: str | None, pin_file: Path | None, *, check_only: bool) -> None:
    """Hold the key ceremony that FILE (YAML) describes.

    Makes root, issuing CAs, OCSP responders, time-stamping, credential key and the authority's own seal; prints the
    transcript with the hash of every key and certificate, and the first bearer token. Asks nothing, needs neither
    database nor network, and refuses to overwrite. See docs/ops/ceremony.md and the example beside it.
    """
    plan = CeremonyPlan.of(_read(file))
    if check_only:
        click.echo(f"{file} is a complete ceremony file for {plan.name} ({plan.name_latin}).")
        return
    settings = read_settings(data=data, keys=keys, pin_file=pin_file)
    if settings.key_address.startswith("software:"):
        make_software_keys(settings)
    store = open_store(settings.key_address, secret=settings.secret)
    try:
        held = hold(plan, settings.authority_folder, stores={store.name: store}, now=utc_now())
    finally:
        store.close()
    click.echo(held.authority.transcript)
    click.echo(f"First bearer token, shown once, valid until {held.token_expires_at:%Y-%m-%d}:\n{held.token}")


def _read(file: Path) -> dict[str, object]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise CeremonyError(f"{file} is longer than {MAX_BYTES} bytes")
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise CeremonyError(f"{file} is not YAML: {exc}") from exc
    if not isinstance(read, dict):
        raise CeremonyError(f"{file} is not a ceremony file: its top level is no mapping")
    return read
