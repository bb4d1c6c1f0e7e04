"""The PKCS#11 calls that python-pkcs11 lacks, or makes with more round trips than needed, over ctypes.

Lacks: C_Initialize with locking, C_InitToken, closing a session without logging everybody out, a nested template.
Slower: it asks for the length before each signature and builds a class for each unwrapped key.
Errors are those of python-pkcs11, so that both are handled alike. ctypes releases the interpreter lock.
"""

import ctypes
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_ulong, c_void_p
from pathlib import Path
from typing import Any, Final

from pkcs11 import exceptions
from pkcs11.exceptions import PKCS11Error

from hsm.layout import AttributeRow, FunctionList, InitializeArgs, Mechanism, Template

_OS_LOCKING: Final = 0x2  # CKF_OS_LOCKING_OK, PKCS#11 v2.40 §3.7
_SERIAL_READ_WRITE: Final = 0x4 | 0x2  # CKF_SERIAL_SESSION, CKF_RW_SESSION
_MAX_FOUND: Final = 64
_MAX_SIGNATURE: Final = 1024  # RSA-8192; asked for at once instead of asking for the length first
_LABEL_BYTES: Final = 32  # CK_TOKEN_INFO.label, padded with blanks
_NOT_INITIALIZED: Final = 0x190
_ALREADY_INITIALIZED: Final = 0x191


class NotInitializedError(PKCS11Error):
    """CKR_CRYPTOKI_NOT_INITIALIZED: after C_Finalize, or in the child of a fork."""


class AlreadyInitializedError(PKCS11Error):
    """CKR_CRYPTOKI_ALREADY_INITIALIZED: someone else in this process, or the parent of a fork."""


# CKR values of PKCS#11 v2.40 §A.7; any other one is a bare PKCS11Error with its number
_ERRORS: Final[dict[int, type[PKCS11Error]]] = {
    0x02: exceptions.HostMemory,
    0x03: exceptions.SlotIDInvalid,
    0x05: exceptions.GeneralError,
    0x06: exceptions.FunctionFailed,
    0x07: exceptions.ArgumentsBad,
    0x10: exceptions.AttributeReadOnly,
    0x11: exceptions.AttributeSensitive,
    0x12: exceptions.AttributeTypeInvalid,
    0x13: exceptions.AttributeValueInvalid,
    0x20: exceptions.DataInvalid,
    0x21: exceptions.DataLenRange,
    0x30: exceptions.DeviceError,
    0x31: exceptions.DeviceMemory,
    0x32: exceptions.DeviceRemoved,
    0x40: exceptions.EncryptedDataInvalid,
    0x41: exceptions.EncryptedDataLenRange,
    0x54: exceptions.FunctionNotSupported,
    0x60: exceptions.KeyHandleInvalid,
    0x62: exceptions.KeySizeRange,
    0x63: exceptions.KeyTypeInconsistent,
    0x69: exceptions.KeyNotWrappable,
    0x6A: exceptions.KeyUnextractable,
    0x70: exceptions.MechanismInvalid,
    0x71: exceptions.MechanismParamInvalid,
    0x82: exceptions.ObjectHandleInvalid,
    0x90: exceptions.OperationActive,
    0x91: exceptions.OperationNotInitialized,
    0xA0: exceptions.PinIncorrect,
    0xA1: exceptions.PinInvalid,
    0xA2: exceptions.PinLenRange,
    0xA3: exceptions.PinExpired,
    0xA4: exceptions.PinLocked,
    0xB0: exceptions.SessionClosed,
    0xB1: exceptions.SessionCount,
    0xB3: exceptions.SessionHandleInvalid,
    0xB5: exceptions.SessionReadOnly,
    0xB6: exceptions.SessionExists,
    0xD0: exceptions.TemplateIncomplete,
    0xD1: exceptions.TemplateInconsistent,
    0xE0: exceptions.TokenNotPresent,
    0xE1: exceptions.TokenNotRecognised,
    0xE2: exceptions.TokenWriteProtected,
    0xF0: exceptions.UnwrappingKeyHandleInvalid,
    0xF1: exceptions.UnwrappingKeySizeRange,
    0xF2: exceptions.UnwrappingKeyTypeInconsistent,
    0x100: exceptions.UserAlreadyLoggedIn,
    0x101: exceptions.UserNotLoggedIn,
    0x102: exceptions.UserPinNotInitialized,
    0x104: exceptions.AnotherUserAlreadyLoggedIn,
    0x110: exceptions.WrappedKeyInvalid,
    0x112: exceptions.WrappedKeyLenRange,
    0x113: exceptions.WrappingKeyHandleInvalid,
    0x114: exceptions.WrappingKeySizeRange,
    0x115: exceptions.WrappingKeyTypeInconsistent,
    0x140: exceptions.DomainParamsInvalid,  # CKR_CURVE_NOT_SUPPORTED
    _NOT_INITIALIZED: NotInitializedError,
    _ALREADY_INITIALIZED: AlreadyInitializedError,
}

