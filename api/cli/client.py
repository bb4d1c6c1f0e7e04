"""`vermilion client`: programs that sign through the remote signing interface."""

import click

from api.acts.clients import add_client, revoke_client
from api.bootstrap import running_office
from api.settings import read_settings


@click.group()
def client() -> None:
    """Register, list and withdraw OAuth clients."""


@client.command()
@click.argument("name")
@click.option("--uscc", help="The enterprise whose machine it is: it may then sign by a mandate, without a person.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where people come back to; repeatable, exact.")
@click.option("--public", is_flag=True, help="It runs where no secret can be kept: a browser, a phone.")
def add(name: str, uscc: str | None, redirect_uris: tuple[str, ...], *, public: bool) -> None:
    """Register a client called NAME and print its secret, once."""
    with running_office(read_settings()) as office:
        made, secret = add_client(office, name=name, uscc=uscc, redirect_uris=redirect_uris, public=public)
    click.echo(made.id)
    if secret is not None:
        click.echo(secret)
    kept = "It has no secret." if secret is None else "The second line is its secret and is not shown again."
    click.echo(f"Client {made.id} for {made.name}: {' '.join(sorted(made.scopes))}. {kept}", err=True)


@client.command("list")
def list_clients() -> None:
    """List all clients, without their secrets."""
    with running_office(read_settings()) as office, office.reading() as work:
        for one in work.remote.clients.all():
            state = "withdrawn" if one.revoked_at else "valid"
            whose = one.uscc or "people"
            click.echo(f"{one.id}  {one.name}  {state}  {whose}  {' '.join(one.redirect_uris)}".rstrip())


@client.command()
@click.argument("client_id")
def revoke(client_id: str) -> None:
    """Withdraw a client with all its tokens, by its identity as `list` shows it."""
    with running_office(read_settings()) as office:
        revoke_client(office, client_id)
    click.echo(f"Client {client_id} is withdrawn.")
