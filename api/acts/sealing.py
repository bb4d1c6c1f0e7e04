"""Sealing a file: asked, authorised over the exact bytes to be signed, done or refused; always logged."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Self

from prometheus_client import Counter

from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of
from api.acts.office import Office
from api.acts.seal_life import certificate_of, seal
from api.acts.timestamping import OfficeTimeStamper
from api.db.work import SqlUnitOfWork
from api.errors import BadInputError, NotFoundError, SealUnusableError
from api.scratch import scratch_file, sha256_of
from hsm.errors import HsmError
from hsm.signer import KeyRef
from seals.errors import SealError, SealStateError
from seals.pdf_input import Limits
from seals.placement import AtKeyword, AtPosition, Invisible, Placement
from seals.register import Seal, SealUse, UseState
from seals.signing import Level, SealingKey, SealIntent, seal_pdf
from seals.states import SealState, require_signing

SEALED = Counter("vermilion_seal_uses", "Uses of seals by outcome", ["outcome"])


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
    actor: str,
    then: Callable[[SqlUnitOfWork, SealUse], None] | None = None,
) -> SealUse:
    """Seal `source` and keep the result; the use is on record whatever happens.

    Raises:
        NotFoundError: no such seal.
        SealUnusableError: its state, or its licence's, does not allow sealing.
        SealError, HsmError: the document was refused, or the key could not be used; nothing was kept.
    """
    asked = _ask(office, code, source, order, actor=actor)
    try:
        done = _apply(office, asked, source, order, then)
    except BaseException as exc:
        with suppress(Exception):  # the first error is the one to tell
            _refuse(office, asked.id, exc)
        SEALED.labels("refused").inc()
        raise
    SEALED.labels("done").inc()
    return done


def _ask(office: Office, code: str, source: BinaryIO, order: SealOrder, *, actor: str) -> SealUse:
    asked = SealUse(
        id=secrets.token_hex(16),
        seal=seal(office, code).code,
        state=UseState.ASKED,
        actor=actor,
        purpose=order.reason,
        level=order.level.value,
        asked_at=office.now(),
        process=office.process,
        document_sha256=sha256_of(source),
    )
    with office.work() as work:
        work.uses.ask(asked)
        work.commit()
    return asked


def _apply(
    office: Office,
    asked: SealUse,
    source: BinaryIO,
    order: SealOrder,
    then: Callable[[SqlUnitOfWork, SealUse], None] | None,
) -> SealUse:
    one, ref = _usable(office, asked.seal)
    picture = None if isinstance(order.placement, Invisible) else picture_of(office, one)
    certificate = certificate_of(office, one.serial)
    chain = office.authority.chain_of(certificate)

    def authorise(intent: SealIntent) -> None:
        """The last look before the key is used: the seal may have been suspended since."""
        with office.work() as work:
            now_there = work.seals.lock(asked.seal)
            if now_there is None or now_there.state != SealState.ACTIVE.value:
                raise SealUnusableError(f"seal {asked.seal} was taken out of use just now")
            digest = sha256(intent.attributes).digest()
            work.uses.authorise(asked.id, intent_sha256=digest, again=intent.attempt > 1)
            if intent.attempt > 1:  # the first signature outgrew its room in the file and was discarded
                work.ledger.note(
                    at=office.now(), actor=asked.actor, act="seal.again", subject=asked.seal, use=asked.id,
                    intent=digest.hex(),
                )  # fmt: skip
            work.commit()

    with scratch_file(office.scratch) as target, office.lease(ref) as signer:
        made = seal_pdf(
            source,
            target,
            key=SealingKey(certificate=certificate, chain=chain, signer=signer, algorithm=signer.default_algorithm),
            placement=order.placement,
            picture=picture,
            level=order.level,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            reason=order.reason or None,
            limits=Limits(max_bytes=office.settings.max_document_bytes),
            authorise=authorise,
        )
        digest = sha256_of(target)
        name = office.objects.put("sealed", ".pdf", target)
    return _record(office, asked, digest=digest, name=name, size=made.size, field=made.field, then=then)


def _usable(office: Office, code: str) -> tuple[Seal, KeyRef]:
    with office.reading() as work:
        one = work.seals.get(code)
        if one is None:
            raise NotFoundError(f"there is no seal {code}")
        licence = work.licences.get(one.licence)
        ref = work.keys.get(one.key_id)
    try:
        require_signing(SealState(one.state))
    except SealStateError as exc:
        raise SealUnusableError(str(exc)) from exc
    if licence is None or licence.licence.state.value != "active":
        raise SealUnusableError(f"the licence of seal {code} is not active")
    if ref is None:
        raise NotFoundError(f"the key of seal {code} is not on record")
    return one, ref


def _record(
    office: Office,
    asked: SealUse,
    *,
    digest: bytes,
    name: str,
    size: int,
    field: str,
    then: Callable[[SqlUnitOfWork, SealUse], None] | None,
) -> SealUse:
    now = office.now()
    with office.work() as work:
        work.uses.done(asked.id, sealed_sha256=digest, name=name, at=now)
        work.ledger.note(
            at=now, actor=asked.actor, act="seal.use", subject=asked.seal, use=asked.id, field=field, size=size
        )
        done = work.uses.get(asked.id)
        if done is None:
            raise NotFoundError(f"the use {asked.id} is not on record")
        if then is not None:
            then(work, done)
        work.commit()
    return done


def _refuse(office: Office, use_id: str, error: BaseException) -> None:
    said = str(error) if isinstance(error, (SealError, HsmError, SealUnusableError)) else type(error).__name__
    with office.work() as work:
        work.uses.refuse(use_id, detail=said, at=office.now())
        work.commit()


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
