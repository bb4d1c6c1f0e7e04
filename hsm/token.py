"""Keys on a PKCS#11 token: resident ones, and wrapped ones that visit it for the length of a lease."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from pkcs11.exceptions import PKCS11Error

from hsm.checked import TEST_MESSAGE, CheckedSigner
from hsm.errors import DeviceError, HsmError, KeyNotFoundError, PinError, StoreAddressError
from hsm.faults import HEALABLE, error_for
from hsm.library import Module, module_at
from hsm.link import Link, connect
from hsm.signer import Health, KeyRef, KeySpec, SignatureAlgorithm
from hsm.uri import TokenAddress, parse

T = TypeVar("T")
Work = Callable[[Link, int], T]

_MAX_PIN_BYTES: Final = 255  # inclusive; longest that common tokens take


class Pkcs11Store:
    """Implements `KeyStore`. Loads the module and logs in at the first use; never use one across a fork."""

    hardware: Final = True

    def __init__(
        self,
        address: TokenAddress,
        pin: Callable[[], str],
        *,
        name: str,
        sessions: int,
        wait_s: float,
        pause_s: float,
        keep_unwrapped: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._address = address
        self._pin = pin
        self._name = name
        self._sessions = sessions
        self._wait_s = wait_s
        self._pause_s = pause_s
        self._keep_unwrapped = keep_unwrapped
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._module: Module | None = None
        self._link: Link | None = None
        self._pin_refused = False
        self._broken: HsmError | None = None
        self._broken_until = 0.0

    @classmethod
    def open(
        cls,
        uri: str,
        pin: str | Callable[[], str],
        *,
        name: str = "pkcs11",
        sessions: int = 8,
        wait_s: float = 5.0,
        pause_s: float = 2.0,
        keep_unwrapped: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "Pkcs11Store":
        """Read the address; nothing is loaded yet.

        Args:
            uri: as in RFC 7512. Its `pin-source=file:…`, where given, is used instead of `pin`.
            pin: the user's PIN, or who tells it at each login.
            name: what each `KeyRef` of this store says; has to stay the same over the years.
            sessions: at most so many calls at a time, besides the one session that keeps the login.
            wait_s: how long a thread waits for a session.
            pause_s: how long a token that did not come back after a restart is left in peace.
            keep_unwrapped: so many unwrapped keys stay on the token after their lease, about 8 kB each.
            monotonic: seconds of a clock that never goes back, for `pause_s`.

        Raises:
            StoreAddressError: the address is not usable.
        """
        address = parse(uri)
        source = _pin_source(address, pin)
        return cls(
            address,
            source,
            name=name,
            sessions=sessions,
            wait_s=wait_s,
            pause_s=pause_s,
            keep_unwrapped=keep_unwrapped,
            monotonic=monotonic,
        )

    @property
    def name(self) -> str:
        return self._name

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        """See `KeyStore.generate`.

        Raises:
            KeyExistsError, TokenFullError, MechanismError, KeyBusyError, DeviceError, PinError: see there.
        """
        try:
            if not resident:
                return self._run(lambda link, session: link.generate_wrapped(session, self._name, spec, label))
            with self._making:  # the token itself allows two keys of one label
                return self._run(lambda link, session: link.generate_resident(session, self._name, spec, label))
        finally:
            self._sweep()

    @contextmanager
    def lease(self, ref: KeyRef) -> Iterator[CheckedSigner]:
        """See `KeyStore.lease`.

        Raises:
            KeyNotFoundError: no such key, or the wrapped bytes are not of this token.
            KeyBusyError, DeviceError, PinError, WrongKeyError: see there.
        """
        if ref.store != self._name:
            raise KeyNotFoundError(f"the key {ref.label!r} belongs to another store")
        held = _Held(ref)
        signer = CheckedSigner(ref, lambda data, algorithm: self._run(held.signing(data, algorithm)))
        self._run(held.handle)
        try:
            yield signer
        finally:
            signer.end()
            held.give_back()
            if not ref.resident:
                self._sweep()

    def delete(self, ref: KeyRef) -> None:
        """See `KeyStore.delete`. The key signs once more, to prove that it is the recorded one.

        Raises:
            KeyNotFoundError: there is no such resident key.
            WrongKeyError: another key has this label; it stays.
        """
        if not ref.resident:
            return
        with self.lease(ref) as signer:
            signer.sign(TEST_MESSAGE, signer.default_algorithm)
        self._run(lambda link, session: link.delete(session, ref.label))

    def health(self) -> Health:
        """Let the token's test key sign, after a restart of the module if need be."""
        try:
            ref, specs = self._run(lambda link, _: (link.test_key, link.specs()))
            with self.lease(ref) as signer:
                signer.sign(TEST_MESSAGE, signer.default_algorithm)
        except HsmError as exc:
            return Health(healthy=False, detail=f"{type(exc).__name__}: {exc}")
        return Health(healthy=True, detail="the token signed with its test key", specs=specs)

    def close(self) -> None:
        """Close the sessions of this store; other stores on the same module go on. A later use logs in afresh."""
        module, link = self._module, self._link
        self._link = None
        if module is None or link is None or module.pid != os.getpid():
            return
        with suppress(DeviceError, PKCS11Error), module.gate.alone(self._wait_s):
            if link.live:  # else they went with the restart
                link.close()

    def _run(self, work: Work[T]) -> T:
        """Do the work; after a fault restart the module, log in and do it once more.

        Raises:
            HsmError: of the fault's kind.
        """
        self._require_whole()
        seen = self._loaded().generation
        try:
            return self._attempt(work)
        except HEALABLE:
            return self._again(work, seen)
        except PKCS11Error as exc:
            raise error_for(exc) from exc

    def _again(self, work: Work[T], seen: int) -> T:
        try:
            self._loaded().restart(seen, wait_s=self._wait_s)
            return self._attempt(work)
        except HEALABLE as exc:
            raise self._break(error_for(exc)) from exc
        except PKCS11Error as exc:
            raise error_for(exc) from exc
        except DeviceError as exc:
            raise self._break(exc) from exc

    def _attempt(self, work: Work[T]) -> T:
        with self._loaded().gate.inside(self._wait_s):
            link = self._linked()
            with link.pool.lend() as session:
                if link.unwrapped.waste:
                    link.sweep(session)
                return work(link, session)

    def _linked(self) -> Link:
        link = self._link
        if link is not None and link.live:
            return link
        with self._lock:
            if self._link is None or not self._link.live:
                self._link = self._connect()
            return self._link

    def _connect(self) -> Link:
        if self._pin_refused:
            raise PinError("the token refused the PIN before; open the store again to try another one")
        try:
            return connect(
                self._loaded(),
                self._address,
                self._pin().encode(),
                store=self._name,
                sessions=self._sessions,
                wait_s=self._wait_s,
                keep_unwrapped=self._keep_unwrapped,
            )
        except PKCS11Error as exc:
            error = error_for(exc)
            if isinstance(error, PinError):
                self._pin_refused = True  # tokens lock after a few wrong ones
                raise error from exc
            raise

    def _loaded(self) -> Module:
        """Raises:
        DeviceError: the module does not load, or this store was in use before a fork.
        """
        if self._module is None:
            self._module = module_at(self._address.module_path)
        if self._module.pid != os.getpid():
            raise DeviceError("this store was in use before a fork; the child has to open its own")
        return self._module

    def _break(self, error: HsmError) -> HsmError:
        self._broken = error
        self._broken_until = self._monotonic() + self._pause_s
        return error

    def _require_whole(self) -> None:
        """Raises:
        DeviceError: a restart has not helped a moment ago; asking again at once would only queue up threads.
        """
        if self._broken is not None:
            if self._monotonic() < self._broken_until:
                raise type(self._broken)(str(self._broken))
            self._broken = None

    def _sweep(self) -> None:
        """Destroy what is left over. A failure loses nothing: the handle waits for the next session, or died with all."""
        with suppress(HsmError):
            self._run(lambda _link, _session: None)


