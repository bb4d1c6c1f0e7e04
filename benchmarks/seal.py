"""Sealing: documents a second beside pyHanko's own PKCS#11 signer, higher levels, and memory for large files."""

import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks import seal_peer_lta
from benchmarks.harness import ROOT, Options, Result, alone, alternate, options, tell
from hsm.signer import KeyRef, KeySpec, KeyStore
from seals.placement import AtPosition, Invisible, Placement
from seals.signing import Level, SealingKey, seal_pdf
from tests.support.sealing import NOW, PICTURE, make_leaf, make_pdf, pki
from tests.support.softhsm import MODULE, USER_PIN, here

BENCH: Final = "seal"
LABEL: Final = "bench"
RESERVE: Final = 8192  # hexadecimal digits: pyHanko then makes no dummy signature to see how long one is
LARGE: Final = 100_000_000  # bytes
CORNER: Final = AtPosition(page=-1, x_mm=150, y_mm=200)


class Peer:
    """pyHanko in a process of its own."""

    def __init__(self, token: str, folder: Path, reserve: int, level: Level) -> None:
        arguments = (str(MODULE), token, USER_PIN, LABEL, str(folder), str(reserve), level.value)
        command = (sys.executable, "-W", "ignore", "-m", "benchmarks.seal_peer", *arguments)
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.seal(3)  # the first ones import half of the library

    def seal(self, count: int) -> float:
        """Return documents a second over `count` documents."""
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the peer has no pipes")
        self._process.stdin.write(f"{count}\n")
        return count / float(self._process.stdout.readline())

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)


def sealing_key(store: KeyStore, ref: KeyRef, stack: ExitStack) -> SealingKey:
    signer = stack.enter_context(store.lease(ref))
    return SealingKey(
        certificate=make_leaf(pki().seal_ca, "Benchmark", signer),
        chain=(pki().seal_ca.certificate, pki().root.certificate),
        signer=signer,
        algorithm=signer.default_algorithm,
    )


def seal(document: bytes, key: SealingKey, level: Level, placement: Placement) -> None:
    seal_pdf(
        io.BytesIO(document),
        io.BytesIO(),
        key=key,
        placement=placement,
        picture=PICTURE,
        level=level,
        timestamper=pki().timestamper,
        revocation=pki().revocation,
        now=NOW,
    )


def rate(document: bytes, key: SealingKey, count: int, level: Level = Level.B_B) -> float:
    """Return documents a second."""
    start = time.perf_counter()
    for _ in range(count):
        seal(document, key, level, Invisible())
    return count / (time.perf_counter() - start)


@contextmanager
def peer(token: str, folder: Path, reserve: int, level: Level = Level.B_B) -> Iterator[Peer]:
    started = Peer(token, folder, reserve, level)
    try:
        yield started
    finally:
        started.close()


def large(folder: Path) -> tuple[float, float]:
    """Return peak memory in MB and seconds of sealing 100 MB from file to file in a fresh process."""
    source = folder / "large.pdf"
    small = make_pdf(content=b"BT ET")
    table = small.rindex(b"xref\n", 0, small.rindex(b"trailer"))
    with source.open("wb") as out:
        out.write(small)
        while out.tell() < LARGE:
            out.write(b"%" + b"-" * 65_534 + b"\n")
        out.write(b"startxref\n%d\n%%%%EOF\n" % table)
    command = (sys.executable, "-W", "ignore", "-m", "benchmarks.seal", "--large", str(source))
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    memory, seconds = done.stdout.split()
    return float(memory), float(seconds)


def seal_large(path: Path) -> None:
    """The fresh process: seal one file and print peak memory in MB and seconds."""
    key = pki().key()
    start = time.perf_counter()
    with path.open("rb") as source, path.with_suffix(".sealed").open("w+b") as target:
        seal_pdf(source, target, key=key, placement=CORNER, picture=PICTURE, level=Level.B_B, now=NOW)
    seconds = time.perf_counter() - start
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, seconds)


def measure(asked: Options) -> Iterator[Result]:
    token = here().token()
    store = token.store()
    ref = store.generate(KeySpec.EC_P256, label=LABEL, resident=True)
    rounds, count = asked.pick(quick=5, full=15), asked.pick(quick=40, full=100)
    document = make_pdf()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        key = sealing_key(store, ref, stack)
        for number, certificate in enumerate((key.certificate, key.chain[0])):
            (folder / f"{number}.der").write_bytes(certificate.public_bytes(Encoding.DER))
        (folder / "in.pdf").write_bytes(document)
        rate(document, key, 5)
        sides = {"pyHanko PKCS11Signer": 0, "pyHanko PKCS11Signer, bytes_reserved given": RESERVE}
        for against, reserve in sides.items():
            with peer(str(token.address.token), folder, reserve) as other:
                pair = alternate(
                    partial(rate, document, key, count), partial(other.seal, max(count // 8, 5)), rounds=rounds
                )
            yield pair.result(BENCH, "B-B, P-256 in SoftHSM", "documents/s", against)
        seal_peer_lta.write(folder, key)
        rate(document, key, 2, Level.B_LTA)
        with peer(str(token.address.token), folder, 0, Level.B_LTA) as other:
            few = max(count // 20, 2)
            pair = alternate(
                partial(rate, document, key, few * 5, Level.B_LTA), partial(other.seal, few), rounds=rounds
            )
        against = "pyHanko PKCS11Signer, the same TSA and CRLs"
        yield pair.result(BENCH, "B-LTA, P-256 in SoftHSM", "documents/s", against)
        for level in Level:
            seconds = alone(partial(seal, document, key, level, CORNER), rounds=rounds, calls=count // 4)
            yield Result(bench=BENCH, metric=f"{level} visible, local TSA and CRLs", value=seconds * 1000, unit="ms")
        memory, seconds = large(folder)
        yield Result(bench=BENCH, metric="100 MB file to file, peak memory", value=memory, unit="MB")
        yield Result(bench=BENCH, metric="100 MB file to file", value=seconds, unit="s")
    store.close()


def main() -> None:
    if sys.argv[1:2] == ["--large"]:
        seal_large(Path(sys.argv[2]))
        return
    asked = options(__doc__)
    tell(measure(asked), asked)


if __name__ == "__main__":
    main()
