"""Seal a PDF: PAdES B-B, B-T, B-LT or B-LTA (ETSI EN 319 142-1), file to file, in one pass over the document."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import BinaryIO, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from hsm.signer import SignatureAlgorithm, Signer
from seals import dss, timestamps
from seals.archive import ATTEMPTS, MARGIN_BYTES, SIGNATURE_BYTES, append_timestamp, token_room
from seals.errors import EvidenceError, OutgrownError, SealStateError, TimestampError
from seals.fields import Asked, Target, signature_container
from seals.model import FormXObject
from seals.pdf_input import Limits, open_document, refusing
from seals.placement import Placement
from seals.ports import Evidence, RevocationSource, TimeStamper
from seals.revision import ContainerTooSmallError, Copy, Pending, prepare
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS, SIGNATURE_DIGESTS

_ATTRIBUTES_BYTES: Final = 1024  # signed attributes and frame of a CMS, generously
_CHAINS_KEPT: Final = 256


class Level(StrEnum):
    """PAdES baseline levels, ETSI EN 319 142-1 §6."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    @property
    def stamped(self) -> bool:
        return self is not Level.B_B

    @property
    def with_evidence(self) -> bool:
        return self in {Level.B_LT, Level.B_LTA}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """The key of a seal, leased, with its certificate and the issuers above it (the root last, or left out)."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    signer: Signer
    algorithm: SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class SealIntent:
    """What is about to be signed, for the record that is made before the key is used."""

    field: str
    page: int | None
    level: Level
    digest_name: str
    digest: bytes  # of the document: all bytes but the signature itself
    attributes: bytes  # the exact bytes that the key signs: DER signed attributes, with `digest` in them
    attempt: int  # 1, or 2 after the signature outgrew its room


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was done. The target holds the sealed document."""

    field: str
    page: int | None
    level: Level
    digest_name: str
    digest: bytes
    size: int
    revisions: int  # added to the document
    time: datetime | None  # of the time-stamp, from B-T on
    signature: bytes  # the CMS as embedded
    file_digest: bytes  # of the whole sealed file, by the same digest


