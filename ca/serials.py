"""Serial numbers: unique by chance and by instance, and not to be guessed."""

from typing import Final

from ca.errors import ProfileError

RANDOM_BYTES: Final = 17  # 136 bits; 64 from a CSPRNG are the least of CA/Browser Forum BR §7.1
SERIAL_BYTES: Final = 1 + RANDOM_BYTES
MAX_OCTETS: Final = 20  # of the DER INTEGER's content, RFC 5280 §4.1.2.2
MAX_INSTANCE: Final = 0xFF


def serial_number(*, instance: int, random: bytes) -> int:
    """Return a positive serial number: 8 bits that tell which instance made it, then 136 random bits.

    Raises:
        ProfileError: the instance is not 1..255 (0 would give serials of changing length), or `random` is not 17 bytes.
    """
    if not 1 <= instance <= MAX_INSTANCE:
        raise ProfileError(f"instance {instance} is not in 1..{MAX_INSTANCE}")
    if len(random) != RANDOM_BYTES:
        raise ProfileError(f"a serial number needs {RANDOM_BYTES} random bytes, not {len(random)}")
    return int.from_bytes(bytes((instance,)) + random, "big")


def instance_of(serial: int) -> int:
    """Return which instance made a serial number of `serial_number`."""
    return serial >> (8 * RANDOM_BYTES)


def octets(serial: int) -> int:
    """Return how many octets the DER INTEGER has in its content: a leading zero keeps it positive."""
    return serial.bit_length() // 8 + 1
