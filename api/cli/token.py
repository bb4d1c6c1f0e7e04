"""`vermilion token`: bearer tokens for machines."""

from datetime import timedelta

import click

from api.acts.access import SCOPES, add_token
from api.bootstrap import running_office
from api.errors import NotFoundError
from api.settings import read_settings

HELP = "; ".join(f"{name}: {what}" for name, what in SCOPES.items())


@click.group()
def token() -> None:
    """Make, list and withdraw bearer tokens."""


@token.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(list(SCOPES)), help=HELP)
@click.option("--uscc", help="The enterprise whose machine it is for; without it the token is the service hall's.")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long it is valid.")
def add(name: str, scopes: tuple[str, ...], uscc: str | None, days: int) -> None:
    """Make a token called NAME and print its secret, once."""
    with running_office(read_settings()) as office:
        made, secret = add_token(office, name=name, scopes=frozenset(scopes), valid_for=timedelta(days=days), uscc=uscc)
    click.echo(secret)
    click.echo(f"Token {made.id} for {name}: {' '.join(sorted(made.scopes))}. It is not shown again.", err=True)


@token.command("list")
def list_tokens() -> None:
    """List the tokens of machines, without their secrets. Sessions of people are not among them."""
    with running_office(read_settings()) as office, office.reading() as work:
        for one in work.tokens.of_machines():
            state = "withdrawn" if one.revoked_at else "valid"
            until = "for ever" if one.expires_at is None else f"until {one.expires_at:%Y-%m-%d}"
            whose = f"  {one.uscc}" if one.uscc else ""
            click.echo(f"{one.id}  {one.name}{whose}  {state} {until}  {' '.join(sorted(one.scopes))}")


@token.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Withdraw a token by its identity, as `list` shows it."""
    with running_office(read_settings()) as office, office.work() as work:
        if not work.tokens.revoke(token_id, at=office.now()):
            raise NotFoundError(f"there is no valid token {token_id}")
        work.ledger.note(at=office.now(), actor="operator", act="token.revoke", subject=token_id)
        work.commit()
    click.echo(f"Token {token_id} is withdrawn.")
