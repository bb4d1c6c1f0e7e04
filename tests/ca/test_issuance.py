"""Planning, drafting and signing: what is recorded is what is signed, and only the issuer's key signs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ca import lint
from ca.ceremony import CeremonyPlan
from ca.crl import crl_draft
from ca.der import children, wrap
from ca.errors import IntentError, LintError, ProfileError
from ca.issuance import Objection, draft, plan, plan_root, sign_intent, sign_tbs, signed_parts
from ca.issuer import Issuer
from ca.keys import public_key_of
from ca.profiles import PROFILES, ROOT, SEAL
from ca.subjects import LegalPerson, ServiceName, common_name
from hsm.algorithms import algorithms_of, default_algorithm, identifier
from hsm.signer import KeySpec, SignatureAlgorithm
from tests.support.keys import LyingSigner, MemorySigner, make_key
from tests.support.pki import (
    AUTHORITY,
    ENTERPRISE,
    NOW,
    USCC,
    Pki,
    info_of,
    make_pki,
    mapping,
    shared_pki,
)

PKI = shared_pki()
SEAL_CA = PKI.authority.issuer("seal")


def seal_signer() -> MemorySigner:
    return MemorySigner(PKI.store.resident["vermilion-seal-g1"])


def signed(tbs: bytes) -> bytes:
    return sign_intent(tbs, signer=seal_signer(), algorithm=SEAL_CA.algorithm, issuer_public_key=SEAL_CA.public_key)


def test_the_certificate_holds_exactly_the_recorded_bytes() -> None:
    drafted = draft(PKI.plan(), lint=lint.check)
    der = signed(drafted.tbs)
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.tbs_certificate_bytes == drafted.tbs == drafted.certificate.tbs_certificate_bytes
    assert drafted.tbs_sha256 == hashes_sha256(drafted.tbs)
    certificate.verify_directly_issued_by(SEAL_CA.certificate)
    assert signed_parts(der) == (drafted.tbs, certificate.signature)


def hashes_sha256(data: bytes) -> bytes:
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(data)
    return hasher.finalize()


def test_a_seal_certificate_says_what_the_register_says_and_no_more() -> None:
    certificate, ref = PKI.issue()
    attributes = [(attribute.oid, attribute.value) for attribute in certificate.subject]
    assert attributes == [
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, ENTERPRISE),
        (NameOID.ORGANIZATION_IDENTIFIER, f"NTRCN-{USCC}"),
        (NameOID.COMMON_NAME, f"{ENTERPRISE} 合同专用章"),
    ]
    assert certificate.not_valid_before_utc == NOW
    assert certificate.not_valid_after_utc == NOW + timedelta(days=365, seconds=-1)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.content_commitment
    assert not usage.value.digital_signature
    assert {extension.oid for extension in certificate.extensions} == lint.expected_extensions(SEAL, self_signed=False)
    assert certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == ref.spki


def test_a_draft_is_not_signed_by_the_issuer() -> None:
    before = dict(PKI.store.signed)
    drafted = draft(PKI.plan(), lint=lint.check)
    assert PKI.store.signed == before
    with pytest.raises(Exception, match=r"^$"):  # InvalidSignature has no text
        drafted.certificate.verify_directly_issued_by(SEAL_CA.certificate)


def test_a_lint_objection_stops_the_draft() -> None:
    objection = Objection(rule="always", clause="nowhere", text="no")
    with pytest.raises(LintError, match=r"always: no \(nowhere\)"):
        draft(PKI.plan(), lint=lambda *_: [objection])


def test_a_key_that_is_not_the_issuers_is_not_used() -> None:
    stranger = MemorySigner(make_key(KeySpec.EC_P384))
    with pytest.raises(IntentError, match="not that of the issuer"):
        sign_intent(
            draft(PKI.plan(), lint=lint.check).tbs,
            signer=stranger,
            algorithm=SEAL_CA.algorithm,
            issuer_public_key=SEAL_CA.public_key,
        )


def test_a_signature_by_a_swapped_key_is_discarded() -> None:
    liar = LyingSigner(shown=seal_signer(), used=MemorySigner(make_key(KeySpec.EC_P384)))
    with pytest.raises(IntentError, match="discarded"):
        sign_intent(
            draft(PKI.plan(), lint=lint.check).tbs,
            signer=liar,
            algorithm=SEAL_CA.algorithm,
            issuer_public_key=SEAL_CA.public_key,
        )


def test_an_algorithm_that_is_not_in_the_recorded_bytes_is_refused() -> None:
    with pytest.raises(IntentError, match="do not name ecdsa-sha256"):
        sign_intent(
            draft(PKI.plan(), lint=lint.check).tbs,
            signer=seal_signer(),
            algorithm=SignatureAlgorithm.ECDSA_SHA256,
            issuer_public_key=SEAL_CA.public_key,
        )


@pytest.mark.parametrize("tbs", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"no DER at all", b"\x30\x81\x01\x00"])
def test_bytes_that_are_no_tbs_are_never_signed(tbs: bytes) -> None:
    with pytest.raises(IntentError):
        signed(tbs)


def seal_signer_uses() -> int:
    return PKI.store.signed.get("vermilion-seal-g1", 0)


def signed_by_store(tbs: bytes) -> bytes:
    with PKI.store.lease(PKI.authority.key("seal")) as signer:
        return sign_intent(tbs, signer=signer, algorithm=SEAL_CA.algorithm, issuer_public_key=SEAL_CA.public_key)


def test_a_crl_is_not_signed_as_a_certificate() -> None:
    before = seal_signer_uses()
    with pytest.raises(IntentError):
        signed_by_store(crl_draft(SEAL_CA, [], number=1, now=NOW, fresh_for=timedelta(days=1)).tbs)
    assert seal_signer_uses() == before


def test_bytes_that_are_read_back_otherwise_are_refused() -> None:
    tbs = draft(PKI.plan(), lint=lint.check).tbs
    with pytest.raises(IntentError, match="does not hold"):
        sign_tbs(
            tbs,
            signer=seal_signer(),
            algorithm=SEAL_CA.algorithm,
            issuer_public_key=SEAL_CA.public_key,
            fields_before=2,
            read=lambda der: der,
        )


def test_a_field_that_no_certificate_can_hold_is_refused() -> None:
    with pytest.raises(ProfileError, match="cannot be encoded"):
        draft(replace(PKI.plan(), algorithm=SignatureAlgorithm.ED25519), lint=lint.check)


def test_a_certificate_that_says_it_is_no_ca_cannot_issue() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = ServiceName(organization=AUTHORITY, common_name="no CA").name()
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), 5, NOW.replace(tzinfo=None), NOW.replace(tzinfo=None)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    with pytest.raises(ProfileError, match="not a CA's"):
        Issuer.of("x", builder.sign(key, hashes.SHA256()), ca_url="", crl_url="", ocsp_url="")


def test_a_structure_that_is_no_certificate_is_not_handed_out() -> None:
    tbs = wrap(0x30, b"\x02\x01\x01", b"\x02\x01\x01", identifier(SEAL_CA.algorithm))
    before = seal_signer_uses()
    with pytest.raises(IntentError, match="not of this kind"):
        signed_by_store(tbs)
    assert seal_signer_uses() == before
    with pytest.raises(IntentError, match="not a signed structure"):
        signed_parts(tbs[:-1])


@pytest.mark.parametrize("spec", [spec for spec in KeySpec if spec is not KeySpec.RSA_4096])
def test_every_algorithm_of_every_kind_of_ca_key_issues_and_lists(spec: KeySpec) -> None:
    for algorithm in sorted(algorithms_of(spec)):
        file = mapping(ca=spec)
        for name in ("root", "licence", "seal", "service"):
            file["entities"][name]["algorithm"] = algorithm.value
        pki = make_pki(file)
        certificate, _ = pki.issue()
        certificate.verify_directly_issued_by(pki.authority.certificate("seal"))
        crl = x509.load_der_x509_crl(pki.crl("seal"))
        assert crl.is_signature_valid(pki.authority.issuer("seal").public_key) or "pss" in algorithm
        assert children(crl.public_bytes(Encoding.DER))[1] == identifier(algorithm)


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.EC_P384, KeySpec.RSA_3072, KeySpec.ED25519])
def test_every_kind_of_leaf_key_can_be_certified(spec: KeySpec) -> None:
    certificate, ref = PKI.issue(spec=spec)
    assert certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == ref.spki


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"serial": 0}, "serial"),
        ({"serial": -5}, "serial"),
        ({"serial": 1 << 159}, "serial"),
        ({"not_before": datetime(2026, 7, 1)}, "time zone"),  # noqa: DTZ001 - that is what is refused
        ({"not_before": NOW.replace(microsecond=1)}, "whole second"),
        ({"valid_for": timedelta(days=1095, seconds=1)}, "not within"),
        ({"valid_for": timedelta(seconds=59)}, "not within"),
        ({"valid_for": timedelta(days=1, microseconds=1)}, "whole second"),
        ({"not_before": NOW - timedelta(seconds=1)}, "before its issuer"),
        ({"not_before": NOW + timedelta(days=3652)}, "outlive"),
        ({"info": None}, "SealInfo"),
        ({"info": info_of("licence")}, "LicenceInfo"),
    ],
)
def test_a_plan_outside_the_profile_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        PKI.plan(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": (1 << 159) - 1},
        {"valid_for": timedelta(days=1095)},
        {"valid_for": timedelta(minutes=1)},
        {"not_before": NOW.astimezone(timezone(timedelta(hours=8)))},
        {"not_before": NOW + timedelta(days=3653 - 365)},
    ],
)
def test_a_plan_at_the_limit_is_made_and_lints_clean(change: dict[str, Any]) -> None:
    planned = PKI.plan(**change)
    certificate = PKI.sign(planned)
    assert certificate.not_valid_before_utc == planned.not_before.astimezone(UTC)


def test_a_profile_is_issued_by_its_own_ca_only() -> None:
    with pytest.raises(ProfileError, match="'seal' is not issued by 'licence'"):
        PKI.plan("seal", issuer="licence")


def test_a_profile_that_names_no_seal_carries_no_seal_info() -> None:
    with pytest.raises(ProfileError, match="carries no SealInfo"):
        PKI.plan("timestamp", info=info_of("seal"))


def test_a_key_kind_outside_the_profile_is_refused() -> None:
    key = make_key(KeySpec.ED25519).public_key()
    with pytest.raises(ProfileError, match="takes no key of kind ed25519"):
        PKI.plan("timestamp", info=None, public_key=key, issuer="service")


def test_only_the_root_profile_signs_itself_and_only_with_an_algorithm_of_its_key() -> None:
    key = make_key(KeySpec.EC_P384).public_key()
    subject = ServiceName(organization=AUTHORITY, common_name="Root").name()
    arguments: dict[str, Any] = {"subject": subject, "public_key": key, "serial": 1 << 100, "not_before": NOW}
    for profile, algorithm in [
        (PROFILES["issuing-ca"], SignatureAlgorithm.ECDSA_SHA384),
        (ROOT, SignatureAlgorithm.ED25519),
    ]:
        with pytest.raises(ProfileError, match="does not sign itself"):
            plan_root(profile, algorithm=algorithm, **arguments)
    with pytest.raises(ProfileError, match="after 1950"):
        plan_root(
            ROOT, algorithm=SignatureAlgorithm.ECDSA_SHA384, **(arguments | {"not_before": NOW.replace(year=1949)})
        )
    with pytest.raises(ProfileError, match="not issued by"):
        plan(ROOT, issuer=PKI.authority.issuer("root"), **arguments)


@pytest.mark.parametrize(
    ("organization", "message"),
    [
        ("", "empty"),
        (" 有限公司", "blanks"),
        ("司" * 65, "65 characters"),
        ("有限\u202e公司", r"U\+202E"),
        ("有限\n公司", r"U\+000A"),
    ],
)
def test_a_name_that_a_certificate_cannot_show_is_refused(organization: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        LegalPerson(organization=organization, uscc=USCC, common_name="x").name()


def test_a_name_of_64_characters_is_taken_whole_and_its_common_name_is_shortened() -> None:
    name = "司" * 64
    subject = LegalPerson(organization=name, uscc=USCC, common_name=common_name(name, "合同专用章")).name()
    certificate = PKI.sign(PKI.plan(subject=subject))
    shown = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == name
    assert shown == f"{'司' * 15}… 合同专用章"
    assert len(shown.encode()) <= 64


def test_a_common_name_is_shortened_only_when_it_must_be() -> None:
    assert common_name("司" * 16, "合同专用章") == f"{'司' * 16} 合同专用章"  # 64 octets
    assert common_name("司" * 17, "合同专用章") == f"{'司' * 15}… 合同专用章"
    assert common_name("A" * 64) == "A" * 64
    assert common_name("A" * 65) == "A" * 61 + "…"
    with pytest.raises(ProfileError, match="66 octets"):
        LegalPerson(organization=ENTERPRISE, uscc=USCC, common_name="司" * 22).name()


@pytest.mark.parametrize(
    "uscc", ["91330106MA2CFLDG4r", "91330106MA2CFLDG4", "", "91330106MA2CFLDG4I", "９1330106MA2CFLDG4R"]
)
def test_a_subject_without_a_credit_code_is_refused(uscc: str) -> None:
    with pytest.raises(ProfileError, match="credit code"):
        LegalPerson(organization=ENTERPRISE, uscc=uscc, common_name="x").name()


def csr(key: object, *, subject: str = "attacker") -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]  # any kind of key


def test_a_request_contributes_its_key_and_nothing_else() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = csr(key)
    for encoding in (Encoding.DER, Encoding.PEM):
        assert public_key_of(request.public_bytes(encoding)) == key.public_key()
    certificate = PKI.sign(PKI.plan(public_key=public_key_of(request.public_bytes(Encoding.DER))))
    assert "attacker" not in certificate.subject.rfc4514_string()
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.BasicConstraints)


def test_a_request_whose_proof_of_possession_is_wrong_is_refused() -> None:
    request = bytearray(csr(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER))
    place = bytes(request).index(b"attacker")
    request[place] ^= 1
    with pytest.raises(ProfileError, match="not signed by its own key"):
        public_key_of(bytes(request))


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        rsa.generate_private_key(3, 3072),
        dsa.generate_private_key(2048),
    ],
    ids=["P-521", "RSA-2048", "RSA exponent 3", "DSA"],
)
def test_a_request_with_a_key_that_we_do_not_use_is_refused(key: object) -> None:
    with pytest.raises(ProfileError, match=r"key must be|exponent"):
        public_key_of(csr(key).public_bytes(Encoding.DER))


@pytest.mark.parametrize("junk", [b"", b"-----BEGIN", b"\x30\x03\x02\x01\x00", b"\x00" * 16_384, b"\x00" * 16_385])
def test_bytes_that_are_no_request_are_refused(junk: bytes) -> None:
    with pytest.raises(ProfileError):
        public_key_of(junk)


def test_an_end_entity_cannot_be_made_an_issuer() -> None:
    seal, _ = PKI.issue()
    urls: dict[str, Any] = {
        "ca_url": "http://a.example/a",
        "crl_url": "http://a.example/b",
        "ocsp_url": "http://a.example/c",
    }
    with pytest.raises(ProfileError, match="cannot issue"):
        Issuer.of("seal", seal, **urls)
    with pytest.raises(ProfileError, match="cannot issue"):
        Issuer.of("seal", SEAL_CA.certificate, algorithm=SignatureAlgorithm.ED25519, **urls)


def test_policies_and_qc_statements_of_the_ceremony_file_reach_the_certificate() -> None:
    file = mapping()
    file["policies"] = {"seal": ["1.2.156.1.2.3"]}
    file["qc_statements"] = {"seal": {"eseal": True, "device": True, "disclosures": {"en": "https://a.example/pds"}}}
    pki: Pki = make_pki(file)
    certificate, _ = pki.issue()
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [one.policy_identifier.dotted_string for one in policies] == ["1.2.156.1.2.3"]
    statements = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"))
    assert isinstance(statements.value, x509.UnrecognizedExtension)
    assert b"https://a.example/pds" in statements.value.value
    assert CeremonyPlan.of(file).qc_statements["seal"] == statements.value.value


def test_the_same_plan_gives_the_same_bytes_whatever_key_drafts_it() -> None:
    planned = PKI.plan()
    assert draft(planned, lint=lint.check).tbs == draft(replace(planned), lint=lint.check).tbs
    assert planned.algorithm is default_algorithm(SEAL_CA.spec)
