"""CMS SignedData with one signer (RFC 5652 §5), as time-stamp tokens and PAdES signatures need it.

What does not change between two signatures of one signer is encoded once and kept: building the rest takes some
microseconds. The key is used by the caller's function, on the exact DER of the signed attributes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from verify.algorithms import DIGEST_SIZES, digest_algorithm
from verify.errors import EncodingError

ID_DATA: Final = x509.ObjectIdentifier("1.2.840.113549.1.7.1")  # RFC 5652 §4
ID_SIGNED_DATA: Final = x509.ObjectIdentifier("1.2.840.113549.1.7.2")  # RFC 5652 §5.1
ID_TST_INFO: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")  # RFC 3161 §2.4.2
CONTENT_TYPE: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.3")  # RFC 5652 §11.1
MESSAGE_DIGEST: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.4")  # RFC 5652 §11.2
SIGNING_TIME: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.5")  # RFC 5652 §11.3
SIGNING_CERTIFICATE_V2: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")  # RFC 5035 §3
ALGORITHM_PROTECTION: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.52")  # RFC 6211 §2
ID_OCSP_RESPONSE: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.16.2")  # id-ri-ocsp-response, RFC 5940 §2.1
SIGNATURE_TIMESTAMP: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.14")  # RFC 3161 appendix A

_UTC_TIME_UNTIL: Final = 2050  # from this year on GeneralizedTime, RFC 5652 §11.3
_VERSION_OTHER_REVOCATION: Final = 5  # RFC 5652 §5.1: with revocation information of another format
_SIGNERS_KEPT: Final = 256  # a few kilobytes each

Sign: TypeAlias = Callable[[bytes], bytes]
UnsignedAttributes: TypeAlias = Callable[[bytes], Sequence[bytes]]


@asn1.sequence
class _Attribute:
    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _IssuerAndSerialNumber:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _EncapsulatedContent:
    content_type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _SignerInfo:
    """RFC 5652 §5.3; the signer is named by issuer and serial number, hence version 1."""

    version: int
    signer: asn1.TLV
    digest_algorithm: asn1.TLV
    signed_attributes: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    content: _EncapsulatedContent
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    revocation: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _OtherRevocationInfo:
    """RFC 5652 §10.2.1, with the OCSP response of RFC 5940 §2.1."""

    format: x509.ObjectIdentifier
    info: asn1.TLV


@asn1.sequence
class _ContentInfo:
    content_type: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _DirectoryName:
    """A GeneralNames of one directoryName: SEQUENCE { [4] EXPLICIT Name }."""

    name: Annotated[asn1.TLV, asn1.Explicit(4)]


@asn1.sequence
class _IssuerSerial:
    issuer: _DirectoryName
    serial: int


@asn1.sequence
class _EssCertIdV2:
    """RFC 5035 §4; the hash algorithm has its default, SHA-256, and is therefore absent in DER."""

    hash: bytes
    issuer_serial: _IssuerSerial


@asn1.sequence
class _SigningCertificateV2:
    certificates: list[_EssCertIdV2]


@asn1.sequence
class _AlgorithmProtection:
    """RFC 6211 §2. The signature algorithm is [1] IMPLICIT, which a TLV cannot carry: its tag is set by hand."""

    digest_algorithm: asn1.TLV
    signature_algorithm: asn1.TLV


def attribute(kind: x509.ObjectIdentifier, value: bytes) -> bytes:
    """Return the DER of an Attribute with one value, itself DER.

    Raises:
        EncodingError: `value` is not one DER element.
    """
    return asn1.encode_der(_Attribute(type=kind, values=asn1.SetOf([_element(value)])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What proves that certificates were good, DER, for SignedData.crls (ETSI EN 319 122-1 §5.5.1)."""

    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


NO_REVOCATION: Final = Revocation()


