"""Long hexadecimal strings are read at once, and come out as pyHanko's own reader makes them."""

import io
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError

from seals import hex_strings, pdf_input
from seals.hex_strings import FIRST_PIECE, PIECE, read_hex_string


def outcome(read: Any, data: bytes) -> tuple[Any, int]:
    stream = io.BytesIO(b"xx" + data + b" tail")
    stream.seek(2)
    try:
        made = read(stream)
    except PdfError as exc:
        return str(exc), -1
    return (type(made), made), stream.tell()


@pytest.mark.parametrize(
    "data",
    [
        b"<>", b"<4>", b"<48>", b"<48656C6c6F>", b"<48 65\n6C>", b"<48%c>\n65>", b"<FEFF6731>", b"<4G>", b"<48<65>", b"<48",
        b"<" + b"0" * FIRST_PIECE + b">", b"<" + b"A" * (FIRST_PIECE - 1) + b">", b"<" + b"1" * (FIRST_PIECE + 1) + b">",
        b"<" + b"0" * (FIRST_PIECE + PIECE) + b">", b"<" + b"3" * (FIRST_PIECE + PIECE + 1) + b">",
        b"<" + b"0" * (FIRST_PIECE + PIECE) + b" 4>", b"<" + b"0" * FIRST_PIECE + b"z" * PIECE + b">", b"<" + b"0" * 40_000,
    ],
)  # fmt: skip
def test_a_string_comes_out_as_before_and_reading_goes_on_behind_it(data: bytes) -> None:
    assert outcome(read_hex_string, data) == outcome(hex_strings._read_by_character, data)


def test_pyhanko_reads_by_it_once_documents_are_sealed_here() -> None:
    assert pdf_input.open_document is not None
    assert vars(generic)["read_hex_string_from_stream"] is read_hex_string
    assert hex_strings._read_by_character is not read_hex_string
