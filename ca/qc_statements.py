"""The qcStatements extension (RFC 3739 §3.2.6), for an authority whose certificates carry one. Written as data."""

import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from ca.der import wrap
from ca.errors import ProfileError

EXTENSION: Final = ObjectIdentifier("1.3.6.1.5.5.7.1.3")  # id-pe-qcStatements, RFC 3739 §3.2.6
QC_COMPLIANCE: Final = ObjectIdentifier("0.4.0.1862.1.1")  # ETSI EN 319 412-5 §4.2.1: only if qualified by law
QC_RETENTION: Final = ObjectIdentifier("0.4.0.1862.1.3")  # §4.3.3: years that records are kept after expiry
QC_SSCD: Final = ObjectIdentifier("0.4.0.1862.1.4")  # §4.2.2: the key is in a certified device
QC_PDS: Final = ObjectIdentifier("0.4.0.1862.1.5")  # §4.3.4: where the disclosure statement is
QC_TYPE: Final = ObjectIdentifier("0.4.0.1862.1.6")  # §4.2.3
QC_TYPE_ESEAL: Final = ObjectIdentifier("0.4.0.1862.1.6.2")
_SEQUENCE: Final = 0x30
_LANGUAGE: Final = re.compile(r"[a-z]{2}")  # ISO 639-1


@asn1.sequence
class _PdsLocation:
    url: asn1.IA5String
    language: asn1.PrintableString


@dataclass(frozen=True, slots=True, kw_only=True)
class QcStatements:
    """Which statements a certificate makes about itself."""

    compliance: bool = False
    device: bool = False
    eseal: bool = False
    retention_years: int | None = None
    disclosures: tuple[tuple[str, str], ...] = ()  # https address, language of two letters

    def der(self) -> bytes:
        """Return the extension's value.

        Raises:
            ProfileError: no statement at all, an address that is not https in ASCII, or no language code.
        """
        statements = [
            *([_statement(QC_COMPLIANCE)] if self.compliance else []),
            *([_statement(QC_SSCD)] if self.device else []),
            *([_statement(QC_TYPE, wrap(_SEQUENCE, asn1.encode_der(QC_TYPE_ESEAL)))] if self.eseal else []),
            *([_statement(QC_RETENTION, asn1.encode_der(self.retention_years))] if self.retention_years else []),
            *([_statement(QC_PDS, wrap(_SEQUENCE, *map(_location, self.disclosures)))] if self.disclosures else []),
        ]
        if not statements:
            raise ProfileError("QcStatements without any statement")
        return wrap(_SEQUENCE, *statements)


def _statement(kind: ObjectIdentifier, value: bytes = b"") -> bytes:
    return wrap(_SEQUENCE, asn1.encode_der(kind), value)


def _location(disclosure: tuple[str, str]) -> bytes:
    url, language = disclosure
    if not url.startswith("https://") or not url.isascii() or not _LANGUAGE.fullmatch(language):
        raise ProfileError("a disclosure statement needs an https address and a language of two letters")
    return asn1.encode_der(_PdsLocation(url=asn1.IA5String(url), language=asn1.PrintableString(language)))
