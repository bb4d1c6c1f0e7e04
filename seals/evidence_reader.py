"""What a sealed PDF itself says of its signatures, for the facts of an evidence report: read, not believed."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final

from cryptography import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from seals.errors import EvidenceFileError
from seals.evidence import CertificateFact, StampFact
from verify.errors import MalformedCertificateError
from verify.signed_data import MalformedSignatureError, SignedData

# What pyHanko and asn1crypto raise for bytes that are not what they should be.
BROKEN: Final = (PdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSignature:
    """One signature of a PDF. Whether it is valid is for `verify` to say."""

    algorithm: str  # such as sha256_ecdsa
    certificate: CertificateFact | None
    stamp: StampFact | None


def read_signatures(document: BinaryIO) -> dict[str, ReadSignature]:
    """The signatures of a PDF by the names of their fields; document time-stamps are left out.

    Raises:
        EvidenceFileError: the PDF or a signature in it cannot be read.
    """
    try:
        reader = PdfFileReader(document, strict=False)
        return {one.field_name: _read(bytes(one.pkcs7_content)) for one in reader.embedded_regular_signatures}
    except (MalformedSignatureError, MalformedCertificateError, *BROKEN) as exc:
        raise EvidenceFileError(f"a signature of the document cannot be read: {exc}") from exc


def attached_facts(report: BinaryIO) -> bytes:
    """The `evidence.json` that a report carries.

    Raises:
        EvidenceFileError: it carries none.
    """
    try:
        names = PdfFileReader(report, strict=False).root["/Names"]["/EmbeddedFiles"]["/Names"]
        found: bytes = names[1]["/EF"]["/F"].data
    except BROKEN as exc:
        raise EvidenceFileError("the report carries no facts") from exc
    return found


def certificate_fact(certificate: x509.Certificate, der: bytes) -> CertificateFact:
    """The facts of a certificate."""
    return CertificateFact(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=sha256(der).digest(),
    )


def _read(contents: bytes) -> ReadSignature:
    signed = SignedData.load(contents)
    signer = signed.signer()
    return ReadSignature(
        algorithm=str(signed.signer_info["signature_algorithm"]["algorithm"].native),
        certificate=None if signer is None else certificate_fact(signer.native, signer.der),
        stamp=next(_stamps(signed), None),
    )


def _stamps(signed: SignedData) -> Iterator[StampFact]:
    for raw in signed.tokens():
        token = SignedData.of(raw)
        info: Any = token.raw["encap_content_info"]["content"].parsed
        authority = token.signer()
        yield StampFact(
            time=info["gen_time"].native,
            authority="" if authority is None else authority.native.subject.rfc4514_string(),
            serial=f"{info['serial_number'].native:x}",
        )
