"""Documents that must not be sealed, by the reason that has to be given."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from tests.support.sealing import make_pdf, seal_bytes

BOMB_BYTES: Final = 200_000_000


def not_pdf() -> bytes:
    return b"PK\x03\x04 this is a word processor's file"


def empty() -> bytes:
    return b""


def encrypted() -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(make_pdf())))
    writer.encrypt(owner_pass="owner", user_pass="secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def truncated() -> bytes:
    whole = make_pdf()
    return whole[: len(whole) // 2]


def certified() -> bytes:
    """Certified with P=1: nothing may be changed (ISO 32000-1 table 254)."""
    return seal_bytes(make_pdf(), certify=1)


@cache
def bomb() -> bytes:
    """An object stream of 200 MB of blanks in 200 kB, in which the catalogue is said to be."""
    packed = zlib.compress(b" " * BOMB_BYTES, 9)
    head = b"%PDF-1.7\n"
    stream = b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    document = head + stream + packed + b"\nendstream\nendobj\n"
    rows = bytes(6) + b"\x01" + len(head).to_bytes(4) + b"\0" + b"\x02" + (1).to_bytes(4) + b"\0"
    table = b"3 0 obj\n<< /Type /XRef /Size 3 /W [1 4 1] /Root 2 0 R /Length %d >>\nstream\n" % len(rows)
    return document + table + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(document)


REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "no PDF": (not_pdf, "not-pdf"),
    "empty": (empty, "not-pdf"),
    "encrypted": (encrypted, "encrypted"),
    "truncated": (truncated, "broken"),
    "certified against changes": (certified, "certified-no-changes"),
    "decompression bomb": (bomb, "decompression-bomb"),
}
