"""Algorithm identifiers as they stand in DER, by the names that the whole service uses.

The names are those of `hsm.signer.SignatureAlgorithm`, which is a `str`; `verify` needs no key store to read them.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import SignatureAlgorithmOID

DIGEST_OIDS: Final[Mapping[str, x509.ObjectIdentifier]] = {
    "sha256": x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1"),  # NIST CSOR, RFC 5754 §2
    "sha384": x509.ObjectIdentifier("2.16.840.1.101.3.4.2.2"),
    "sha512": x509.ObjectIdentifier("2.16.840.1.101.3.4.2.3"),
}
DIGEST_SIZES: Final[Mapping[str, int]] = {"sha256": 32, "sha384": 48, "sha512": 64}  # octets
_MGF1: Final = x509.ObjectIdentifier("1.2.840.113549.1.1.8")  # RFC 8017 appendix B.2.1


@asn1.sequence
class _Bare:
    """AlgorithmIdentifier without parameters: SHA-2 (RFC 5754 §2), ECDSA (§3.3), Ed25519 (RFC 8410 §3)."""

    algorithm: x509.ObjectIdentifier


@asn1.sequence
class _WithNull:
    """AlgorithmIdentifier whose parameters are NULL: RSA PKCS#1 v1.5 (RFC 5754 §3.2), hashes in PSS (RFC 4055 §2.1)."""

    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null


@asn1.sequence
class _MaskGeneration:
    algorithm: x509.ObjectIdentifier
    parameters: _WithNull


@asn1.sequence
class _PssParameters:
    """RSASSA-PSS-params (RFC 4055 §3.1); the trailer field has its default."""

    hash_algorithm: Annotated[_WithNull, asn1.Explicit(0)]
    mask: Annotated[_MaskGeneration, asn1.Explicit(1)]
    salt_length: Annotated[int, asn1.Explicit(2)]


@asn1.sequence
class _Pss:
    algorithm: x509.ObjectIdentifier
    parameters: _PssParameters


def digest_algorithm(name: str) -> bytes:
    """Return the AlgorithmIdentifier of a SHA-2 digest. `name` is a key of `DIGEST_OIDS`."""
    return asn1.encode_der(_Bare(algorithm=DIGEST_OIDS[name]))


def _pss(digest_name: str) -> bytes:
    digest = _WithNull(algorithm=DIGEST_OIDS[digest_name], parameters=asn1.Null())
    parameters = _PssParameters(
        hash_algorithm=digest,
        mask=_MaskGeneration(algorithm=_MGF1, parameters=digest),
        salt_length=DIGEST_SIZES[digest_name],
    )
    return asn1.encode_der(_Pss(algorithm=SignatureAlgorithmOID.RSASSA_PSS, parameters=parameters))


def _pkcs1(algorithm: x509.ObjectIdentifier) -> bytes:
    return asn1.encode_der(_WithNull(algorithm=algorithm, parameters=asn1.Null()))


def _bare(algorithm: x509.ObjectIdentifier) -> bytes:
    return asn1.encode_der(_Bare(algorithm=algorithm))


SIGNATURE_ALGORITHMS: Final[Mapping[str, bytes]] = {  # DER AlgorithmIdentifier
    "ecdsa-sha256": _bare(SignatureAlgorithmOID.ECDSA_WITH_SHA256),
    "ecdsa-sha384": _bare(SignatureAlgorithmOID.ECDSA_WITH_SHA384),
    "ecdsa-sha512": _bare(SignatureAlgorithmOID.ECDSA_WITH_SHA512),
    "rsa-pkcs1-sha256": _pkcs1(SignatureAlgorithmOID.RSA_WITH_SHA256),
    "rsa-pkcs1-sha384": _pkcs1(SignatureAlgorithmOID.RSA_WITH_SHA384),
    "rsa-pkcs1-sha512": _pkcs1(SignatureAlgorithmOID.RSA_WITH_SHA512),
    "rsa-pss-sha256": _pss("sha256"),
    "rsa-pss-sha384": _pss("sha384"),
    "rsa-pss-sha512": _pss("sha512"),
    "ed25519": _bare(SignatureAlgorithmOID.ED25519),
}
SIGNATURE_DIGESTS: Final[Mapping[str, str]] = {  # digest of message and attributes; Ed25519: SHA-512, RFC 8419 §2.3
    name: "sha512" if name == "ed25519" else name.rsplit("-", 1)[1] for name in SIGNATURE_ALGORITHMS
}
