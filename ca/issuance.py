"""Issue in three steps: `plan` fixes every field, `draft` gives the exact bytes to be recorded, `sign_intent` signs them.

Between `draft` and `sign_intent` the caller commits the TBS bytes; nothing here signs anything else than what it is given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from ca import qc_statements, serials
from ca.der import DerError, children, unwrap, wrap
from ca.errors import IntentError, LintError, ProfileError
from ca.issuer import Issuer
from ca.keys import checked_key, digest_or_none, drafting_key, is_good, pss_or_none
from ca.profiles import KEY_USAGES, Profile
from hsm.algorithms import algorithms_of, identifier, spec_of
from hsm.checked import CheckedSigner
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm, Signer
from verify import oids
from verify.extensions import LicenceInfo, SealInfo

Info: TypeAlias = SealInfo | LicenceInfo
_FIRST_YEAR: Final = 1950  # of UTCTime, RFC 5280 §4.1.2.5.1
_SECOND: Final = timedelta(seconds=1)
_SEQUENCE: Final = 0x30
_BIT_STRING: Final = 0x03
_CERTIFICATE_FIELDS: Final = 2  # version and serial number stand before the algorithm, RFC 5280 §4.1
_INFO_TYPES: Final = {oids.EXTENSION_SEAL: SealInfo, oids.EXTENSION_LICENCE: LicenceInfo}


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A rule that a draft breaks."""

    rule: str
    clause: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text} ({self.clause})"