# place of each function in CK_FUNCTION_LIST, PKCS#11 v2.40 §3.6; some modules export nothing but C_GetFunctionList
_PLACES: Final = {
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_InitToken": 9,
    "C_InitPIN": 10,
    "C_OpenSession": 12,
    "C_CloseSession": 13,
    "C_Login": 18,
    "C_CreateObject": 20,
    "C_DestroyObject": 22,
    "C_GetAttributeValue": 24,
    "C_FindObjectsInit": 26,
    "C_FindObjects": 27,
    "C_FindObjectsFinal": 28,
    "C_SignInit": 42,
    "C_Sign": 43,
    "C_GenerateKey": 58,
    "C_GenerateKeyPair": 59,
    "C_WrapKey": 60,
    "C_UnwrapKey": 61,
}


_N: Final = c_ulong
_P: Final = c_void_p
_B: Final = c_char_p
_OUT: Final = POINTER(c_ulong)
_PROTOTYPES: Final[dict[str, tuple[Any, ...]]] = {
    "C_Initialize": (_P,),
    "C_Finalize": (_P,),
    "C_InitToken": (_N, _B, _N, _B),
    "C_InitPIN": (_N, _B, _N),
    "C_OpenSession": (_N, _N, _P, _P, _OUT),
    "C_CloseSession": (_N,),
    "C_Login": (_N, _N, _B, _N),
    "C_CreateObject": (_N, _P, _N, _OUT),
    "C_DestroyObject": (_N, _N),
    "C_GetAttributeValue": (_N, _N, _P, _N),
    "C_FindObjectsInit": (_N, _P, _N),
    "C_FindObjects": (_N, _P, _N, _OUT),
    "C_FindObjectsFinal": (_N,),
    "C_SignInit": (_N, _P, _N),
    "C_Sign": (_N, _B, _N, _P, _OUT),
    "C_GenerateKey": (_N, _P, _P, _N, _OUT),
    "C_GenerateKeyPair": (_N, _P, _P, _N, _P, _N, _OUT, _OUT),
    "C_WrapKey": (_N, _P, _N, _N, _P, _OUT),
    "C_UnwrapKey": (_N, _P, _N, _B, _N, _P, _N, _OUT),
}