def signed_data(
    *,
    content_type: x509.ObjectIdentifier,
    content: bytes | None,
    message_digest: bytes,
    digest_name: str,
    signer_certificate: x509.Certificate,
    certificates: Sequence[bytes],
    signature_algorithm: bytes,
    sign: Sign,
    signing_time: datetime | None = None,
    signing_certificate_v2: bool = True,
    unsigned_attributes: UnsignedAttributes | None = None,
    revocation: Revocation = NO_REVOCATION,
) -> bytes:
    """Return a DER ContentInfo with SignedData of one signer.

    `content` None makes a detached signature. `certificates` (DER) are embedded as given, the signer's too only if it
    is among them. `signature_algorithm` is a DER AlgorithmIdentifier: `verify.algorithms.SIGNATURE_ALGORITHMS`. `sign`
    gets the signed attributes as they are to be hashed. `unsigned_attributes` gets the signature and returns DER
    attributes, made with `attribute`. `revocation` is not signed and travels beside the certificates.

    Raises:
        EncodingError: the digest is unknown or of another length, or an argument in DER is not DER.
    """
    template = _template(signer_certificate, tuple(certificates), digest_name, signature_algorithm)
    return template.signed_data(
        content_type=content_type,
        content=content,
        message_digest=message_digest,
        sign=sign,
        signing_time=signing_time,
        signing_certificate_v2=signing_certificate_v2,
        unsigned_attributes=unsigned_attributes,
        revocation=revocation,
    )


class SignerTemplate:
    """One signer's constant parts, encoded once. May be shared between threads."""

    def __init__(
        self, certificate: x509.Certificate, certificates: Sequence[bytes], digest_name: str, signature_algorithm: bytes
    ) -> None:
        """Encode what stays.

        Raises:
            EncodingError: the digest is unknown, or a certificate or algorithm is not DER.
        """
        if digest_name not in DIGEST_SIZES:
            raise EncodingError(f"digest {digest_name!r} is not one of {', '.join(DIGEST_SIZES)}")
        self._digest_size = DIGEST_SIZES[digest_name]
        self._digest_algorithm = _element(digest_algorithm(digest_name))
        self._signature_algorithm = _element(signature_algorithm)
        issuer = _element(certificate.issuer.public_bytes())
        serial = certificate.serial_number
        self._signer = _element(asn1.encode_der(_IssuerAndSerialNumber(issuer=issuer, serial=serial)))
        embedded = [_element(one) for one in dict.fromkeys(certificates)]
        self._certificates = asn1.SetOf(embedded) if embedded else None
        self._certificate_id = _element(attribute(SIGNING_CERTIFICATE_V2, _certificate_id(certificate, issuer)))
        self._protection = _element(
            attribute(ALGORITHM_PROTECTION, _protection(self._digest_algorithm, signature_algorithm))
        )
        self._content_types: dict[x509.ObjectIdentifier, asn1.TLV] = {}

    def signed_data(
        self,
        *,
        content_type: x509.ObjectIdentifier,
        content: bytes | None,
        message_digest: bytes,
        sign: Sign,
        signing_time: datetime | None = None,
        signing_certificate_v2: bool = True,
        unsigned_attributes: UnsignedAttributes | None = None,
        revocation: Revocation = NO_REVOCATION,
    ) -> bytes:
        """As the function of this name.

        Raises:
            EncodingError: the digest is of another length, or an unsigned attribute is not DER.
        """
        if len(message_digest) != self._digest_size:
            raise EncodingError(f"digest has {len(message_digest)} octets instead of {self._digest_size}")
        attributes = [
            self._content_type(content_type),
            self._protection,
            _element(attribute(MESSAGE_DIGEST, asn1.encode_der(message_digest))),
        ]
        if signing_certificate_v2:
            attributes.append(self._certificate_id)
        if signing_time is not None:
            attributes.append(_element(attribute(SIGNING_TIME, _time(signing_time))))
        signed: asn1.SetOf[asn1.TLV] = asn1.SetOf(attributes)  # put into DER order when encoded
        signature = sign(asn1.encode_der(signed))
        unsigned = [_element(one) for one in unsigned_attributes(signature)] if unsigned_attributes else []
        signer_info = _SignerInfo(
            version=1,
            signer=self._signer,
            digest_algorithm=self._digest_algorithm,
            signed_attributes=signed,
            signature_algorithm=self._signature_algorithm,
            signature=signature,
            unsigned_attributes=asn1.SetOf(unsigned) if unsigned else None,
        )
        return self._content_info(content_type, content, signer_info, revocation)

    def _content_info(
        self,
        content_type: x509.ObjectIdentifier,
        content: bytes | None,
        signer: _SignerInfo,
        revocation: Revocation,
    ) -> bytes:
        plain = 1 if content_type == ID_DATA else 3  # RFC 5652 §5.1
        signed_data = _SignedData(
            version=_VERSION_OTHER_REVOCATION if revocation.ocsp_responses else plain,
            digest_algorithms=asn1.SetOf([self._digest_algorithm]),
            content=_EncapsulatedContent(content_type=content_type, content=content),
            certificates=self._certificates,
            revocation=_revocation(revocation),
            signers=asn1.SetOf([signer]),
        )
        return asn1.encode_der(_ContentInfo(content_type=ID_SIGNED_DATA, content=signed_data))

    def _content_type(self, content_type: x509.ObjectIdentifier) -> asn1.TLV:
        known = self._content_types.get(content_type)
        if known is None:
            known = _element(attribute(CONTENT_TYPE, asn1.encode_der(content_type)))
            self._content_types[content_type] = known
        return known


