"""Whether a file is still the one that was frozen, and whether an update by somebody else did what it may and no more."""

import os
from typing import BinaryIO

from seals.digesting import digest_of
from seals.errors import DocumentRefusedError, Reason
from seals.pdf_input import Limits
from seals.slots import Frozen, SignedSlot


def check_frozen(source: BinaryIO, frozen: Frozen) -> None:
    """Make sure that the document begins with the base revision.

    Raises:
        DocumentRefusedError: `changed-since-freeze`.
    """
    if source.seek(0, os.SEEK_END) < frozen.size or digest_of(source, frozen.size) != frozen.sha256:
        raise DocumentRefusedError(Reason.CHANGED_SINCE_FREEZE, "the document is not the one that was laid out")


def accept_revision(
    before: BinaryIO,
    after: BinaryIO,
    *,
    slot: str,
    frozen: Frozen,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
) -> SignedSlot:
    """Return the facts of the one update that `after` has over `before`: the signature of this slot and nothing else.

    Whether the signer's certificate is the right one is for the caller to decide.

    Raises:
        DocumentRefusedError: `changed-since-freeze`, or `not-only-signed` with what else it is.
    """
    raise NotImplementedError