Lint: TypeAlias = Callable[[x509.Certificate, Profile, Issuer | None], Sequence[Objection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every field of a certificate to be."""

    profile: Profile
    issuer: Issuer | None  # None: self-signed
    issuer_name: x509.Name
    issuer_spec: KeySpec
    algorithm: SignatureAlgorithm
    subject: x509.Name
    public_key: PublicKey
    serial: int
    not_before: datetime
    not_after: datetime  # inclusive, RFC 5280 §4.1.2.5
    extensions: tuple[tuple[x509.ExtensionType, bool], ...]  # with criticality


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The exact bytes to be recorded and then signed, and the linted certificate under a throwaway key."""

    tbs: bytes
    tbs_sha256: bytes
    certificate: x509.Certificate


def plan(
    profile: Profile,
    *,
    issuer: Issuer,
    subject: x509.Name,
    public_key: PublicKey,
    serial: int,
    not_before: datetime,
    valid_for: timedelta | None = None,
    info: Info | None = None,
) -> Plan:
    """Fix every field of a certificate. `valid_for` defaults to that of the profile and counts the last second.

    Raises:
        ProfileError: something is outside the profile; the message says what.
    """
    if issuer.name not in profile.issuers:
        raise ProfileError(f"profile {profile.name!r} is not issued by {issuer.name!r}")
    not_after = _last_second(profile, not_before, valid_for)
    if not_after > issuer.certificate.not_valid_after_utc:
        raise ProfileError(
            f"the certificate would outlive its issuer, which ends {issuer.certificate.not_valid_after_utc}"
        )
    if not_before < issuer.certificate.not_valid_before_utc:
        raise ProfileError("the certificate would begin before its issuer")
    key = _fitting_key(profile, public_key)
    return Plan(
        profile=profile,
        issuer=issuer,
        issuer_name=issuer.certificate.subject,
        issuer_spec=issuer.spec,
        algorithm=issuer.algorithm,
        subject=subject,
        public_key=key,
        serial=_fitting_serial(serial),
        not_before=not_before,
        not_after=not_after,
        extensions=(*_own_extensions(profile, key, info), *_issuer_extensions(issuer, profile)),
    )


def plan_root(
    profile: Profile,
    *,
    subject: x509.Name,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    serial: int,
    not_before: datetime,
    valid_for: timedelta | None = None,
) -> Plan:
    """Fix every field of a self-signed certificate.

    Raises:
        ProfileError: something is outside the profile; the message says what.
    """
    key = _fitting_key(profile, public_key)
    if profile.issuers or algorithm not in algorithms_of(spec_of(key)):
        raise ProfileError(f"profile {profile.name!r} does not sign itself, or not with {algorithm}")
    return Plan(
        profile=profile,
        issuer=None,
        issuer_name=subject,
        issuer_spec=spec_of(key),
        algorithm=algorithm,
        subject=subject,
        public_key=key,
        serial=_fitting_serial(serial),
        not_before=not_before,
        not_after=_last_second(profile, not_before, valid_for),
        extensions=_own_extensions(profile, key, None),
    )


def draft(planned: Plan, *, lint: Lint) -> Draft:
    """Return the bytes to record: built under a throwaway key of the issuer's type, with its algorithm, and linted.

    Raises:
        LintError: the draft breaks a rule.
        ProfileError: a field cannot be encoded.
    """
    try:
        certificate = _under_throwaway_key(planned)
    except (ValueError, TypeError) as exc:
        raise ProfileError(f"the certificate cannot be encoded: {exc}") from exc
    if objections := lint(certificate, planned.profile, planned.issuer):
        raise LintError("; ".join(map(str, objections)))
    tbs = certificate.tbs_certificate_bytes
    return Draft(tbs=tbs, tbs_sha256=sha256(tbs).digest(), certificate=certificate)


def sign_intent(tbs: bytes, *, signer: Signer, algorithm: SignatureAlgorithm, issuer_public_key: PublicKey) -> bytes:
    """Sign exactly the recorded bytes and return the DER certificate, parsed again and verified.

    Raises:
        IntentError: the key is not the issuer's, or the bytes are no certificate with this algorithm (the key was not
            used); or the signature does not verify (it was discarded).
        KeyBusyError, DeviceError, WrongKeyError: see `Signer.sign`.
    """
    return sign_tbs(
        tbs,
        signer=signer,
        algorithm=algorithm,
        issuer_public_key=issuer_public_key,
        fields_before=_CERTIFICATE_FIELDS,
        read=_tbs_of,
    )


def sign_tbs(
    tbs: bytes,
    *,
    signer: Signer,
    algorithm: SignatureAlgorithm,
    issuer_public_key: PublicKey,
    fields_before: int,
    read: Callable[[bytes], bytes],
) -> bytes:
    """Sign what a certificate or CRL is made of and return SEQUENCE { tbs, algorithm, signature }.

    `fields_before` says how many fields of the TBS stand before its algorithm identifier. `read` parses such a structure and returns its TBS, or raises ValueError. It is asked before the key is used, with a
    signature that is none, and again afterwards.

    Raises:
        IntentError: as `sign_intent`.
    """
    if signer.public_key() != issuer_public_key:
        raise IntentError("the key is not that of the issuer's certificate")
    if _algorithm_named_in(tbs, fields_before) != identifier(algorithm):
        raise IntentError(f"the recorded bytes do not name {algorithm}")
    _require_same(read, _assembled(tbs, algorithm, b""), tbs)
    signature = signer.sign(tbs, algorithm)
    if not _is_checked(signer) and not is_good(signature, tbs, key=issuer_public_key, algorithm=algorithm):
        raise IntentError("the signature does not verify under the issuer's certificate; it was discarded")
    der = _assembled(tbs, algorithm, signature)
    _require_same(read, der, tbs)
    return der


def _is_checked(signer: Signer) -> bool:
    """Our stores' own signer has verified the signature under the key that it shows, which is the issuer's: see above.

    P-384 takes longer to verify than all else that issuing does, so a second time would halve the rate.
    """
    return type(signer) is CheckedSigner


def _tbs_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).tbs_certificate_bytes


def _algorithm_named_in(tbs: bytes, fields_before: int) -> bytes:
    try:
        return children(tbs)[fields_before]
    except (DerError, IndexError) as exc:
        raise IntentError("the recorded bytes are not readable") from exc


def _assembled(tbs: bytes, algorithm: SignatureAlgorithm, signature: bytes) -> bytes:
    return wrap(_SEQUENCE, tbs, identifier(algorithm), wrap(_BIT_STRING, b"\x00", signature))


def _require_same(read: Callable[[bytes], bytes], der: bytes, tbs: bytes) -> None:
    try:
        same = read(der) == tbs
    except ValueError as exc:
        raise IntentError("the recorded bytes are not of this kind") from exc
    if not same:
        raise IntentError("what was put together does not hold the recorded bytes")


def signed_parts(der: bytes) -> tuple[bytes, bytes]:
    """Return TBS and signature of a certificate or CRL, as `sign_tbs` put them together.

    Raises:
        IntentError: not three elements.
    """
    try:
        tbs, _, signature = children(der)
        return tbs, unwrap(signature)[1][1:]  # without the count of unused bits, which is 0
    except ValueError as exc:  # DerError too
        raise IntentError("not a signed structure") from exc


def _under_throwaway_key(planned: Plan) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=planned.issuer_name,
        subject_name=planned.subject,
        public_key=planned.public_key,
        serial_number=planned.serial,
        not_valid_before=planned.not_before.astimezone(UTC).replace(tzinfo=None),
        not_valid_after=planned.not_after.astimezone(UTC).replace(tzinfo=None),
        extensions=[x509.Extension(value.oid, critical, value) for value, critical in planned.extensions],
    )
    key = drafting_key(planned.issuer_spec)
    padding = pss_or_none(planned.algorithm) if isinstance(key, rsa.RSAPrivateKey) else None
    return builder.sign(key, digest_or_none(planned.algorithm), rsa_padding=padding)


