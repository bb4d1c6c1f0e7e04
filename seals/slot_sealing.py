"""Fill what belongs to one slot and sign it, in one update; or fill it only, for a client that signs by itself."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from seals.accepting import check_frozen
from seals.errors import DocumentRefusedError, Reason
from seals.filling import draw_filling, write_filling
from seals.fonts import SealFont
from seals.mdp import FILL_AND_SIGN
from seals.model import FormXObject
from seals.pdf_input import Document, Limits, open_document, refusing
from seals.placement import Invisible
from seals.ports import RevocationSource, TimeStamper
from seals.revision import Copy, all_or_nothing, plain
from seals.signing import Authorise, Level, Sealed, SealingKey, SealIntent, seal_pdf
from seals.slots import NOTHING_FILLED, Frozen, FrozenField


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

    def authorise_with_page(intent: SealIntent) -> None:
        if authorise is not None:
            authorise(replace(intent, page=page))

    with all_or_nothing(target):
        _check_source(source, frozen, first=first)
        filled = draw_filling(frozen, slot, picture=picture, values=values, font=font)
        page = _page(filled.signature)
        sealed = seal_pdf(
            source,
            target,
            key=key,
            placement=Invisible(),  # its picture is one of those that `prepare` writes
            picture=None,
            level=level,
            timestamper=timestamper,
            revocation=revocation,
            now=now,
            reason=reason,
            field=filled.signature.name,
            certify=FILL_AND_SIGN if first else None,
            limits=limits,
            authorise=authorise_with_page,
            prepare=partial(write_filling, filled=filled, signed=True),
        )
    return replace(sealed, page=page)


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
    with all_or_nothing(target):
        check_frozen(source, frozen)
        filled = draw_filling(frozen, slot, picture=picture, values=values, font=font)
        document = open_document(source, limits)
        _check_free(document, filled.signature.name)
        with refusing():
            write_filling(document.writer, filled, signed=False)
            copy = Copy(target, "sha256")
            copy.append_from(document.stream)
            copy.append(plain(copy, document.writer, seed=now.isoformat().encode()))
    return copy.hash.digest()


def _check_source(source: BinaryIO, frozen: Frozen, *, first: bool) -> None:
    check_frozen(source, frozen)
    if first and source.seek(0, os.SEEK_END) != frozen.size:
        raise DocumentRefusedError(
            Reason.CHANGED_SINCE_FREEZE, "the first signature goes on the base revision, and something was added to it"
        )


def _check_free(document: Document, name: str) -> None:
    document.standing.check(name)
    if name not in document.standing.empty:
        raise DocumentRefusedError(Reason.LOCKED, f"the field {name} is signed already")


def _page(field: FrozenField) -> int | None:
    return field.page if field.box is not None else None
