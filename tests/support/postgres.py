"""A private PostgreSQL cluster for one test run: made with `initdb` as an unprivileged user, on a free port, dropped afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


def programs() -> Path:
    """Return the folder of the newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed; `make system` installs it")
    return found[-1].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _as_nobody() -> dict[str, int]:
    """The server refuses to run as root, so it runs as somebody without rights."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


@dataclass(slots=True)
class Server:
    """A cluster of its own, which can be killed and started again."""

    folder: Path
    port: int
    someone: dict[str, int]
    _databases: int = 0

    @property
    def address(self) -> str:
        return self.address_of("postgres")

    def address_of(self, database: str) -> str:
        return f"postgresql://vermilion@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        self._databases += 1
        name = f"test{self._databases}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "vermilion", name)
        return self.address_of(name)

    def create(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "vermilion", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """Stop without any farewell to clients or files, as a crash would."""
        self._control("-m", "immediate", "-w", "stop")

    def _control(self, *command: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *command)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            (str(programs() / program), *arguments),
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
            **self.someone,
        )  # type: ignore[call-overload]  # user and group are integers of this system


@contextmanager
def server() -> Iterator[Server]:
    """Yield a running server of an empty cluster."""
    programs()
    folder = Path(tempfile.mkdtemp(prefix="vermilion-pg-"))
    someone = _as_nobody()
    if someone:
        os.chown(folder, someone["user"], someone["group"])
    made = Server(folder, free_port(), someone)
    made.create()
    made.start()
    try:
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster() -> Iterator[str]:
    """Yield the address of an empty database in a cluster of its own."""
    with server() as made:
        yield made.address
