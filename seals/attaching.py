"""Files that travel inside a document: embedded, listed, and associated with it (ISO 32000-2 §14.13)."""

from collections.abc import Iterable
from typing import Final

from pyhanko.pdf_utils import embed
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.errors import PlacementError
from seals.slots import Attachment

MAX_FILE_NAME: Final = 120  # characters
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')  # in a file's name on some system


def attach(writer: IncrementalPdfFileWriter, attachments: Iterable[Attachment]) -> None:
    """Embed the files.

    Raises:
        PlacementError: two of one name, or a name that is none.
    """
    seen: set[str] = set()
    for one in attachments:
        name = one.name
        if not 0 < len(name) <= MAX_FILE_NAME or not name.isprintable() or _FORBIDDEN & set(name) or name[0] == ".":
            raise PlacementError(f"an attachment cannot be called “{name}”")
        if name in seen:
            raise PlacementError(f"two attachments are called “{name}”")
        seen.add(name)
        stream = embed.EmbeddedFileObject.from_file_data(writer, one.data, mime_type=one.media_type)
        embed.embed_file(
            writer,
            embed.FileSpec(
                file_spec_string=name,
                file_name=name,
                embedded_data=stream,
                description=one.description or None,
                af_relationship=pdf_name("/Supplement"),
            ),
        )
