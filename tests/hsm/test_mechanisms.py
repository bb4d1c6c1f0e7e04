"""What a token may answer that SoftHSM does not."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import exceptions
from pkcs11.exceptions import PKCS11Error

from hsm.errors import DeviceError, DeviceGoneError, HsmError, MechanismError, PinError, TokenFullError
from hsm.faults import error_for
from hsm.layout import Template
from hsm.mechanisms import public_key_from, to_signature
from hsm.native import check
from hsm.signer import KeySpec
from tests.support.keys import make_key


def point_of(spec: KeySpec) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    key = make_key(spec).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key, key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.EC_P384])
def test_a_point_is_read_with_and_without_its_octet_string(spec: KeySpec) -> None:
    key, point = point_of(spec)
    assert public_key_from(spec, (point,)) == key
    assert public_key_from(spec, (b"\x04" + bytes([len(point)]) + point,)) == key


def test_an_rsa_key_is_read() -> None:
    key = make_key(KeySpec.RSA_3072).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    numbers = key.public_numbers()
    assert public_key_from(KeySpec.RSA_3072, (numbers.n.to_bytes(384), b"\x01\x00\x01")) == key


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (KeySpec.EC_P256, (b"",)),
        (KeySpec.EC_P256, (b"\x04" + b"\x00" * 64,)),
        (KeySpec.EC_P384, (b"\x04\x41\x04" + b"\x11" * 64,)),
        (KeySpec.ED25519, (b"\x04\x1f" + b"\x01" * 31,)),
        (KeySpec.RSA_3072, (b"", b"")),
    ],
)
def test_a_public_key_that_is_none_is_a_fault_of_the_device(spec: KeySpec, values: tuple[bytes, ...]) -> None:
    with pytest.raises(DeviceError):
        public_key_from(spec, values)


@pytest.mark.parametrize("length", [0, 63, 65, 96])
def test_two_numbers_of_the_curves_size_make_an_ecdsa_signature(length: int) -> None:
    assert to_signature(b"\x01" * 64, KeySpec.EC_P256)[0] == 0x30
    assert to_signature(b"\x01" * 64, KeySpec.ED25519) == b"\x01" * 64
    with pytest.raises(DeviceError):
        to_signature(b"\x01" * length, KeySpec.EC_P256)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (exceptions.PinLocked, PinError),
        (exceptions.PinExpired, PinError),
        (exceptions.DeviceMemory, TokenFullError),
        (exceptions.SessionCount, TokenFullError),
        (exceptions.NoSuchToken, DeviceGoneError),
        (exceptions.DeviceRemoved, DeviceGoneError),
        (exceptions.KeyNotWrappable, MechanismError),
        (exceptions.MechanismInvalid, MechanismError),
        (exceptions.GeneralError, DeviceError),
        (PKCS11Error, DeviceError),
    ],
)
def test_each_fault_has_its_error(fault: type[PKCS11Error], kind: type[HsmError]) -> None:
    assert type(error_for(fault("CKR 0x1"))) is kind
    assert fault.__name__ in str(error_for(fault()))


def test_an_unknown_code_is_a_fault_that_tells_its_number() -> None:
    check(0)
    with pytest.raises(PKCS11Error, match="CKR 0x80000001"):
        check(0x80000001)
    with pytest.raises(exceptions.PinIncorrect):
        check(0xA0)


def test_a_template_holds_every_kind_of_value() -> None:
    template = Template({1: True, 2: 3, 4: b"\x00x", 5: "印", 6: {7: False}})
    assert template.count == 5
    assert [row.length for row in template.array] == [1, 8, 2, 3, 24]
