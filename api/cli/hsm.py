"""`vermilion hsm`: prepare a token, and ask a store how it is."""

import secrets
from pathlib import Path

import click

from api.errors import SettingsError
from api.settings import read_settings
from hsm.provision import make_ready
from hsm.stores import open_store

PRIVATE = 0o077


@click.group()
def hsm() -> None:
    """Prepare a PKCS#11 token and check a key store."""


@hsm.command()
@click.argument("module", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--label", required=True, help="Label of the new token.")
@click.option("--so-pin-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pin-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def prepare(module: Path, label: str, so_pin_file: Path, pin_file: Path) -> None:
    """Initialise a free slot of MODULE, make the wrapping key, and try to steal a key as an attacker would.

    Prints the address to put into VERMILION_KEYS. An existing token is never touched.
    """
    address = make_ready(module, label=label, so_pin=_secret(so_pin_file), user_pin=_secret(pin_file))
    click.echo(str(address))


@hsm.command()
@click.option("--keys", help="Key store; default: the configured one.")
@click.option("--pin-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the PIN.")
def check(keys: str | None, pin_file: Path | None) -> int:
    """Sign and verify with the store's test key; exit code 0 if it works."""
    settings = read_settings(keys=keys, pin_file=pin_file)
    store = open_store(settings.key_address, secret=settings.secret)
    try:
        health = store.health()
    finally:
        store.close()
    kind = "hardware interface (PKCS#11)" if store.hardware else "software keys, no HSM"
    click.echo(f"{store.name}: {'works' if health.healthy else 'does not work'} · {kind} · {health.detail}")
    click.echo(f"key types: {', '.join(sorted(health.specs))}")
    return 0 if health.healthy else 1


@hsm.command("new-pin")
@click.argument("file", type=click.Path(path_type=Path))
def new_pin(file: Path) -> None:
    """Write a random PIN into FILE, readable by its owner alone."""
    if file.exists():
        raise SettingsError(f"{file} exists; it is never overwritten")
    file.touch(mode=0o600)
    file.write_text(secrets.token_urlsafe(16), encoding="utf-8")


def _secret(path: Path) -> str:
    if path.stat().st_mode & PRIVATE:
        raise SettingsError(f"{path} can be read by others: chmod 600 {path}")
    return path.read_text(encoding="utf-8").strip()
