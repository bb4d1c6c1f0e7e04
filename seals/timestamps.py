"""Time-stamp tokens are checked before they go into a file: a wrong token is worse than none."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from seals.errors import TimestampError
from seals.ports import TimeStamper
from verify.algorithms import DIGEST_OIDS

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
# What asn1crypto raises for bytes that are not what they should be, on parsing and on first use of a field.
_ASN1_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was checked: its imprint is ours and its signature is of a known certificate."""

    der: bytes
    time: datetime


def stamp(timestamper: TimeStamper, digest: bytes, digest_name: str) -> Token:
    """Have `digest` stamped and check the answer.

    Raises:
        TimestampError: no token, or one that is not over `digest` or not signed by a certificate of the authority.
    """
    return checked(timestamper.stamp(digest, digest_name), digest, digest_name, timestamper.certificates())


def checked(der: bytes, digest: bytes, digest_name: str, signers: Sequence[x509.Certificate]) -> Token:
    """Return the token if it is one over `digest` by one of `signers`.

    Raises:
        TimestampError: it is not.
    """
    try:
        return _checked(der, digest, digest_name, signers)
    except _ASN1_ERRORS as exc:
        raise TimestampError("the time-stamp token is not readable") from exc


def digest(data: bytes, digest_name: str) -> bytes:
    """Return the digest that a token over `data` is asked for."""
    return hashlib.new(digest_name, data).digest()


def _checked(der: bytes, digest: bytes, digest_name: str, signers: Sequence[x509.Certificate]) -> Token:
    content_info = cms.ContentInfo.load(der, strict=True)
    if content_info["content_type"].native != "signed_data":
        raise TimestampError("the time-stamp token is not signed data")
    signed = content_info["content"]
    content = signed["encap_content_info"]
    if content["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise TimestampError("the time-stamp token is not one signature over TSTInfo (RFC 3161 §2.4.2)")
    info = content["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise TimestampError("the time-stamp token carries no TSTInfo")
    imprint = info["message_imprint"]
    if (
        imprint["hash_algorithm"]["algorithm"].dotted != DIGEST_OIDS[digest_name].dotted_string
        or imprint["hashed_message"].native != digest
    ):
        raise TimestampError("the time-stamp token is over other bytes")
    _check_signature(signed["signer_infos"][0], content["content"].contents, signers)
    return Token(der=der, time=info["gen_time"].native)


def _check_signature(signer: cms.SignerInfo, content: bytes, signers: Sequence[x509.Certificate]) -> None:
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    digest = hashes.Hash(_hash(signer["digest_algorithm"]["algorithm"].native))
    digest.update(content)
    if attributes["message_digest"][0].native != digest.finalize():
        raise TimestampError("the time-stamp token was altered")
    signed = signer["signed_attrs"].untag().dump()
    serial = signer["sid"].chosen["serial_number"].native
    for certificate in signers:
        if certificate.serial_number == serial and _verifies(certificate, signer, signed):
            return
    raise TimestampError("the time-stamp token is not signed by the authority that was asked")


def _verifies(certificate: x509.Certificate, signer: cms.SignerInfo, signed: bytes) -> bool:
    key, signature, scheme = certificate.public_key(), signer["signature"].native, signer["signature_algorithm"]
    digest = _hash(signer["digest_algorithm"]["algorithm"].native)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(_hash(scheme.hash_algo)))
        elif isinstance(key, rsa.RSAPublicKey) and scheme.signature_algo == "rsassa_pss":
            digest = _hash(scheme.hash_algo)
            key.verify(signature, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _hash(name: str) -> hashes.HashAlgorithm:
    if name not in _HASHES:
        raise TimestampError(f"the time-stamp token uses {name}, which is not accepted")
    return _HASHES[name]()
