"""The few DER moves that declarative types cannot express: wrapping ready bytes, walking over their elements."""

from datetime import UTC, datetime
from typing import Final

_LONG_FORM: Final = 0x80  # ITU-T X.690 §8.1.3.5
_MAX_LENGTH_OCTETS: Final = 4
_MULTIPLE_OCTET_TAG: Final = 0x1F  # ITU-T X.690 §8.1.2.4: not used by anything that is read here


_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_FIRST_GENERALIZED: Final = 2050  # RFC 5280 §4.1.2.5


class DerError(ValueError):
    """Not DER. Never leaves this package: callers turn it into the error of what they were reading."""


def wrap(tag: int, *contents: bytes) -> bytes:
    """Return one element with a one-octet tag around contents that are DER already."""
    content = b"".join(contents)
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def unwrap(element: bytes) -> tuple[int, bytes]:
    """Return tag and content of the one element that `element` is.

    Raises:
        DerError: it is not one element, or its length is not in the shortest form.
    """
    tag, start, end = _header(element, 0)
    if end != len(element):
        raise DerError("bytes after the element")
    return tag, element[start:end]


def children(element: bytes) -> list[bytes]:
    """Return the elements inside a constructed one, each with its tag and length.

    Raises:
        DerError: a length is wrong.
    """
    _, position, end = _header(element, 0)
    if end != len(element):
        raise DerError("bytes after the element")
    found = []
    while position < end:
        if position + 1 < end and element[position + 1] < _LONG_FORM:  # the common case, without a call
            stop = position + 2 + element[position + 1]
        else:
            stop = _header(element, position)[2]
        if stop > end or element[position] & _MULTIPLE_OCTET_TAG == _MULTIPLE_OCTET_TAG:
            raise DerError("an element reaches beyond its parent")
        found.append(element[position:stop])
        position = stop
    return found


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """Return the tag, where the content begins and where it ends."""
    if len(data) < position + 2 or data[position] & _MULTIPLE_OCTET_TAG == _MULTIPLE_OCTET_TAG:
        raise DerError("no element")
    size, start = data[position + 1], position + 2
    if size >= _LONG_FORM:
        octets = data[start : start + size - _LONG_FORM]
        start += len(octets)
        size = int.from_bytes(octets, "big")
        if not 0 < len(octets) <= _MAX_LENGTH_OCTETS or _long_octets(size) != len(octets):
            raise DerError("length not in its shortest form")
    if start + size > len(data):
        raise DerError("cut short")
    return data[position], start, start + size


def _long_octets(size: int) -> int:
    """Return how many octets the long form of a length has; 0 for one that must stand in short form."""
    return 0 if size < _LONG_FORM else (size.bit_length() + 7) // 8


def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime of an aware time, cut to the second."""
    return wrap(_GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def time(moment: datetime) -> bytes:
    """Return a Time of an aware time, cut to the second: UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5)."""
    whole = moment.astimezone(UTC)
    if whole.year >= _FIRST_GENERALIZED:
        return generalized_time(whole)
    return wrap(_UTC_TIME, whole.strftime("%y%m%d%H%M%SZ").encode())
