"""Lint rules whose answer is the same for all certificates that one issuer makes by one profile.

They look at the algorithm, the issuer's name, and every extension but those of the single certificate. `ca.lint` asks them
once for each combination of these bytes.
"""

from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from ca import qc_statements
from ca.lint_facts import Facts, Rule, oid_der
from ca.profiles import KEY_USAGES, Profile
from hsm.algorithms import algorithms_of, identifier, spec_of

_USAGES: Final = dict(
    zip(
        KEY_USAGES,
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        strict=True,
    )
)
_CRITICAL: Final = frozenset({ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS})


def _algorithm(facts: Facts) -> str | None:
    allowed = {facts.issuer.algorithm} if facts.issuer else algorithms_of(spec_of(facts.key))
    if facts.algorithm not in map(identifier, allowed):
        return "the algorithm inside is not the issuer's"
    return None if facts.outer_algorithm == facts.algorithm else "the algorithm outside is not the one inside"


def _issuer(facts: Facts) -> str | None:
    if (facts.issuer is None) != (not facts.profile.issuers):
        return "the profile does not fit a certificate that signs itself, or one that does not"
    if facts.issuer is not None and facts.issuer.name not in facts.profile.issuers:
        return f"the profile is not issued by {facts.issuer.name!r}"
    expected = facts.issuer.certificate.subject if facts.issuer else facts.certificate.subject
    return None if facts.issuer_name == expected.public_bytes() else "the issuer is not named as in its certificate"


def _extension_set(facts: Facts) -> str | None:
    expected = expected_extensions(facts.profile, self_signed=facts.issuer is None)
    by_der = {oid_der(oid): oid for oid in expected}
    if missing := [oid.dotted_string for der, oid in by_der.items() if der not in facts.extensions]:
        return f"missing: {', '.join(sorted(missing))}"
    if len(facts.extensions) > len(by_der):
        return "there are extensions that are not of the profile"
    return None


def _criticality(facts: Facts) -> str | None:
    for extension in facts.certificate.extensions:
        expected = extension.oid in _CRITICAL or (
            extension.oid == ExtensionOID.EXTENDED_KEY_USAGE and facts.profile.extended_key_usage_critical
        )
        if extension.critical != expected:
            return f"{extension.oid.dotted_string} must {'' if expected else 'not '}be critical"
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
    return None if all(url.startswith("http://") for _, url in expected) else "an address is not plain http"


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


SHARED_RULES: Final[tuple[Rule, ...]] = (
    ("algorithm", "RFC 5280 §4.1.1.2", _algorithm),
    ("issuer", "RFC 5280 §4.1.2.4", _issuer),
    ("extension.set", "docs/spec/profiles.md", _extension_set),
    ("extension.critical", "RFC 5280 §4.2.1", _criticality),
    ("basic-constraints", "RFC 5280 §4.2.1.9", _constraints),
    ("key-usage", "RFC 5280 §4.2.1.3, ETSI EN 319 412-2 §4.3.2", _key_usage),
    ("extended-key-usage", "RFC 5280 §4.2.1.12, RFC 3161 §2.3, RFC 6960 §4.2.2.2", _extended_key_usage),
    ("authority-key", "RFC 5280 §4.2.1.1", _authority_key),
    ("access", "RFC 5280 §4.2.2.1, ETSI EN 319 412-2 §4.4.1", _access),
    ("crl", "RFC 5280 §4.2.1.13, ETSI EN 319 412-2 §4.3.11", _crl),
    ("policies", "RFC 5280 §4.2.1.4, ETSI EN 319 412-2 §4.3.3", _policies),
    ("qc-statements", "ETSI EN 319 412-5 §4", _qc),
)
