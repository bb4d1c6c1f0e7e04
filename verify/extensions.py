"""The two private certificate extensions: which seal, which licence. Non-critical; DER, written by `hazmat.asn1`.

SealInfo    ::= SEQUENCE { kind UTF8String, code PrintableString }       -- docs/spec/profiles.md
LicenceInfo ::= SEQUENCE { uscc PrintableString, version INTEGER }
"""

from typing import TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

from verify import oids
from verify.errors import MalformedCertificateError


@asn1.sequence
class SealInfo:
    """Kind and 14-digit code of the seal that a certificate is for."""

    kind: str
    code: asn1.PrintableString


@asn1.sequence
class LicenceInfo:
    """The licence that a certificate is a face of."""

    uscc: asn1.PrintableString
    version: int


def seal_info(certificate: x509.Certificate) -> SealInfo | None:
    """Return what seal the certificate is for, or None if it is not a seal's.

    Raises:
        MalformedCertificateError: the extension is there and is not DER of SealInfo.
    """
    return _decode(certificate, oids.EXTENSION_SEAL, SealInfo)


def licence_info(certificate: x509.Certificate) -> LicenceInfo | None:
    """Return what licence the certificate is a face of, or None.

    Raises:
        MalformedCertificateError: the extension is there and is not DER of LicenceInfo.
    """
    return _decode(certificate, oids.EXTENSION_LICENCE, LicenceInfo)


Info = TypeVar("Info", SealInfo, LicenceInfo)


def _decode(certificate: x509.Certificate, oid: x509.ObjectIdentifier, kind: type[Info]) -> Info | None:
    try:
        extension = certificate.extensions.get_extension_for_oid(oid).value
        if not isinstance(extension, x509.UnrecognizedExtension):
            raise MalformedCertificateError(f"extension {oid.dotted_string} is of an unexpected kind")
        return asn1.decode_der(kind, extension.value)
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension) as exc:
        raise MalformedCertificateError(f"extension {oid.dotted_string} is not readable") from exc
