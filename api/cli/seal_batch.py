"""`vermilion seal-batch`: one seal on many files."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from api.acts import batches
from api.acts.batches import BatchOrder, Progress
from api.acts.office import Office
from api.acts.sealing import SealOrder
from api.bootstrap import running_office
from api.db.batches import Batch, BatchState, ItemState, SourceKind
from api.errors import BadInputError, BatchTargetError, NotFoundError
from api.settings import read_settings
from seals.mandates import GranteeKind
from seals.register import Grounds
from seals.signing import Level

FAILED: Final = 1  # at least one file was refused, or the batch was cancelled
BAD_SOURCE: Final = 65
STOPPED: Final = 130
LOOK_EVERY_S: Final = 0.25
TELL_EVERY_S: Final = 5.0  # where there is no terminal
TOLD: Final = 20  # refused files that are named
CHILD: Final = (sys.executable, "-c", "from api.cli import main; main()", "worker", "--batches", "--until-eof")


@click.command(name="seal-batch", short_help="Put one seal on many files.")
@click.argument("source")
@click.argument("target")
@click.option("--seal", "code", required=True, help="Code of the seal.")
@click.option("--mandate", required=True, help="Identity of the mandate for automatic use.")
@click.option("--level", type=click.Choice([level.value for level in Level]), default="B-LT", show_default=True)
@click.option("--at", "place", metavar="PAGE,X,Y", help="Centre of the picture: page (-1: last), mm from left and top.")
@click.option("--keyword", default="", help="Put the picture on this text.")
@click.option("--index", type=int, default=1, show_default=True, help="Which occurrence; negative from the end.")
@click.option("--matter", default="", help="What it is about, where the mandate is limited to matters.")
@click.option("--reason", default="", help="Purpose, kept with each use and shown with each signature.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the work."
)
@click.option("--name", default="", help="Tell this batch from an earlier one of the same files and target.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def seal_batch(
    source: str, target: str, code: str, mandate: str, level: str, place: str | None, keyword: str, index: int,
    matter: str, reason: str, workers: int, name: str, *, as_json: bool,
) -> int:  # fmt: skip
    """Seal every file of SOURCE (a folder, a ZIP or TAR archive, or s3://BUCKET/PREFIX) into TARGET.

    TARGET is a new folder, a file ending in .zip, or s3://BUCKET/PREFIX. Results have the names of their inputs;
    manifest.json lists all of them and is signed. The same command again goes on where it was stopped, however it was.

    Exit code 0 if every file is sealed, 1 if some were refused (the manifest says why), 65 if SOURCE cannot be read,
    130 if it was stopped.
    """
    order = order_of(level=level, place=place, keyword=keyword, index=index, reason=reason)
    with running_office(read_settings()) as office:
        batch = _find_or_make(office, source, target, code, order, mandate, matter, name)
        stop = threading.Event()
        if batch.state.open:
            with _signals(stop), _children(workers - 1):
                _work(office, batch, stop, quiet=as_json)
        found = batches.progress(office, batch.id)
        if found.batch.state.open:
            click.echo("Stopped. The same command goes on from here.", err=True)
            return STOPPED
        if target.endswith(".zip") and found.batch.state is BatchState.DONE:
            write_zip(office, found.batch, Path(target))
        _tell(office, found, as_json=as_json)
    if found.batch.state is BatchState.FAILED:
        return BAD_SOURCE
    return FAILED if found.refused or found.batch.state is BatchState.CANCELLED else 0


def order_of(*, level: str, place: str | None, keyword: str, index: int, reason: str) -> SealOrder:
    """Read the options on where the seal goes.

    Raises:
        BadInputError: they contradict each other or are not numbers.
    """
    page, x_mm, y_mm = 1, 0.0, 0.0
    if place is not None:
        if keyword:
            raise BadInputError("give a place or a keyword, not both")
        try:
            number, x_text, y_text = place.split(",")
            page, x_mm, y_mm = int(number), float(x_text), float(y_text)
        except ValueError as exc:
            raise BadInputError("a place is PAGE,X,Y, such as -1,150,240") from exc
    kind = "position" if place is not None else "keyword" if keyword else "invisible"
    return SealOrder.of(
        level=level, placement=kind, page=page, x_mm=x_mm, y_mm=y_mm, keyword=keyword, index=index, reason=reason
    )


def _find_or_make(
    office: Office, source: str, target: str, code: str, order: SealOrder, mandate: str, matter: str, name: str
) -> Batch:
    whole_source = source if "://" in source else str(Path(source).absolute())
    whole_target = target if "://" in target else str(Path(target).absolute())
    identity = batches.batch_id_of(
        source=whole_source, target=f"{whole_target}\n{name}", seal_code=code, order=order, mandate=mandate
    )
    try:
        return batches.get(office, identity)
    except NotFoundError:
        kept = target.endswith(".zip")
        _require_new(whole_target)
        kind, where = _source(office, whole_source)
        asked = BatchOrder(
            id=identity, seal=code, order=order, grounds=grounds_of(office, mandate, matter), source_kind=kind,
            source=where, target="" if kept else whole_target,
        )  # fmt: skip
        return batches.make(office, asked)


def grounds_of(office: Office, mandate: str, matter: str) -> Grounds:
    """The machine that the mandate was given to acts; the command line is its hand.

    Raises:
        NotFoundError: there is no such mandate.
        BadInputError: it was not given to a machine.
    """
    with office.reading() as work:
        found = work.mandates.get(mandate)
    if found is None:
        raise NotFoundError(f"there is no mandate {mandate}")
    grantee = found.mandate.grantee
    if grantee.kind is not GranteeKind.MACHINE:
        raise BadInputError("a batch needs a mandate that was given to a machine, for automatic use")
    return Grounds(actor="seal-batch", machine=grantee.id, mandate=mandate, matter=matter)


def _require_new(target: str) -> None:
    if "://" in target:
        return
    path = Path(target)
    if path.suffix == ".zip" and path.exists():
        raise BatchTargetError(f"{path} exists")
    if path.is_dir() and any(path.iterdir()):
        raise BatchTargetError(f"{path} is not empty")


def _source(office: Office, source: str) -> tuple[SourceKind, str]:
    if "://" in source:
        return SourceKind.BUCKET, source
    if Path(source).is_file():
        with Path(source).open("rb") as file:
            return SourceKind.ARCHIVE, batches.keep_archive(office, file)
    return SourceKind.FOLDER, source


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _children(many: int) -> Iterator[None]:
    """Processes of their own, never forks: a PKCS#11 module does not survive one. They end when their input does."""
    started = [
        subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ)  # noqa: S603 - ours
        for _ in range(many)
    ]
    try:
        yield
    finally:
        for one in started:
            if one.stdin is not None:
                one.stdin.close()
        for one in started:
            one.wait()