@lru_cache(maxsize=_SIGNERS_KEPT)
def _template(
    certificate: x509.Certificate, certificates: tuple[bytes, ...], digest_name: str, signature_algorithm: bytes
) -> SignerTemplate:
    return SignerTemplate(certificate, certificates, digest_name, signature_algorithm)


def _element(der: bytes) -> asn1.TLV:
    try:
        return asn1.decode_der(asn1.TLV, der)
    except ValueError as exc:
        raise EncodingError("not one DER element") from exc


def _revocation(found: Revocation) -> asn1.SetOf[asn1.TLV] | None:
    lists = [_element(one) for one in dict.fromkeys(found.crls)]
    others = [
        asn1.encode_der(_OtherRevocationInfo(format=ID_OCSP_RESPONSE, info=_element(one)))
        for one in dict.fromkeys(found.ocsp_responses)
    ]
    choices = lists + [_element(b"\xa1" + one[1:]) for one in others]  # [1] IMPLICIT in place of SEQUENCE
    return asn1.SetOf(choices) if choices else None


def _certificate_id(certificate: x509.Certificate, issuer: asn1.TLV) -> bytes:
    certificate_id = _EssCertIdV2(
        hash=sha256(certificate.public_bytes(Encoding.DER)).digest(),
        issuer_serial=_IssuerSerial(issuer=_DirectoryName(name=issuer), serial=certificate.serial_number),
    )
    return asn1.encode_der(_SigningCertificateV2(certificates=[certificate_id]))


def _protection(digest: asn1.TLV, signature_algorithm: bytes) -> bytes:
    context_1 = b"\xa1" + signature_algorithm[1:]  # [1] IMPLICIT in place of SEQUENCE, same length and content
    return asn1.encode_der(_AlgorithmProtection(digest_algorithm=digest, signature_algorithm=_element(context_1)))


def _time(moment: datetime) -> bytes:
    whole = moment.astimezone(UTC).replace(microsecond=0)  # DER times here carry no fraction
    if whole.year < _UTC_TIME_UNTIL:
        return asn1.encode_der(asn1.UTCTime(whole))
    return asn1.encode_der(asn1.GeneralizedTime(whole))
