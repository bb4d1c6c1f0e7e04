"""What sealing needs from outside: a time-stamping authority and evidence that certificates were good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Revocation evidence, DER, as it goes into a file. `certificates` are those of OCSP responders and CRL signers."""

    ocsp_responses: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()


class TimeStamper(Protocol):
    """A time-stamping authority (RFC 3161), near or far."""

    def stamp(self, digest: bytes, digest_name: str) -> bytes:
        """Return a DER TimeStampToken (a CMS ContentInfo) over `digest`, with the authority's certificate in it.

        Raises:
            TimestampError: no token could be had.
        """
        ...

    def certificates(self) -> Sequence[x509.Certificate]:
        """The chain of the key that stamps: signer first, then its issuers; the root may be left out."""
        ...


class RevocationSource(Protocol):
    """Where evidence for a chain comes from: the authority's own register, or OCSP and CRL services."""

    def evidence(self, chain: Sequence[x509.Certificate]) -> Evidence:
        """Return evidence for every certificate of `chain` (signer first) but its root.

        Raises:
            EvidenceError: something is missing; names the certificate.
        """
        ...
