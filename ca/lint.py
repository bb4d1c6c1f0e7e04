"""Lint of one draft against its profile and issuer, before the CA key is used. Pure, and fast enough for each issuance.

It reads the draft's bytes anew and knows nothing of how they were made. Each rule names its clause.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from ca import qc_statements, serials
from ca.der import DerError, children, unwrap
from ca.errors import ProfileError
from ca.issuance import Objection
from ca.issuer import Issuer
from ca.keys import PUBLIC_EXPONENT, checked_key
from ca.profiles import KEY_USAGES, Profile
from ca.subjects import COUNTRY, MAX_COMMON_NAME_OCTETS, MAX_NAME_CHARS, ORGANIZATION_IDENTIFIER_FORM
from hsm.algorithms import algorithms_of, identifier, spec_of
from hsm.signer import PublicKey
from verify import oids
from verify.errors import MalformedCertificateError
from verify.extensions import licence_info, seal_info

_UTF8_STRING: Final = 0x0C
_PRINTABLE_STRING: Final = 0x13
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_MIN_MODULUS_BITS: Final = 3072  # ETSI TS 119 312 §8.4: recommended beyond 2028
_MIN_SERIAL_BITS: Final = 64  # of unpredictable bits, CA/Browser Forum BR §7.1
_V3_FIELDS: Final = 8  # version, serial, signature, issuer, validity, subject, key, extensions: RFC 5280 §4.1
_UTC_TIME_FORM: Final = re.compile(rb"[0-9]{12}Z")  # RFC 5280 §4.1.2.5.1
_GENERALIZED_TIME_FORM: Final = re.compile(rb"[0-9]{14}Z")  # RFC 5280 §4.1.2.5.2
_FIRST_GENERALIZED: Final = b"2050"  # RFC 5280 §4.1.2.5
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_COUNTRY_OID: Final = asn1.encode_der(NameOID.COUNTRY_NAME)
_USAGES: Final = dict(
    zip(
        KEY_USAGES,
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        strict=True,
    )
)  # fmt: skip
_CRITICAL: Final = frozenset({ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules look at, parsed once."""

    certificate: x509.Certificate
    profile: Profile
    issuer: Issuer | None  # None: self-signed
    fields: Sequence[bytes]  # of the TBS, in their order
    outer_algorithm: bytes
    key: PublicKey
    extensions: dict[x509.ObjectIdentifier, x509.Extension[Any]]

    def value(self, oid: x509.ObjectIdentifier) -> Any:
        found = self.extensions.get(oid)
        return None if found is None else found.value


def check(certificate: x509.Certificate, profile: Profile, issuer: Issuer | None) -> list[Objection]:
    """Return every rule that the certificate breaks; none means that it may be signed."""
    try:
        tbs, outer_algorithm, _ = children(certificate.public_bytes(Encoding.DER))
        fields = children(tbs)
        if len(fields) != _V3_FIELDS:
            return [_unreadable("a version 3 certificate has eight fields", "RFC 5280 §4.1")]
        key = checked_key(certificate.public_key())
        extensions = {extension.oid: extension for extension in certificate.extensions}
    except x509.DuplicateExtension as exc:
        return [Objection(rule="extension.twice", clause="RFC 5280 §4.2", text=f"{exc.oid.dotted_string} stands twice")]
    except ProfileError as exc:
        return [Objection(rule="key.kind", clause="ETSI TS 119 312 §8.4", text=str(exc))]
    except (ValueError, TypeError, DerError, UnsupportedAlgorithm, x509.InvalidVersion) as exc:
        return [_unreadable(str(exc), "RFC 5280 §4.1")]
    facts = Facts(
        certificate=certificate,
        profile=profile,
        issuer=issuer,
        fields=fields,
        outer_algorithm=outer_algorithm,
        key=key,
        extensions=extensions,
    )
    return [
        Objection(rule=name, clause=clause, text=text)
        for name, clause, rule in RULES
        if (text := rule(facts)) is not None
    ]


def _unreadable(text: str, clause: str) -> Objection:
    return Objection(rule="certificate.form", clause=clause, text=text)