def _work(office: Office, batch: Batch, stop: threading.Event, *, quiet: bool) -> None:
    durable: Any = import_module("api.tasks.durable")  # DBOS takes most of a second to load: only where it is needed
    with durable.working(office, tasks=False) as turn, _shown(quiet=quiet) as show:
        while not stop.is_set():
            turn.tick()
            found = batches.progress(office, batch.id)
            show(found)
            if not found.batch.state.open:
                return
            stop.wait(LOOK_EVERY_S)


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Any]:
    """A bar on a terminal, a line now and then elsewhere, nothing beside JSON."""
    if quiet:
        yield lambda _: None
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        with click.progressbar(length=1, label="Sealing", file=sys.stderr, show_pos=True) as bar:

            def show(found: Progress) -> None:
                if found.batch.total:
                    bar.length = found.batch.total
                    bar.label = label_of(found)
                    bar.update(found.finished - bar.pos)

            yield show


def label_of(found: Progress) -> str:
    """What stands before the bar."""
    rate = "" if found.rate is None else f" {found.rate:.0f}/s"
    refused = f", {found.refused} refused" if found.refused else ""
    waits = f" (waits: {found.batch.detail})" if found.batch.detail else ""
    return f"Sealing{rate}{refused}{waits}"


class _Lines:
    """Tells how far it is every few seconds."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, found: Progress) -> None:
        if not found.batch.total or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TELL_EVERY_S
        left = "" if found.remaining is None else f", {found.remaining.total_seconds():.0f} s left"
        click.echo(f"{label_of(found)}: {found.finished} of {found.batch.total}{left}", err=True)


def write_zip(office: Office, batch: Batch, target: Path) -> None:
    """Put all results and the signed manifest into one archive.

    Raises:
        BatchTargetError: it cannot be written.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(aside, "w") as archive:
            for name, kept in batches.files_of(office, batch):
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                    for piece in office.objects.stream(kept):
                        entry.write(piece)
        aside.replace(target)
    except OSError as exc:
        raise BatchTargetError(f"{target} cannot be written: {exc.strerror}") from exc


def _tell(office: Office, found: Progress, *, as_json: bool) -> None:
    batch = found.batch
    with office.reading() as work:
        refused = work.batches.items(batch.id, limit=TOLD, state=ItemState.REFUSED)
    if as_json:
        told = {
            "batch": batch.id, "state": batch.state, "sealed": found.sealed, "refused": found.refused,
            "rate": found.rate, "detail": batch.detail,
            "failures": [{"name": one.name, "reason": one.reason, "why": one.detail} for one in refused],
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in refused:
        click.echo(f"refused: {one.name}: {one.reason}: {one.detail}", err=True)
    if found.refused > len(refused):
        click.echo(f"… and {found.refused - len(refused)} more; the manifest lists all", err=True)
    rate = "" if found.rate is None else f", {found.rate:.0f} a second"
    click.echo(f"{batch.state}: {found.sealed} sealed, {found.refused} refused{rate}. {batch.detail}".rstrip())
