"""The few DER moves that declarative types cannot express: wrapping ready bytes, walking over their elements."""

from collections.abc import Iterator

_LONG_FORM = 0x80  # ITU-T X.690 §8.1.3.5
_MAX_LENGTH_OCTETS = 4
_MULTIPLE_OCTET_TAG = 0x1F  # ITU-T X.690 §8.1.2.4: not used by anything that is read here


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
    return list(_split(unwrap(element)[1]))


def _split(content: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(content):
        _, _, end = _header(content, position)
        yield content[position:end]
        position = end


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """Return the tag, where the content begins and where it ends."""
    if len(data) < position + 2 or data[position] & _MULTIPLE_OCTET_TAG == _MULTIPLE_OCTET_TAG:
        raise DerError("no element")
    size, start = data[position + 1], position + 2
    if size >= _LONG_FORM:
        octets = data[start : start + size - _LONG_FORM]
        start += len(octets)
        size = int.from_bytes(octets, "big")
        if not 0 < len(octets) <= _MAX_LENGTH_OCTETS or wrap_length(size) != len(octets):
            raise DerError("length not in its shortest form")
    if start + size > len(data):
        raise DerError("cut short")
    return data[position], start, start + size


def wrap_length(size: int) -> int:
    """Return how many octets the long form of a length has; 0 for one that must stand in short form."""
    return 0 if size < _LONG_FORM else (size.bit_length() + 7) // 8
