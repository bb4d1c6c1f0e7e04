"""Read long hexadecimal strings of a PDF at once: a signature's /Contents has tens of thousands of digits.

PyHanko reads them character by character, which took most of the time of every further revision. What it makes of them
stays as it is: only strings of nothing but digits are read here, all others are left to it.
"""

import re
from binascii import unhexlify
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils import generic

FIRST_PIECE: Final = 128  # bytes: most strings are identifiers
PIECE: Final = 16 << 10
_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]*")
_read_by_character: Final[Any] = generic.read_hex_string_from_stream  # pyHanko annotates only part


def read_hex_string(stream: BinaryIO) -> Any:
    """As pyHanko's function: the stream stands at the `<`, and behind the `>` afterwards.

    Raises:
        PdfStreamError: what stands there is no hexadecimal string.
    """
    start = stream.tell()
    stream.seek(start + 1)
    held = bytearray()
    size = FIRST_PIECE
    while piece := stream.read(size):
        end = piece.find(b">")
        held += piece if end < 0 else piece[:end]
        if end >= 0 or not _DIGITS.fullmatch(piece):
            break
        size = PIECE
    else:
        end = -1
    if end < 0 or not _DIGITS.fullmatch(held):
        stream.seek(start)
        return _read_by_character(stream)
    stream.seek(start + len(held) + 2)
    if len(held) % 2:
        held += b"0"  # ISO 32000-1 §7.3.4.3
    return generic.pdf_string(unhexlify(held))


def install() -> None:
    """Have pyHanko read them this way, in this process. Twice is the same as once."""
    vars(generic)["read_hex_string_from_stream"] = read_hex_string
