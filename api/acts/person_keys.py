"""A person signs: a key made for one signature, a certificate of one day (事件证书), and a record of the act.

The key is generated in the key store, wrapped, and its wrapped bytes are never written anywhere: when the block ends, or the
process dies, nobody can use it again. The record keeps the public key and the certificate.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography import x509
from prometheus_client import Counter

from api.acts import issuing
from api.acts.issuing import Request
from api.acts.office import Office
from api.acts.people import person_of
from api.acts.recovery import revoke_unused
from api.db.people import Person, PersonState
from api.db.person_uses import PersonUse
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from ca.subjects import NaturalPerson, common_name
from hsm.errors import HsmError
from hsm.signer import KeySpec
from seals.errors import RightError, RightReason, SealError
from seals.intent import Intent, IntentKind
from seals.register import StoredKey, UseState
from seals.signing import SealingKey, SealIntent

SIGNED: Final = Counter("vermilion_person_signatures", "Signatures by persons by outcome", ["outcome"])
VALID_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOrder:
    """Who signs what, and what proves that they agreed."""

    person: str
    assertion: str  # over an intent of kind SEAL that has the document with no seal on it
    purpose: str
    level: str  # PAdES or CAdES level, or "hash" where only a digest is signed
    document_sha256: bytes  # as agreed to
    envelope: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPersonUse:
    """A signature that was asked for and whose one-time key is leased. End it with `done`."""

    office: Office
    asked: PersonUse
    person: Person
    key: SealingKey

    def authorise(self, intent: SealIntent) -> None:
        """The last look before the key is used: for `seals.signing.seal_pdf`."""
        self.authorise_bytes(sha256(intent.attributes).digest(), again=intent.attempt > 1)

    def authorise_bytes(self, digest: bytes, *, again: bool = False) -> None:
        """Record the SHA-256 of what the key is about to sign.

        Raises:
            RightError: the account was closed meanwhile.
        """
        with self.office.work() as work:
            _require_active(person_of(work, self.asked.person))
            work.people.uses.authorise(self.asked.id, intent_sha256=digest, again=again)
            work.commit()

    def done(
        self, work: SqlUnitOfWork, *, sealed_sha256: bytes, name: str | None, at: datetime, **detail: object
    ) -> PersonUse:
        """Record the outcome as part of the caller's last transaction."""
        asked = self.asked
        work.people.uses.done(asked.id, signed_sha256=sealed_sha256, name=name, at=at)
        work.ledger.note(at=at, actor=asked.person, act="person.sign", subject=asked.person, use=asked.id, **detail)
        found = work.people.uses.get(asked.id)
        if found is None:
            raise NotFoundError(f"the signature {asked.id} is not on record")
        return found


@contextmanager
def open_person_use(office: Office, order: PersonOrder) -> Iterator[OpenPersonUse]:
    """Ask for a signature by a person and lend a key for it; whatever goes wrong in the block is on record.

    Raises:
        NotFoundError: no such person or assertion.
        RightError: the assertion is not this person's agreement to this document, or was used for it already.
        HsmError: a key cannot be had.
    """
    asked, who = _ask(office, order)
    serial: int | None = None
    try:
        with one_time_key(office, who) as key:
            serial = key.certificate.serial_number
            with office.work() as work:
                work.people.uses.certify(asked.id, serial=serial)
                work.commit()
            yield OpenPersonUse(office=office, asked=asked, person=who, key=key)
    except BaseException as exc:
        with suppress(Exception):  # the first error is the one to tell
            _refuse(office, asked.id, serial, exc)
        SIGNED.labels("refused").inc()
        raise
    SIGNED.labels("done").inc()


@contextmanager
def one_time_key(office: Office, who: Person) -> Iterator[SealingKey]:
    """Make a key with a certificate for this person and lend it for the length of the block; then it is gone.

    Raises:
        ProfileError, LintError, HsmError: as `issuing.issue`.
    """
    key_id = secrets.token_hex(16)
    ref = office.store.generate(KeySpec.EC_P256, label=f"person-{key_id}", resident=False)
    recorded = StoredKey(id=key_id, ref=replace(ref, wrapped=None), made_at=office.now())
    request = Request(
        profile=office.authority.profile("person"),
        issuer="seal",
        subject=NaturalPerson(surname=who.name, common_name=common_name(who.name), serial_number=who.id).name(),
        whose=who.id,
        key=recorded,
        info=None,
        valid_for=VALID_FOR,
    )
    (issued,) = issuing.issue(office, [request])
    with office.work() as work:
        work.certificates.deliver([issued.serial])
        work.commit()
    certificate = x509.load_der_x509_certificate(issued.der)
    with office.lease(ref) as signer:
        yield SealingKey(
            certificate=certificate,
            chain=office.authority.chain_of(certificate),
            signer=signer,
            algorithm=signer.default_algorithm,
        )


def _ask(office: Office, order: PersonOrder) -> tuple[PersonUse, Person]:
    asked = PersonUse(
        id=secrets.token_hex(16),
        person=order.person,
        state=UseState.ASKED,
        assertion=order.assertion,
        envelope=order.envelope,
        purpose=order.purpose,
        level=order.level,
        document_sha256=order.document_sha256,
        asked_at=office.now(),
        process=office.process,
    )
    with office.work() as work:
        who = person_of(work, order.person)
        _require_active(who)
        _require_agreement(work, order)
        work.people.uses.ask(asked)
        work.commit()
    return asked, who


def _require_agreement(work: SqlUnitOfWork, order: PersonOrder) -> None:
    kept = work.people.assertion(order.assertion)
    if kept is None or kept.person != order.person:
        raise RightError(RightReason.NO_ASSERTION, "the person did not agree to this with a passkey")
    intent = Intent.parse(kept.intent.encode())
    agreed = {one.sha256 for one in intent.documents if not one.seals}
    if intent.kind is not IntentKind.SEAL or order.document_sha256 not in agreed:
        raise RightError(RightReason.ASSERTION_MISMATCH, "the person agreed to something else")


def _require_active(who: Person) -> None:
    if who.state != PersonState.ACTIVE.value:
        raise RightError(RightReason.NO_RIGHT, "the account of this person is closed")


def _refuse(office: Office, use_id: str, serial: int | None, error: BaseException) -> None:
    known = isinstance(error, (SealError, HsmError))
    with office.work() as work:
        now = office.now()
        work.people.uses.refuse(use_id, detail=str(error) if known else type(error).__name__, at=now)
        if serial is not None:
            revoke_unused(work, serial, at=now)
        work.commit()
