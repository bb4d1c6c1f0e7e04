"""Mass sealing: documents a second from folder to folder, with one worker and with two, beside pyHanko one after the other.

The full form ends with 10,000 documents, their rate and the peak memory of the largest process.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.access import add_token
from api.acts.faces import certificate_der
from api.demo.first_run import SOFTHSM_MODULES, TOKEN_LABEL
from benchmarks.harness import ROOT, Options, Result, options, tell
from benchmarks.service import established, service
from hsm.signer import KeySpec
from tests.support.rights import lend_to_machine
from tests.support.sealing import make_pdf

BENCH: Final = "batch"
LABEL: Final = "bench"
COMMAND: Final = (sys.executable, "-c", "from api.cli import main; main()", "seal-batch")
THEIRS: Final = "pyHanko PKCS11Signer, B-B, one after the other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service at rest, whose batches are run by the command line."""

    data: Path
    code: str
    mandate: str
    environment: Mapping[str, str]
    certificates: tuple[bytes, ...]
    pin: str


@contextmanager
def place(*, softhsm: bool) -> Iterator[Place]:
    with service(softhsm=softhsm) as office:
        made = established(office)
        token, _ = add_token(office, name="bench", scopes=frozenset({"seal"}), valid_for=None)
        seal = next(one for one in made.seals if one.kind.value == "contract")
        mandate = lend_to_machine(office, seal.uscc, token.id)
        settings = office.settings
        environment = {**os.environ, "VERMILION_DATA": str(settings.data), "PYTHONPATH": str(ROOT)}
        environment |= {"VERMILION_KEYS": settings.keys} if settings.keys else {}
        environment |= {"VERMILION_PIN_FILE": str(settings.pin_file)} if settings.pin_file else {}
        leaf = certificate_der(office, seal.serial)
        chain = office.authority.chain_of(x509.load_der_x509_certificate(leaf))
        if softhsm:
            office.store.generate(KeySpec.EC_P256, label=LABEL, resident=True)
        yield Place(
            data=settings.data, code=seal.code, mandate=mandate.id, environment=environment,
            certificates=(leaf, *(one.public_bytes(Encoding.DER) for one in chain)), pin=settings.secret(),
        )  # fmt: skip


def run(where: Place, source: Path, level: str, workers: int) -> float:
    """Return documents a second of one batch, from its first to its last: starting Python is no part of it."""
    with tempfile.TemporaryDirectory(dir=where.data) as name:
        target = Path(name) / "out"
        arguments = ["--seal", where.code, "--mandate", where.mandate, "--level", level, "--at=-1,150,200", "--json"]
        done = subprocess.run(
            (*COMMAND, str(source), str(target), *arguments, "--workers", str(workers)),
            cwd=ROOT, env=dict(where.environment), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise OSError(f"seal-batch ended with {done.returncode}: {done.stderr or done.stdout}")
        return float(json.loads(done.stdout)["rate"])


def pyhanko(where: Place, count: int) -> float:
    """Documents a second of pyHanko by itself, on a key of the same token, in a process of its own."""
    module = next(path for path in SOFTHSM_MODULES if path.exists())
    with tempfile.TemporaryDirectory(dir=where.data) as name:
        folder = Path(name)
        for number, der in enumerate(where.certificates):
            (folder / f"{number}.der").write_bytes(der)
        (folder / "in.pdf").write_bytes(make_pdf())
        arguments = (str(module), TOKEN_LABEL, where.pin, LABEL, str(folder), "0")
        done = subprocess.run(
            (sys.executable, "-W", "ignore", "-m", "benchmarks.seal_peer", *arguments),
            cwd=ROOT, env=dict(where.environment), input=f"3\n{count}\n", capture_output=True, text=True, check=True,
        )  # fmt: skip
        return count / float(done.stdout.splitlines()[1])


def documents(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.pdf").write_bytes(make_pdf())
    return folder


def results(asked: Options) -> Iterator[Result]:
    count = asked.pick(quick=300, full=2000)
    for store, softhsm in (("SoftHSM", True), ("software keys", False)):
        with place(softhsm=softhsm) as where, tempfile.TemporaryDirectory() as name:
            source = documents(Path(name) / "in", count)
            theirs = pyhanko(where, asked.pick(quick=40, full=200)) if softhsm else None
            for level in ("B-B", "B-LT"):
                if asked.quick and not softhsm and level == "B-LT":
                    continue
                one = run(where, source, level, 1)
                yield Result(
                    bench=BENCH, metric=f"{level}, {store}, 1 worker", value=one, unit="documents/s",
                    against=THEIRS if theirs else None, their_value=theirs,
                )  # fmt: skip
                if softhsm:
                    yield Result(
                        bench=BENCH, metric=f"{level}, {store}, 2 workers", value=run(where, source, level, 2),
                        unit="documents/s", against="1 worker", their_value=one,
                    )  # fmt: skip
    if not asked.quick:
        yield from many()


def many() -> Iterator[Result]:
    count = 10_000
    with place(softhsm=True) as where, tempfile.TemporaryDirectory() as name:
        source = documents(Path(name) / "in", count)
        start = time.perf_counter()
        rate = run(where, source, "B-LT", 2)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    yield Result(bench=BENCH, metric="10,000 documents, B-LT, SoftHSM, 2 workers", value=rate, unit="documents/s")
    yield Result(bench=BENCH, metric="the same, from start to end of the command", value=seconds, unit="s")
    yield Result(bench=BENCH, metric="the same, peak memory of the largest process", value=peak, unit="MB")


def main() -> None:
    asked = options(__doc__)
    tell(results(asked), asked)


if __name__ == "__main__":
    main()
