"""Find out about form fields from their bytes, where these leave no doubt: parsing hundreds of them takes longer than signing.

Nothing is concluded from bytes that could mean something else: such fields are parsed like any other.
"""

import re
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import PdfHandler

from seals.slots import FrozenField

_WITHIN: Final = 2048  # bytes; a field that is longer is parsed
_END: Final = b"endobj"
_DOUBTFUL: Final = (b"/Sig", b"#", b"/Kids", b"/Parent", b"%")  # a signature, an escaped name, a family, a comment
_NAME: Final = re.compile(rb"/T ?\(([A-Za-z0-9_ ]+)\)")
_KIND: Final = re.compile(rb"/FT ?/(?:Btn|Tx|Ch)\b")
_LOOK: Final = re.compile(rb"/AP <<\n/N \d+ 0 R\n>>")  # as this program writes it


def plain_name(handler: PdfHandler, field: generic.IndirectObject) -> str | None:
    """Return the name of a field that is certainly no signature field, and has no family; None if that is not certain."""
    data = _bytes(handler, field.reference)
    if data is None or any(one in data for one in _DOUBTFUL):
        return None
    if data.count(b"/FT") != 1 or len(_KIND.findall(data)) != 1:
        return None
    names = _NAME.findall(data)
    return names[0].decode("ascii") if len(names) == 1 else None


def redraw(writer: IncrementalPdfFileWriter, field: FrozenField, look: generic.IndirectObject) -> bool:
    """Give a frozen field another look, its other bytes as they are. False if it has to be done the long way."""
    reference = generic.Reference(field.number, 0, writer.prev)
    data = _bytes(writer.prev, reference)
    if data is None or _NAME.findall(data) != [field.name.encode("ascii")] or len(_LOOK.findall(data)) != 1:
        return False
    drawn = _LOOK.sub(b"/AP <<\n/N %d 0 R\n>>" % look.idnum, data)
    writer.objects[0, field.number] = _Written(drawn)
    return True


class _Written(generic.PdfObject):
    """An object that is written as the bytes it was made of."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def write_to_stream(self, stream: Any, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ARG002 - pyHanko's signature
        stream.write(self._data)


def _bytes(handler: PdfHandler, reference: generic.Reference) -> bytes | None:
    """The bytes of an object between its header and its end, if it stands by itself in the file."""
    if not isinstance(handler, PdfFileReader) or (reference.generation, reference.idnum) in handler.resolved_objects:
        return None
    offset = handler.xrefs[reference]
    if not isinstance(offset, int):
        return None
    handler.stream.seek(offset)
    data: bytes = handler.stream.read(_WITHIN)
    header = b"%d %d obj\n" % (reference.idnum, reference.generation)
    end = data.find(_END)
    return data[len(header) : end].strip() if data.startswith(header) and end > 0 else None
