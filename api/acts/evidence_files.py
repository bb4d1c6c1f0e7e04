"""The evidence of a concluded contract as files: a report sealed by the authority, and one archive with everything."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.serialization import Encoding

from api.acts import publishing
from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of_face
from api.acts.licence_face import authority_face
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.scratch import scratch_file, sha256_of
from ca.authority import AUTHORITY_SEAL, ISSUING
from seals.asic import ContainerFile, write_asic
from seals.evidence import EvidenceFile
from seals.evidence_reader import attached_facts
from seals.evidence_report import ReportFonts, evidence_report
from seals.placement import AtPosition
from seals.signing import Level, SealingKey, seal_pdf
from verify.asic_manifest import objection_to

REPORT_NAME: Final = "evidence-report.pdf"
FACTS_NAME: Final = "evidence.json"
LONGEST: Final = 60  # characters of a document's name in the archive: 180 bytes of Chinese, of 255 that a folder takes
MAX_SUFFIX: Final = 10  # characters, with its dot
UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/\ud800-\udfff]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of the object store and its name in the archive."""

    name: str  # as people know it; made safe and unique in the archive
    object: str
    media_type: str = "application/pdf"
    folder: str = "documents"  # or "attachments"


def make_report(office: Office, file: EvidenceFile) -> str:
    """Set the evidence report, seal it with the authority's seal at B-LTA and return its name in the object store.

    What is about to be signed is on record before the key is used, and what came of it after.

    Raises:
        ReportError: a character that no font can draw.
        EvidenceFileError: the facts cannot be written.
        TimestampError, EvidenceError, HsmError: it could not be sealed; nothing was kept.
    """
    fonts = ReportFonts(folder=office.licence_fonts.folder, extra=office.licence_fonts.extra)
    document = evidence_report(file, fonts=fonts, zone=office.zone)
    record = _recorder(office, "evidence.report-intent", file)
    with scratch_file(office.scratch) as target, authority_key(office) as key:
        seal_pdf(
            BytesIO(document.pdf),
            target,
            key=key,
            placement=AtPosition(page=document.seal_page, x_mm=document.seal_x_mm, y_mm=document.seal_y_mm),
            picture=picture_of_face(office, authority_face(office)),
            level=Level.B_LTA,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            reason=f"电子合同出证报告 {file.number}",
            authorise=lambda intent: record(intent.attributes),
        )
        return _keep(office, "evidence", ".pdf", target, act="evidence.report", file=file)


def make_archive(office: Office, file: EvidenceFile, *, report: str, kept: Sequence[Kept]) -> str:
    """Pack concluded documents, attachments, facts, report and trust material into one ASiC-E, sealed by the authority.

    `report` is what `make_report` returned; `evidence.json` is what that report carries. `file` says which contract it is.
    Returns the name in the object store.

    Raises:
        EvidenceFileError: the report carries no facts.
        ContainerError: too many files.
        ObjectMissingError: a file is not in the object store.
        TimestampError, EvidenceError, HsmError: it could not be sealed; nothing was kept.
    """
    record = _recorder(office, "evidence.archive-intent", file)
    with ExitStack() as opened:
        sealed = _opened(office, opened, report)
        facts = attached_facts(sealed)  # those of the report, even if it was made in an earlier attempt
        files = [
            *(
                ContainerFile(name=name, content=_opened(office, opened, one.object), media_type=one.media_type)
                for name, one in zip(archive_names(kept), kept, strict=True)
            ),
            ContainerFile(name=REPORT_NAME, content=sealed, media_type="application/pdf"),
            ContainerFile(name=FACTS_NAME, content=BytesIO(facts), media_type="application/json"),
            *_trust_files(office),
        ]  # fmt: skip
        target = opened.enter_context(scratch_file(office.scratch))
        key = opened.enter_context(authority_key(office))
        write_asic(
            target,
            files,
            key=key,
            level=Level.B_LTA,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            authorise=record,
        )
        return _keep(office, "evidence", ".asice", target, act="evidence.archive", file=file)


def archive_names(kept: Sequence[Kept]) -> list[str]:
    """A safe name for each file: numbered in its folder, so that two with one name stay two."""
    counts: dict[str, int] = {}
    names = []
    for one in kept:
        counts[one.folder] = number = counts.get(one.folder, 0) + 1
        names.append(f"{one.folder}/{number:02d}-{_safe(one.name)}")
    return names


def _safe(name: str) -> str:
    """The name as far as every file system takes it, its suffix kept."""
    path = PurePosixPath(UNSAFE.sub("_", name).strip(" ."))
    suffix = path.suffix if len(path.suffix) <= MAX_SUFFIX else ""
    plain = path.name.removesuffix(suffix)[:LONGEST].strip(" .") + suffix
    return "file" if objection_to(plain) else plain


@contextmanager
def authority_key(office: Office) -> Iterator[SealingKey]:
    """Lend the key of the authority's own seal."""
    authority = office.authority
    certificate = authority.certificate(AUTHORITY_SEAL)
    with office.lease(authority.key(AUTHORITY_SEAL)) as signer:
        yield SealingKey(
            certificate=certificate,
            chain=authority.chain_of(certificate),
            signer=signer,
            algorithm=signer.default_algorithm,
        )


def _recorder(office: Office, act: str, file: EvidenceFile) -> Callable[[bytes], None]:
    """Put the SHA-256 of what the key is about to sign on record."""

    def record(attributes: bytes) -> None:
        with office.work() as work:
            work.ledger.note(
                at=office.now(), actor=office.process, act=act, subject=file.envelope,
                number=file.number, intent=sha256(attributes).hexdigest(),
            )  # fmt: skip
            work.commit()

    return record


def _keep(office: Office, kind: str, suffix: str, target: BinaryIO, *, act: str, file: EvidenceFile) -> str:
    digest = sha256_of(target)
    name = office.objects.put(kind, suffix, target)
    with office.work() as work:
        work.ledger.note(
            at=office.now(), actor=office.process, act=act, subject=file.envelope, number=file.number,
            object=name, sha256=digest.hex(),
        )  # fmt: skip
        work.commit()
    return name


def _opened(office: Office, opened: ExitStack, name: str) -> BinaryIO:
    """A file of the object store as one that can be read twice."""
    copy = opened.enter_context(scratch_file(office.scratch))
    for piece in office.objects.stream(name):
        copy.write(piece)
    copy.seek(0)
    return copy


def _trust_files(office: Office) -> Iterator[ContainerFile]:
    """What a checker needs beside the root that they have to get from the authority itself."""
    authority = office.authority
    issuers = b"".join(authority.certificate(name).public_bytes(Encoding.PEM) for name in ISSUING)
    yield ContainerFile(
        name="trust/root.pem", content=BytesIO(authority.certificate("root").public_bytes(Encoding.PEM))
    )
    yield ContainerFile(name="trust/chain.pem", content=BytesIO(issuers))
    for name in ("root", *ISSUING):
        yield ContainerFile(name=f"trust/ca-{name}.crl", content=BytesIO(publishing.crl(office, name)))
