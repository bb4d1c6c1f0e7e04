"""Complete CRLs (RFC 5280 §5): drafted first, so that the caller records what will be signed, then signed byte for byte."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ca.certificate_states import Reason, Standing, Status
from ca.errors import IntentError, ProfileError
from ca.issuance import sign_tbs
from ca.issuer import Issuer
from ca.keys import digest_or_none, pss_or_none, throwaway
from hsm.signer import PublicKey, SignatureAlgorithm, Signer

MAX_NUMBER_OCTETS: Final = 20  # RFC 5280 §5.2.3
MAX_FRESH_FOR: Final = timedelta(days=397)  # of a root's list; issuing CAs publish daily: ETSI EN 319 411-1 §6.2.4
_FIELDS_BEFORE_ALGORITHM: Final = 1  # the version, RFC 5280 §5.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: a certificate that is revoked or on hold."""

    serial: int
    since: datetime
    reason: Reason

    @classmethod
    def of(cls, serial: int, standing: Standing) -> "Entry":
        """Make the line for a standing that is not good.

        Raises:
            ProfileError: a good certificate is not on a CRL.
        """
        if standing.status is Status.GOOD or standing.since is None:
            raise ProfileError("a good certificate is not on a CRL")
        return cls(serial=serial, since=standing.since, reason=standing.reason or Reason.UNSPECIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlDraft:
    """The exact bytes to be recorded and then signed."""

    tbs: bytes
    tbs_sha256: bytes


def crl_draft(
    issuer: Issuer,
    entries: Iterable[Entry],
    *,
    number: int,
    now: datetime,
    fresh_for: timedelta,
    distribution_point: str | None = None,
) -> CrlDraft:
    """Return the TBS of a complete CRL of one issuer.

    `number` must be greater than that of every earlier list (RFC 5280 §5.2.3). A list that covers all certificates of
    its issuer needs no issuingDistributionPoint, and NSS refuses lists that have one; a list that covers only some must
    be given its `distribution_point`, which is then named in a critical extension (§5.2.5).

    Raises:
        ProfileError: the number or the time is out of range, or a certificate stands twice.
    """
    if not 0 < number < 1 << (8 * MAX_NUMBER_OCTETS - 1):
        raise ProfileError(f"a CRL number is positive and has at most {MAX_NUMBER_OCTETS} octets")
    if now.tzinfo is None or not timedelta() < fresh_for <= MAX_FRESH_FOR:
        raise ProfileError(f"a CRL is fresh for more than nothing and at most {MAX_FRESH_FOR}, from a time with a zone")
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.certificate.subject,
        last_update=_naive(now),
        next_update=_naive(now + fresh_for),
        extensions=_extensions(issuer, number, distribution_point),
        revoked_certificates=_revoked(list(entries)),
    )
    key = throwaway(issuer.spec)
    padding = pss_or_none(issuer.algorithm) if isinstance(key, rsa.RSAPrivateKey) else None
    tbs = builder.sign(key, digest_or_none(issuer.algorithm), rsa_padding=padding).tbs_certlist_bytes
    return CrlDraft(tbs=tbs, tbs_sha256=sha256(tbs).digest())


def sign_crl_intent(
    tbs: bytes, *, signer: Signer, algorithm: SignatureAlgorithm, issuer_public_key: PublicKey
) -> bytes:
    """Sign exactly the recorded bytes and return the DER CRL, parsed again and verified.

    Raises:
        IntentError: as `ca.issuance.sign_intent`.
        KeyBusyError, DeviceError, WrongKeyError: see `Signer.sign`.
    """
    der = sign_tbs(
        tbs,
        signer=signer,
        algorithm=algorithm,
        issuer_public_key=issuer_public_key,
        fields_before=_FIELDS_BEFORE_ALGORITHM,
    )
    try:
        same = x509.load_der_x509_crl(der).tbs_certlist_bytes == tbs
    except ValueError as exc:
        raise IntentError("the signed bytes are not a CRL") from exc
    if not same:
        raise IntentError("the CRL does not hold the recorded bytes")
    return der


def _revoked(entries: Sequence[Entry]) -> list[x509.RevokedCertificate]:
    if len({entry.serial for entry in entries}) != len(entries):
        raise ProfileError("a certificate stands twice on the CRL")
    return [
        x509.RevokedCertificateBuilder(entry.serial, _naive(entry.since), _reason(entry.reason)).build()
        for entry in entries
    ]


@cache
def _reason(reason: Reason) -> list[x509.Extension[x509.ExtensionType]]:
    if reason is Reason.UNSPECIFIED:  # SHOULD be absent: RFC 5280 §5.3.1
        return []
    value = x509.CRLReason(reason.flag)
    return [x509.Extension(value.oid, False, value)]


def _extensions(
    issuer: Issuer, number: int, distribution_point: str | None
) -> list[x509.Extension[x509.ExtensionType]]:
    key_identifier = x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None)
    values: list[tuple[x509.ExtensionType, bool]] = [(key_identifier, False), (x509.CRLNumber(number), False)]
    if distribution_point is not None:
        point = x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(distribution_point)],
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        values.append((point, True))
    return [x509.Extension(value.oid, critical, value) for value, critical in values]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
