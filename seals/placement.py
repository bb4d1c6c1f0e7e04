"""Where a seal goes: nowhere to be seen, into a field, at a position, or at a keyword (关键字定位)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final, TypeAlias

import pypdfium2

from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.pages import Box
from seals.png import PDFIUM

MAX_KEYWORD: Final = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Invisible:
    """The document is sealed and no picture is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InField:
    """Where the empty signature field that is named lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPosition:
    """Centre of the picture, from the top left corner of the page as displayed."""

    page: int  # 1-based, negative from the end
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtKeyword:
    """Centre of the picture on a text of the document, moved right and down by `dx_mm` and `dy_mm`."""

    text: str
    index: int = 1  # which occurrence: 1-based, negative from the end
    dx_mm: float = 0.0
    dy_mm: float = 0.0
    first_page: int = 1  # inclusive, 1-based
    last_page: int | None = None  # inclusive


Placement: TypeAlias = Invisible | InField | AtPosition | AtKeyword


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Where a keyword was found, in the page's own space."""

    page: int  # 1-based
    box: Box


def find_keyword(source: BinaryIO, keyword: AtKeyword) -> Occurrence:
    """Return the occurrence that `keyword` asks for, in reading order of the content.

    Raises:
        PlacementError: there is none, or the request makes no sense.
        DocumentRefusedError: the document cannot be read.
    """
    if not 0 < len(keyword.text) <= MAX_KEYWORD or keyword.index == 0:
        raise PlacementError(f"a keyword has 1 to {MAX_KEYWORD} characters, and an index that is not 0")
    if "\0" in keyword.text:  # to PDFium it ends the text, and an empty one is found for ever, under the lock
        raise PlacementError("a keyword has no U+0000")
    with PDFIUM:
        found = _first(_occurrences(source, keyword), keyword.index)
    if 0 < keyword.index == len(found):
        return found[-1]
    if keyword.index < 0 and len(found) >= -keyword.index:
        return found[keyword.index]
    if not found:
        raise PlacementError(f"the text “{keyword.text}” is not in the pages that were searched")
    raise PlacementError(f"the text “{keyword.text}” occurs {len(found)} times, number {keyword.index} was asked for")


def _first(occurrences: Iterator[Occurrence], index: int) -> list[Occurrence]:
    """All of them, or those up to number `index` if that counts from the front."""
    return list(islice(occurrences, index if index > 0 else None))


def _occurrences(source: BinaryIO, keyword: AtKeyword) -> Iterator[Occurrence]:
    source.seek(0)
    try:
        with pypdfium2.PdfDocument(source) as document:
            last = min(len(document), keyword.last_page or len(document))
            for number in range(max(1, keyword.first_page), last + 1):
                yield from _on_page(document[number - 1], number, keyword.text)
    except pypdfium2.PdfiumError as exc:
        raise DocumentRefusedError(Reason.BROKEN, "the text of the document cannot be read") from exc


def _on_page(page: pypdfium2.PdfPage, number: int, text: str) -> Iterator[Occurrence]:
    words = page.get_textpage()
    searcher = words.search(text, match_case=True)
    try:
        while (hit := searcher.get_next()) is not None:
            start, count = hit
            boxes = [words.get_charbox(index) for index in range(start, start + count)]
            yield Occurrence(page=number, box=_around(boxes))
    finally:
        searcher.close()
        words.close()
        page.close()


def _around(boxes: list[Box]) -> Box:
    """The box of the characters. Of a keyword broken over lines the first line counts: the part that goes right."""
    line = boxes[:1]
    for box in boxes[1:]:
        height = line[0][3] - line[0][1]
        if height > 0 and abs(box[1] - line[0][1]) > height and abs(box[0] - line[0][0]) > height:
            break
        line.append(box)
    return min(b[0] for b in line), min(b[1] for b in line), max(b[2] for b in line), max(b[3] for b in line)
