"""Each lint rule fires on a certificate that breaks it, and stays silent on one that does not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID

from ca import lint
from ca.der import children, unwrap, wrap
from ca.issuance import Plan, draft
from ca.profiles import PROFILES, Profile
from hsm.algorithms import identifier
from hsm.signer import KeySpec, SignatureAlgorithm
from tests.support.keys import make_key
from tests.support.pki import ENTERPRISE, NOW, USCC, shared_pki

PKI = shared_pki()
SEAL = PROFILES["seal"]
SEAL_CA = PKI.authority.issuer("seal")


def unlinted(planned: Plan) -> x509.Certificate:
    return draft(planned, lint=lambda *_: []).certificate


def rules(certificate: x509.Certificate, profile: Profile = SEAL) -> set[str]:
    return {objection.rule for objection in lint.check(certificate, profile, SEAL_CA)}


def with_extension(planned: Plan, value: x509.ExtensionType, *, critical: bool = False) -> Plan:
    """Replace the extension of this kind, or add it."""
    kept = tuple(one for one in planned.extensions if one[0].oid != value.oid)
    return replace(planned, extensions=(*kept, (value, critical)))


def without(planned: Plan, oid: x509.ObjectIdentifier) -> Plan:
    return replace(planned, extensions=tuple(one for one in planned.extensions if one[0].oid != oid))


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])


C, O, I, N = (  # noqa: E741 - the letters of the attributes
    (NameOID.COUNTRY_NAME, "CN"),
    (NameOID.ORGANIZATION_NAME, ENTERPRISE),
    (NameOID.ORGANIZATION_IDENTIFIER, f"NTRCN-{USCC}"),
    (NameOID.COMMON_NAME, "示范"),
)
PLAN = PKI.plan()


def usage(**bits: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**(dict.fromkeys(names.split(), False) | bits))


def url(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def access(*places: tuple[x509.ObjectIdentifier, str]) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, url(text)) for method, text in places])


def points(*texts: str, **other: Any) -> x509.CRLDistributionPoints:
    full = {"relative_name": None, "reasons": None, "crl_issuer": None} | other
    return x509.CRLDistributionPoints([x509.DistributionPoint(full_name=[url(text) for text in texts], **full)])


def info(der: bytes) -> x509.UnrecognizedExtension:
    assert SEAL.info is not None
    return x509.UnrecognizedExtension(SEAL.info, der)


CA_ISSUERS, OCSP = AuthorityInformationAccessOID.CA_ISSUERS, AuthorityInformationAccessOID.OCSP
SEAL_INFO = info(b"\x30\x00")
PLANNED: list[tuple[str, str, Plan]] = [  # rule, what is wrong, plan
    ("serial", "only 64 bits", replace(PLAN, serial=(1 << 64) - 1)),
    ("serial", "zero bits set", replace(PLAN, serial=1)),
    ("algorithm", "another digest", replace(PLAN, algorithm=SignatureAlgorithm.ECDSA_SHA256)),
    ("issuer", "another name", replace(PLAN, issuer_name=PKI.authority.certificate("licence").subject)),
    ("validity", "ends before it begins", replace(PLAN, not_before=NOW + timedelta(2), not_after=NOW + timedelta(2))),
    ("validity", "a second too long", replace(PLAN, not_after=NOW + SEAL.max_validity)),
    ("validity", "before its issuer", replace(PLAN, not_before=NOW - timedelta(seconds=1))),
    ("validity", "after its issuer", replace(PLAN, not_before=NOW + timedelta(3650), not_after=NOW + timedelta(3654))),
    ("subject", "no organizationIdentifier", replace(PLAN, subject=name(C, O, N))),
    ("subject", "another order", replace(PLAN, subject=name(C, N, O, I))),
    ("subject", "an attribute twice", replace(PLAN, subject=name(C, O, I, N, N))),
    ("subject", "an attribute too many", replace(PLAN, subject=name(C, O, I, N, (NameOID.LOCALITY_NAME, "x")))),
    ("subject", "65 characters", replace(PLAN, subject=name(C, (O[0], "司" * 65), I, N))),
    (
        "subject",
        "two values in one RDN",
        replace(
            PLAN,
            subject=x509.Name(
                [
                    x509.RelativeDistinguishedName([x509.NameAttribute(*C), x509.NameAttribute(*O)]),
                    *(x509.RelativeDistinguishedName([x509.NameAttribute(*one)]) for one in (I, N)),
                ]
            ),
        ),
    ),
    ("subject.strings", "another country", replace(PLAN, subject=name((C[0], "DE"), O, I, N))),
    ("subject.organization-identifier", "VAT", replace(PLAN, subject=name(C, O, (I[0], f"VATCN-{USCC}"), N))),
    ("subject.organization-identifier", "short", replace(PLAN, subject=name(C, O, (I[0], f"NTRCN-{USCC[:-1]}"), N))),
    ("key", "P-256 under a TSA of Ed25519 only", replace(PLAN, public_key=make_key(KeySpec.EC_P256).public_key())),
    ("extension.set", "no CRL address", without(PLAN, ExtensionOID.CRL_DISTRIBUTION_POINTS)),
    ("extension.set", "no AIA", without(PLAN, ExtensionOID.AUTHORITY_INFORMATION_ACCESS)),
    ("extension.set", "no policies", without(PLAN, ExtensionOID.CERTIFICATE_POLICIES)),
    ("extension.set", "no key usage", without(PLAN, ExtensionOID.KEY_USAGE)),
    ("extension.set", "an alternative name", with_extension(PLAN, x509.SubjectAlternativeName([x509.DNSName("a.cn")]))),
    ("extension.critical", "key usage not critical", with_extension(PLAN, usage(content_commitment=True))),
    (
        "extension.critical",
        "policies critical",
        with_extension(
            PLAN,
            x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in SEAL.policies]),
            critical=True,
        ),
    ),
    ("basic-constraints", "a CA", with_extension(PLAN, x509.BasicConstraints(ca=True, path_length=0), critical=True)),
    ("key-usage", "none", without(PLAN, ExtensionOID.KEY_USAGE)),
    (
        "key-usage",
        "a second bit",
        with_extension(PLAN, usage(content_commitment=True, digital_signature=True), critical=True),
    ),
    (
        "key-usage",
        "agreement",
        with_extension(PLAN, usage(content_commitment=True, key_agreement=True, decipher_only=True), critical=True),
    ),
    ("extended-key-usage", "any", with_extension(PLAN, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]))),
    ("subject-key", "of another key", with_extension(PLAN, x509.SubjectKeyIdentifier(b"\x00" * 20))),
    ("authority-key", "another", with_extension(PLAN, x509.AuthorityKeyIdentifier(b"\x00" * 20, None, None))),
    (
        "authority-key",
        "with issuer and serial",
        with_extension(
            PLAN,
            x509.AuthorityKeyIdentifier(
                SEAL_CA.key_identifier,
                [x509.DirectoryName(SEAL_CA.certificate.issuer)],
                SEAL_CA.certificate.serial_number,
            ),
        ),
    ),
    ("access", "no OCSP", with_extension(PLAN, access((CA_ISSUERS, SEAL_CA.ca_url)))),
    ("access", "elsewhere", with_extension(PLAN, access((CA_ISSUERS, SEAL_CA.ca_url), (OCSP, "http://a.cn/ocsp")))),
    ("crl", "elsewhere", with_extension(PLAN, points("http://a.cn/a.crl"))),
    ("crl", "two addresses", with_extension(PLAN, points(SEAL_CA.crl_url, "http://a.cn/a.crl"))),
    (
        "crl",
        "some reasons only",
        with_extension(PLAN, points(SEAL_CA.crl_url, reasons=frozenset({x509.ReasonFlags.key_compromise}))),
    ),
    (
        "policies",
        "another",
        with_extension(PLAN, x509.CertificatePolicies([x509.PolicyInformation(SEAL.policies[0], None)])),
    ),
    (
        "policies",
        "a qualifier",
        with_extension(
            PLAN, x509.CertificatePolicies([x509.PolicyInformation(oid, ["http://a.cn"]) for oid in SEAL.policies])
        ),
    ),
    ("info", "not DER", with_extension(PLAN, info(b"\x30"))),
    ("info", "empty", with_extension(PLAN, SEAL_INFO)),
    ("info", "13 digits", with_extension(PLAN, info(bytes.fromhex("3011 0c00 130d") + b"3301060000000"))),
]


def test_a_planned_certificate_breaks_no_rule() -> None:
    assert lint.check(unlinted(PLAN), SEAL, SEAL_CA) == []


@pytest.mark.parametrize(("rule", "why", "planned"), PLANNED[:], ids=[f"{rule}: {why}" for rule, why, _ in PLANNED])
def test_a_rule_fires(rule: str, why: str, planned: Plan) -> None:
    profile = replace(SEAL, keys=frozenset({KeySpec.ED25519})) if rule == "key" else SEAL
    assert rule in rules(unlinted(planned), profile)


def rewrapped(certificate: x509.Certificate, change: Callable[[list[bytes]], list[bytes]], **outer: bytes) -> bytes:
    """Rebuild the certificate with changed fields of the TBS; the signature is wrong, which lint does not look at."""
    tbs, algorithm, signature = children(certificate.public_bytes(Encoding.DER))
    return wrap(0x30, wrap(0x30, *change(children(tbs))), outer.get("algorithm", algorithm), signature)


def field(number: int, value: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda fields: [*fields[:number], value, *fields[number + 1 :]]


def subject_with(tags: dict[int, int]) -> bytes:
    """The planned subject with other string types, by place."""
    rdns = children(PLAN.subject.public_bytes())
    for place, tag in tags.items():
        oid, text = children(children(rdns[place])[0])
        rdns[place] = wrap(0x31, wrap(0x30, oid, wrap(tag, unwrap(text)[1])))
    return wrap(0x30, *rdns)


def times(begin: bytes, end: bytes, tag: int = 0x17) -> bytes:
    return wrap(0x30, wrap(tag, begin), wrap(tag, end))


@pytest.mark.parametrize(
    ("rule", "number", "value"),
    [
        ("serial", 1, wrap(0x02, b"\x00" + b"\xff" * 20)),  # 21 octets
        ("subject.strings", 5, subject_with({0: 0x0C})),
        ("subject.strings", 5, subject_with({2: 0x13})),
        ("validity.form", 4, times(b"20260601080000Z", b"20270601075959Z", 0x18)),  # UTCTime until 2049
    ],
)
def test_a_rule_fires_on_bytes_that_no_builder_makes(rule: str, number: int, value: bytes) -> None:
    certificate = x509.load_der_x509_certificate(rewrapped(unlinted(PLAN), field(number, value)))
    assert rule in rules(certificate)


def test_a_time_from_2050_on_is_written_as_generalized_time() -> None:
    late = times(b"20500101000000Z", b"20510101000000Z", 0x18)
    found = rules(x509.load_der_x509_certificate(rewrapped(unlinted(PLAN), field(4, late))))
    assert "validity.form" not in found
    assert "validity" in found  # its issuer ends before


def test_a_common_name_of_65_octets_is_objected_to() -> None:
    rdns = children(PLAN.subject.public_bytes())
    rdns[3] = wrap(0x31, wrap(0x30, children(children(rdns[3])[0])[0], wrap(0x0C, ("司" * 21 + "AB").encode())))
    certificate = x509.load_der_x509_certificate(rewrapped(unlinted(PLAN), field(5, wrap(0x30, *rdns))))
    assert rules(certificate) == {"subject"}


@pytest.mark.parametrize("end", [b"270601080000+0800", b"2706010800Z"], ids=["an offset", "no seconds"])
def test_a_time_in_another_form_does_not_reach_the_lint(end: bytes) -> None:
    der = rewrapped(unlinted(PLAN), field(4, times(b"260601080000Z", end)))
    with pytest.raises(ValueError, match="error parsing"):
        x509.load_der_x509_certificate(der)


def test_a_negative_serial_number_is_objected_to() -> None:
    der = rewrapped(unlinted(PLAN), field(1, wrap(0x02, b"\xff" + b"\x01" * 16)))
    with pytest.warns(UserWarning, match="serial number"):
        certificate = x509.load_der_x509_certificate(der)
    assert "serial" in rules(certificate)


def test_an_algorithm_outside_that_is_not_the_one_inside_is_objected_to() -> None:
    der = rewrapped(unlinted(PLAN), lambda fields: fields, algorithm=identifier(SignatureAlgorithm.ECDSA_SHA512))
    assert "algorithm" in rules(x509.load_der_x509_certificate(der))


def test_an_extension_twice_is_objected_to() -> None:
    def twice(fields: list[bytes]) -> list[bytes]:
        extensions = children(children(fields[7])[0])
        return [*fields[:7], wrap(0xA3, wrap(0x30, *extensions, extensions[0]))]

    assert rules(x509.load_der_x509_certificate(rewrapped(unlinted(PLAN), twice))) == {"extension.twice"}


def test_a_certificate_without_extensions_is_objected_to() -> None:
    der = rewrapped(unlinted(PLAN), lambda fields: fields[:7])
    assert rules(x509.load_der_x509_certificate(der)) == {"certificate.form"}


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP521R1()), rsa.generate_private_key(65537, 2048), rsa.generate_private_key(3, 3072)],
    ids=["P-521", "RSA-2048", "exponent 3"],
)
def test_a_key_that_we_do_not_use_is_objected_to(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    assert rules(unlinted(replace(PLAN, public_key=key.public_key()))) == {"key.kind"}


def test_licence_info_must_be_of_the_enterprise_in_the_subject() -> None:
    other = PKI.plan("licence", subject=name(C, O, (I[0], "NTRCN-91330106MA2CFLDG5R"), N))
    found = lint.check(unlinted(other), PROFILES["licence"], PKI.authority.issuer("licence"))
    assert {objection.rule for objection in found} == {"info"}


def test_addresses_must_be_plain_http() -> None:
    issuer = replace(SEAL_CA, ca_url="https://a.cn/c", ocsp_url="https://a.cn/o", crl_url="https://a.cn/l")
    planned = with_extension(
        with_extension(PLAN, access((CA_ISSUERS, issuer.ca_url), (OCSP, issuer.ocsp_url))), points(issuer.crl_url)
    )
    found = lint.check(unlinted(planned), SEAL, issuer)
    assert {objection.rule for objection in found} == {"access", "crl"}


def test_qc_statements_that_the_profile_does_not_have_are_objected_to() -> None:
    planned = with_extension(PLAN, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), b"\x30\x00"))
    assert {"qc-statements", "extension.set"} <= rules(unlinted(planned))


def test_every_rule_cites_its_clause_and_is_fired_by_a_test_here() -> None:
    fired = {rule for rule, _, _ in PLANNED} | {"validity.form", "subject.strings", "qc-statements"}
    assert fired == {rule for rule, _, _ in lint.RULES}
    assert all(clause for _, clause, _ in lint.RULES)
    assert str(lint.check(unlinted(PLANNED[0][2]), SEAL, SEAL_CA)[0]).endswith("(RFC 5280 §4.1.2.2)")


@pytest.mark.parametrize("entity", [name for name in PKI.authority.entities if name != "root"])
def test_every_certificate_of_the_ceremony_is_clean_for_its_own_profile_and_for_no_other(entity: str) -> None:
    one = PKI.authority.entity(entity)
    issuer = PKI.authority.issuer(one.issuer)
    for profile in PROFILES.values():
        clean = lint.check(one.certificate, profile, issuer) == []
        assert clean == (profile.name == one.profile), profile.name
