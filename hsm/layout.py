"""The structures of PKCS#11 as C has them in memory."""

import ctypes
from ctypes import Structure, byref, c_ubyte, c_ulong, c_void_p
from typing import Any, Final, TypeAlias

Value: TypeAlias = bool | int | bytes | str | dict[int, Any]  # the last one: a template within the template
TemplateDict: TypeAlias = dict[int, Value]

CKA_UNWRAP_TEMPLATE: Final = 0x40000212  # PKCS#11 v2.40 §4.9; python-pkcs11 cannot encode it
_LIST_LENGTH: Final = 68  # functions in CK_FUNCTION_LIST, PKCS#11 v2.40 §3.6


class AttributeRow(Structure):
    _fields_ = (("type", c_ulong), ("value", c_void_p), ("length", c_ulong))


class _Mechanism(Structure):
    _fields_ = (("type", c_ulong), ("parameter", c_void_p), ("length", c_ulong))


class InitializeArgs(Structure):
    _fields_ = (
        ("create", c_void_p),
        ("destroy", c_void_p),
        ("lock", c_void_p),
        ("unlock", c_void_p),
        ("flags", c_ulong),
        ("reserved", c_void_p),
    )


class _PssParameters(Structure):
    _fields_ = (("hash", c_ulong), ("mgf", c_ulong), ("salt_length", c_ulong))


class FunctionList(Structure):
    _fields_ = (("version", c_ubyte * 2), ("functions", c_void_p * _LIST_LENGTH))


class Template:
    """Attributes in the layout of C. Only ever read by the module: one may serve all threads."""

    __slots__ = ("_kept", "array", "count")

    def __init__(self, attributes: TemplateDict) -> None:
        self.count = len(attributes)
        self.array = (AttributeRow * self.count)()
        self._kept: list[Any] = []  # what the array points to
        for place, (kind, value) in enumerate(attributes.items()):
            buffer, length = self._packed(value)
            self._kept.append(buffer)
            start = buffer.array if isinstance(buffer, Template) else buffer
            self.array[place] = AttributeRow(kind, ctypes.cast(start, c_void_p), length)

    @staticmethod
    def _packed(value: Value) -> tuple[Any, int]:
        if isinstance(value, dict):
            nested = Template(value)
            return nested, ctypes.sizeof(nested.array)
        if isinstance(value, bool):
            data = bytes([value])
        elif isinstance(value, int):
            data = bytes(c_ulong(value))
        else:
            data = value.encode() if isinstance(value, str) else value
        return ctypes.create_string_buffer(data, len(data)), len(data)


class Mechanism:
    """A mechanism, with parameters for PSS only. Only ever read by the module."""

    __slots__ = ("_kept", "raw")

    def __init__(self, kind: int, pss: tuple[int, int, int] | None = None) -> None:
        self._kept = None if pss is None else _PssParameters(*pss)
        length = 0 if self._kept is None else ctypes.sizeof(self._kept)
        pointer = None if self._kept is None else ctypes.cast(byref(self._kept), c_void_p)
        self.raw = _Mechanism(kind, pointer, length)
