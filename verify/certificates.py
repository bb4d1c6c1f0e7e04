"""A certificate from outside, parsed once, strictly, and kept with what the checks ask of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from verify.errors import MalformedCertificateError

MAX_CERTIFICATE_BYTES: Final = 65_536
KEPT: Final = 256  # certificates kept parsed in a process
MAX_SERIAL_BYTES: Final = 20  # RFC 5280 §4.1.2.2; negative ones are borne, as it asks and PKITS 4.4.14 tests

# What parsers of foreign ASN.1 have been seen to raise; a Warning is an error under the test settings.
PARSE_ERRORS: Final = (
    ValueError, TypeError, LookupError, AttributeError, NameError, ArithmeticError, RecursionError, AssertionError,
    NotImplementedError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, Warning,
)  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True)  # no slots: what is asked twice is kept
class Certificate:
    """One certificate. Two with the same bytes are equal.

    Every attribute was computed by `load`, or is safe to compute after it.
    """

    der: bytes

    @classmethod
    def load(cls, der: bytes) -> "Certificate":
        """Parse DER.

        Raises:
            MalformedCertificateError: not one certificate, or one that breaks a rule that makes its meaning unclear.
        """
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise MalformedCertificateError(f"longer than {MAX_CERTIFICATE_BYTES} bytes")
        return _load(der)

    def _read(self) -> None:
        parsed = self.parsed
        tbs = parsed["tbs_certificate"]
        if tbs["serial_number"].native == 0 or len(tbs["serial_number"].contents) > MAX_SERIAL_BYTES:
            raise MalformedCertificateError("its serial number is zero or longer than 20 octets")
        if tbs["signature"].dump() != parsed["signature_algorithm"].dump():
            raise MalformedCertificateError("its two signature algorithms differ")
        named = [extension["extn_id"].dotted for extension in tbs["extensions"]]
        if len(named) != len(set(named)):
            raise MalformedCertificateError("it has the same extension twice")
        if named and tbs["version"].native != "v3":
            raise MalformedCertificateError("it has extensions but is not of version 3")
        # Touch everything that is parsed lazily, so that it fails here or not at all.
        _ = self.subject_key, self.issuer_key, parsed.critical_extensions, parsed.key_usage_value
        _ = self.not_before, self.not_after, self.subject, parsed.extended_key_usage_value, parsed.ca
        _ = parsed.key_identifier, parsed.authority_key_identifier, parsed.public_key.bit_size, parsed.self_issued
        _ = self.key_usage, self.extended_key_usage, self.extensions, parsed["signature_value"].native
        for extension in tbs["extensions"]:
            if not extension["extn_id"].native[0].isdigit():  # the library has a name for it, so it can read it
                _ = extension["extn_value"].parsed.native

    @cached_property
    def parsed(self) -> Any:
        return asn1.Certificate.load(self.der, strict=True)

    @cached_property
    def native(self) -> x509.Certificate:
        """The same, as `cryptography` sees it.

        Raises:
            MalformedCertificateError: it sees none.
        """
        return _guarded(lambda: x509.load_der_x509_certificate(self.der))

    @cached_property
    def subject_key(self) -> str:
        """The subject in the form in which names are compared (RFC 5280 §7.1)."""
        key: str = self.parsed.subject.hashable
        return key

    @cached_property
    def issuer_key(self) -> str:
        key: str = self.parsed.issuer.hashable
        return key

    @cached_property
    def not_before(self) -> datetime:
        moment: datetime = self.parsed["tbs_certificate"]["validity"]["not_before"].native
        return moment

    @cached_property
    def not_after(self) -> datetime:
        moment: datetime = self.parsed["tbs_certificate"]["validity"]["not_after"].native
        return moment

    @cached_property
    def subject(self) -> str:
        """The name to show: common name, else organisation, else the whole name."""
        names = self.parsed.subject.native
        return _first(names.get("common_name")) or _first(names.get("organization_name")) or self.distinguished

    @cached_property
    def distinguished(self) -> str:
        text: str = self.parsed.subject.human_friendly
        return text

    def attribute(self, name: str) -> str | None:
        """The first value of a subject attribute (asn1crypto's name of it), or None."""
        return _first(self.parsed.subject.native.get(name))

    @property
    def is_authority(self) -> bool:
        return bool(self.parsed.ca)

    @cached_property
    def extensions(self) -> frozenset[str]:
        """asn1crypto's names of the extensions that are there."""
        return frozenset(one["extn_id"].native for one in self.parsed["tbs_certificate"]["extensions"])

    @cached_property
    def key_usage(self) -> frozenset[str] | None:
        value = self.parsed.key_usage_value
        return None if value is None else frozenset(value.native)

    @cached_property
    def extended_key_usage(self) -> tuple[str, ...] | None:
        value = self.parsed.extended_key_usage_value
        return None if value is None else tuple(value.native)

    def names_issuer(self, other: "Certificate") -> bool:
        """Whether names and key identifiers say that `other` issued this one. Proves nothing."""
        if self.issuer_key != other.subject_key:
            return False
        wanted, found = self.parsed.authority_key_identifier, other.parsed.key_identifier
        return wanted is None or found is None or wanted == found

    def signed_by(self, other: "Certificate") -> bool:
        """Whether the key of `other` made this certificate's signature, which is whole octets (X.690 §8.6.2.2)."""
        whole: bool = self.parsed["signature_value"].contents[:1] == b"\0"
        return whole and signature_fits(
            self.parsed["signature_value"].native,
            self.parsed["tbs_certificate"].dump(),
            other.parsed.public_key,
            self.parsed["signature_algorithm"],
        )


@lru_cache(maxsize=KEPT)
def _load(der: bytes) -> Certificate:
    """The authorities' certificates come with every file: they are parsed once."""
    one = Certificate(der)
    _guarded(one._read)  # noqa: SLF001 -- the other half of `load`
    return one


def signature_fits(signature: bytes, message: bytes, public_key: Any, algorithm: Any) -> bool:
    """Whether `public_key` made `signature`; False too for what cannot be computed."""
    try:
        DefaultSignatureValidator().validate_signature(signature, message, public_key, algorithm)
    except (InvalidSignature, *PARSE_ERRORS):
        return False
    return True


def _guarded(read: Callable[[], T]) -> T:
    try:
        return read()
    except MalformedCertificateError:
        raise
    except PARSE_ERRORS as exc:
        raise MalformedCertificateError(f"it cannot be parsed: {exc}") from exc


def _first(value: object) -> str | None:
    if isinstance(value, list):
        value = value[0]
    return None if value is None else str(value)
