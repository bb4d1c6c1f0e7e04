"""A WebAuthn authenticator in software (ES256), for the demo's people and for tests. It is a client and nothing more.

Its keys lie in memory without protection and nobody is asked before it signs, so it proves nothing about a person. The
service cannot tell it from another client and treats it like one: there is no switch that lets its answers through.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from api.errors import BadInputError
from verify import cbor

AAGUID: Final = bytes.fromhex("76c0ffee000040008000764d4c4e4f4e")  # of this program; not in any metadata service
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40  # WebAuthn L3 §6.1
ES256: Final = -7  # RFC 9053 §2.1
COUNTER_BYTES: Final = 4
CREDENTIAL_BYTES: Final = 32


@dataclass(slots=True)
class Credential:
    """One key pair for one domain."""

    id: bytes
    rp_id: str
    user_handle: bytes
    key: ec.EllipticCurvePrivateKey
    count: int = 0


@dataclass(slots=True, kw_only=True)
class SoftwareAuthenticator:
    """Answers as a browser with an authenticator at `origin` would."""

    origin: str
    attested: bool = True  # packed self attestation; else none
    flags: int = USER_PRESENT | USER_VERIFIED
    credentials: list[Credential] = field(default_factory=list)

    def register(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Make a credential; answer PublicKeyCredentialCreationOptionsJSON with RegistrationResponseJSON.

        Raises:
            BadInputError: ES256 is not wanted, or one of our credentials is excluded.
        """
        if ES256 not in {one["alg"] for one in options["pubKeyCredParams"]}:
            raise BadInputError("the service does not take ES256")
        excluded = {one["id"] for one in options.get("excludeCredentials") or ()}
        if any(_spelt(one.id) in excluded for one in self.credentials):
            raise BadInputError("this authenticator is registered already")
        made = Credential(
            id=secrets.token_bytes(CREDENTIAL_BYTES),
            rp_id=options["rp"]["id"],
            user_handle=_octets(options["user"]["id"]),
            key=ec.generate_private_key(ec.SECP256R1()),
        )
        self.credentials.append(made)
        client_data = self._client_data("webauthn.create", options["challenge"])
        data = self._authenticator_data(made, attested=True)
        response = {
            "clientDataJSON": _spelt(client_data),
            "attestationObject": _spelt(self._attestation(made, data, client_data)),
            "transports": ["internal"],
        }
        return _answer(made, response)

    def assert_(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Sign a challenge; answer PublicKeyCredentialRequestOptionsJSON with AuthenticationResponseJSON.

        Raises:
            BadInputError: there is no credential for this domain among those that are allowed.
        """
        chosen = self._choose(options)
        client_data = self._client_data("webauthn.get", options["challenge"])
        chosen.count += 1
        data = self._authenticator_data(chosen, attested=False)
        signature = chosen.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": _spelt(client_data),
            "authenticatorData": _spelt(data),
            "signature": _spelt(signature),
            "userHandle": _spelt(chosen.user_handle),
        }
        return _answer(chosen, response)

    def _choose(self, options: Mapping[str, Any]) -> Credential:
        allowed = {one["id"] for one in options.get("allowCredentials") or ()}
        for one in reversed(self.credentials):
            if one.rp_id == options["rpId"] and (not allowed or _spelt(one.id) in allowed):
                return one
        raise BadInputError("this authenticator has no credential to answer with")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said, separators=(",", ":")).encode()

    def _authenticator_data(self, one: Credential, *, attested: bool) -> bytes:
        """WebAuthn L3 §6.1."""
        flags = self.flags | (ATTESTED if attested else 0)
        data = sha256(one.rp_id.encode()).digest() + bytes([flags]) + one.count.to_bytes(COUNTER_BYTES, "big")
        if not attested:
            return data
        return data + AAGUID + len(one.id).to_bytes(2, "big") + one.id + public_key(one.key)

    def _attestation(self, one: Credential, data: bytes, client_data: bytes) -> bytes:
        """WebAuthn L3 §6.5.4, §8.2 (self attestation), §8.7 (none)."""
        if not self.attested:
            return cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        signature = one.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return cbor.encode({"fmt": "packed", "attStmt": {"alg": ES256, "sig": signature}, "authData": data})


def public_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The COSE_Key of a P-256 key (RFC 9053 §7.1.1)."""
    numbers = key.public_key().public_numbers()
    return cbor.encode({1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})


def _answer(one: Credential, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _spelt(one.id),
        "rawId": _spelt(one.id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": response,
    }


def _spelt(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
