"""Kill a service at every step of an act: `python -m tests.support.crash BASE OUT ACT [EVERY]`.

For N = 1, 2, … (or each EVERYth) the folder BASE is copied to OUT/N, and a child process serves from there, is asked for ACT over HTTP and
kills itself with SIGKILL right after its Nth step. A step is a commit, a key made, a signature, a file stored: whatever
outlives the process. Every signature is written to OUT/N/signatures, flushed to the disk, before anything else happens:
that is the oracle. The first child that gets to the end of the act says that there are no more steps.

The hooks are put in by this program; the product knows nothing of them.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final

from api import bootstrap
from api.db.work import SqlUnitOfWork
from api.http.app import create_app
from api.objects import Objects
from api.settings import ASSETS, Settings
from ca.fonts import LicenceFonts, check_glyphs
from hsm.signer import Health, KeyRef, KeySpec, KeyStore, PublicKey, SignatureAlgorithm, Signer
from hsm.stores import open_store
from tests.support.office import client_of

MAX_STEPS: Final = 200
KEY: Final = "one-and-the-same"


@dataclass(slots=True)
class Steps:
    """Counts what outlives the process, and ends it after the step that was asked for."""

    last: int
    done: int = 0
    counting: bool = False
    one_at_a_time: Lock = field(default_factory=Lock)  # so that oracle and device always agree

    def __call__(self) -> None:
        if not self.counting:
            return
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class OracleSigner:
    """Writes down what was signed, then counts the step."""

    inner: Signer
    label: str
    oracle: Path
    step: Steps

    def public_key(self) -> PublicKey:
        return self.inner.public_key()

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        return self.inner.default_algorithm

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        with self.step.one_at_a_time:
            made = self.inner.sign(message, algorithm)
            self._note({name: hashlib.new(name, message).hexdigest() for name in ("sha256", "sha384", "sha512")})
        return made

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        with self.step.one_at_a_time:
            made = self.inner.sign_digest(digest, algorithm)
            self._note({algorithm.value.rpartition("-")[2]: digest.hex()})
        return made

    def _note(self, hashes: dict[str, str]) -> None:
        with self.oracle.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"label": self.label, **hashes}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.step()


@dataclass(slots=True)
class OracleStore:
    """A key store whose signatures are all written down."""

    inner: KeyStore
    oracle: Path
    step: Steps
    name: str = field(init=False)
    hardware: bool = field(init=False)

    def __post_init__(self) -> None:
        self.name, self.hardware = self.inner.name, self.inner.hardware

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        ref = self.inner.generate(spec, label=label, resident=resident)
        self.step()
        return ref

    @contextmanager
    def lease(self, ref: KeyRef) -> Iterator[Signer]:
        with self.inner.lease(ref) as signer:
            yield OracleSigner(signer, ref.label, self.oracle, self.step)

    def delete(self, ref: KeyRef) -> None:
        self.inner.delete(ref)

    def health(self) -> Health:
        return self.inner.health()

    def close(self) -> None:
        self.inner.close()


def then_step(function: Callable[..., Any], step: Steps) -> Callable[..., Any]:
    def stepped(*given: Any, **named: Any) -> Any:
        result = function(*given, **named)
        step()
        return result

    return stepped


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One request, and what it needs from the base folder."""

    path: str
    scope: str
    body: dict[str, Any]
    document: str = ""
    key: str = KEY

    @classmethod
    def read(cls, folder: Path, name: str) -> "Act":
        return cls(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))

    def write(self, folder: Path, name: str) -> None:
        told = {one: getattr(self, one) for one in self.__slots__}
        (folder / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")

    def ask(self, client: Any, folder: Path) -> Any:
        token = (folder / f"{self.scope}.token").read_text(encoding="utf-8")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": self.key}
        if self.document:
            files = {"document": (folder / self.document).read_bytes()}
            return client.post(self.path, files=files, data=self.body, headers=headers)
        return client.post(self.path, json=self.body, headers=headers)


def settings_of(folder: Path) -> Settings:
    """The key store is the one that `keys/address` names; without it, the software keys of the folder."""
    address = folder / "keys" / "address"
    return Settings(data=folder, keys=address.read_text(encoding="utf-8") if address.exists() else "")


def run_to(step: Steps, folder: Path, act: Act) -> None:
    """Serve from the folder, ask for the act, and be gone after the last step."""
    opened = open_store

    def watched(*given: Any, **named: Any) -> OracleStore:
        return OracleStore(opened(*given, **named), folder / "signatures", step)

    vars(bootstrap)["open_store"] = watched  # the one seam where stores come in
    SqlUnitOfWork.commit = then_step(SqlUnitOfWork.commit, step)  # type: ignore[method-assign]  # this process dies soon
    Objects.put = then_step(Objects.put, step)  # type: ignore[method-assign]  # as above
    with bootstrap.running_office(settings_of(folder)) as office:
        client = client_of(create_app(office))
        step.counting = True
        answer = act.ask(client, folder)
        step.counting = False
        if answer.status_code not in {200, 201}:
            raise SystemExit(f"the act failed by itself: {answer.text}")


def main(base: Path, out: Path, name: str, every: int) -> None:
    """Fork one child for each step; this process itself never opens anything, so that a fork is safe."""
    check_glyphs(
        ["章"], LicenceFonts(folder=ASSETS / "fonts")
    )  # which characters fonts have is remembered: not each time
    for number in range(1, MAX_STEPS, every):
        folder = out / str(number)
        shutil.copytree(base, folder)
        child = os.fork()
        if child == 0:
            try:
                os.environ["PKCS11SPY_OUTPUT"] = str(folder / "spy.log")
                run_to(Steps(number), folder, Act.read(folder, name))
            except BaseException as exc:  # noqa: BLE001 - a child must never return into the loop
                sys.stderr.write(f"step {number}: {exc!r}\n")
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            shutil.rmtree(folder)  # nobody was killed in it
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1)
