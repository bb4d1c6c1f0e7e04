"""Lint of one draft against its profile and issuer, before the CA key is used. Pure, and fast enough for each issuance.

It reads the draft's bytes anew and knows nothing of how they were made. Each rule names its clause.
"""

import re
from datetime import timedelta
from hashlib import sha1
from threading import Lock
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.x509.oid import ExtensionOID, NameOID

from ca import serials
from ca.der import children, unwrap, wrap
from ca.errors import ProfileError
from ca.issuance import Objection
from ca.issuer import Issuer
from ca.lint_extensions import SHARED_RULES, expected_extensions
from ca.lint_facts import DuplicateError, Facts, Rule, oid_der, split
from ca.profiles import Profile
from ca.subjects import (
    COUNTRY,
    MAX_COMMON_NAME_OCTETS,
    MAX_NAME_CHARS,
    ORGANIZATION_IDENTIFIER_FORM,
    PERSON_NUMBER_FORM,
)
from hsm.algorithms import spec_of
from verify import oids
from verify.extensions import LicenceInfo, SealInfo

__all__ = ["RULES", "check", "expected_extensions"]

_OCTET_STRING: Final = 0x04
_UTF8_STRING: Final = 0x0C
_PRINTABLE_STRING: Final = 0x13
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_MIN_SERIAL_BITS: Final = 64  # of unpredictable bits, CA/Browser Forum BR §7.1
_UTC_TIME_FORM: Final = re.compile(rb"[0-9]{12}Z")  # RFC 5280 §4.1.2.5.1
_GENERALIZED_TIME_FORM: Final = re.compile(rb"[0-9]{14}Z")  # RFC 5280 §4.1.2.5.2
_FIRST_GENERALIZED: Final = b"2050"  # RFC 5280 §4.1.2.5
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_COUNTRY: Final = oid_der(NameOID.COUNTRY_NAME)
_SERIAL_NUMBER: Final = oid_der(NameOID.SERIAL_NUMBER)
_COMMON_NAME: Final = oid_der(NameOID.COMMON_NAME)
_ORGANIZATION_IDENTIFIER: Final = oid_der(NameOID.ORGANIZATION_IDENTIFIER)
_SUBJECT_KEY: Final = oid_der(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
_SEAL_INFO: Final = oid_der(oids.EXTENSION_SEAL)
_LICENCE_INFO: Final = oid_der(oids.EXTENSION_LICENCE)
_OWN_EXTENSIONS: Final = frozenset({_SUBJECT_KEY, _SEAL_INFO, _LICENCE_INFO})  # judged for each certificate

_Key: TypeAlias = tuple[Profile, Issuer | None, bytes, bytes, bytes, tuple[bytes, ...], tuple[tuple[bytes, bool], ...]]
_MAX_JUDGED: Final = 256
_judged: Final[dict[_Key, tuple[Objection, ...]]] = {}
_judging: Final = Lock()


def check(certificate: x509.Certificate, profile: Profile, issuer: Issuer | None) -> list[Objection]:
    """Return every rule that the certificate breaks; none means that it may be signed."""
    try:
        facts = split(certificate, profile, issuer)
        return [*_shared(facts), *_objections(OWN_RULES, facts)]
    except (DuplicateError, x509.DuplicateExtension) as exc:
        return [Objection(rule="extension.twice", clause="RFC 5280 §4.2", text=str(exc))]
    except ProfileError as exc:
        return [Objection(rule="key.kind", clause="ETSI TS 119 312 §8.4", text=str(exc))]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as exc:
        return [Objection(rule="certificate.form", clause="RFC 5280 §4.1", text=str(exc))]


def _objections(rules: tuple[Rule, ...], facts: Facts) -> tuple[Objection, ...]:
    return tuple(
        Objection(rule=name, clause=clause, text=text)
        for name, clause, rule in rules
        if (text := rule(facts)) is not None
    )


def _shared(facts: Facts) -> tuple[Objection, ...]:
    """Judge once what is the same in all certificates of one issuer and profile: the same bytes have the same answer."""
    if facts.issuer is None:
        return _objections(SHARED_RULES, facts)
    common = tuple(element for oid, element in facts.extensions.items() if oid not in _OWN_EXTENSIONS)
    own = tuple((oid, facts.is_critical(oid)) for oid in facts.extensions if oid in _OWN_EXTENSIONS)
    key: _Key = (facts.profile, facts.issuer, facts.outer_algorithm, facts.algorithm, facts.issuer_name, common, own)
    found = _judged.get(key)
    if found is None:
        found = _objections(SHARED_RULES, facts)
        with _judging:
            if len(_judged) >= _MAX_JUDGED:
                _judged.clear()
            _judged[key] = found
    return found


def _serial(facts: Facts) -> str | None:
    content = facts.serial
    if content[0] & 0x80 or not any(content):
        return "the serial number is not positive"
    if len(content) > serials.MAX_OCTETS:
        return f"the serial number has {len(content)} octets, at most {serials.MAX_OCTETS} are allowed"
    if int.from_bytes(content, "big").bit_length() <= _MIN_SERIAL_BITS:
        return f"the serial number has not more than {_MIN_SERIAL_BITS} bits"
    return None


def _validity_form(facts: Facts) -> str | None:
    for moment in facts.validity:
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
    if any(len(rdn) != 1 for rdn in facts.rdns):
        return "an RDN of the subject does not have exactly one value"
    if [rdn[0].oid for rdn in facts.rdns] != [oid_der(oid) for oid in facts.profile.subject]:
        return "the subject does not have exactly the attributes of the profile in their order"
    for (attribute,) in facts.rdns:
        if not 0 < len(attribute.value.decode()) <= MAX_NAME_CHARS:
            return f"an attribute is empty or has more than {MAX_NAME_CHARS} characters"
        if attribute.oid == _COMMON_NAME and len(attribute.value) > MAX_COMMON_NAME_OCTETS:
            return f"the common name has more than {MAX_COMMON_NAME_OCTETS} octets"
    return None


def _subject_strings(facts: Facts) -> str | None:
    for attribute in (one for rdn in facts.rdns for one in rdn):
        if attribute.oid == _COUNTRY:
            if (attribute.tag, attribute.value) != (_PRINTABLE_STRING, COUNTRY.encode()):
                return f"the country is not {COUNTRY} as a PrintableString"
        elif attribute.oid == _SERIAL_NUMBER:
            if attribute.tag != _PRINTABLE_STRING or not PERSON_NUMBER_FORM.fullmatch(attribute.value.decode()):
                return "the serial number of a person is not 32 hexadecimal digits as a PrintableString"
        elif attribute.tag != _UTF8_STRING:
            return "an attribute is not a UTF8String"
    return None


def _organization_identifiers(facts: Facts) -> list[str]:
    return [one.value.decode() for rdn in facts.rdns for one in rdn if one.oid == _ORGANIZATION_IDENTIFIER]


def _organization_identifier(facts: Facts) -> str | None:
    if all(ORGANIZATION_IDENTIFIER_FORM.fullmatch(one) for one in _organization_identifiers(facts)):
        return None
    return "organizationIdentifier is not NTRCN- and a unified social credit code"


def _key(facts: Facts) -> str | None:
    spec = spec_of(facts.key)  # size and exponent of an RSA key were judged when it was read: `checked_key`
    return None if spec in facts.profile.keys else f"the profile takes no key of kind {spec}"


def _subject_key(facts: Facts) -> str | None:
    bits = unwrap(children(facts.spki)[1])[1][1:]  # without the count of unused bits
    expected = wrap(_OCTET_STRING, sha1(bits, usedforsecurity=False).digest())
    return (
        None if facts.raw_value(_SUBJECT_KEY) == expected else "the subject key identifier is not the SHA-1 of the key"
    )


def _info(facts: Facts) -> str | None:
    seal, licence = facts.raw_value(_SEAL_INFO), facts.raw_value(_LICENCE_INFO)
    try:
        if facts.profile.info == oids.EXTENSION_SEAL:
            return None if seal is not None and _is_seal(seal) else "SealInfo is missing or its code has not 14 digits"
        if facts.profile.info == oids.EXTENSION_LICENCE and (licence is None or not _is_licence(licence, facts)):
            return "LicenceInfo is missing, of no version, or of another enterprise"
    except ValueError:
        return "the private extension is not readable"
    return None


def _is_seal(value: bytes) -> bool:
    return bool(_SEAL_CODE.fullmatch(asn1.decode_der(SealInfo, value).code.as_str()))


def _is_licence(value: bytes, facts: Facts) -> bool:
    info = asn1.decode_der(LicenceInfo, value)
    return info.version >= 1 and _organization_identifiers(facts) == [f"NTRCN-{info.uscc.as_str()}"]


OWN_RULES: Final[tuple[Rule, ...]] = (
    ("serial", "RFC 5280 §4.1.2.2", _serial),
    ("validity.form", "RFC 5280 §4.1.2.5", _validity_form),
    ("validity", "RFC 5280 §6.1.3, docs/spec/profiles.md", _validity),
    ("subject", "ETSI EN 319 412-3 §4.2.1, RFC 5280 appendix A.1", _subject),
    ("subject.strings", "RFC 5280 §4.1.2.4", _subject_strings),
    ("subject.organization-identifier", "ETSI EN 319 412-1 §5.1.4", _organization_identifier),
    ("key", "ETSI TS 119 312 §8.4", _key),
    ("subject-key", "RFC 5280 §4.2.1.2", _subject_key),
    ("info", "docs/spec/profiles.md", _info),
)
RULES: Final[tuple[Rule, ...]] = (*SHARED_RULES, *OWN_RULES)
