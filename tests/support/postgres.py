"""A private PostgreSQL cluster for one test run: made with `initdb` as an unprivileged user, on a free port, dropped afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def cluster() -> Iterator[str]:
    """Yield the address of an empty database in a cluster of its own."""
    binaries = programs()
    folder = Path(tempfile.mkdtemp(prefix="vermilion-pg-"))
    someone = _as_nobody()
    if someone:
        os.chown(folder, someone["user"], someone["group"])
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, **someone
        )  # type: ignore[call-overload]  # user and group are integers of this system

    run(str(binaries / "initdb"), "-D", str(data), "-U", "vermilion", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://vermilion@127.0.0.1:{port}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
