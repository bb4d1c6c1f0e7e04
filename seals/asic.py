"""Seal files of any kind together in one container: ASiC-E with CAdES (ETSI EN 319 162-1, EN 319 122-1), file to file."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

from seals import timestamps
from seals.detached import AuthoriseBytes, sign_detached
from seals.errors import ContainerError
from seals.ports import Evidence, RevocationSource, TimeStamper
from seals.signing import Level, SealingKey, check_key, evidence_for
from verify.algorithms import SIGNATURE_DIGESTS
from verify.asic_manifest import (
    META,
    MIMETYPE,
    MIMETYPE_NAME,
    SIGNATURE_TYPE,
    TOKEN_TYPE,
    DataObject,
    Manifest,
    manifest_xml,
    objection_to,
)

MAX_FILES: Final = 1000
MANIFEST_NAME: Final = f"{META}ASiCManifest.xml"
SIGNATURE_NAME: Final = f"{META}signature001.p7s"
ARCHIVE_MANIFEST_NAME: Final = f"{META}ASiCArchiveManifest.xml"
TOKEN_NAME: Final = f"{META}timestamp001.tst"
DIGEST: Final = "sha256"  # of each file, in the manifest
CHUNK: Final = 1 << 20
FILE_MODE: Final = 0o644 << 16
EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)  # ZIP knows no time before
PACKED: Final = ("text/", "application/json", "application/xml", "image/svg")  # worth deflating; the rest is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFile:
    """A file for the container, open for reading."""

    name: str  # a relative path
    content: BinaryIO
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """What was made. The target holds the container."""

    level: Level
    manifest_sha256: bytes
    files: tuple[DataObject, ...]
    size: int
    time: datetime | None  # of the time-stamp, from B-T on
    signature: bytes  # the detached CMS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    key: SealingKey
    level: Level
    timestamper: TimeStamper | None
    evidence: Evidence
    now: datetime
    authorise: AuthoriseBytes | None


def manifest_of(files: Sequence[ContainerFile]) -> bytes:
    """Return the manifest that a container of these files gets: what is signed, and what a person agrees to.

    Raises:
        ContainerError: see `write_asic`.
    """
    _check_names(files)
    return _manifest([_described(one, _hash_only(one.content)) for one in files])


def write_asic(
    target: BinaryIO,
    files: Sequence[ContainerFile],
    *,
    key: SealingKey,
    level: Level,
    timestamper: TimeStamper | None = None,
    revocation: RevocationSource | None = None,
    now: datetime,
    authorise: AuthoriseBytes | None = None,
    agreed: bytes | None = None,
) -> Contained:
    """Write a sealed container to `target`, which has to be open for reading and writing.

    `authorise` gets the exact bytes that the key will sign; if it raises, nothing was signed. `agreed` is the SHA-256
    of the manifest that was shown before: files that changed since are refused. On any error `target` is left empty.

    Raises:
        ContainerError: no files or too many, a name that cannot be in a container, or twice, or a file that changed.
        SealStateError: the certificate is not valid now, or not the key's.
        TimestampError, EvidenceError: the level cannot be reached; a lower one is for the caller to choose.
        HsmError: the key could not be used.
    """
    try:
        _check_names(files)
        check_key(key, now)
        evidence = evidence_for(level, key, timestamper=timestamper, revocation=revocation)
        job = _Job(key=key, level=level, timestamper=timestamper, evidence=evidence, now=now, authorise=authorise)
        target.seek(0)
        target.truncate()
        return _write(target, files, job, agreed)
    except BaseException:
        target.seek(0)
        target.truncate()
        raise


def _write(target: BinaryIO, files: Sequence[ContainerFile], job: _Job, agreed: bytes | None) -> Contained:
    with zipfile.ZipFile(target, "w") as box:
        _put(box, MIMETYPE_NAME, MIMETYPE.encode(), job.now, packed=False)  # first and stored, EN 319 162-1 annex A.1
        objects = [_described(one, _copy(box, one, job.now)) for one in files]
        manifest = _manifest(objects)
        digest = hashlib.sha256(manifest).digest()
        if agreed is not None and digest != agreed:
            raise ContainerError("the files are not those that were agreed to")
        signed = sign_detached(
            manifest, key=job.key, timestamper=job.timestamper if job.level.stamped else None, evidence=job.evidence,
            now=job.now, authorise=job.authorise,
        )  # fmt: skip
        _put(box, MANIFEST_NAME, manifest, job.now)
        _put(box, SIGNATURE_NAME, signed.signature, job.now)
        if job.level is Level.B_LTA and job.timestamper is not None:
            _archive(box, [*objects, *_meta({MANIFEST_NAME: manifest, SIGNATURE_NAME: signed.signature})], job)
    return Contained(
        level=job.level,
        manifest_sha256=digest,
        files=tuple(objects),
        size=target.seek(0, 2),
        time=signed.time,
        signature=signed.signature,
    )


def _archive(box: zipfile.ZipFile, objects: list[DataObject], job: _Job) -> None:
    """A time-stamp over everything (EN 319 162-1 annex A.7): what is proven stays so when algorithms age."""
    if job.timestamper is None:
        return
    listed = Manifest(signature=TOKEN_NAME, signature_type=TOKEN_TYPE, objects=tuple(objects))
    manifest = manifest_xml(listed)
    digest_name = SIGNATURE_DIGESTS[job.key.algorithm]
    token = timestamps.stamp(job.timestamper, timestamps.digest(manifest, digest_name), digest_name)
    _put(box, ARCHIVE_MANIFEST_NAME, manifest, job.now)
    _put(box, TOKEN_NAME, token.der, job.now)


def _check_names(files: Sequence[ContainerFile]) -> None:
    if not 0 < len(files) <= MAX_FILES:
        raise ContainerError(f"a container holds 1 to {MAX_FILES} files, not {len(files)}")
    seen: set[str] = {MIMETYPE_NAME}
    for one in files:
        objection = objection_to(one.name)
        if objection is not None or one.name.casefold().startswith(META.casefold()):
            raise ContainerError(f"{one.name!r} cannot be in a container: {objection or 'the folder is reserved'}")
        if one.name.casefold() in seen:
            raise ContainerError(f"{one.name!r} is there twice, or reserved")
        seen.add(one.name.casefold())


def _manifest(objects: Sequence[DataObject]) -> bytes:
    return manifest_xml(Manifest(signature=SIGNATURE_NAME, signature_type=SIGNATURE_TYPE, objects=tuple(objects)))


def _described(file: ContainerFile, digest: bytes) -> DataObject:
    return DataObject(name=file.name, digest_name=DIGEST, digest=digest, media_type=file.media_type)


def _meta(files: dict[str, bytes]) -> list[DataObject]:
    return [
        DataObject(name=name, digest_name=DIGEST, digest=hashlib.sha256(data).digest()) for name, data in files.items()
    ]


def _hash_only(content: BinaryIO) -> bytes:
    hasher = hashlib.new(DIGEST)
    content.seek(0)
    while piece := content.read(CHUNK):
        hasher.update(piece)
    content.seek(0)
    return hasher.digest()


def _copy(box: zipfile.ZipFile, file: ContainerFile, now: datetime) -> bytes:
    """Copy a file into the container and return its digest."""
    entry = _entry(file.name, now, packed=file.media_type.startswith(PACKED))
    entry.file_size = file.content.seek(0, 2)  # so that the entry gets 64-bit sizes if it needs them
    file.content.seek(0)
    hasher = hashlib.new(DIGEST)
    with box.open(entry, "w") as place:
        while piece := file.content.read(CHUNK):
            hasher.update(piece)
            place.write(piece)
    return hasher.digest()


def _put(box: zipfile.ZipFile, name: str, data: bytes, now: datetime, *, packed: bool = True) -> None:
    box.writestr(_entry(name, now, packed=packed), data)


def _entry(name: str, now: datetime, *, packed: bool) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, max(now.astimezone(UTC), EARLIEST).timetuple()[:6])
    made.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    made.external_attr = FILE_MODE
    made.create_system = 3  # as written on Unix, wherever it is: the same files make the same bytes
    return made
