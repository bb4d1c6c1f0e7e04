"""One login to one token between two restarts of the module, with all sessions and handles that belong to it."""

import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from pkcs11 import Attribute, KeyType, ObjectClass, Slot
from pkcs11.exceptions import (
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    NoSuchToken,
    ObjectHandleInvalid,
    PKCS11Error,
    TokenNotRecognised,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
)

from hsm.algorithms import default_algorithm, digest_of, spki_of
from hsm.checked import TEST_KEY_LABEL, TEST_MESSAGE
from hsm.errors import KeyExistsError, KeyNotFoundError, MechanismError
from hsm.layout import Template
from hsm.library import Module
from hsm.mechanisms import (
    KEY_WRAP_PAD,
    PUBLIC_ATTRIBUTES,
    SIGN_MECHANISMS,
    UNWRAP_TEMPLATES,
    generated_by,
    pair_templates,
    public_key_from,
    to_be_signed,
    to_signature,
)
from hsm.session import SessionPool
from hsm.signer import KeyRef, KeySpec, SignatureAlgorithm
from hsm.uri import TokenAddress

KEK_LABEL: Final = "vermilion-kek"
KEK_ID_BYTES: Final = 8
_WRAPPED_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 16
_KEKS: Final = Template(
    {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.TOKEN: True,
        Attribute.LABEL: KEK_LABEL,
        Attribute.TRUSTED: True,  # which no user session can claim for a key of its own
    }
)


@dataclass(slots=True)
class _Unwrapped:
    handle: int
    users: int


class HandleCache:
    """Handles of unwrapped keys: shared by their users, kept for `keep` idle ones, then put on the heap of waste."""

    def __init__(self, *, keep: int) -> None:
        self._keep = keep
        self._entries: OrderedDict[bytes, _Unwrapped] = OrderedDict()
        self._lock = threading.Lock()
        self.waste: deque[int] = deque()  # to be destroyed with the next session

    def take(self, wrapped: bytes) -> int | None:
        with self._lock:
            entry = self._entries.get(wrapped)
            if entry is None:
                return None
            entry.users += 1
            return entry.handle

    def put(self, wrapped: bytes, handle: int) -> int:
        """Return the handle to use: another thread may have unwrapped the same key meanwhile."""
        with self._lock:
            entry = self._entries.setdefault(wrapped, _Unwrapped(handle, 0))
            if entry.handle != handle:
                self.waste.append(handle)
            entry.users += 1
            return entry.handle

    def give_back(self, wrapped: bytes) -> None:
        with self._lock:
            self._entries[wrapped].users -= 1
            self._entries.move_to_end(wrapped)
            idle = [key for key, entry in self._entries.items() if not entry.users]
            for key in idle[: max(0, len(idle) - self._keep)]:
                self.waste.append(self._entries.pop(key).handle)


