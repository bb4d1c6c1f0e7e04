"""Tables from our key kinds and algorithms to those of PKCS#11, and the way back for public keys and signatures."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import MGF, Attribute, KeyType, ObjectClass
from pkcs11 import Mechanism as Mech

from hsm.algorithms import Scheme, hash_of, scheme_of
from hsm.errors import DeviceError
from hsm.layout import Mechanism, Template, TemplateDict
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm

KEY_WRAP_PAD: Final = Mechanism(Mech.AES_KEY_WRAP_PAD)  # RFC 5649
AES_KEY_GEN: Final = Mechanism(Mech.AES_KEY_GEN)

_EC_PARAMS: Final = {
    KeySpec.EC_P256: bytes.fromhex("06082a8648ce3d030107"),  # 1.2.840.10045.3.1.7, RFC 5480 §2.1.1.1
    KeySpec.EC_P384: bytes.fromhex("06052b81040022"),  # 1.3.132.0.34
    KeySpec.ED25519: bytes.fromhex(
        "130c656477617264733235353139"
    ),  # PrintableString "edwards25519", PKCS#11 v3 §2.3.10
}
_RSA_BITS: Final = {KeySpec.RSA_3072: 3072, KeySpec.RSA_4096: 4096}
_RSA_EXPONENT: Final = b"\x01\x00\x01"
_TYPES: Final = {
    KeySpec.EC_P256: (KeyType.EC, Mech.EC_KEY_PAIR_GEN),
    KeySpec.EC_P384: (KeyType.EC, Mech.EC_KEY_PAIR_GEN),
    KeySpec.RSA_3072: (KeyType.RSA, Mech.RSA_PKCS_KEY_PAIR_GEN),
    KeySpec.RSA_4096: (KeyType.RSA, Mech.RSA_PKCS_KEY_PAIR_GEN),
    KeySpec.ED25519: (KeyType.EC_EDWARDS, Mech.EC_EDWARDS_KEY_PAIR_GEN),
}
_DIGEST_MECHANISMS: Final = {
    "sha256": (Mech.SHA256, MGF.SHA256),
    "sha384": (Mech.SHA384, MGF.SHA384),
    "sha512": (Mech.SHA512, MGF.SHA512),
}
_DIGEST_INFO: Final = {  # DigestInfo up to the digest itself, RFC 8017 §9.2 note 1
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_COORDINATE_BYTES: Final = {KeySpec.EC_P256: 32, KeySpec.EC_P384: 48}
_OCTET_STRING: Final = 0x04
_ED25519_BYTES: Final = 32
_CURVES: Final = {KeySpec.EC_P256: ec.SECP256R1(), KeySpec.EC_P384: ec.SECP384R1()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTemplates:
    mechanism: Mechanism
    public: Template
    private: Template


def pair_templates(spec: KeySpec, *, label: str, key_id: bytes, resident: bool) -> KeyTemplates:
    """A resident key never leaves the token; any other is a session object that only a trusted key may wrap."""
    public: TemplateDict = {
        Attribute.CLASS: ObjectClass.PUBLIC_KEY,
        Attribute.TOKEN: resident,
        Attribute.PRIVATE: False,
        Attribute.VERIFY: True,
        Attribute.LABEL: label,
        Attribute.ID: key_id,
    }
    if spec in _RSA_BITS:
        public |= {Attribute.MODULUS_BITS: _RSA_BITS[spec], Attribute.PUBLIC_EXPONENT: _RSA_EXPONENT}
    else:
        public[Attribute.EC_PARAMS] = _EC_PARAMS[spec]
    private: TemplateDict = {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.TOKEN: resident,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: not resident,
        Attribute.WRAP_WITH_TRUSTED: True,
        Attribute.SIGN: True,
        Attribute.DECRYPT: False,
        Attribute.UNWRAP: False,
        Attribute.DERIVE: False,
        Attribute.LABEL: label,
        Attribute.ID: key_id,
    }
    mechanism = Mechanism(_TYPES[spec][1])
    return KeyTemplates(mechanism=mechanism, public=Template(public), private=Template(private))


def _unwrap_template(spec: KeySpec) -> Template:
    return Template(
        {
            Attribute.CLASS: ObjectClass.PRIVATE_KEY,
            Attribute.KEY_TYPE: _TYPES[spec][0],
            Attribute.TOKEN: False,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
            Attribute.DECRYPT: False,
            Attribute.UNWRAP: False,
            Attribute.DERIVE: False,
        }
    )


UNWRAP_TEMPLATES: Final = {spec: _unwrap_template(spec) for spec in KeySpec}


def generated_by(spec: KeySpec) -> Mech:
    """The mechanism that a token needs to make such a key."""
    return _TYPES[spec][1]


def _mechanism(algorithm: SignatureAlgorithm) -> Mechanism:
    scheme = scheme_of(algorithm)
    if scheme is Scheme.ED25519:
        return Mechanism(Mech.EDDSA)
    if scheme is Scheme.ECDSA:
        return Mechanism(Mech.ECDSA)
    if scheme is Scheme.RSA_PKCS1:
        return Mechanism(Mech.RSA_PKCS)
    digest = hash_of(algorithm)
    hash_mechanism, mgf = _DIGEST_MECHANISMS[digest.name]
    return Mechanism(Mech.RSA_PKCS_PSS, (hash_mechanism, mgf, digest.digest_size))


SIGN_MECHANISMS: Final = {algorithm: _mechanism(algorithm) for algorithm in SignatureAlgorithm}


def to_be_signed(data: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """What the raw mechanism takes: PKCS #1 v1.5 wants the DigestInfo around the digest."""
    if scheme_of(algorithm) is Scheme.RSA_PKCS1:
        return _DIGEST_INFO[hash_of(algorithm).name] + data
    return data


def to_signature(raw: bytes, spec: KeySpec) -> bytes:
    """Make a DER ECDSA-Sig-Value of r‖s; other signatures are as they came.

    Raises:
        DeviceError: not two numbers of the curve's size.
    """
    size = _COORDINATE_BYTES.get(spec)
    if size is None:
        return raw
    if len(raw) != 2 * size:
        raise DeviceError(f"the device gave an ECDSA signature of {len(raw)} bytes")
    return encode_dss_signature(int.from_bytes(raw[:size]), int.from_bytes(raw[size:]))


PUBLIC_ATTRIBUTES: Final = {
    spec: (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT) if spec in _RSA_BITS else (Attribute.EC_POINT,)
    for spec in KeySpec
}


def public_key_from(spec: KeySpec, values: tuple[bytes, ...]) -> PublicKey:
    """Make the public key of what the token tells in `PUBLIC_ATTRIBUTES`.

    Raises:
        DeviceError: it is no public key of this kind.
    """
    try:
        if spec in _RSA_BITS:
            modulus, exponent = (int.from_bytes(value) for value in values)
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        point = _point(values[0])
        if spec is KeySpec.ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(point[-_ED25519_BYTES:])
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[spec], point)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise DeviceError("the device shows a public key that cannot be read") from exc


def _point(value: bytes) -> bytes:
    """CKA_EC_POINT is an OCTET STRING around the point; some tokens leave that off (PKCS#11 v2.40 §2.3.3)."""
    if len(value) > 2 and value[0] == _OCTET_STRING and value[1] == len(value) - 2:  # noqa: PLR2004  # tag and length
        return value[2:]
    return value
