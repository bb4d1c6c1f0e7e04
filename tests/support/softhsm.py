"""SoftHSM with a token folder of the test run's own.

`here()` makes the folder at the first call and points SOFTHSM2_CONF to it: one folder per process, since SoftHSM reads
its configuration at C_Initialize and a process has one module. Every test takes tokens of its own in it.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from hsm.provision import make_ready
from hsm.token import Pkcs11Store
from hsm.uri import TokenAddress

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
USER_PIN: Final = "user-pin-4711"
SO_PIN: Final = "officer-pin-0815"
_numbers: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftToken:
    """A token that was made ready, and where it lies on the disk."""

    address: TokenAddress
    folder: Path

    @property
    def uri(self) -> str:
        return str(self.address)

    def store(self, *, name: str = "pkcs11", keep_unwrapped: int = 0, **times: float) -> Pkcs11Store:
        return Pkcs11Store.open(self.uri, USER_PIN, name=name, keep_unwrapped=keep_unwrapped, **times)  # type: ignore[arg-type]  # floats only by intent


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftHsm:
    folder: Path

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    def token(self) -> SoftToken:
        """A new token, ready for use."""
        before = set(self.tokens.iterdir())
        address = make_ready(MODULE, label=f"test-{next(_numbers)}", so_pin=SO_PIN, user_pin=USER_PIN)
        (folder,) = set(self.tokens.iterdir()) - before
        return SoftToken(address=address, folder=folder)

    def util(self, *arguments: str) -> str:
        """Run softhsm2-util, which is another process to the tests."""
        done = subprocess.run(["softhsm2-util", *arguments], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout


@cache
def here() -> SoftHsm:
    folder = Path(tempfile.mkdtemp(prefix="vermilion-softhsm-"))
    atexit.register(_remove, folder, os.getpid())
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return SoftHsm(folder=folder)


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # not in the child of a fork
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def softhsm() -> SoftHsm:
    """Import this fixture where it is needed; every import gives the same folder."""
    if not MODULE.exists():
        pytest.skip("SoftHSM 2 is not installed")
    return here()
