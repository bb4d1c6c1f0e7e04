"""One use of a seal (用印): asked, authorised over the exact bytes to be signed, done or refused; always logged."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from prometheus_client import Counter

from api.acts import rights
from api.acts.office import Office
from api.acts.seal_life import certificate_of, seal
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError, SealUnusableError
from hsm.errors import HsmError
from hsm.signer import KeyRef
from seals.errors import SealError, SealStateError
from seals.register import Grounds, Seal, SealUse, UseState
from seals.signing import SealingKey, SealIntent
from seals.states import SealState, require_signing

SEALED: Final = Counter("vermilion_seal_uses", "Uses of seals by outcome", ["outcome"])


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOrder:
    """Which seal is to be used on what, and by which right."""

    seal: str
    grounds: Grounds
    purpose: str
    level: str  # PAdES or CAdES level, or "hash" where only a digest is signed
    document_sha256: bytes | None  # of the file that came in


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUse:
    """A use that was asked for and whose key is leased. Hand `authorise` to whatever signs; end it with `done`."""

    office: Office
    asked: SealUse
    seal: Seal
    key: SealingKey

    def authorise(self, intent: SealIntent) -> None:
        """The last look before the key is used: for `seals.signing.seal_pdf`."""
        self.authorise_bytes(sha256(intent.attributes).digest(), again=intent.attempt > 1)

    def authorise_bytes(self, digest: bytes, *, again: bool = False) -> None:
        """Record the SHA-256 of what the key is about to sign; the seal may have been suspended since.

        `again` says that a first signature outgrew its room in the file and was discarded.

        Raises:
            SealUnusableError: the seal was taken out of use.
            RightError: the right was withdrawn or used up.
        """
        office, asked = self.office, self.asked
        with office.work() as work:
            there = work.seals.lock(asked.seal)
            if there is None or there.state != SealState.ACTIVE.value:
                raise SealUnusableError(f"seal {asked.seal} was taken out of use just now")
            if not again:
                rights.spend(office, work, there, asked.grounds, document=asked.document_sha256, level=asked.level)
            work.uses.authorise(asked.id, intent_sha256=digest, again=again)
            if again:
                work.ledger.note(
                    at=office.now(), actor=asked.actor, act="seal.again", subject=asked.seal, use=asked.id,
                    intent=digest.hex(),
                )  # fmt: skip
            work.commit()

    def done(
        self, work: SqlUnitOfWork, *, sealed_sha256: bytes, name: str | None, at: datetime, **detail: object
    ) -> SealUse:
        """Record the outcome as part of the caller's last transaction, which may hold more than this use."""
        asked = self.asked
        work.uses.done(asked.id, sealed_sha256=sealed_sha256, name=name, at=at)
        work.ledger.note(at=at, actor=asked.actor, act="seal.use", subject=asked.seal, use=asked.id, **detail)
        found = work.uses.get(asked.id)
        if found is None:
            raise NotFoundError(f"the use {asked.id} is not on record")
        return found


@contextmanager
def open_use(office: Office, order: UseOrder) -> Iterator[OpenUse]:
    """Ask for a use and lend the seal's key for the length of the block; whatever goes wrong in it is on record.

    Raises:
        NotFoundError: no such seal.
        SealUnusableError: its state, or its licence's, does not allow sealing.
        RightError: the grounds do not allow it.
        HsmError: the key cannot be had.
    """
    asked = _ask(office, order)
    try:
        one, ref = _usable(office, asked)
        certificate = certificate_of(office, one.serial)
        with office.lease(ref) as signer:
            key = SealingKey(
                certificate=certificate,
                chain=office.authority.chain_of(certificate),
                signer=signer,
                algorithm=signer.default_algorithm,
            )
            yield OpenUse(office=office, asked=asked, seal=one, key=key)
    except BaseException as exc:
        with suppress(Exception):  # the first error is the one to tell
            _refuse(office, asked.id, exc)
        SEALED.labels("refused").inc()
        raise
    SEALED.labels("done").inc()


def _ask(office: Office, order: UseOrder) -> SealUse:
    asked = SealUse(
        id=secrets.token_hex(16),
        seal=seal(office, order.seal).code,
        state=UseState.ASKED,
        grounds=order.grounds,
        purpose=order.purpose,
        level=order.level,
        asked_at=office.now(),
        process=office.process,
        document_sha256=order.document_sha256,
    )
    with office.work() as work:
        work.uses.ask(asked)
        work.commit()
    return asked


def _usable(office: Office, asked: SealUse) -> tuple[Seal, KeyRef]:
    """The seal's own state comes first: no right helps a seal that is out of use."""
    code = asked.seal
    with office.reading() as work:
        one = work.seals.get(code)
        if one is None:
            raise NotFoundError(f"there is no seal {code}")
        try:
            require_signing(SealState(one.state))
        except SealStateError as exc:
            raise SealUnusableError(str(exc)) from exc
        licence = work.licences.get(one.licence)
        if licence is None or licence.licence.state.value != "active":
            raise SealUnusableError(f"the licence of seal {code} is not active")
        rights.require(office, work, one, asked.grounds, document=asked.document_sha256, level=asked.level)
        ref = work.keys.get(one.key_id)
    if ref is None:
        raise NotFoundError(f"the key of seal {code} is not on record")
    return one, ref


def _refuse(office: Office, use_id: str, error: BaseException) -> None:
    known = isinstance(error, (SealError, HsmError, SealUnusableError))
    with office.work() as work:
        work.uses.refuse(use_id, detail=str(error) if known else type(error).__name__, at=office.now())
        work.commit()
