"""The CMS that we build is what RFC 5652, RFC 5035 and OpenSSL say it is."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms as reference
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from hsm.signer import KeySpec, SignatureAlgorithm
from tests.support.keys import MemorySigner, make_key, rsa_key
from tests.support.pdf_judges import need
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS, SIGNATURE_DIGESTS, digest_algorithm
from verify.errors import EncodingError

CONTENT = b"the content"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
KEYS = {
    "ecdsa": KeySpec.EC_P256,
    "rsa": KeySpec.RSA_3072,
    "ed25519": KeySpec.ED25519,
}


def signer_of(algorithm: str) -> tuple[MemorySigner, x509.Certificate]:
    spec = KEYS[algorithm.partition("-")[0]]
    key = rsa_key(spec, 1) if spec is KeySpec.RSA_3072 else make_key(spec)
    ca = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=signer"))
        .issuer_name(x509.Name.from_rfc4514_string("CN=root"))
        .public_key(key.public_key())
        .serial_number(2**150 + 1)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=30))
        .sign(ca, hashes.SHA256())
    )
    return MemorySigner(key), certificate


def build(algorithm: str = "ecdsa-sha256", **changed: Any) -> tuple[bytes, x509.Certificate]:
    signer, certificate = signer_of(algorithm)
    digest_name = SIGNATURE_DIGESTS[algorithm]
    given: dict[str, Any] = {
        "content_type": cms.ID_DATA,
        "content": None,
        "message_digest": hashlib.new(digest_name, CONTENT).digest(),
        "digest_name": digest_name,
        "signer_certificate": certificate,
        "certificates": [certificate.public_bytes(Encoding.DER)],
        "signature_algorithm": SIGNATURE_ALGORITHMS[algorithm],
        "sign": lambda data: signer.sign(data, SignatureAlgorithm(algorithm)),
    }
    return cms.signed_data(**(given | changed)), certificate


assert tsp.SigningCertificateV2  # importing it teaches asn1crypto the attribute


def signer_info(der: bytes) -> reference.SignerInfo:
    return reference.ContentInfo.load(der, strict=True)["content"]["signer_infos"][0]


def attributes(der: bytes) -> dict[str, Any]:
    return {one["type"].dotted: one["values"] for one in signer_info(der)["signed_attrs"]}


@pytest.mark.judge
@pytest.mark.parametrize("algorithm", [name for name in SIGNATURE_ALGORITHMS if name != "ed25519"])
def test_openssl_verifies_a_detached_signature_of_every_algorithm(algorithm: str, tmp_path: Path) -> None:
    need("openssl")
    der, certificate = build(algorithm)
    (tmp_path / "x.p7s").write_bytes(der)
    (tmp_path / "x.bin").write_bytes(CONTENT)
    (tmp_path / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", "x.p7s", "-content", "x.bin", "-binary"]
    trust = ["-CAfile", "c.pem", "-purpose", "any", "-partial_chain", "-out", "out"]
    done = subprocess.run([*command, *trust], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "CAdES Verification successful" in done.stderr
    (tmp_path / "x.bin").write_bytes(CONTENT + b"!")
    done = subprocess.run([*command, *trust], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "successful" not in done.stderr


def test_ed25519_signs_the_attributes_themselves_with_sha512_as_digest() -> None:
    """RFC 8419 §2.3, §3.1; OpenSSL 3.0 cannot check Ed25519 over signed attributes ("invalid digest")."""
    der, certificate = build("ed25519")
    info = signer_info(der)
    assert info["digest_algorithm"]["algorithm"].native == "sha512"
    key = certificate.public_key()
    assert isinstance(key, ed25519.Ed25519PublicKey)
    key.verify(info["signature"].native, info["signed_attrs"].untag().dump())


def test_encoding_is_the_one_der_form() -> None:
    der, _ = build(signing_time=START)
    loaded = reference.ContentInfo.load(der, strict=True)
    assert loaded.native["content"]["version"] == "v1"
    assert reference.ContentInfo(loaded.native and {"content_type": "signed_data", "content": loaded["content"]}).dump(
        force=True
    ) == loaded.dump(force=True)
    encoded = [one.dump() for one in signer_info(der)["signed_attrs"]]
    assert encoded == sorted(encoded)


def test_signed_attributes_name_the_certificate_with_issuer_and_serial() -> None:
    der, certificate = build()
    found = attributes(der)["1.2.840.113549.1.9.16.2.47"][0]["certs"][0]
    assert found["cert_hash"].native == certificate.fingerprint(hashes.SHA256())
    assert found["hash_algorithm"]["algorithm"].native == "sha256"
    assert found["issuer_serial"]["serial_number"].native == certificate.serial_number
    assert found["issuer_serial"]["issuer"][0].chosen.untag().dump() == certificate.issuer.public_bytes()


def test_algorithms_are_protected_in_the_signed_attributes() -> None:
    der, _ = build()
    info = signer_info(der)
    found = attributes(der)["1.2.840.113549.1.9.52"][0]
    assert found["digest_algorithm"].native == info["digest_algorithm"].native
    assert found["signature_algorithm"].native == info["signature_algorithm"].native


def test_signing_certificate_attribute_can_be_left_out() -> None:
    der, _ = build(signing_certificate_v2=False)
    assert "1.2.840.113549.1.9.16.2.47" not in attributes(der)


@pytest.mark.parametrize(
    ("year", "kind"),
    [(2049, "utc_time"), (2050, "generalized_time")],
)
def test_signing_time_is_utc_time_until_2049_and_generalized_time_from_2050(year: int, kind: str) -> None:
    moment = datetime(year, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    der, _ = build(signing_time=moment)
    found = attributes(der)["1.2.840.113549.1.9.5"][0]
    assert (found.name, found.native) == (kind, moment.replace(microsecond=0))


def test_no_signing_time_is_put_in_unless_it_is_given() -> None:
    assert "1.2.840.113549.1.9.5" not in attributes(build()[0])


def test_content_that_is_not_data_makes_version_three_and_is_embedded() -> None:
    inner = b"\x30\x00"  # any DER will do
    der, _ = build(content_type=cms.ID_TST_INFO, content=inner)
    signed = reference.ContentInfo.load(der)["content"]
    assert signed["version"].native == "v3"
    assert signed["encap_content_info"]["content"].contents == inner


def test_no_certificates_are_embedded_when_none_are_given() -> None:
    der, _ = build(certificates=())
    assert len(reference.ContentInfo.load(der)["content"]["certificates"]) == 0


def test_certificates_are_a_set_in_der_order_without_repetitions() -> None:
    ders = [signer_of("ecdsa-sha256")[1].public_bytes(Encoding.DER) for _ in range(4)]
    der, _ = build(certificates=[*ders, ders[0]])
    embedded = [one.dump() for one in reference.ContentInfo.load(der)["content"]["certificates"]]
    assert embedded == sorted(ders)


def test_unsigned_attributes_are_made_from_the_signature() -> None:
    seen: list[bytes] = []

    def unsigned(signature: bytes) -> list[bytes]:
        seen.append(signature)
        return [cms.attribute(cms.SIGNATURE_TIMESTAMP, b"\x30\x00")]

    info = signer_info(build(unsigned_attributes=unsigned)[0])
    assert seen == [info["signature"].native]
    assert info["unsigned_attrs"][0]["type"].native == "signature_time_stamp_token"


def test_message_digest_may_be_of_another_size_than_the_curve() -> None:
    der, _ = build("ecdsa-sha512")
    assert signer_info(der)["digest_algorithm"].dump() == digest_algorithm("sha512")


@pytest.mark.parametrize(
    "changed",
    [
        {"message_digest": bytes(31)},
        {"message_digest": bytes(33)},
        {"digest_name": "sha1"},
        {"certificates": [b"not DER"]},
        {"certificates": [b"\x30\x00\x00"]},
        {"signature_algorithm": b""},
        {"unsigned_attributes": lambda _: [b"\x30"]},
    ],
    ids=["short", "long", "sha1", "garbage", "tail", "empty", "attribute"],
)
def test_what_cms_cannot_carry_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(EncodingError):
        build(**changed)


def test_a_template_serves_several_content_types_and_messages() -> None:
    signer, certificate = signer_of("ecdsa-sha256")
    template = cms.SignerTemplate(certificate, (), "sha256", SIGNATURE_ALGORITHMS["ecdsa-sha256"])
    for kind in (cms.ID_DATA, cms.ID_TST_INFO, cms.ID_DATA):
        der = template.signed_data(
            content_type=kind,
            content=None,
            message_digest=bytes(32),
            sign=lambda data: signer.sign(data, SignatureAlgorithm.ECDSA_SHA256),
        )
        assert attributes(der)["1.2.840.113549.1.9.3"][0].dotted == kind.dotted_string


def test_one_signer_is_encoded_once() -> None:
    signer, certificate = signer_of("ecdsa-sha256")
    given = (certificate, (certificate.public_bytes(Encoding.DER),), "sha256", SIGNATURE_ALGORITHMS["ecdsa-sha256"])
    assert cms._template(*given) is cms._template(*given)
    assert signer.public_key() == certificate.public_key()