class Calls:
    """The functions of one module. Every failure is a `PKCS11Error` of the code's own class."""

    def __init__(self, path: Path) -> None:
        """Raises:
        OSError: it cannot be loaded.
        AttributeError: it is no PKCS#11 module.
        """
        library = ctypes.CDLL(str(path))
        library.C_GetFunctionList.restype = c_ulong
        pointer = POINTER(FunctionList)()
        check(library.C_GetFunctionList(byref(pointer)))
        table = pointer.contents.functions
        self.functions: dict[str, Callable[..., int]] = {
            name: ctypes.CFUNCTYPE(c_ulong, *prototype)(table[_PLACES[name]]) for name, prototype in _PROTOTYPES.items()
        }

    def _call(self, name: str, *arguments: Any) -> None:
        if code := self.functions[name](*arguments):
            check(code)

    def initialize(self) -> None:
        """C_Initialize for many threads: with NULL instead of flags, SoftHSM crashes in threads."""
        arguments = InitializeArgs(flags=_OS_LOCKING)
        self._call("C_Initialize", byref(arguments))

    def finalize(self) -> None:
        self._call("C_Finalize", None)

    def init_token(self, slot: int, so_pin: bytes, label: str) -> None:
        """Erases whatever the slot holds."""
        self._call("C_InitToken", slot, so_pin, len(so_pin), label.encode().ljust(_LABEL_BYTES))

    def init_pin(self, session: int, pin: bytes) -> None:
        """Set the user's PIN, in a session of the security officer."""
        self._call("C_InitPIN", session, pin, len(pin))

    def open_session(self, slot: int) -> int:
        made = c_ulong()
        self._call("C_OpenSession", slot, _SERIAL_READ_WRITE, None, None, byref(made))
        return made.value

    def close_session(self, session: int) -> None:
        """Without C_Logout, which would log every session of the process out."""
        self._call("C_CloseSession", session)

    def login(self, session: int, user: int, pin: bytes) -> None:
        self._call("C_Login", session, user, pin, len(pin))

    def create(self, session: int, template: Template) -> int:
        made = c_ulong()
        self._call("C_CreateObject", session, template.array, template.count, byref(made))
        return made.value

    def destroy(self, session: int, key: int) -> None:
        self._call("C_DestroyObject", session, key)

    def find(self, session: int, template: Template) -> list[int]:
        """Return the handles of at most 64 objects: more than one is a surprise already."""
        found = (c_ulong * _MAX_FOUND)()
        count = c_ulong()
        self._call("C_FindObjectsInit", session, template.array, template.count)
        try:
            self._call("C_FindObjects", session, found, _MAX_FOUND, byref(count))
        finally:
            self._call("C_FindObjectsFinal", session)  # or the session's next search fails
        return list(found[: count.value])

    def attribute(self, session: int, key: int, kind: int) -> bytes:
        """Read one attribute in two calls: its length, its value."""
        asked = AttributeRow(kind, None, 0)
        self._call("C_GetAttributeValue", session, key, byref(asked), 1)
        buffer = ctypes.create_string_buffer(asked.length)
        asked.value = ctypes.cast(buffer, c_void_p)
        self._call("C_GetAttributeValue", session, key, byref(asked), 1)
        return buffer.raw[: asked.length]

    def sign(self, session: int, mechanism: Mechanism, key: int, data: bytes) -> bytes:
        self._call("C_SignInit", session, byref(mechanism.raw), key)
        buffer = ctypes.create_string_buffer(_MAX_SIGNATURE)
        length = c_ulong(_MAX_SIGNATURE)
        self._call("C_Sign", session, data, len(data), buffer, byref(length))
        return buffer.raw[: length.value]

    def generate_key(self, session: int, mechanism: Mechanism, template: Template) -> int:
        made = c_ulong()
        self._call("C_GenerateKey", session, byref(mechanism.raw), template.array, template.count, byref(made))
        return made.value

    def generate_pair(self, session: int, mechanism: Mechanism, public: Template, private: Template) -> tuple[int, int]:
        """Return the handles of the public and the private key."""
        first, second = c_ulong(), c_ulong()
        self._call(
            "C_GenerateKeyPair",
            session,
            byref(mechanism.raw),
            public.array,
            public.count,
            private.array,
            private.count,
            byref(first),
            byref(second),
        )
        return first.value, second.value

    def wrap(self, session: int, mechanism: Mechanism, wrapping_key: int, key: int) -> bytes:
        length = c_ulong()
        self._call("C_WrapKey", session, byref(mechanism.raw), wrapping_key, key, None, byref(length))
        buffer = ctypes.create_string_buffer(length.value)
        self._call("C_WrapKey", session, byref(mechanism.raw), wrapping_key, key, buffer, byref(length))
        return buffer.raw[: length.value]

    def unwrap(self, session: int, mechanism: Mechanism, wrapping_key: int, wrapped: bytes, template: Template) -> int:
        made = c_ulong()
        self._call(
            "C_UnwrapKey",
            session,
            byref(mechanism.raw),
            wrapping_key,
            wrapped,
            len(wrapped),
            template.array,
            template.count,
            byref(made),
        )
        return made.value


def check(code: int) -> None:
    """Raises:
    PKCS11Error: of the class for this CKR value, unless it is CKR_OK.
    """
    if code:
        raise _ERRORS.get(code, PKCS11Error)(f"CKR 0x{code:x}")