def _serial(facts: Facts) -> str | None:
    content = unwrap(facts.fields[1])[1]
    if content[0] & 0x80 or not any(content):
        return "the serial number is not positive"
    if len(content) > serials.MAX_OCTETS:
        return f"the serial number has {len(content)} octets, at most {serials.MAX_OCTETS} are allowed"
    if facts.certificate.serial_number.bit_length() <= _MIN_SERIAL_BITS:
        return f"the serial number has not more than {_MIN_SERIAL_BITS} bits"
    return None


def _algorithm(facts: Facts) -> str | None:
    allowed = {facts.issuer.algorithm} if facts.issuer else algorithms_of(spec_of(facts.key))
    if facts.fields[2] not in map(identifier, allowed):
        return "the algorithm inside is not the issuer's"
    return None if facts.outer_algorithm == facts.fields[2] else "the algorithm outside is not the one inside"


def _issuer(facts: Facts) -> str | None:
    if (facts.issuer is None) != (not facts.profile.issuers):
        return "the profile does not fit a certificate that signs itself, or one that does not"
    if facts.issuer is not None and facts.issuer.name not in facts.profile.issuers:
        return f"the profile is not issued by {facts.issuer.name!r}"
    expected = facts.issuer.certificate.subject if facts.issuer else facts.certificate.subject
    return None if facts.fields[3] == expected.public_bytes() else "the issuer is not named as in its certificate"


def _validity_form(facts: Facts) -> str | None:
    for moment in children(facts.fields[4]):
        tag, text = unwrap(moment)
        if tag == _UTC_TIME and _UTC_TIME_FORM.fullmatch(text):
            continue
        if tag == _GENERALIZED_TIME and _GENERALIZED_TIME_FORM.fullmatch(text) and text[:4] >= _FIRST_GENERALIZED:
            continue
        return "a time is not written as UTCTime until 2049 and GeneralizedTime after, with seconds and Z"
    return None


def _validity(facts: Facts) -> str | None:
    begin, end = facts.certificate.not_valid_before_utc, facts.certificate.not_valid_after_utc
    if end <= begin:
        return "it ends before it begins"
    if end - begin + timedelta(seconds=1) > facts.profile.max_validity:
        return f"it is valid for longer than {facts.profile.max_validity}"
    if facts.issuer is None:
        return None
    issuer = facts.issuer.certificate
    if begin < issuer.not_valid_before_utc or end > issuer.not_valid_after_utc:
        return "it is valid outside the time of its issuer"
    return None


def _subject(facts: Facts) -> str | None:
    attributes = list(facts.certificate.subject)
    if tuple(attribute.oid for attribute in attributes) != facts.profile.subject:
        return "the subject does not have exactly the attributes of the profile in their order"
    if len(facts.certificate.subject.rdns) != len(attributes):
        return "an RDN of the subject has several values"
    for attribute in attributes:
        if not isinstance(attribute.value, str) or not 0 < len(attribute.value) <= MAX_NAME_CHARS:
            return f"{attribute.rfc4514_attribute_name} is empty or has more than {MAX_NAME_CHARS} characters"
        if attribute.oid == NameOID.COMMON_NAME and len(attribute.value.encode()) > MAX_COMMON_NAME_OCTETS:
            return f"the common name has more than {MAX_COMMON_NAME_OCTETS} octets"
    return None


def _subject_strings(facts: Facts) -> str | None:
    for rdn in children(facts.fields[5]):
        for attribute in children(rdn):
            kind, text = children(attribute)
            if kind == _COUNTRY_OID and (unwrap(text)[0] != _PRINTABLE_STRING or unwrap(text)[1] != COUNTRY.encode()):
                return f"the country is not {COUNTRY} as a PrintableString"
            if kind != _COUNTRY_OID and unwrap(text)[0] != _UTF8_STRING:
                return "an attribute is not a UTF8String"
    return None


def _organization_identifier(facts: Facts) -> str | None:
    found = facts.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    for one in found:
        if not isinstance(one.value, str) or not ORGANIZATION_IDENTIFIER_FORM.fullmatch(one.value):
            return "organizationIdentifier is not NTRCN- and a unified social credit code"
    return None


