"""The base revision of a document of several parties: every field of every slot, empty, in one incremental update."""

from collections.abc import Sequence
from typing import BinaryIO

from seals.pdf_input import Limits
from seals.slots import Attachment, Frozen, Layout


def freeze(
    source: BinaryIO,
    target: BinaryIO,
    layout: Layout,
    *,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    attachments: Sequence[Attachment] = (),
) -> Frozen:
    """Write `source` with all fields of `layout` to `target`, which has to be open for reading and writing.

    On any error `target` is left empty.

    Raises:
        PlacementError: names the slot or fill that cannot be where it is asked for, and why.
        DocumentRefusedError: the document cannot be laid out; one that is signed already never can.
    """
    raise NotImplementedError
