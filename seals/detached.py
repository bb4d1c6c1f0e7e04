"""A seal over bytes that are no document of their own: a detached CMS, CAdES (ETSI EN 319 122-1 §6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding

from seals import timestamps
from seals.ports import Evidence, TimeStamper
from seals.signing import SealingKey, check_key
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS, SIGNATURE_DIGESTS

AuthoriseBytes: TypeAlias = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A detached signature."""

    signature: bytes  # DER of the CMS
    time: datetime | None  # of the time-stamp, if one was asked for


def sign_detached(
    data: bytes,
    *,
    key: SealingKey,
    timestamper: TimeStamper | None,
    evidence: Evidence,
    now: datetime,
    authorise: AuthoriseBytes | None,
) -> Detached:
    """Return a CAdES signature over `data`: B-B; with a time-stamper B-T; with the evidence of `evidence_for`, too, B-LT.

    `authorise` gets the exact bytes that the key will sign; if it raises, nothing was signed.

    Raises:
        SealStateError: the certificate is not valid now, or not the key's.
        TimestampError: no time-stamp could be had.
        HsmError: the key could not be used.
    """
    check_key(key, now)
    times: list[datetime] = []
    digest_name = SIGNATURE_DIGESTS[key.algorithm]

    def sign(attributes: bytes) -> bytes:
        if authorise is not None:
            authorise(attributes)
        return key.signer.sign(attributes, key.algorithm)

    def unsigned(signature: bytes) -> list[bytes]:
        if timestamper is None:
            return []
        token = timestamps.stamp(timestamper, timestamps.digest(signature, digest_name), digest_name)
        times.append(token.time)
        return [cms.attribute(cms.SIGNATURE_TIMESTAMP, token.der)]

    certificates = dict.fromkeys((key.certificate, *key.chain, *evidence.certificates))
    signature = cms.signed_data(
        content_type=cms.ID_DATA,
        content=None,
        message_digest=timestamps.digest(data, digest_name),
        digest_name=digest_name,
        signer_certificate=key.certificate,
        certificates=[one.public_bytes(Encoding.DER) for one in certificates if one.issuer != one.subject],
        signature_algorithm=SIGNATURE_ALGORITHMS[key.algorithm],
        sign=sign,
        signing_time=now,
        unsigned_attributes=unsigned,
        revocation=cms.Revocation(crls=evidence.crls, ocsp_responses=evidence.ocsp_responses),
    )
    return Detached(signature=signature, time=times[0] if times else None)