class _Held:
    """A key during its lease: the handle, and the login that it belongs to. After a restart it is got again."""

    def __init__(self, ref: KeyRef) -> None:
        self._ref = ref
        self._lock = threading.Lock()
        self._place: tuple[Link, int] | None = None

    def handle(self, link: Link, session: int) -> int:
        place = self._place
        if place is not None and place[0] is link:
            return place[1]
        with self._lock:
            if self._place is None or self._place[0] is not link:
                self._place = (link, self._acquire(link, session))
            return self._place[1]

    def signing(self, data: bytes, algorithm: SignatureAlgorithm) -> Work[bytes]:
        return lambda link, session: link.sign(session, self.handle(link, session), data, self._ref, algorithm)

    def give_back(self) -> None:
        if self._place is not None and self._ref.wrapped is not None:
            self._place[0].unwrapped.give_back(self._ref.wrapped)
        self._place = None

    def _acquire(self, link: Link, session: int) -> int:
        if self._ref.wrapped is None:
            return link.resident(session, self._ref.label)
        return link.unwrap(session, self._ref, self._ref.wrapped)


def _pin_source(address: TokenAddress, pin: str | Callable[[], str]) -> Callable[[], str]:
    path = address.pin_file
    if path is None:
        return (lambda: pin) if isinstance(pin, str) else pin

    def read() -> str:
        try:
            data = path.read_bytes()
            text = data.decode().removesuffix("\n")
        except (OSError, UnicodeDecodeError) as exc:
            raise StoreAddressError("the file of pin-source cannot be read") from exc
        if not 1 <= len(text.encode()) <= _MAX_PIN_BYTES:
            raise StoreAddressError(f"the file of pin-source does not hold 1 to {_MAX_PIN_BYTES} bytes")
        return text

    return read
