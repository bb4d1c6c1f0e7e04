"""Workers on a batch that die: `python -m tests.support.batch_crash steps BASE OUT EVERY` or `… worker FOLDER`.

`steps` copies BASE to OUT/N for N = 1, 1 + EVERY, … and seals the batch there in a child that kills itself with SIGKILL
right after its Nth step: a commit, a signature, a file stored, put aside or delivered. `worker` is a worker on DBOS like
any other, in small chunks, for others to kill. In both, every signature is written to FOLDER/signatures before anything
else happens: that is the oracle.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

from api import bootstrap
from api.acts import batch_sealing
from api.acts.access import add_token
from api.acts.batch_results import FolderResults
from api.acts.batches import BatchOrder, make
from api.acts.ceremony import hold
from api.acts.establish import establish
from api.acts.registry import register
from api.acts.sealing import SealOrder
from api.bootstrap import running_office, utc_now
from api.cli import worker
from api.db.batches import SourceKind
from api.db.work import SqlUnitOfWork
from api.demo import samples
from api.objects import Objects
from api.tasks import durable
from hsm.keyfile import KdfCost
from hsm.software import SoftwareStore
from hsm.stores import open_store
from seals.placement import Invisible
from seals.register import Grounds
from seals.signing import Level
from tests.support.batches import documents, work_through
from tests.support.crash import OracleStore, Steps, settings_of, then_step
from tests.support.office import plan
from tests.support.rights import lend_to_machine

MAX_STEPS: Final = 400
CHUNK: Final = 4
BATCH: Final = "batch"  # file with the identity of the batch
PASSPHRASE: Final = "a passphrase of the tests"


def fill(folder: Path, *, files: int, level: Level) -> None:
    """An authority, an enterprise, a machine that may use its seal, and a batch that nobody works on."""
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "passphrase").write_text(PASSPHRASE)
    cheap = KdfCost(memory_kib=8 * 1024, passes=1, lanes=1)
    store = SoftwareStore.create(folder / "keys" / "software.keys", PASSPHRASE.encode(), cost=cheap)
    hold(plan(store=store.name), folder / "authority", stores={store.name: store}, now=utc_now())
    store.close()
    (folder / "in").mkdir()
    for name, content in documents(files).items():
        (folder / "in" / name).write_bytes(content)
    with running_office(settings_of(folder)) as office:
        made = establish(office, register(office, samples.enterprise(samples.SUPPLIER), actor="t").uscc, actor="t")
        seal = next(one for one in made.seals if one.kind.value == "contract")
        token, _ = add_token(office, name="m", scopes=frozenset({"seal"}), valid_for=None)
        mandate = lend_to_machine(office, seal.uscc, token.id)
        order = BatchOrder(
            seal=seal.code, order=SealOrder(level=level, placement=Invisible(), reason=""),
            grounds=Grounds(actor="m", machine=token.id, mandate=mandate.id),
            source_kind=SourceKind.FOLDER, source="in", target="out",  # of the working directory
        )  # fmt: skip
        (folder / BATCH).write_text(make(office, order).id)


def watch(folder: Path, step: Steps) -> None:
    """Put the hooks in; this process dies soon."""
    opened = open_store

    def watched(*given: Any, **named: Any) -> OracleStore:
        return OracleStore(opened(*given, **named), folder / "signatures", step)

    vars(bootstrap)["open_store"] = watched  # the one seam where stores come in
    vars(batch_sealing)["CHUNK_FILES"] = CHUNK
    vars(durable)["LOST_EVERY_S"] = 1.0
    for whose, name in (
        (SqlUnitOfWork, "commit"), (Objects, "put"), (FolderResults, "put_aside"), (FolderResults, "deliver"),
    ):  # fmt: skip
        setattr(whose, name, then_step(getattr(whose, name), step))


def seal_to(step: Steps, folder: Path) -> None:
    """Do what a worker does, up to the last step."""
    watch(folder, step)
    with running_office(settings_of(folder)) as office:
        step.counting = True
        work_through(office, (folder / BATCH).read_text())
        step.counting = False


def steps(base: Path, out: Path, every: int) -> None:
    """Fork one child for each step; this process itself opens nothing, so that a fork is safe."""
    for number in range(1, MAX_STEPS, every):
        folder = out / str(number)
        shutil.copytree(base, folder)
        child = os.fork()
        if child == 0:
            try:
                os.chdir(folder)
                seal_to(Steps(number), folder)
            except BaseException as exc:  # noqa: BLE001 - a child must never return into the loop
                sys.stderr.write(f"step {number}: {exc!r}\n")
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            shutil.rmtree(folder)  # nobody was killed in it
            sys.exit(os.WEXITSTATUS(status))


def work(folder: Path) -> None:
    """A worker until SIGTERM, or SIGKILL."""
    os.chdir(folder)
    watch(folder, Steps(0))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with running_office(settings_of(folder)) as office:
        worker.run(office, stop, tasks=False)


if __name__ == "__main__":
    if sys.argv[1] == "steps":
        steps(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        work(Path(sys.argv[2]))
