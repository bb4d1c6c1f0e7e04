"""OCSP answers and CRLs as they come, parsed once, each only as far as it is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from asn1crypto import core as asn1_core
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from verify.certificates import PARSE_ERRORS, Certificate
from verify.errors import MalformedCertificateError

MAX_EVIDENCE: Final = 256  # OCSP answers and CRLs considered for one file
MAX_EVIDENCE_BYTES: Final = 32 * 1024 * 1024  # one CRL


@dataclass(frozen=True)  # no slots: parsed once when first asked
class Answer:
    """An OCSP response as it came."""

    der: bytes
    in_file: bool

    @cached_property
    def basic(self) -> Any:
        """The BasicOCSPResponse, or None if the bytes are not a successful one."""
        try:
            response = asn1_ocsp.OCSPResponse.load(self.der, strict=True)
            if response["response_status"].native != "successful":
                return None
            basic = response.basic_ocsp_response
            return basic if no_unknown_critical(basic["tbs_response_data"]["response_extensions"]) else None
        except PARSE_ERRORS:
            return None

    @cached_property
    def singles(self) -> dict[int, list[Any]]:
        """Its single answers by serial number."""
        found: dict[int, list[Any]] = {}
        if self.basic is None:
            return found
        try:
            for single in self.basic["tbs_response_data"]["responses"]:
                found.setdefault(single["cert_id"]["serial_number"].native, []).append(single)
        except PARSE_ERRORS:
            return {}
        return found

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        try:
            raw = [one.dump() for one in self.basic["certs"] or ()][:MAX_RESPONDERS]
        except PARSE_ERRORS:
            return ()
        return load_all(raw)


MAX_RESPONDERS: Final = 8  # certificates looked at inside one OCSP answer


@dataclass(frozen=True)  # no slots: parsed once when first asked
class RevocationList:
    """A CRL as it came."""

    der: bytes
    in_file: bool

    @cached_property
    def native(self) -> x509.CertificateRevocationList | None:
        try:
            return x509.load_der_x509_crl(self.der)
        except PARSE_ERRORS:
            return None

    @cached_property
    def issuer(self) -> str | None:
        """The issuer's name in the form in which names are compared, or None if there is no reading it."""
        try:
            if self.native is None:
                return None
            name: str = asn1_x509.Name.load(self.native.issuer.public_bytes()).hashable
        except PARSE_ERRORS:
            return None
        return name

    @cached_property
    def scope(self) -> "Scope | None":
        """What the list is about, or None if only the whole algorithm of RFC 5280 §6.3 can tell."""
        try:
            return _scope(self.native) if self.native is not None else None
        except PARSE_ERRORS:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A complete list of one issuer, perhaps one of several shards (RFC 5280 §5.2.5)."""

    points: frozenset[str]  # its own names; empty: all certificates of the issuer
    user_only: bool
    authority_only: bool
    keeps_expired: datetime | None


KNOWN_IN_LISTS: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    }
)
EXPIRED_CERTS_ON_CRL: Final = x509.ObjectIdentifier("2.5.29.60")  # ITU-T X.509 §9.5.2.8


def _scope(crl: x509.CertificateRevocationList) -> Scope | None:
    points: frozenset[str] = frozenset()
    user_only = authority_only = False
    keeps = None
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            if (
                value.indirect_crl
                or value.only_some_reasons
                or value.relative_name
                or value.only_contains_attribute_certs
            ):
                return None
            user_only, authority_only = value.only_contains_user_certs, value.only_contains_ca_certs
            points = locations(value.full_name or ())
        elif isinstance(value, x509.DeltaCRLIndicator | x509.FreshestCRL):
            return None
        elif extension.oid == EXPIRED_CERTS_ON_CRL and isinstance(value, x509.UnrecognizedExtension):
            keeps = asn1_core.GeneralizedTime.load(value.value).native
        elif extension.critical and extension.oid not in KNOWN_IN_LISTS:
            return None
    return Scope(points=points, user_only=user_only, authority_only=authority_only, keeps_expired=keeps)


def locations(names: Iterable[x509.GeneralName]) -> frozenset[str]:
    return frozenset(
        str(name.value.public_bytes().hex() if isinstance(name, x509.DirectoryName) else name.value) for name in names
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is at hand about revocation."""

    answers: tuple[Answer, ...] = ()
    lists: tuple[RevocationList, ...] = ()

    @classmethod
    def of(cls, *, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = (), in_file: bool = False) -> "Evidence":
        """Keep what is not too long; the rest is as if it were not there."""
        return cls(
            answers=tuple(Answer(der, in_file) for der in dict.fromkeys(ocsps) if len(der) <= MAX_EVIDENCE_BYTES),
            lists=tuple(RevocationList(der, in_file) for der in dict.fromkeys(crls) if len(der) <= MAX_EVIDENCE_BYTES),
        )

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(
            answers=(self.answers + other.answers)[:MAX_EVIDENCE], lists=(self.lists + other.lists)[:MAX_EVIDENCE]
        )


def load_all(raw: Iterable[bytes]) -> tuple[Certificate, ...]:
    """The certificates among `raw` that can be read; the others cannot help anybody."""
    found = []
    for der in raw:
        try:
            found.append(Certificate.load(der))
        except MalformedCertificateError:
            continue
    return tuple(found)


def lists_for_whole_algorithm(lists: Iterable[RevocationList]) -> list[Any]:
    """The lists as the whole algorithm wants them."""
    found = []
    for one in lists:
        try:
            found.append(asn1_crl.CertificateList.load(one.der, strict=True))
        except PARSE_ERRORS:
            continue
    return found


def no_unknown_critical(extensions: Any) -> bool:
    return not any(extension["critical"].native for extension in extensions or ())
