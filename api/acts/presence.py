"""Which service processes are alive: each holds a locked file, and a line in the database that says when it was seen."""

import fcntl
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import TextIOWrapper
from os import getpid
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from api.db.ledger import Process
from api.db.work import SqlUnitOfWork

LOST_AFTER: Final = timedelta(minutes=5)  # on another host, whose locks cannot be seen from here


@dataclass(slots=True)
class Presence:
    """This process's claim to its unfinished work. The kernel lets go of the lock when the process ends, however it ends."""

    id: str
    folder: Path
    _lock: TextIOWrapper

    @classmethod
    def announce(cls, engine: Engine, folder: Path, *, now: datetime) -> "Presence":
        """Take a new identity, lock its file and enter it in the database."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        identity = secrets.token_hex(16)
        lock = (folder / f"{identity}.lock").open("w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with SqlUnitOfWork(engine) as work:
            work.ledger.enlist(Process(id=identity, host=socket.gethostname(), pid=getpid(), seen_at=now))
            work.commit()
        return cls(identity, folder, lock)

    def leave(self) -> None:
        """Give up the identity; what it left open is resolved by whoever starts next."""
        with suppress(FileNotFoundError):
            (self.folder / f"{self.id}.lock").unlink()
        self._lock.close()


def dead(processes: list[Process], folder: Path, *, now: datetime) -> list[str]:
    """The identities whose processes are gone."""
    here = socket.gethostname()
    return [
        one.id
        for one in processes
        if (_unlocked(folder / f"{one.id}.lock") if one.host == here else now - one.seen_at > LOST_AFTER)
    ]


def _unlocked(path: Path) -> bool:
    try:
        with path.open("r", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    path.unlink(missing_ok=True)
    return True
