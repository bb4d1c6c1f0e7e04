"""What each kind of certificate may contain, as data: docs/spec/profiles.md shows it as a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.errors import ProfileError
from hsm.signer import KeySpec
from verify import oids

ANY_POLICY: Final = ObjectIdentifier("2.5.29.32.0")  # RFC 5280 §4.2.1.4
KEY_USAGES: Final = (  # names of RFC 5280 §4.2.1.3, in the order of their bits
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip

LEGAL_PERSON_SUBJECT: Final = (  # ETSI EN 319 412-3 §4.2.1: each exactly once
    NameOID.COUNTRY_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATION_IDENTIFIER,
    NameOID.COMMON_NAME,
)
NATURAL_PERSON_SUBJECT: Final = (  # ETSI EN 319 412-2 §4.2.4; surname holds the whole name, undivided
    NameOID.COUNTRY_NAME,
    NameOID.SURNAME,
    NameOID.COMMON_NAME,
    NameOID.SERIAL_NUMBER,
)
SERVICE_SUBJECT: Final = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
CA_KEYS: Final = frozenset({KeySpec.EC_P384, KeySpec.EC_P256, KeySpec.RSA_4096, KeySpec.RSA_3072, KeySpec.ED25519})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one kind of certificate contains: no more, no less. Limits are inclusive."""

    name: str
    issuers: frozenset[str]  # entity names of the CAs that may issue it; none: it signs itself
    subject: tuple[ObjectIdentifier, ...]  # all of them, in this order, once each
    key_usage: frozenset[str]  # names as in KEY_USAGES; always critical
    max_validity: timedelta
    default_validity: timedelta
    policies: tuple[ObjectIdentifier, ...] = ()
    extended_key_usage: tuple[ObjectIdentifier, ...] = ()
    extended_key_usage_critical: bool = False
    ca: bool = False
    path_length: int | None = None
    crl: bool = True  # a CRL distribution point
    ocsp: bool = True  # an OCSP address beside caIssuers
    no_check: bool = False  # id-pkix-ocsp-nocheck, RFC 6960 §4.2.2.2.1
    info: ObjectIdentifier | None = None  # SealInfo or LicenceInfo
    qc_statements: bytes | None = None  # DER of QCStatements: ca/qc_statements.py
    keys: frozenset[KeySpec] = field(default=frozenset(KeySpec))
    default_key: KeySpec = KeySpec.EC_P256

    def __hash__(self) -> int:
        """By name alone: profiles are keys of caches, asked several times for each certificate."""
        return hash(self.name)


ROOT: Final = Profile(
    name="root",
    issuers=frozenset(),
    subject=SERVICE_SUBJECT,
    key_usage=frozenset({"keyCertSign", "cRLSign"}),  # RFC 5280 §4.2.1.3
    max_validity=timedelta(days=9132),  # 25 years
    default_validity=timedelta(days=7305),
    ca=True,
    crl=False,  # a root is removed from trust stores, not revoked
    ocsp=False,
    keys=CA_KEYS,
    default_key=KeySpec.EC_P384,
)

ISSUING_CA: Final = Profile(
    name="issuing-ca",
    issuers=frozenset({"root"}),
    subject=SERVICE_SUBJECT,
    key_usage=frozenset({"keyCertSign", "cRLSign"}),
    max_validity=timedelta(days=5479),  # 15 years
    default_validity=timedelta(days=3653),
    policies=(ANY_POLICY,),
    ca=True,
    path_length=0,  # no CA below: RFC 5280 §4.2.1.9
    ocsp=False,  # the root is offline: its ARL says which CAs are revoked
    keys=CA_KEYS,
    default_key=KeySpec.EC_P384,
)

OCSP_RESPONDER: Final = Profile(
    name="ocsp-responder",
    issuers=frozenset({"licence", "seal", "service"}),  # each CA delegates to a responder of its own: RFC 6960 §4.2.2.2
    subject=SERVICE_SUBJECT,
    key_usage=frozenset({"digitalSignature"}),
    extended_key_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,),
    max_validity=timedelta(days=397),  # it cannot be revoked (nocheck): short, and renewed in time
    default_validity=timedelta(days=90),
    policies=(oids.POLICY_SERVICE,),
    crl=False,
    ocsp=False,
    no_check=True,
)

