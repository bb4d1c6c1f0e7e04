"""`vermilion demo`: the main job in one folder, without a server."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from api.cli.verify import show
from api.demo.run import STAGES, Stage, run

FAILED = 1


@click.command(short_help="Do the whole job in one folder, without a server.")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--pdf", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Seal this file instead of a sample."
)
@click.option("--keys", type=click.Choice(["software", "softhsm"]), default="software", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the report of all checks as JSON.")
def demo(directory: Path, pdf: Path | None, keys: str, *, as_json: bool) -> int:
    """Do the whole job in DIRECTORY, which has to be new or empty.

    Key ceremony; a service hall registers two enterprises; each gets its electronic business licence and five seals;
    both seal a contract; everything is checked as a verifier would, offline. Exit code 0 only if every check passed.
    """
    with _telling(quiet=as_json) as tell:
        result = run(directory, pdf=pdf, softhsm=keys == "softhsm", tell=tell)
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
    else:
        for name, report in result.checks.items():
            click.secho(f"\n{name}", underline=True)
            show(report)
        click.echo(f"\n{'Every check passed.' if result.passed else 'A check did not pass.'} Files are in {directory}/")
    return 0 if result.passed else FAILED


@contextmanager
def _telling(*, quiet: bool) -> Iterator[Callable[[Stage], None]]:
    """A bar on a terminal, a line for each stage elsewhere, nothing beside JSON."""
    if quiet:
        yield lambda _: None
    elif not sys.stdout.isatty():
        yield lambda stage: click.echo(f"[{stage.number}/{stage.of}] {stage.title}")
    else:
        with click.progressbar(length=STAGES, show_eta=False, item_show_func=_title) as bar:
            yield lambda stage: bar.update(1 if stage.number > 1 else 0, stage)
            bar.update(1)


def _title(stage: Stage | None) -> str | None:
    return None if stage is None else stage.title
