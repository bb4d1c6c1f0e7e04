"""Keys in a store under the builders of the cryptography package."""

import copy
import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from hsm.adapter import TokenPrivateKey, private_key_for
from hsm.errors import MechanismError
from hsm.signer import KeySpec, KeyStore, PublicKey, SignatureAlgorithm
from tests.hsm.test_contract import make
from tests.support.keys import make_key

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
SPECS = [KeySpec.EC_P256, KeySpec.EC_P384, KeySpec.RSA_3072, KeySpec.ED25519]
SHA256 = hashes.SHA256()
PSS = padding.PSS(padding.MGF1(SHA256), 32)


@dataclass
class RecordingSigner:
    """A signer that remembers how it was asked."""

    key: PublicKey
    asked: list[tuple[str, bytes, SignatureAlgorithm]] = field(default_factory=list)

    def public_key(self) -> PublicKey:
        return self.key

    @property
    def default_algorithm(self) -> SignatureAlgorithm:
        return SignatureAlgorithm.ECDSA_SHA256

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        self.asked.append(("message", message, algorithm))
        return b"signature"

    def sign_digest(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        self.asked.append(("digest", digest, algorithm))
        return b"signature"


def recording(spec: KeySpec) -> tuple[RecordingSigner, TokenPrivateKey]:
    signer = RecordingSigner(make_key(spec).public_key())
    return signer, private_key_for(signer)


@pytest.fixture(params=SPECS)
def key(request: pytest.FixtureRequest, store: KeyStore) -> Iterator[TokenPrivateKey]:
    ref = make(store, spec=request.param)
    with ExitStack() as stack:
        yield private_key_for(stack.enter_context(store.lease(ref)))
    store.delete(ref)


def digest_for(key: TokenPrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256


def certificate_by(key: TokenPrivateKey, pss: padding.PSS | None = None) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, digest_for(key), rsa_padding=pss)


def require_response(key: TokenPrivateKey, certificate: x509.Certificate) -> None:
    builder = ocsp.OCSPResponseBuilder().responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    good = ocsp.OCSPCertStatus.GOOD
    builder = builder.add_response(certificate, certificate, hashes.SHA256(), good, NOW, NOW, None, None)
    response = builder.sign(key, digest_for(key))
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(SHA256))
    elif isinstance(public, rsa.RSAPublicKey):
        public.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), SHA256)
    else:
        public.verify(response.signature, response.tbs_response_bytes)


def test_certificates_requests_revocation_lists_and_ocsp_responses_are_signed(key: TokenPrivateKey) -> None:
    certificate = certificate_by(key)
    certificate.verify_directly_issued_by(certificate)
    request = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, digest_for(key))
    assert request.is_signature_valid
    builder = x509.CertificateRevocationListBuilder().issuer_name(NAME)
    crl = builder.last_update(NOW).next_update(NOW + timedelta(days=1)).sign(key, digest_for(key))
    assert crl.is_signature_valid(key.public_key())
    require_response(key, certificate)


def test_a_certificate_is_signed_with_pss(store: KeyStore) -> None:
    ref = make(store, spec=KeySpec.RSA_3072, resident=False)
    with store.lease(ref) as signer:
        for salt in (32, padding.PSS.DIGEST_LENGTH):
            certificate = certificate_by(private_key_for(signer), padding.PSS(padding.MGF1(SHA256), salt))
            certificate.verify_directly_issued_by(certificate)
            assert isinstance(certificate.signature_algorithm_parameters, padding.PSS)


@pytest.mark.parametrize("spec", SPECS)
def test_each_class_can_be_made_so_that_a_new_abstract_method_is_noticed(spec: KeySpec) -> None:
    signer, key = recording(spec)
    assert key.public_key() is signer.key
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        assert key.key_size == key.public_key().key_size
    if isinstance(key, ec.EllipticCurvePrivateKey):
        assert key.curve == key.public_key().curve


@pytest.mark.parametrize("spec", SPECS)
def test_whatever_needs_the_private_key_itself_is_refused(spec: KeySpec) -> None:
    _, key = recording(spec)
    with pytest.raises(MechanismError):
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(MechanismError):
        pickle.dumps(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        with pytest.raises(MechanismError):
            key.exchange(ec.ECDH(), key.public_key())
    if isinstance(key, rsa.RSAPrivateKey):
        with pytest.raises(MechanismError):
            key.decrypt(b"", padding.PKCS1v15())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        with pytest.raises(MechanismError):
            key.private_bytes_raw()
    else:
        with pytest.raises(MechanismError):
            key.private_numbers()


@pytest.mark.parametrize(
    ("digest", "algorithm"),
    [
        (hashes.SHA256(), SignatureAlgorithm.ECDSA_SHA256),
        (hashes.SHA384(), SignatureAlgorithm.ECDSA_SHA384),
        (hashes.SHA512(), SignatureAlgorithm.ECDSA_SHA512),
    ],
)
def test_the_digest_chooses_the_ecdsa_algorithm(digest: hashes.HashAlgorithm, algorithm: SignatureAlgorithm) -> None:
    signer, key = recording(KeySpec.EC_P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    key.sign(b"data", ec.ECDSA(digest))
    key.sign(b"hashed", ec.ECDSA(utils.Prehashed(digest)))
    assert signer.asked == [("message", b"data", algorithm), ("digest", b"hashed", algorithm)]


@pytest.mark.parametrize("scheme", [padding.PKCS1v15(), PSS])
def test_the_padding_chooses_the_rsa_algorithm(scheme: padding.AsymmetricPadding) -> None:
    signer, key = recording(KeySpec.RSA_3072)
    assert isinstance(key, rsa.RSAPrivateKey)
    key.sign(b"data", scheme, SHA256)
    key.sign(b"hashed", scheme, utils.Prehashed(SHA256))
    name = "pss" if scheme is PSS else "pkcs1"
    algorithm = SignatureAlgorithm(f"rsa-{name}-sha256")
    assert signer.asked == [("message", b"data", algorithm), ("digest", b"hashed", algorithm)]


def test_digests_that_no_store_has_are_refused() -> None:
    signer, key = recording(KeySpec.EC_P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with pytest.raises(MechanismError):
        key.sign(b"data", ec.ECDSA(hashes.SHA3_256()))
    with pytest.raises(MechanismError):
        key.sign(b"data", object())  # type: ignore[arg-type]  # what a later version might pass
    assert not signer.asked


@pytest.mark.parametrize(
    ("scheme", "digest"),
    [
        (padding.PKCS1v15(), hashes.SHA3_256()),
        (padding.PKCS1v15(), utils.NoDigestInfo()),
        (PSS, utils.NoDigestInfo()),
        (PSS, hashes.SHA384()),
        (padding.PSS(padding.MGF1(SHA256), 20), SHA256),
        (padding.PSS(padding.MGF1(SHA256), padding.PSS.MAX_LENGTH), SHA256),
        (padding.PSS(padding.MGF1(hashes.SHA384()), 32), SHA256),
        (padding.OAEP(padding.MGF1(SHA256), SHA256, None), SHA256),
    ],
)
def test_paddings_that_no_store_has_are_refused(
    scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm | utils.NoDigestInfo
) -> None:
    signer, key = recording(KeySpec.RSA_3072)
    assert isinstance(key, rsa.RSAPrivateKey)
    with pytest.raises(MechanismError):
        key.sign(b"data", scheme, digest)
    assert not signer.asked
