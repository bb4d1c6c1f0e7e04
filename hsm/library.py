"""One PKCS#11 module, loaded once per process with OS locking, restarted as a whole after a fault."""

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pkcs11
from pkcs11 import Slot, UserType, _pkcs11
from pkcs11.exceptions import PinIncorrect, PKCS11Error, UserAlreadyLoggedIn

from hsm.errors import DeviceError, DeviceGoneError, KeyBusyError
from hsm.native import AlreadyInitializedError, Calls, NotInitializedError


class _LockingLib(_pkcs11.lib):
    """python-pkcs11 calls C_Initialize(NULL), "single-threaded caller", and then releases the GIL: it crashes."""

    def initialize(self) -> None:
        """Nothing: `Module` has called C_Initialize with CKF_OS_LOCKING_OK already."""


class Gate:
    """Many may be inside; whoever closes the gate waits until all have left and keeps new ones out meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside = 0
        self._closed = False

    @contextmanager
    def inside(self, wait_s: float) -> Iterator[None]:
        """Raises:
        KeyBusyError: the gate stayed closed.
        """
        with self._changed:
            if self._closed and not self._changed.wait_for(lambda: not self._closed, wait_s):
                raise KeyBusyError(f"the device was being restarted for more than {wait_s} s")
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                if not self._inside:
                    self._changed.notify_all()

    @contextmanager
    def alone(self, wait_s: float) -> Iterator[None]:
        """Raises:
        DeviceError: someone stayed inside: a call that hangs in the module.
        """
        with self._changed:
            if self._closed and not self._changed.wait_for(lambda: not self._closed, wait_s):
                raise DeviceError(f"the device was being restarted for more than {wait_s} s")
            self._closed = True
            if self._inside and not self._changed.wait_for(lambda: not self._inside, wait_s):
                self._closed = False
                self._changed.notify_all()
                raise DeviceError(f"a call into the module did not return within {wait_s} s")
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


class Module:
    """The module in this process. `generation` counts its restarts: what was opened in an older one is gone."""

    def __init__(self, path: Path, *, inherited: bool) -> None:
        self.path = path
        self.pid = os.getpid()
        self.gate = Gate()
        self.generation = 1
        self._salt = secrets.token_bytes(32)
        self._logins: dict[int, bytes] = {}
        self._login_lock = threading.Lock()
        self.calls = _load(path)
        self._start(inherited=inherited)
        self.lib = _LockingLib(str(path))
        pkcs11._loaded[str(path)] = self.lib  # noqa: SLF001  # whoever asks python-pkcs11 for it shares this one

    def restart(self, seen: int, *, wait_s: float) -> None:
        """C_Finalize and C_Initialize, unless another thread has done so since generation `seen`.

        Raises:
            DeviceError: the module does not come back.
        """
        with self.gate.alone(wait_s):
            if seen == self.generation:
                self.restart_alone()

    def restart_alone(self) -> None:
        """As `restart`, for a caller that holds the gate.

        Raises:
            DeviceError: the module does not come back.
        """
        self.generation += 1
        self._logins.clear()
        try:
            self.calls.finalize()
        except NotInitializedError:
            pass  # that is what is wanted
        except PKCS11Error as exc:
            raise DeviceError(f"the module cannot be shut down: {type(exc).__name__}") from exc
        self._start(inherited=False)

    def slots(self) -> list[Slot]:
        """Return the slots that hold a token.

        Raises:
            NotInitializedError: the last restart failed half-way.
        """
        try:
            return list(self.lib.get_slots(token_present=True))
        except PKCS11Error as exc:
            if type(exc) is PKCS11Error:  # which is how python-pkcs11 says that C_Initialize is missing
                raise NotInitializedError("the module is not initialised") from exc
            raise

    def login(self, slot: int, session: int, pin: bytes) -> None:
        """Log in, or share the login that another store of this process has.

        Raises:
            PinIncorrect: also if someone is logged in, but with another PIN: the token itself would hide that.
        """
        with self._login_lock:
            try:
                self.calls.login(session, UserType.USER, pin)
            except UserAlreadyLoggedIn as exc:
                if not hmac.compare_digest(self._logins.get(slot, b""), self._digest(pin)):
                    raise PinIncorrect("not the PIN that is logged in") from exc
            else:
                self._logins[slot] = self._digest(pin)

    def _digest(self, pin: bytes) -> bytes:
        return hashlib.blake2b(pin, key=self._salt).digest()

    def _start(self, *, inherited: bool) -> None:
        try:
            try:
                self.calls.initialize()
            except AlreadyInitializedError:
                if not inherited:
                    raise  # by someone else, perhaps without locking
                self.calls.finalize()  # the state came with the fork; the child has to begin anew, PKCS#11 §2.5
                self.calls.initialize()
        except PKCS11Error as exc:
            raise DeviceError(f"the module cannot be initialised: {type(exc).__name__}") from exc


_lock: Final = threading.Lock()
_modules: Final[dict[Path, Module]] = {}


def module_at(path: Path) -> Module:
    """Return the one `Module` of this process for `path`, loading it at the first call.

    Raises:
        DeviceGoneError: there is no such module.
        DeviceError: it does not start, or someone else in this process has started it.
    """
    with _lock:
        known = _modules.get(path)
        if known is None or known.pid != os.getpid():
            known = _modules[path] = Module(path, inherited=known is not None)
        return known


def _load(path: Path) -> Calls:
    try:
        return Calls(path)
    except (OSError, AttributeError, PKCS11Error) as exc:
        raise DeviceGoneError("the PKCS#11 module cannot be loaded") from exc
