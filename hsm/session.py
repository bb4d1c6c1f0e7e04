"""A bounded pool of sessions, each leased to one thread at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pkcs11.exceptions import SessionCount

from hsm.errors import KeyBusyError


class SessionPool:
    """Opens sessions as they are needed, up to `size` or to what the token allows. They stay open until `drain`.

    Closing one would destroy the unwrapped keys that were made in it, and python-pkcs11's own `Session.close()`
    would log out every session of the process.
    """

    def __init__(self, open_session: Callable[[], int], *, size: int, wait_s: float) -> None:
        self._open = open_session
        self._size = size
        self._wait_s = wait_s
        self._idle: list[int] = []
        self._opened = 0
        self._freed = threading.Condition(threading.Lock())

    @contextmanager
    def lend(self) -> Iterator[int]:
        """Yield the handle of a session that nobody else uses meanwhile.

        Raises:
            KeyBusyError: none was free in time.
            SessionCount: the token allows not even one.
        """
        session = self._take()
        try:
            yield session
        finally:
            with self._freed:
                self._idle.append(session)
                self._freed.notify()

    def drain(self) -> list[int]:
        """Forget all idle sessions and return them, to be closed."""
        with self._freed:
            idle, self._idle = self._idle, []
            self._opened -= len(idle)
            return idle

    def _take(self) -> int:
        with self._freed:
            if not self._idle and self._opened < self._size:
                try:
                    session = self._open()
                except SessionCount:
                    if not self._opened:
                        raise
                    self._size = self._opened  # the token's own limit is lower
                else:
                    self._opened += 1
                    return session
            if not self._idle and not self._freed.wait_for(lambda: self._idle, self._wait_s):
                raise KeyBusyError(f"no session of the device was free within {self._wait_s} s")
            return self._idle.pop()
