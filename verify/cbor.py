"""The part of CBOR (RFC 8949) that our tokens are made of, in core deterministic encoding (§4.2.1) and no other.

Integers of 64 bits, byte strings, text, arrays, maps with integer or text keys, and tags. No floats, no simple values,
no indefinite lengths: what is not listed is refused, so that a value has exactly one spelling.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

from verify.errors import EncodingError, MalformedTokenError

MAX_DEPTH: Final = 8  # our deepest token has 5 levels
MAX_ITEMS: Final = 64  # in one array or map
MAX_ARGUMENT: Final = 2**64 - 1  # RFC 8949 §3

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = range(7)  # RFC 8949 §3.1, major types
ONE_BYTE: Final = 24  # additional information: the argument follows in 1, 2, 4 or 8 octets
WIDTHS: Final = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
LEAST: Final = {24: 24, 25: 2**8, 26: 2**16, 27: 2**32}  # the smallest argument that needs this width


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value (RFC 8949 §3.4)."""

    number: int
    value: Any


def encode(value: Any) -> bytes:  # noqa: PLR0911 - one line per CBOR type
    """Return the deterministic encoding.

    Raises:
        EncodingError: a type or an integer that our tokens do not use.
    """
    match value:
        case bool():
            raise EncodingError("our tokens have no booleans")
        case int() if value >= 0:
            return _head(UNSIGNED, value)
        case int():
            return _head(NEGATIVE, -1 - value)
        case bytes():
            return _head(BYTES, len(value)) + value
        case str():
            octets = value.encode()
            return _head(TEXT, len(octets)) + octets
        case list():
            return _head(ARRAY, len(value)) + b"".join(map(encode, value))
        case dict():
            pairs = sorted((encode(key), encode(item)) for key, item in value.items())
            return _head(MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
        case Tag():
            return _head(TAG, value.number) + encode(value.value)
    raise EncodingError(f"our tokens have no {type(value).__name__}")


def decode(data: bytes) -> Any:
    """Return the one value that `data` is. The caller bounds its length.

    Raises:
        MalformedTokenError: not one complete value, not its deterministic encoding, or outside the limits.
    """
    reader = _Reader(data)
    value = reader.value(MAX_DEPTH)
    if reader.position != len(data):
        raise MalformedTokenError("octets after the end of the CBOR value")
    return value


def _head(major: int, argument: int) -> bytes:
    if argument > MAX_ARGUMENT:
        raise EncodingError("an integer beyond 64 bits")
    if argument < ONE_BYTE:
        return bytes([major << 5 | argument])
    width = max(info for info, least in LEAST.items() if argument >= least)
    return bytes([major << 5 | width]) + struct.pack(WIDTHS[width], argument)


class _Reader:
    """Walks the octets once, without copies and without ever trusting a length."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.position : self.position + count]
        if len(taken) != count:
            raise MalformedTokenError("the CBOR value is cut short")
        self.position += count
        return taken

    def head(self) -> tuple[int, int]:
        major, info = divmod(self.take(1)[0], 32)
        if info < ONE_BYTE:
            return major, info
        if info not in WIDTHS:
            raise MalformedTokenError("CBOR of indefinite length")
        layout = WIDTHS[info]
        argument: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        if argument < LEAST[info]:
            raise MalformedTokenError("a CBOR number longer than it needs to be")
        return major, argument

    def value(self, depth: int) -> Any:  # noqa: PLR0911 - one line per CBOR type
        if depth == 0:
            raise MalformedTokenError(f"CBOR nested deeper than {MAX_DEPTH} levels")
        major, argument = self.head()
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self.take(argument)
            case 3:
                return self.text(argument)
            case 4:
                return [self.value(depth - 1) for _ in range(_bounded(argument))]
            case 5:
                return self.map(_bounded(argument), depth - 1)
            case 6:
                return Tag(argument, self.value(depth - 1))
        raise MalformedTokenError("a CBOR type that our tokens do not use")

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode()
        except UnicodeDecodeError as exc:
            raise MalformedTokenError("a CBOR text that is not UTF-8") from exc

    def map(self, count: int, depth: int) -> dict[int | str, Any]:
        found: dict[int | str, Any] = {}
        before = b""
        for _ in range(count):
            start = self.position
            key = self.value(depth)
            spelled = self.data[start : self.position]
            if not isinstance(key, int | str):
                raise MalformedTokenError("a CBOR map key that is neither a number nor a text")
            if spelled <= before:
                raise MalformedTokenError("CBOR map keys out of order, or one twice")
            before = spelled
            found[key] = self.value(depth)
        return found


def _bounded(count: int) -> int:
    if count > MAX_ITEMS:
        raise MalformedTokenError(f"more than {MAX_ITEMS} items in a CBOR array or map")
    return count
