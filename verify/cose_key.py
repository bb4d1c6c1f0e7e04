"""COSE_Key (RFC 9052 §7) of the three kinds that passkeys here may have, and signatures by them as WebAuthn makes them."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from verify import cbor
from verify.errors import MalformedTokenError

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

KTY, ALG, CRV, X, Y = 1, 3, -1, -2, -3  # RFC 9052 §7.1, RFC 9053 §7.1.1
N, E = -1, -2  # RFC 8230 §4
OKP, EC2, RSA = 1, 2, 3  # RFC 9053 §7, RFC 8230 §4
ES256, EDDSA, RS256 = -7, -8, -257  # RFC 9053 §2.1, §2.2; RFC 8812 §2
P256, ED25519 = 1, 6  # RFC 9053 §7.1
COORDINATE_BYTES: Final = 32
MAX_KEY_BYTES: Final = 1200  # RSA of 8192 bits and what is around it
RSA_BITS: Final = range(2048, 8193)  # ETSI TS 119 312 §8.4 from below; what is longer takes too long to check
RSA_EXPONENT: Final = b"\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class CoseKey:
    """A public key and the one algorithm that it is for."""

    algorithm: int
    key: PublicKey

    def is_signer_of(self, message: bytes, signature: bytes) -> bool:
        """Check a signature in the form of WebAuthn L3 §6.5.5: ECDSA in DER, RSA PKCS#1 v1.5, Ed25519 as it is."""
        try:
            match self.key:
                case ec.EllipticCurvePublicKey():
                    self.key.verify(signature, message, ec.ECDSA(SHA256()))
                case rsa.RSAPublicKey():
                    self.key.verify(signature, message, padding.PKCS1v15(), SHA256())
                case _:
                    self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def load(data: bytes) -> CoseKey:
    """Read a key in its one spelling (CTAP2 canonical CBOR, WebAuthn L3 §6.5.1.1): these members and no others.

    Raises:
        MalformedTokenError: anything else.
    """
    if len(data) > MAX_KEY_BYTES:
        raise MalformedTokenError("a COSE key is not that long")
    try:
        match cbor.decode(data):
            case {1: 2, 3: -7, -1: 1, -2: bytes() as x, -3: bytes() as y, **more} if not more:
                return CoseKey(ES256, _p256(x, y))
            case {1: 1, 3: -8, -1: 6, -2: bytes() as x, **more} if not more:
                return CoseKey(EDDSA, ed25519.Ed25519PublicKey.from_public_bytes(x))
            case {1: 3, 3: -257, -1: bytes() as n, -2: bytes() as e, **more} if not more:
                return CoseKey(RS256, _rsa(n, e))
    except ValueError as exc:
        raise MalformedTokenError("a COSE key that is no point, or not of its length") from exc
    raise MalformedTokenError("not a COSE key of a kind that passkeys here have")


def _p256(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    if len(x) != COORDINATE_BYTES or len(y) != COORDINATE_BYTES:
        raise MalformedTokenError("a coordinate on P-256 has 32 octets")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)


def _rsa(n: bytes, e: bytes) -> rsa.RSAPublicKey:
    modulus = int.from_bytes(n, "big")
    if e != RSA_EXPONENT or n[:1] == b"\x00" or modulus.bit_length() not in RSA_BITS:
        raise MalformedTokenError("an RSA key has the exponent 65537 and 2048 to 8192 bits")
    return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), modulus).public_key()
