"""Document time-stamps: a sealed PDF made to last (PAdES B-LTA, ETSI EN 319 142-1 §5.4.3), file to file."""

from collections.abc import Iterable
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from seals import dss, timestamps
from seals.errors import TimestampError
from seals.fields import timestamp_container
from seals.pdf_input import Limits, open_document, refusing
from seals.ports import Evidence, RevocationSource, TimeStamper
from seals.revision import ContainerTooSmallError, Copy, prepare

ATTEMPTS: Final = 2  # a second one with as much room as the first was found to need, and a margin
SIGNATURE_BYTES: Final = 512  # RSA-4096; ECDSA takes at most 139
MARGIN_BYTES: Final = 512
TOKEN_BYTES: Final = 2048  # a time-stamp token without its certificates, generously


def archive_pdf(
    source: BinaryIO,
    target: BinaryIO,
    *,
    timestamper: TimeStamper,
    revocation: RevocationSource,
    chains: Iterable[tuple[x509.Certificate, ...]] = (),
    digest_name: str = "sha256",
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
) -> int:
    """Write `source` with fresh evidence and one more document time-stamp: B-LT becomes B-LTA, B-LTA lasts longer.

    `chains` are those of signatures in the file, signer first: whose signer the file has no evidence about gets it now.
    Returns the size of the file. On any error `target` is left empty.

    Raises:
        DocumentRefusedError, TimestampError, EvidenceError: see `seals.signing.seal_pdf`.
    """
    try:
        evidence = dss.collect(revocation, [tuple(timestamper.certificates())])
        document = open_document(source, limits)
        with refusing():
            evidence = dss.together(dss.missing(document.writer, revocation, chains), evidence)
        copy = Copy(target, digest_name)
        copy.append_from(document.stream)
        append_timestamp(copy, timestamper, digest_name, evidence)
    except BaseException:
        target.seek(0)
        target.truncate()
        raise
    return copy.size


def append_timestamp(copy: Copy, timestamper: TimeStamper, digest_name: str, evidence: Evidence) -> None:
    """Add a revision with a document time-stamp (ETSI EN 319 142-1 §5.4.3) over all that `copy` holds."""
    room = token_room(timestamper)
    copy.target.flush()
    for _ in range(ATTEMPTS):
        with refusing():
            document = open_document(copy.target, Limits(max_bytes=copy.size))
            container = timestamp_container(document, room)
            dss.write(document.writer, evidence)
            copy.target.seek(copy.size)
            pending = prepare(copy, document.writer, container, seed=b"document time-stamp")
        token = timestamps.stamp(timestamper, pending.digest, digest_name)
        try:
            copy.append(pending.fill(token.der))
        except ContainerTooSmallError as exc:
            room = exc.needed + MARGIN_BYTES
        else:
            return
    raise TimestampError("the time-stamp token grew between two requests")


def token_room(timestamper: TimeStamper) -> int:
    """How many bytes to keep for a token of this authority."""
    certificates = sum(len(one.public_bytes(Encoding.DER)) for one in timestamper.certificates())
    return certificates + TOKEN_BYTES + SIGNATURE_BYTES + MARGIN_BYTES
