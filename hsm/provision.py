"""Make a token ready for use: initialise it, give it a wrapping key and a test key, and try to steal a wrapped key."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pkcs11 import Attribute, KeyType, ObjectClass, Slot, TokenFlag, UserType
from pkcs11.exceptions import PKCS11Error

from hsm.checked import TEST_KEY_LABEL
from hsm.errors import KeyExistsError, TokenFullError, UnsafeTokenError
from hsm.faults import error_for
from hsm.layout import CKA_UNWRAP_TEMPLATE, Template
from hsm.library import Module, module_at
from hsm.link import KEK_ID_BYTES, KEK_LABEL, find_keks, find_slot
from hsm.mechanisms import AES_KEY_GEN, KEY_WRAP_PAD, UNWRAP_TEMPLATES, pair_templates
from hsm.signer import KeySpec
from hsm.uri import TokenAddress

_KEK_BYTES: Final = 32
_SERIAL_BYTES: Final = 4  # of the wrapping key's id; the rest is random. The greatest id is the one in use
_LABEL_BYTES: Final = 32  # inclusive, CK_TOKEN_INFO
_WAIT_S: Final = 30.0
_TRIAL_LABEL: Final = "vermilion-theft-trial"
_KNOWN_KEY: Final = bytes(_KEK_BYTES)  # what a thief would wrap with: a key whose value he knows
_TEST_KEY: Final = Template(
    {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.TOKEN: True,
        Attribute.LABEL: TEST_KEY_LABEL,
    }
)


def initialise_token(module_path: Path, *, label: str, so_pin: str, user_pin: str) -> TokenAddress:
    """Initialise the first free slot of the module and return the new token's address.

    Stores of this process that use the same module log in afresh afterwards.

    Raises:
        KeyExistsError: a token with this label exists; it is never initialised anew.
        TokenFullError: no slot is free.
        PinError: the token does not take these PINs.
        DeviceError: the device failed, or the module is not there.
    """
    if not 1 <= len(label.encode()) <= _LABEL_BYTES:
        raise TokenFullError(f"a token label has 1 to {_LABEL_BYTES} bytes")
    with _alone(module_path) as module:
        _require_new(module, label)
        slot = _free_slot(module)
        module.calls.init_token(slot.slot_id, so_pin.encode(), label)
        with _session(module, slot.slot_id, UserType.SO, so_pin) as session:
            module.calls.init_pin(session, user_pin.encode())
        module.restart_alone()  # SoftHSM moves a new token to another slot
        found = find_slot(module, TokenAddress(module_path=module_path, token=label)).get_token()
        return TokenAddress(module_path=module_path, token=label, serial=found.serial.decode(errors="replace").rstrip())


def prepare_token(address: TokenAddress, *, so_pin: str, user_pin: str) -> None:
    """Give the token a new wrapping key, and a test key if it has none, and try to steal a wrapped key.

    Run again, it changes the wrapping key: new keys are wrapped under the new one, old ones open as before.

    Raises:
        UnsafeTokenError: a theft succeeded.
        PinError: a PIN is wrong.
        MechanismError: the token lacks AES key wrapping or an attribute that protects wrapped keys.
        DeviceError: the device failed.
    """
    with _alone(address.module_path) as module:
        slot_id = find_slot(module, address).slot_id
        with _session(module, slot_id, UserType.SO, so_pin) as session:
            kek = _make_kek(module, session)
        with _session(module, slot_id, UserType.USER, user_pin) as session:
            _make_test_key(module, session)
            _try_theft(module, session, kek)


def make_ready(module_path: Path, *, label: str, so_pin: str, user_pin: str) -> TokenAddress:
    """`initialise_token`, then `prepare_token`."""
    address = initialise_token(module_path, label=label, so_pin=so_pin, user_pin=user_pin)
    prepare_token(address, so_pin=so_pin, user_pin=user_pin)
    return address


@contextmanager
def _alone(module_path: Path) -> Iterator[Module]:
    """Begin and end with a restart: an officer cannot log in beside user sessions, and others see what was made."""
    module = module_at(module_path)
    with module.gate.alone(_WAIT_S):
        module.restart_alone()
        try:
            yield module
        except PKCS11Error as exc:
            raise error_for(exc) from exc
        finally:
            module.restart_alone()


@contextmanager
def _session(module: Module, slot_id: int, user: UserType, pin: str) -> Iterator[int]:
    session = module.calls.open_session(slot_id)
    try:
        module.calls.login(session, user, pin.encode())
        yield session
    finally:
        module.calls.close_session(session)  # the only one: this logs out


def _require_new(module: Module, label: str) -> None:
    labels = [slot.get_token().label for slot in module.slots() if _initialised(slot)]
    if label in labels:
        raise KeyExistsError(f"a token with the label {label!r} exists")


def _free_slot(module: Module) -> Slot:
    for slot in module.slots():
        if not _initialised(slot):
            return slot
    raise TokenFullError("no slot holds a token that is not initialised yet")


def _initialised(slot: Slot) -> bool:
    return bool(slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED)


def _make_kek(module: Module, session: int) -> bytes:
    """In the officer's session, who alone can make it trusted; not private, or the officer could not make it."""
    newest = max(find_keks(module, session), default=bytes(KEK_ID_BYTES))
    number = int.from_bytes(newest[:_SERIAL_BYTES]) + 1
    kek_id = number.to_bytes(_SERIAL_BYTES) + secrets.token_bytes(KEK_ID_BYTES - _SERIAL_BYTES)
    template = Template(
        {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.VALUE_LEN: _KEK_BYTES,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.TRUSTED: True,
            Attribute.WRAP: True,
            Attribute.UNWRAP: True,
            Attribute.ENCRYPT: False,  # with these two, a wrapped key could be unwrapped by hand
            Attribute.DECRYPT: False,
            Attribute.LABEL: KEK_LABEL,
            Attribute.ID: kek_id,
            CKA_UNWRAP_TEMPLATE: {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True},
        }
    )
    module.calls.generate_key(session, AES_KEY_GEN, template)
    return kek_id


