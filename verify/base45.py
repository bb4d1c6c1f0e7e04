"""Base45 (RFC 9285) in its one spelling: the text that a QR symbol holds in its alphanumeric mode."""

import struct
from typing import Final

from verify.errors import MalformedTokenError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # RFC 9285 §4, table 1
VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
BASE: Final = 45
PAIR: Final = 3  # characters for two octets
MAX_PAIR: Final = 0xFFFF
MAX_SINGLE: Final = 0xFF


def encode(data: bytes) -> str:
    """Return the Base45 text of `data`."""
    text = []
    for start in range(0, len(data) - 1, 2):
        rest, low = divmod(data[start] * 256 + data[start + 1], BASE)
        high, middle = divmod(rest, BASE)
        text += [ALPHABET[low], ALPHABET[middle], ALPHABET[high]]
    if len(data) % 2:
        high, low = divmod(data[-1], BASE)
        text += [ALPHABET[low], ALPHABET[high]]
    return "".join(text)


def decode(text: str) -> bytes:
    """Return the octets of a Base45 text. The caller bounds its length.

    Raises:
        MalformedTokenError: a character outside the alphabet, a stray one, or a group beyond its octets (RFC 9285 §6).
    """
    try:
        values = [VALUE[character] for character in text]
    except KeyError as exc:
        raise MalformedTokenError("a character outside the Base45 alphabet") from exc
    if len(values) % PAIR == 1:
        raise MalformedTokenError("a Base45 text cannot have this length")
    whole = len(values) // PAIR * PAIR
    numbers = [
        values[place] + BASE * values[place + 1] + BASE * BASE * values[place + 2] for place in range(0, whole, PAIR)
    ]
    if any(number > MAX_PAIR for number in numbers):
        raise MalformedTokenError("a Base45 group is beyond the octets it stands for")
    data = struct.pack(f">{len(numbers)}H", *numbers)
    if whole == len(values):
        return data
    last = values[whole] + BASE * values[whole + 1]
    if last > MAX_SINGLE:
        raise MalformedTokenError("a Base45 group is beyond the octets it stands for")
    return data + bytes([last])
