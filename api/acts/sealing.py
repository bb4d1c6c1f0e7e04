"""Sealing a single file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Self

from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import UseOrder, open_use
from api.db.work import SqlUnitOfWork
from api.errors import BadInputError, NotFoundError
from api.scratch import scratch_file, sha256_of
from seals.pdf_input import Limits
from seals.placement import AtKeyword, AtPosition, Invisible, Placement
from seals.register import Grounds, SealUse
from seals.signing import Level, seal_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOrder:
    """How a file is to be sealed."""

    level: Level
    placement: Placement
    reason: str

    @classmethod
    def of(
        cls,
        *,
        level: str,
        placement: str,
        page: int,
        x_mm: float,
        y_mm: float,
        keyword: str,
        index: int,
        reason: str,
    ) -> Self:
        """Read the flat form of the HTTP interface.

        Raises:
            BadInputError: a keyword is asked for and none given, or a page or index of 0.
        """
        where: Placement
        if placement == "position":
            if page == 0:
                raise BadInputError("pages count from 1, or from -1 at the end")
            where = AtPosition(page=page, x_mm=x_mm, y_mm=y_mm)
        elif placement == "keyword":
            if not keyword.strip() or index == 0:
                raise BadInputError("placement by keyword needs `keyword`, and an `index` that is not 0")
            where = AtKeyword(text=keyword, index=index)
        else:
            where = Invisible()
        return cls(level=Level(level), placement=where, reason=reason)


def seal_document(
    office: Office,
    code: str,
    source: BinaryIO,
    order: SealOrder,
    *,
    grounds: Grounds,
    then: Callable[[SqlUnitOfWork, SealUse], None] | None = None,
) -> SealUse:
    """Seal `source` and keep the result; the use is on record whatever happens.

    Raises:
        NotFoundError: no such seal.
        SealUnusableError: its state, or its licence's, does not allow sealing.
        RightError: the grounds do not allow it.
        SealError, HsmError: the document was refused, or the key could not be used; nothing was kept.
    """
    asked = UseOrder(
        seal=code,
        grounds=grounds,
        purpose=order.reason,
        level=order.level.value,
        document_sha256=sha256_of(source),
    )
    with open_use(office, asked) as using, scratch_file(office.scratch) as target:
        made = seal_pdf(
            source,
            target,
            key=using.key,
            placement=order.placement,
            picture=None if isinstance(order.placement, Invisible) else picture_of(office, using.seal),
            level=order.level,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            reason=order.reason or None,
            limits=Limits(max_bytes=office.settings.max_document_bytes),
            authorise=using.authorise,
        )
        digest = sha256_of(target)
        name = office.objects.put("sealed", ".pdf", target)
        with office.work() as work:
            done = using.done(work, sealed_sha256=digest, name=name, at=office.now(), field=made.field, size=made.size)
            if then is not None:
                then(work, done)
            work.commit()
    return done


def use(office: Office, use_id: str) -> SealUse:
    """Return one use of a seal.

    Raises:
        NotFoundError: there is no such use.
    """
    with office.reading() as work:
        found = work.uses.get(use_id)
    if found is None:
        raise NotFoundError(f"there is no seal use {use_id}")
    return found


def sealed_file(office: Office, use_id: str) -> str:
    """Return the name of the sealed file in the object store.

    Raises:
        NotFoundError: there is no such use, or it did not end in a file.
    """
    found = use(office, use_id)
    if found.object is None:
        raise NotFoundError(f"seal use {use_id} is {found.state}; there is no sealed file")
    return found.object