def _make_test_key(module: Module, session: int) -> None:
    if module.calls.find(session, _TEST_KEY):
        return
    made = pair_templates(KeySpec.EC_P256, label=TEST_KEY_LABEL, key_id=secrets.token_bytes(16), resident=True)
    module.calls.generate_pair(session, made.mechanism, made.public, made.private)


def _try_theft(module: Module, session: int, kek_id: bytes) -> None:
    """Do what a thief with a user session would do: all of it has to fail.

    Raises:
        UnsafeTokenError: something succeeded.
    """
    calls = module.calls
    kek = find_keks(module, session)[kek_id]
    made = pair_templates(KeySpec.EC_P256, label=_TRIAL_LABEL, key_id=b"", resident=False)
    _, seal_key = calls.generate_pair(session, made.mechanism, made.public, made.private)
    wrapped = calls.wrap(session, KEY_WRAP_PAD, kek, seal_key)
    known = calls.create(session, _thiefs_key(trusted=False))
    _must_fail("wrapping under a known key", lambda: calls.wrap(session, KEY_WRAP_PAD, known, seal_key))
    _must_fail("a trusted key of known value", lambda: calls.create(session, _thiefs_key(trusted=True)))
    _must_fail("unwrapping as extractable", lambda: calls.unwrap(session, KEY_WRAP_PAD, kek, wrapped, _LOOT))
    _must_fail("reading the key", lambda: calls.attribute(session, seal_key, Attribute.VALUE))
    for attribute in (Attribute.ENCRYPT, Attribute.DECRYPT, Attribute.EXTRACTABLE):
        if calls.attribute(session, kek, attribute) != b"\x00":
            raise UnsafeTokenError(f"the wrapping key has {attribute.name}")
    usable = calls.unwrap(session, KEY_WRAP_PAD, kek, wrapped, UNWRAP_TEMPLATES[KeySpec.EC_P256])
    _must_fail("wrapping an unwrapped key again", lambda: calls.wrap(session, KEY_WRAP_PAD, kek, usable))


def _thiefs_key(*, trusted: bool) -> Template:
    return Template(
        {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.TOKEN: False,
            Attribute.WRAP: True,
            Attribute.VALUE: _KNOWN_KEY,
            **({Attribute.TRUSTED: True} if trusted else {}),
        }
    )


_LOOT: Final = Template(
    {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.KEY_TYPE: KeyType.EC,
        Attribute.TOKEN: False,
        Attribute.SENSITIVE: False,
        Attribute.EXTRACTABLE: True,
    }
)


def _must_fail(what: str, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except PKCS11Error:
        return
    raise UnsafeTokenError(f"the token allows {what}")
