"""`vermilion arl`: the root's next list of revoked CAs."""

from datetime import timedelta
from pathlib import Path

import click

from api.acts.root_list import next_root_list
from api.authority_file import AuthorityFile
from api.bootstrap import utc_now
from api.settings import read_settings
from ca.authority import ISSUING
from hsm.stores import open_store


@click.command(short_help="Sign the root's next list of revoked CAs.")
@click.option("--days", type=click.IntRange(1, 397), default=180, show_default=True, help="How long the list is fresh.")
@click.option("--revoke", type=click.Choice(ISSUING), help="Put this CA on the list, for good. Nothing takes it off.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="The service's folder; default: var.")
@click.option("--keys", help="Key store that has the root's key; default: the configured one.")
@click.option("--pin-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with its PIN.")
def arl(days: int, revoke: str | None, data: Path | None, keys: str | None, pin_file: Path | None) -> None:
    """Sign the root's next list of revoked CAs, before the present one lapses or when a CA has to go.

    The worker warns 60 days ahead. A running service takes the new list up by itself.
    """
    settings = read_settings(data=data, keys=keys, pin_file=pin_file)
    file = AuthorityFile(settings.authority_folder)
    file.current()
    store = open_store(settings.key_address, secret=settings.secret)
    try:
        made = next_root_list(file, store, revoke=revoke, fresh_for=timedelta(days=days), now=utc_now())
    finally:
        store.close()
    click.echo(f"The root's list names {len(made)} CA(s) and is fresh until {made.next_update_utc:%Y-%m-%d}.")
