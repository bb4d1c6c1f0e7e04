import pytest
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from hsm.algorithms import (
    algorithms_of,
    default_algorithm,
    digest_of,
    hash_of,
    identifier,
    load_public_key,
    require_fit,
    spec_of,
    spki_of,
    verify_digest,
    verify_signature,
)
from hsm.errors import MechanismError, WrongKeyError
from hsm.signer import KeySpec, SignatureAlgorithm
from tests.support.keys import make_key


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_an_identifier_is_der_and_names_the_algorithm(algorithm: SignatureAlgorithm) -> None:
    parsed = SignedDigestAlgorithm.load(identifier(algorithm), strict=True)
    assert parsed.dump(force=True) == identifier(algorithm)
    names = {"ecdsa": "ecdsa", "rsa-pkcs1": "rsassa_pkcs1v15", "rsa-pss": "rsassa_pss"}
    family, _, digest = algorithm.value.rpartition("-")
    assert parsed.signature_algo == names.get(family, "ed25519")
    if digest != "ed25519":
        assert parsed.hash_algo == digest


def builder_for(
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey,
) -> x509.CertificateSigningRequestBuilder:
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_an_identifier_is_the_one_that_cryptography_writes(algorithm: SignatureAlgorithm) -> None:
    spec = next(spec for spec in KeySpec if algorithm in algorithms_of(spec))
    key = make_key(spec)
    digest = None if algorithm is SignatureAlgorithm.ED25519 else hash_of(algorithm)
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size) if digest and "pss" in algorithm else None
    request = builder_for(key.public_key()).sign(key, digest, rsa_padding=pss)
    assert identifier(algorithm) in request.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("spec", KeySpec)
def test_the_default_algorithm_is_one_that_the_key_can_do(spec: KeySpec) -> None:
    assert default_algorithm(spec) in algorithms_of(spec)
    for algorithm in SignatureAlgorithm:
        if algorithm in algorithms_of(spec):
            require_fit(spec, algorithm)
        else:
            with pytest.raises(MechanismError):
                require_fit(spec, algorithm)


def test_every_algorithm_belongs_to_some_kind_of_key() -> None:
    assert set().union(*(algorithms_of(spec) for spec in KeySpec)) == set(SignatureAlgorithm)


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.EC_P384, KeySpec.RSA_3072, KeySpec.ED25519])
def test_a_public_key_is_read_back_as_its_kind(spec: KeySpec) -> None:
    public = make_key(spec).public_key()
    assert load_public_key(spki_of(public)) == public
    assert spec_of(public) is spec


def der(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_public_keys_of_other_kinds_are_refused() -> None:
    strangers = [
        b"",
        b"\x30\x00",
        spki_of(make_key(KeySpec.EC_P256).public_key())[:-1],
        der(ec.generate_private_key(ec.SECP521R1()).public_key()),
        der(rsa.generate_private_key(65537, 2048).public_key()),
        der(dsa.generate_private_key(2048).public_key()),
    ]
    for stranger in strangers:
        with pytest.raises(MechanismError):
            load_public_key(stranger)


def test_only_the_right_signature_verifies() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = SignatureAlgorithm.ECDSA_SHA256
    signature = key.sign(b"text", ec.ECDSA(hashes.SHA256()))
    verify_signature(key.public_key(), algorithm, signature, b"text")
    verify_digest(key.public_key(), algorithm, signature, digest_of(b"text", algorithm))
    for changed, message in ((signature, b"test"), (signature[:-1], b"text"), (b"", b"text")):
        with pytest.raises(WrongKeyError):
            verify_signature(key.public_key(), algorithm, changed, message)


def test_only_the_right_ed25519_signature_verifies() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    verify_signature(key.public_key(), SignatureAlgorithm.ED25519, key.sign(b"text"), b"text")
    with pytest.raises(WrongKeyError):
        verify_signature(key.public_key(), SignatureAlgorithm.ED25519, key.sign(b"text"), b"test")


def test_a_key_and_an_algorithm_that_do_not_fit_are_told_from_a_wrong_signature() -> None:
    with pytest.raises(MechanismError):
        verify_signature(make_key(KeySpec.EC_P256).public_key(), SignatureAlgorithm.RSA_PSS_SHA256, b"", b"")
    with pytest.raises(MechanismError):
        verify_signature(make_key(KeySpec.ED25519).public_key(), SignatureAlgorithm.ECDSA_SHA256, b"", b"")
    with pytest.raises(MechanismError):
        verify_signature(make_key(KeySpec.EC_P256).public_key(), SignatureAlgorithm.ED25519, b"", b"")
