"""A seal over bytes that are no document of their own: a detached CMS, CAdES (ETSI EN 319 122-1 §6)."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from seals import timestamps
from seals.ports import RevocationSource, TimeStamper
from seals.signing import Level, SealingKey, check_key, evidence_for
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS, SIGNATURE_DIGESTS


def sign_detached(
    data: bytes,
    *,
    key: SealingKey,
    timestamper: TimeStamper,
    revocation: RevocationSource,
    now: datetime,
    authorise: Callable[[bytes], None],
) -> bytes:
    """Return a CAdES B-LT signature. `authorise` gets the exact bytes that the key will sign; if it raises, nothing was signed.

    Raises:
        SealStateError: the certificate is not valid now, or not the key's.
        TimestampError, EvidenceError: no time-stamp or no evidence could be had.
        HsmError: the key could not be used.
    """
    check_key(key, now)
    evidence = evidence_for(Level.B_LT, key, timestamper=timestamper, revocation=revocation)
    digest_name = SIGNATURE_DIGESTS[key.algorithm]

    def sign(attributes: bytes) -> bytes:
        authorise(attributes)
        return key.signer.sign(attributes, key.algorithm)

    def unsigned(signature: bytes) -> list[bytes]:
        token = timestamps.stamp(timestamper, timestamps.digest(signature, digest_name), digest_name)
        return [cms.attribute(cms.SIGNATURE_TIMESTAMP, token.der)]

    certificates = dict.fromkeys((key.certificate, *key.chain, *evidence.certificates))
    return cms.signed_data(
        content_type=cms.ID_DATA,
        content=None,
        message_digest=hashlib.new(digest_name, data).digest(),
        digest_name=digest_name,
        signer_certificate=key.certificate,
        certificates=[one.public_bytes(Encoding.DER) for one in certificates if one.issuer != one.subject],
        signature_algorithm=SIGNATURE_ALGORITHMS[key.algorithm],
        sign=sign,
        signing_time=now,
        unsigned_attributes=unsigned,
        revocation=cms.Revocation(crls=evidence.crls, ocsp_responses=evidence.ocsp_responses),
    )
