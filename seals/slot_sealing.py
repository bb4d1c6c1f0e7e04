"""Fill what belongs to one slot and sign it, in one update; or fill it only, for a client that signs by itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

from seals.fonts import SealFont
from seals.model import FormXObject
from seals.pdf_input import Limits
from seals.ports import RevocationSource, TimeStamper
from seals.signing import Authorise, Level, Sealed, SealingKey
from seals.slots import NOTHING_FILLED, Frozen


def seal_slot(
    source: BinaryIO,
    target: BinaryIO,
    *,
    slot: str,
    frozen: Frozen,
    key: SealingKey,
    picture: FormXObject | None,
    values: Mapping[str, str] = NOTHING_FILLED,
    font: SealFont | None = None,
    first: bool,
    level: Level,
    timestamper: TimeStamper | None = None,
    revocation: RevocationSource | None = None,
    now: datetime,
    reason: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    authorise: Authorise | None = None,
) -> Sealed:
    """Write `source` with the slot filled and signed to `target`: one update, one signature.

    `values` are by the names of the slot's fills. The `first` signature of a document certifies it: from then on nothing
    but the frozen fields can be filled (DocMDP P=2). On any error `target` is left empty.

    Raises:
        FillError: a value is missing, too long, not as it has to be, or cannot be set.
        PlacementError: the slot does not exist, or it shows a seal and there is no picture.
        DocumentRefusedError: `changed-since-freeze`, `locked` or what `seal_pdf` refuses.
        SealError, HsmError: as `seal_pdf`.
    """
    raise NotImplementedError


def prepare_slot(
    source: BinaryIO,
    target: BinaryIO,
    *,
    slot: str,
    frozen: Frozen,
    picture: FormXObject | None,
    values: Mapping[str, str] = NOTHING_FILLED,
    font: SealFont | None = None,
    now: datetime,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
) -> bytes:
    """Write `source` with the slot filled and not signed to `target`, and return the SHA-256 of it.

    Raises:
        FillError, PlacementError, DocumentRefusedError: as `seal_slot`.
    """
    raise NotImplementedError