def _key(facts: Facts) -> str | None:
    spec = spec_of(facts.key)
    if spec not in facts.profile.keys:
        return f"the profile takes no key of kind {spec}"
    if isinstance(facts.key, rsa.RSAPublicKey):
        if facts.key.key_size < _MIN_MODULUS_BITS:
            return f"the modulus has fewer than {_MIN_MODULUS_BITS} bits"
        if facts.key.public_numbers().e != PUBLIC_EXPONENT:
            return f"the public exponent is not {PUBLIC_EXPONENT}"
    return None


def _extension_set(facts: Facts) -> str | None:
    expected, present = expected_extensions(facts.profile, self_signed=facts.issuer is None), set(facts.extensions)
    if missing := expected - present:
        return f"missing: {', '.join(sorted(oid.dotted_string for oid in missing))}"
    if extra := present - expected:
        return f"not of the profile: {', '.join(sorted(oid.dotted_string for oid in extra))}"
    return None


def _criticality(facts: Facts) -> str | None:
    for oid, extension in facts.extensions.items():
        expected = oid in _CRITICAL or (
            oid == ExtensionOID.EXTENDED_KEY_USAGE and facts.profile.extended_key_usage_critical
        )
        if extension.critical != expected:
            return f"{oid.dotted_string} must {'' if expected else 'not '}be critical"
    return None


def _constraints(facts: Facts) -> str | None:
    value = facts.value(ExtensionOID.BASIC_CONSTRAINTS)
    found = (False, None) if value is None else (value.ca, value.path_length)
    return (
        None if found == (facts.profile.ca, facts.profile.path_length) else "basicConstraints differ from the profile"
    )


def _key_usage(facts: Facts) -> str | None:
    value = facts.value(ExtensionOID.KEY_USAGE)
    found = set() if value is None else {name for name, attribute in _USAGES.items() if _bit(value, attribute)}
    return None if found == facts.profile.key_usage else f"key usage is {', '.join(sorted(found)) or 'absent'}"


def _bit(value: x509.KeyUsage, attribute: str) -> bool:
    if attribute in {"encipher_only", "decipher_only"} and not value.key_agreement:
        return False  # undefined without keyAgreement
    return bool(getattr(value, attribute))


def _extended_key_usage(facts: Facts) -> str | None:
    value = facts.value(ExtensionOID.EXTENDED_KEY_USAGE)
    found = () if value is None else tuple(value)
    return None if found == facts.profile.extended_key_usage else "extended key usage differs from the profile"


