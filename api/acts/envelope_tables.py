"""Tables for bulk sending: XLSX or CSV, untrusted, bounded before they are read."""

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from lzma import LZMAError
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from api.errors import BadInputError

MAX_BYTES: Final = 10_000_000
MAX_UNPACKED_BYTES: Final = 100_000_000  # of an XLSX, which is a ZIP
MAX_ROWS: Final = 1000  # inclusive, without the heading
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of values by column; empty cells are left out."""

    number: int  # as the table counts: the heading is row 1
    values: dict[str, str]


def read_table(table: BinaryIO, *, kind: str) -> list[Row]:
    """Return the rows of a table whose first row names the columns; rows without any value are left out.

    Raises:
        BadInputError: it cannot be read, or it is too large.
    """
    if table.seek(0, io.SEEK_END) > MAX_BYTES:
        raise BadInputError(f"a table has at most {MAX_BYTES} bytes")
    table.seek(0)
    lines = _xlsx(table) if kind == "xlsx" else _csv(table)
    return _rows(lines)


def _rows(lines: Iterable[list[str]]) -> list[Row]:
    heading: list[str] | None = None
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        cells = [one.strip() for one in line]
        if heading is None:
            heading = _heading(cells)
            continue
        if len([one for one in cells if one]) > len(heading) or any(cells[len(heading) :]):
            raise BadInputError(f"row {number} has more cells than the heading")
        values = {name: cell for name, cell in zip(heading, cells, strict=False) if cell}
        if any(len(cell) > MAX_CELL for cell in values.values()):
            raise BadInputError(f"row {number} has a cell of more than {MAX_CELL} characters")
        if values:
            rows.append(Row(number=number, values=values))
        if len(rows) > MAX_ROWS:
            raise BadInputError(f"a table has at most {MAX_ROWS} rows; send the rest in another one")
    if heading is None:
        raise BadInputError("the table is empty")
    return rows


def _heading(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if not cells or len(cells) > MAX_COLUMNS or not all(cells) or len(set(cells)) != len(cells):
        raise BadInputError(f"the first row names the columns, at most {MAX_COLUMNS}, each once and none empty")
    return cells


def _csv(table: BinaryIO) -> Iterator[list[str]]:
    try:
        text = table.read().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadInputError("a CSV table is in UTF-8") from exc
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as exc:
        raise BadInputError(f"the CSV table cannot be read: {exc}") from exc


def _xlsx(table: BinaryIO) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(table) as box:
            if sum(one.file_size for one in box.infolist()) > MAX_UNPACKED_BYTES:
                raise BadInputError(f"the table unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        book = openpyxl.load_workbook(table, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for line in sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS + 1, values_only=True):
            yield [_cell(one) for one in line]
    except (zipfile.BadZipFile, InvalidFileException, ParseError, LookupError, ValueError, TypeError, AttributeError,
            ArithmeticError, RuntimeError, EOFError, OSError, zlib.error, LZMAError, struct.error) as exc:  # fmt: skip
        raise BadInputError(f"the table cannot be read as XLSX ({type(exc).__name__})") from exc


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