@dataclass(slots=True, kw_only=True)
class Link:
    """What one login has opened. Worthless as soon as the module has another generation."""

    module: Module
    generation: int
    slot_id: int
    anchor: int  # the session that logged in; never lent, so the login lasts
    pool: SessionPool
    mechanisms: frozenset[int]
    keks: dict[bytes, int]
    unwrapped: HandleCache
    test_key: KeyRef
    _resident: dict[str, int] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        return self.generation == self.module.generation

    def specs(self) -> frozenset[KeySpec]:
        return frozenset(spec for spec in KeySpec if generated_by(spec) in self.mechanisms)

    def resident(self, session: int, label: str) -> int:
        """Return the handle of a resident key; searched once, as a search takes as long as the token is full.

        Raises:
            KeyNotFoundError: none or several with this label.
            TokenNotRecognised: nothing of ours is there any more.
        """
        known = self._resident.get(label)
        if known is not None:
            return known
        found = self.private_keys(session, label)
        if len(found) != 1:
            raise KeyNotFoundError(f"{len(found)} keys on the token have the label {label!r}")
        self._resident[label] = found[0]
        return found[0]

    def forget(self, label: str) -> None:
        self._resident.pop(label, None)

    def private_keys(self, session: int, label: str) -> list[int]:
        """An empty answer is believed only if the test key is still found: a dead login finds nothing, silently."""
        found = self.module.calls.find(session, _keys(ObjectClass.PRIVATE_KEY, label))
        if not found and not self.module.calls.find(session, _keys(ObjectClass.PRIVATE_KEY, TEST_KEY_LABEL)):
            raise TokenNotRecognised("the test key is gone")
        return found

    def unwrap(self, session: int, ref: KeyRef, wrapped: bytes) -> int:
        """Return a handle that counts as used until `unwrapped.give_back`.

        Raises:
            KeyNotFoundError: the bytes are not of a wrapping key of this token, or they were changed.
        """
        known = self.unwrapped.take(wrapped)
        if known is not None:
            return known
        head = len(_WRAPPED_VERSION) + KEK_ID_BYTES
        kek = self.keks.get(wrapped[len(_WRAPPED_VERSION) : head])
        if kek is None or not wrapped.startswith(_WRAPPED_VERSION):
            raise KeyNotFoundError("the wrapped key is not of this token")
        try:
            handle = self.module.calls.unwrap(session, KEY_WRAP_PAD, kek, wrapped[head:], UNWRAP_TEMPLATES[ref.spec])
        except _BAD_WRAPPING as exc:
            self.sign_test(session)  # SoftHSM says "general error" of changed bytes and of a dead token alike
            raise KeyNotFoundError("the wrapped key does not belong to this token and record") from exc
        return self.unwrapped.put(wrapped, handle)

    def sign(self, session: int, handle: int, data: bytes, ref: KeyRef, algorithm: SignatureAlgorithm) -> bytes:
        raw = self.module.calls.sign(session, SIGN_MECHANISMS[algorithm], handle, to_be_signed(data, algorithm))
        return to_signature(raw, ref.spec)

    def sign_test(self, session: int) -> None:
        """Raises:
        PKCS11Error: the token does not even sign with its test key.
        """
        algorithm = default_algorithm(self.test_key.spec)
        digest = digest_of(TEST_MESSAGE, algorithm)
        self.sign(session, self.resident(session, TEST_KEY_LABEL), digest, self.test_key, algorithm)

    def generate_resident(self, session: int, store: str, spec: KeySpec, label: str) -> KeyRef:
        """Raises:
        KeyExistsError: the label is taken.
        TokenNotRecognised: the new key cannot be found: the token was initialised anew behind our back.
        """
        if self.private_keys(session, label):
            raise KeyExistsError(f"a key with the label {label!r} exists on the token")
        public, private = self._generate(session, spec, label, resident=True)
        try:
            self._require_alone(session, label, private)
            spki = self._spki(session, spec, public)
        except Exception:
            self.unwrapped.waste.extend((public, private))
            raise
        return KeyRef(store=store, spec=spec, label=label, spki=spki)

    def generate_wrapped(self, session: int, store: str, spec: KeySpec, label: str) -> KeyRef:
        """Raises:
        MechanismError: the token has no wrapping key.
        """
        if not self.keks:
            raise MechanismError("the token has no wrapping key: it was not prepared for wrapped keys")
        kek_id = max(self.keks)
        public, private = self._generate(session, spec, label, resident=False)
        try:
            spki = self._spki(session, spec, public)
            blob = self.module.calls.wrap(session, KEY_WRAP_PAD, self.keks[kek_id], private)
        finally:
            self.unwrapped.waste.extend((public, private))
        return KeyRef(store=store, spec=spec, label=label, spki=spki, wrapped=_WRAPPED_VERSION + kek_id + blob)

    def delete(self, session: int, label: str) -> None:
        self.forget(label)
        for kind in (ObjectClass.PUBLIC_KEY, ObjectClass.PRIVATE_KEY):
            for handle in self.module.calls.find(session, _keys(kind, label)):
                self.module.calls.destroy(session, handle)

    def sweep(self, session: int) -> None:
        """Destroy the keys whose lease is over."""
        while self.unwrapped.waste:
            try:
                self.module.calls.destroy(session, self.unwrapped.waste.popleft())
            except (ObjectHandleInvalid, IndexError):
                continue  # gone already, which is what is wanted, or another thread was faster

    def close(self) -> None:
        """Close all sessions; the last one logs out and takes the unwrapped keys with it."""
        for session in (*self.pool.drain(), self.anchor):
            self.module.calls.close_session(session)

    def _generate(self, session: int, spec: KeySpec, label: str, *, resident: bool) -> tuple[int, int]:
        templates = pair_templates(spec, label=label, key_id=secrets.token_bytes(_KEY_ID_BYTES), resident=resident)
        return self.module.calls.generate_pair(session, templates.mechanism, templates.public, templates.private)

    def _require_alone(self, session: int, label: str, private: int) -> None:
        found = self.private_keys(session, label)
        if private not in found:
            raise TokenNotRecognised("the new key is not there")
        if len(found) > 1:
            raise KeyExistsError(f"another process made a key with the label {label!r}")

    def _spki(self, session: int, spec: KeySpec, public: int) -> bytes:
        return _read_spki(self.module, session, spec, public)