Authorise: TypeAlias = Callable[[SealIntent], None]
Prepare: TypeAlias = Callable[[IncrementalPdfFileWriter], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    key: SealingKey
    asked: Asked
    level: Level
    timestamper: TimeStamper | None
    evidence: Evidence
    now: datetime
    limits: Limits
    authorise: Authorise | None
    prepare: Prepare | None

    @property
    def digest_name(self) -> str:
        return SIGNATURE_DIGESTS[self.key.algorithm]


def seal_pdf(
    source: BinaryIO,
    target: BinaryIO,
    *,
    key: SealingKey,
    placement: Placement,
    picture: FormXObject | None,
    level: Level,
    timestamper: TimeStamper | None = None,
    revocation: RevocationSource | None = None,
    now: datetime,
    reason: str | None = None,
    location: str | None = None,
    contact: str | None = None,
    field: str | None = None,
    certify: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    authorise: Authorise | None = None,
    prepare: Prepare | None = None,
) -> Sealed:
    """Write `source` with one more seal to `target`, which has to be open for reading and writing.

    `authorise` gets what is to be signed before the key is used; if it raises, nothing was signed. `prepare` may make
    further changes that the seal covers (slices of a seam seal). On any error `target` is left empty.

    Raises:
        DocumentRefusedError: the document cannot be sealed.
        PlacementError: the place does not exist or the picture does not fit.
        SealStateError: the certificate is not valid now, or not the key's.
        TimestampError, EvidenceError: the level cannot be reached; a lower one is for the caller to choose.
        HsmError: the key could not be used.
    """
    try:
        check_key(key, now)
        evidence = _evidence(level, key, timestamper, revocation)
        asked = Asked(
            placement=placement, picture=picture, field=field, certify=certify,
            reason=reason, location=location, contact=contact, now=now,
        )  # fmt: skip
        job = _Job(
            key=key, asked=asked, level=level, timestamper=timestamper, evidence=evidence,
            now=now, limits=limits, authorise=authorise, prepare=prepare,
        )  # fmt: skip
        return _seal(source, target, job)
    except BaseException:
        target.seek(0)
        target.truncate()
        raise


def _seal(source: BinaryIO, target: BinaryIO, job: _Job) -> Sealed:
    room = _room(job)
    for attempt in range(1, ATTEMPTS + 1):
        made = _prepare(source, target, job, room, attempt)
        if job.authorise is not None:
            job.authorise(made.intent)
        signature = job.key.signer.sign(made.intent.attributes, job.key.algorithm)
        try:
            return _finish(made, signature, _token(job, signature))
        except ContainerTooSmallError as exc:
            room = exc.needed + MARGIN_BYTES
    raise TimestampError("the time-stamp token grew between two requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document of which every byte is fixed but those of the signature. Nothing was signed yet."""

    intent: SealIntent
    job: _Job
    where: Target
    copy: Copy
    pending: Pending
    pages: int  # of the document

    def imprint_of(self, signature: bytes) -> bytes:
        """What a time-stamp over the signature is asked for."""
        return timestamps.digest(signature, self.job.digest_name)


def prepare_seal(
    source: BinaryIO,
    target: BinaryIO,
    *,
    key: SealingKey,
    placement: Placement,
    picture: FormXObject | None,
    level: Level,
    timestamper: TimeStamper | None = None,
    evidence: Evidence,
    now: datetime,
    reason: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    spare_bytes: int = 0,
) -> Prepared:
    """The first half of `seal_pdf`, for many documents whose intents are recorded together: nothing is signed.

    `evidence` is that of `evidence_for`, had once for all of them. `spare_bytes` is room beside what the signature
    needs as far as is known.

    Raises:
        DocumentRefusedError, PlacementError, SealStateError, TimestampError: see `seal_pdf`.
    """
    check_key(key, now)
    if level.stamped and timestamper is None:
        raise TimestampError(f"level {level} needs a time-stamping authority")
    asked = Asked(
        placement=placement, picture=picture, field=None, certify=None,
        reason=reason, location=None, contact=None, now=now,
    )  # fmt: skip
    job = _Job(
        key=key, asked=asked, level=level, timestamper=timestamper, evidence=evidence,
        now=now, limits=limits, authorise=None, prepare=None,
    )  # fmt: skip
    return _prepare(source, target, job, _room(job) + spare_bytes, 1)


def evidence_for(
    level: Level, key: SealingKey, *, timestamper: TimeStamper | None, revocation: RevocationSource | None
) -> Evidence:
    """What a seal of this key at this level carries; empty below B-LT.

    Raises:
        TimestampError, EvidenceError: see `seal_pdf`.
    """
    return _evidence(level, key, timestamper, revocation)


def finish_seal(prepared: Prepared, signature: bytes, token: bytes | None) -> Sealed:
    """The second half of `seal_pdf`: put the key's signature over `intent.attributes`, and its time-stamp, into the file.

    Raises:
        OutgrownError: they do not fit the room that was kept; the signature has to be discarded.
        TimestampError: the token is not one over this signature, or there is none and the level needs one.
    """
    job = prepared.job
    if job.level.stamped and job.timestamper is not None:
        if token is None:
            raise TimestampError(f"level {job.level} needs a time-stamp")
        stamped = timestamps.checked(
            token, prepared.imprint_of(signature), job.digest_name, job.timestamper.certificates()
        )
    else:
        stamped = None
    try:
        return _finish(prepared, signature, stamped)
    except ContainerTooSmallError as exc:
        raise OutgrownError("the signature with its time-stamp does not fit the room that was kept") from exc


def _prepare(source: BinaryIO, target: BinaryIO, job: _Job, room: int, attempt: int) -> Prepared:
    document = open_document(source, job.limits)
    copy = Copy(target, job.digest_name)
    with refusing():
        where, container = signature_container(document, job.asked, room)
        if job.prepare is not None:
            job.prepare(document.writer)
        if job.level.with_evidence:
            dss.write(document.writer, job.evidence)
        copy.append_from(document.stream)
        pending = prepare(copy, document.writer, container, seed=job.now.isoformat().encode())
    intent = SealIntent(
        field=where.field,
        page=where.page,
        level=job.level,
        digest_name=job.digest_name,
        digest=pending.digest,
        attributes=_attributes(job, pending.digest),
        attempt=attempt,
    )
    return Prepared(
        intent=intent, job=job, where=where, copy=copy, pending=pending, pages=document.page_count
    )  # fmt: skip


def _finish(made: Prepared, signature: bytes, stamped: timestamps.Token | None) -> Sealed:
    job, where, copy, pending = made.job, made.where, made.copy, made.pending
    unsigned = [] if stamped is None else [cms.attribute(cms.SIGNATURE_TIMESTAMP, stamped.der)]
    container = _signed_data(job, pending.digest, lambda _: signature, unsigned)
    copy.append(pending.fill(container))
    revisions = 1
    if job.level is Level.B_LTA and job.timestamper is not None:
        append_timestamp(copy, job.timestamper, job.digest_name, Evidence())
        revisions = 2
    return Sealed(
        field=where.field,
        page=where.page,
        level=job.level,
        digest_name=job.digest_name,
        digest=pending.digest,
        size=copy.size,
        revisions=revisions,
        time=None if stamped is None else stamped.time,
        signature=container,
        file_digest=copy.hash.digest(),
    )


def _token(job: _Job, signature: bytes) -> timestamps.Token | None:
    if not job.level.stamped or job.timestamper is None:
        return None
    return timestamps.stamp(job.timestamper, timestamps.digest(signature, job.digest_name), job.digest_name)


def _attributes(job: _Job, digest: bytes) -> bytes:
    """The exact bytes that the key signs: the DER of the signed attributes."""
    seen: list[bytes] = []

    def note(attributes: bytes) -> bytes:
        seen.append(attributes)
        return b""

    _signed_data(job, digest, note, [])
    return seen[0]


def _signed_data(job: _Job, digest: bytes, sign: Callable[[bytes], bytes], unsigned: list[bytes]) -> bytes:
    return cms.signed_data(
        content_type=cms.ID_DATA,
        content=None,
        message_digest=digest,
        digest_name=job.digest_name,
        signer_certificate=job.key.certificate,
        certificates=_embedded(job.key.certificate, job.key.chain),
        signature_algorithm=SIGNATURE_ALGORITHMS[job.key.algorithm],
        sign=sign,
        unsigned_attributes=lambda _: unsigned,
    )


def check_key(key: SealingKey, now: datetime) -> None:
    """Pass if the key can sign now.

    Raises:
        SealStateError: the certificate is not valid now, or not the key's.
    """
    certificate = key.certificate
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*spki) != key.signer.public_key().public_bytes(*spki):
        raise SealStateError("the certificate is not of this key")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SealStateError("the certificate of the seal is not valid at this time")


def _evidence(
    level: Level, key: SealingKey, timestamper: TimeStamper | None, revocation: RevocationSource | None
) -> Evidence:
    if level.stamped and timestamper is None:
        raise TimestampError(f"level {level} needs a time-stamping authority")
    if not level.with_evidence or timestamper is None:
        return Evidence()
    if revocation is None:
        raise EvidenceError(f"level {level} needs a source of revocation evidence")
    return dss.collect(revocation, [(key.certificate, *key.chain), tuple(timestamper.certificates())])


@lru_cache(maxsize=_CHAINS_KEPT)
def _embedded(certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> tuple[bytes, ...]:
    """The signer's certificate and its issuers but the root, which a checker has or does not believe."""
    issuers = (one for one in chain if one.issuer != one.subject)
    return tuple(one.public_bytes(Encoding.DER) for one in (certificate, *issuers))


def _room(job: _Job) -> int:
    token = token_room(job.timestamper) if job.level.stamped and job.timestamper is not None else 0
    certificates = sum(len(one) for one in _embedded(job.key.certificate, job.key.chain))
    return certificates + _ATTRIBUTES_BYTES + SIGNATURE_BYTES + MARGIN_BYTES + token