def _last_second(profile: Profile, not_before: datetime, valid_for: timedelta | None) -> datetime:
    valid_for = profile.default_validity if valid_for is None else valid_for
    if not_before.tzinfo is None or not_before.microsecond:
        raise ProfileError("a certificate begins at a whole second, with a time zone")
    if not_before.year < _FIRST_YEAR:
        raise ProfileError(f"a certificate begins after {_FIRST_YEAR}")
    if not timedelta(minutes=1) <= valid_for <= profile.max_validity:
        raise ProfileError(f"validity of {valid_for} is not within one minute to {profile.max_validity}")
    if valid_for % _SECOND:
        raise ProfileError("a certificate ends at a whole second")
    return not_before + valid_for - _SECOND


def _fitting_serial(serial: int) -> int:
    if serial <= 0 or serials.octets(serial) > serials.MAX_OCTETS:
        raise ProfileError(f"the serial number is not positive or has more than {serials.MAX_OCTETS} octets")
    return serial


def _fitting_key(profile: Profile, key: PublicKey) -> PublicKey:
    spec = spec_of(checked_key(key))
    if spec not in profile.keys:
        raise ProfileError(f"profile {profile.name!r} takes no key of kind {spec}")
    return key


def _own_extensions(profile: Profile, key: PublicKey, info: Info | None) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    subject_key: tuple[x509.ExtensionType, bool] = (x509.SubjectKeyIdentifier.from_public_key(key), False)
    if info is None:
        if profile.info is not None:
            raise ProfileError(f"profile {profile.name!r} needs {_INFO_TYPES[profile.info].__name__}")
        return (*_constant_extensions(profile), subject_key)
    if profile.info is None or not isinstance(info, _INFO_TYPES[profile.info]):
        raise ProfileError(f"profile {profile.name!r} carries no {type(info).__name__}")
    own = x509.UnrecognizedExtension(profile.info, asn1.encode_der(info))
    return (*_constant_extensions(profile), subject_key, (own, False))


@lru_cache(maxsize=64)
def _constant_extensions(profile: Profile) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """What is the same in all certificates of one profile."""
    found: list[tuple[x509.ExtensionType, bool]] = [(_key_usage(profile.key_usage), True)]
    if profile.ca:
        found.append((x509.BasicConstraints(ca=True, path_length=profile.path_length), True))
    if profile.extended_key_usage:
        found.append((x509.ExtendedKeyUsage(profile.extended_key_usage), profile.extended_key_usage_critical))
    if profile.policies:
        policies = [x509.PolicyInformation(oid, None) for oid in profile.policies]
        found.append((x509.CertificatePolicies(policies), False))
    if profile.no_check:
        found.append((x509.OCSPNoCheck(), False))
    if profile.qc_statements is not None:
        found.append((x509.UnrecognizedExtension(qc_statements.EXTENSION, profile.qc_statements), False))
    return tuple(found)


@lru_cache(maxsize=64)
def _issuer_extensions(issuer: Issuer, profile: Profile) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """What is the same in all certificates that one issuer makes by one profile."""
    key_identifier = x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None)
    places = [(AuthorityInformationAccessOID.CA_ISSUERS, issuer.ca_url)]
    if profile.ocsp:
        places.append((AuthorityInformationAccessOID.OCSP, issuer.ocsp_url))
    access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in places]
    found: list[tuple[x509.ExtensionType, bool]] = [
        (key_identifier, False),
        (x509.AuthorityInformationAccess(access), False),
    ]
    if profile.crl:
        where = [x509.UniformResourceIdentifier(issuer.crl_url)]
        point = x509.DistributionPoint(full_name=where, relative_name=None, reasons=None, crl_issuer=None)
        found.append((x509.CRLDistributionPoints([point]), False))
    return tuple(found)


def _key_usage(names: frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(*(name in names for name in KEY_USAGES))