_BAD_WRAPPING: Final = (
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
)


def connect(
    module: Module, address: TokenAddress, pin: bytes, *, store: str, sessions: int, wait_s: float, keep_unwrapped: int
) -> Link:
    """Find the token, log in, find its wrapping keys and its test key.

    Raises:
        PinIncorrect and its like: the PIN is wrong. It was tried once.
        NoSuchToken: none or several fit the address.
        TokenNotRecognised: the token was not prepared, or it was initialised anew.
    """
    generation = module.generation
    slot = find_slot(module, address)
    anchor = module.calls.open_session(slot.slot_id)
    try:
        module.login(slot.slot_id, anchor, pin)
        return Link(
            module=module,
            generation=generation,
            slot_id=slot.slot_id,
            anchor=anchor,
            pool=SessionPool(lambda: module.calls.open_session(slot.slot_id), size=sessions, wait_s=wait_s),
            mechanisms=frozenset(int(kind) for kind in slot.get_mechanisms()),
            keks=find_keks(module, anchor),
            unwrapped=HandleCache(keep=keep_unwrapped),
            test_key=_find_test_key(module, anchor, store),
        )
    except Exception:
        module.calls.close_session(anchor)
        raise


def find_slot(module: Module, address: TokenAddress) -> Slot:
    """Raises:
    NoSuchToken: none or several fit the address.
    """
    fitting = [slot for slot in module.slots() if _fits(slot, address)]
    if len(fitting) != 1:
        raise NoSuchToken(f"{len(fitting)} tokens fit the address")
    return fitting[0]


def find_keks(module: Module, session: int) -> dict[bytes, int]:
    found = module.calls.find(session, _KEKS)
    return {module.calls.attribute(session, handle, Attribute.ID): handle for handle in found}


def _fits(slot: Slot, address: TokenAddress) -> bool:
    try:
        token = slot.get_token()
    except PKCS11Error:
        return False
    pairs = (
        (address.slot_id, slot.slot_id),
        (address.token, token.label),
        (address.serial, token.serial.decode(errors="replace").rstrip()),
        (address.model, token.model),
        (address.manufacturer, token.manufacturer_id),
    )
    return all(wanted is None or wanted == found for wanted, found in pairs)


def _find_test_key(module: Module, session: int, store: str) -> KeyRef:
    private = module.calls.find(session, _keys(ObjectClass.PRIVATE_KEY, TEST_KEY_LABEL))
    public = module.calls.find(session, _keys(ObjectClass.PUBLIC_KEY, TEST_KEY_LABEL))
    if len(private) != 1 or len(public) != 1:
        raise TokenNotRecognised("no test key")
    spec = KeySpec.EC_P256
    return KeyRef(store=store, spec=spec, label=TEST_KEY_LABEL, spki=_read_spki(module, session, spec, public[0]))


def _read_spki(module: Module, session: int, spec: KeySpec, public: int) -> bytes:
    values = tuple(module.calls.attribute(session, public, kind) for kind in PUBLIC_ATTRIBUTES[spec])
    return spki_of(public_key_from(spec, values))


def _keys(kind: ObjectClass, label: str) -> Template:
    return Template({Attribute.CLASS: kind, Attribute.TOKEN: True, Attribute.LABEL: label})