def _subject_key(facts: Facts) -> str | None:
    value = facts.value(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    expected = x509.SubjectKeyIdentifier.from_public_key(facts.key)
    return None if value == expected else "the subject key identifier is not the SHA-1 of the key"


def _authority_key(facts: Facts) -> str | None:
    if facts.issuer is None:
        return None
    value = facts.value(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    expected = x509.AuthorityKeyIdentifier(facts.issuer.key_identifier, None, None)
    return None if value == expected else "the authority key identifier is not the issuer's, or holds more than it"


def _access(facts: Facts) -> str | None:
    if facts.issuer is None:
        return None
    value = facts.value(ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
    found = {(one.access_method, one.access_location.value) for one in value or ()}
    expected = {(AuthorityInformationAccessOID.CA_ISSUERS, facts.issuer.ca_url)}
    if facts.profile.ocsp:
        expected.add((AuthorityInformationAccessOID.OCSP, facts.issuer.ocsp_url))
    if found != expected:
        return "authorityInfoAccess does not name the issuer's certificate and OCSP service"
    if not all(url.startswith("http://") for _, url in expected):
        return "an address is not plain http"
    return None


def _crl(facts: Facts) -> str | None:
    if facts.issuer is None or not facts.profile.crl:
        return None
    points = list(facts.value(ExtensionOID.CRL_DISTRIBUTION_POINTS) or ())
    names = [name.value for point in points for name in point.full_name or ()]
    if names != [facts.issuer.crl_url] or any(point.reasons or point.crl_issuer for point in points):
        return "cRLDistributionPoints does not name the issuer's CRL, whole"
    return None if names[0].startswith("http://") else "the address of the CRL is not plain http"


def _policies(facts: Facts) -> str | None:
    value = facts.value(ExtensionOID.CERTIFICATE_POLICIES)
    found = tuple(one.policy_identifier for one in value or ())
    if found != facts.profile.policies or any(one.policy_qualifiers for one in value or ()):
        return "the policies are not those of the profile"
    return None


def _info(facts: Facts) -> str | None:
    try:
        seal, licence = seal_info(facts.certificate), licence_info(facts.certificate)
    except MalformedCertificateError as exc:
        return str(exc)
    if facts.profile.info == oids.EXTENSION_SEAL and (seal is None or not _SEAL_CODE.fullmatch(seal.code.as_str())):
        return "SealInfo is missing or its code has not 14 digits"
    if facts.profile.info == oids.EXTENSION_LICENCE:
        found = facts.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
        if licence is None or licence.version < 1 or [one.value for one in found] != [f"NTRCN-{licence.uscc.as_str()}"]:
            return "LicenceInfo is missing, of no version, or of another enterprise"
    return None


def _qc(facts: Facts) -> str | None:
    value = facts.value(qc_statements.EXTENSION)
    found = None if value is None else value.value
    return None if found == facts.profile.qc_statements else "qcStatements differ from the profile"


def expected_extensions(profile: Profile, *, self_signed: bool) -> set[x509.ObjectIdentifier]:
    """Return which extensions a certificate of the profile has, no more and no less."""
    wanted = {
        ExtensionOID.SUBJECT_KEY_IDENTIFIER: True,
        ExtensionOID.KEY_USAGE: True,
        ExtensionOID.BASIC_CONSTRAINTS: profile.ca,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER: not self_signed,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS: not self_signed,
        ExtensionOID.CRL_DISTRIBUTION_POINTS: profile.crl,
        ExtensionOID.CERTIFICATE_POLICIES: bool(profile.policies),
        ExtensionOID.EXTENDED_KEY_USAGE: bool(profile.extended_key_usage),
        ExtensionOID.OCSP_NO_CHECK: profile.no_check,
        qc_statements.EXTENSION: profile.qc_statements is not None,
    }
    found = {oid for oid, present in wanted.items() if present}
    return found if profile.info is None else found | {profile.info}


Rule = Callable[[Facts], str | None]
RULES: Final[tuple[tuple[str, str, Rule], ...]] = (
    ("serial", "RFC 5280 §4.1.2.2", _serial),
    ("algorithm", "RFC 5280 §4.1.1.2", _algorithm),
    ("issuer", "RFC 5280 §4.1.2.4", _issuer),
    ("validity.form", "RFC 5280 §4.1.2.5", _validity_form),
    ("validity", "RFC 5280 §6.1.3, docs/spec/profiles.md", _validity),
    ("subject", "ETSI EN 319 412-3 §4.2.1, RFC 5280 appendix A.1", _subject),
    ("subject.strings", "RFC 5280 §4.1.2.4", _subject_strings),
    ("subject.organization-identifier", "ETSI EN 319 412-1 §5.1.4", _organization_identifier),
    ("key", "ETSI TS 119 312 §8.4", _key),
    ("extension.set", "docs/spec/profiles.md", _extension_set),
    ("extension.critical", "RFC 5280 §4.2.1", _criticality),
    ("basic-constraints", "RFC 5280 §4.2.1.9", _constraints),
    ("key-usage", "RFC 5280 §4.2.1.3, ETSI EN 319 412-2 §4.3.2", _key_usage),
    ("extended-key-usage", "RFC 5280 §4.2.1.12, RFC 3161 §2.3, RFC 6960 §4.2.2.2", _extended_key_usage),
    ("subject-key", "RFC 5280 §4.2.1.2", _subject_key),
    ("authority-key", "RFC 5280 §4.2.1.1", _authority_key),
    ("access", "RFC 5280 §4.2.2.1, ETSI EN 319 412-2 §4.4.1", _access),
    ("crl", "RFC 5280 §4.2.1.13, ETSI EN 319 412-2 §4.3.11", _crl),
    ("policies", "RFC 5280 §4.2.1.4, ETSI EN 319 412-2 §4.3.3", _policies),
    ("info", "docs/spec/profiles.md", _info),
    ("qc-statements", "ETSI EN 319 412-5 §4", _qc),
)
