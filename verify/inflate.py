"""zlib (RFC 1950) from outside, within a bound."""

import zlib

from verify.errors import MalformedTokenError


def inflate(data: bytes, *, max_bytes: int) -> bytes:
    """Return what one complete zlib stream holds, with nothing after it.

    Raises:
        MalformedTokenError: not zlib, cut short, followed by something, or more than `max_bytes` when inflated.
    """
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, max_bytes + 1)
    except zlib.error as exc:
        raise MalformedTokenError("not a zlib stream") from exc
    if len(plain) > max_bytes:
        raise MalformedTokenError(f"inflates to more than {max_bytes} octets")
    if not stream.eof or stream.unused_data:
        raise MalformedTokenError("a zlib stream that is cut short or followed by something")
    return plain