TIMESTAMP: Final = Profile(
    name="timestamp",
    issuers=frozenset({"service"}),
    subject=SERVICE_SUBJECT,
    key_usage=frozenset({"digitalSignature"}),
    extended_key_usage=(ExtendedKeyUsageOID.TIME_STAMPING,),  # this one alone, critical: RFC 3161 §2.3
    extended_key_usage_critical=True,
    max_validity=timedelta(days=3653),
    default_validity=timedelta(days=1827),
    policies=(oids.POLICY_TIMESTAMP,),
    keys=frozenset(KeySpec) - {KeySpec.ED25519},  # OpenSSL 3.0 cannot check an Ed25519 token
)

SEAL: Final = Profile(
    name="seal",
    issuers=frozenset({"seal"}),
    subject=LEGAL_PERSON_SUBJECT,
    key_usage=frozenset({"nonRepudiation"}),  # type A of ETSI EN 319 412-2 §4.3.2
    max_validity=timedelta(days=1095),
    default_validity=timedelta(days=1095),
    policies=(oids.POLICY_SEAL, oids.POLICY_NCP_PLUS),
    info=oids.EXTENSION_SEAL,
)

PERSON: Final = Profile(
    name="person",
    issuers=frozenset({"seal"}),
    subject=NATURAL_PERSON_SUBJECT,
    key_usage=frozenset({"nonRepudiation"}),  # type A of ETSI EN 319 412-2 §4.3.2
    max_validity=timedelta(days=1),  # for one signature; the key is gone after it
    default_validity=timedelta(days=1),
    policies=(oids.POLICY_PERSON,),
)

AUTHORITY_SEAL: Final = replace(
    SEAL,
    name="authority-seal",
    issuers=frozenset({"service"}),
    max_validity=timedelta(days=1827),
    default_validity=timedelta(days=1827),
)

LICENCE: Final = Profile(
    name="licence",
    issuers=frozenset({"licence"}),
    subject=LEGAL_PERSON_SUBJECT,
    key_usage=frozenset({"digitalSignature"}),
    extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),  # it proves who logs in; documents are for seals
    max_validity=timedelta(days=1827),
    default_validity=timedelta(days=1827),
    policies=(oids.POLICY_LICENCE, oids.POLICY_NCP_PLUS),
    info=oids.EXTENSION_LICENCE,
)

CREDENTIAL: Final = Profile(
    name="credential",
    issuers=frozenset({"service"}),
    subject=SERVICE_SUBJECT,
    key_usage=frozenset({"digitalSignature"}),
    extended_key_usage=(oids.EKU_CREDENTIAL,),
    max_validity=timedelta(days=1827),
    default_validity=timedelta(days=1827),
    policies=(oids.POLICY_SERVICE,),
    keys=frozenset({KeySpec.EC_P256}),  # ELQ1 is ES256
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({
    profile.name: profile
    for profile in (
        ROOT, ISSUING_CA, OCSP_RESPONDER, TIMESTAMP, SEAL, PERSON, AUTHORITY_SEAL, LICENCE, CREDENTIAL,
    )
})  # fmt: skip


def configured(
    *, policies: Mapping[str, tuple[ObjectIdentifier, ...]], qc_statements: Mapping[str, bytes]
) -> dict[str, Profile]:
    """Return all profiles, those named with the authority's own policy OIDs and QcStatements.

    Raises:
        ProfileError: a name is of no profile, or a profile that must have policies is given none.
    """
    for name in {*policies, *qc_statements} - set(PROFILES):
        raise ProfileError(f"no profile is called {name!r}")
    for name, own in policies.items():
        if bool(own) != bool(PROFILES[name].policies):
            raise ProfileError(f"profile {name!r} {'must not' if own else 'must'} have policies")
    return {
        name: replace(profile, policies=policies.get(name, profile.policies), qc_statements=qc_statements.get(name))
        for name, profile in PROFILES.items()
    }
