"""What a person agreed to with a passkey, checked from the kept evidence alone (docs/spec/sole-control.md).

The challenge is SHA-256 of the canonical intent: documents, seals, purpose, nonce. Whoever holds intent and evidence can
check it without the service that kept them; whose the passkey was is for that service's records to say.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from verify import cose_key
from verify.errors import MalformedTokenError
from verify.report import Finding
from verify.words import finding

INTENT_TYPE: Final = "vermilion/intent"
INTENT_VERSION: Final = 1
CLIENT_DATA_TYPE: Final = "webauthn.get"  # WebAuthn L3 §5.8.1
MAX_INTENT_BYTES: Final = 2_000_000  # a thousand documents with their names
MAX_CLIENT_DATA_BYTES: Final = 4096
RP_ID_HASH: Final = slice(0, 32)  # WebAuthn L3 §6.1
FLAGS: Final = 32
MIN_AUTHENTICATOR_DATA_BYTES: Final = 37
MAX_AUTHENTICATOR_DATA_BYTES: Final = 2048
USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was kept of an assertion."""

    client_data_json: bytes
    authenticator_data: bytes
    signature: bytes
    public_key: bytes  # COSE_Key


def check_assertion(evidence: Evidence, intent: bytes, *, rp_id: str, origins: Collection[str]) -> tuple[Finding, ...]:
    """Return what was found; passed only if this passkey's holder, verified, agreed to exactly this intent at our site."""
    try:
        _look_at_intent(intent)
        client = _client_data(evidence.client_data_json)
        flags = _flags(evidence.authenticator_data)
    except _UnreadableError as exc:
        return (finding("assertion.malformed", what=str(exc)),)
    return (
        _intent(client, intent),
        _origin(client, origins),
        _domain(evidence.authenticator_data, rp_id),
        _person(flags),
        _signature(evidence),
    )


class _UnreadableError(Exception):
    """A part of the evidence is not what it should be. Stays inside."""


def _look_at_intent(intent: bytes) -> None:
    """One spelling, and of the kind and version whose meaning we know."""
    found = _object(intent, MAX_INTENT_BYTES, "intent")
    spelt = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="replace")
    if spelt != intent or found.get("type") != INTENT_TYPE or found.get("version") != INTENT_VERSION:
        raise _UnreadableError("intent")


def _client_data(octets: bytes) -> dict[str, Any]:
    found = _object(octets, MAX_CLIENT_DATA_BYTES, "client data")
    if found.get("type") != CLIENT_DATA_TYPE:
        raise _UnreadableError("client data type")
    return found


def _flags(authenticator_data: bytes) -> int:
    if not MIN_AUTHENTICATOR_DATA_BYTES <= len(authenticator_data) <= MAX_AUTHENTICATOR_DATA_BYTES:
        raise _UnreadableError("authenticator data")
    return authenticator_data[FLAGS]


def _object(octets: bytes, limit: int, what: str) -> dict[str, Any]:
    """Read a JSON object whose names stand once each."""

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _UnreadableError(what)
        return found

    if len(octets) > limit:
        raise _UnreadableError(what)
    try:
        found = json.loads(octets.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as exc:
        raise _UnreadableError(what) from exc
    if not isinstance(found, dict):
        raise _UnreadableError(what)
    return found


def _intent(client: dict[str, Any], intent: bytes) -> Finding:
    challenge = urlsafe_b64encode(sha256(intent).digest()).decode().rstrip("=")
    return finding("assertion.intent" if client.get("challenge") == challenge else "assertion.other-intent")


def _origin(client: dict[str, Any], origins: Collection[str]) -> Finding:
    origin = client.get("origin")
    at_home = isinstance(origin, str) and origin in origins and client.get("crossOrigin", False) is False
    return finding("assertion.origin" if at_home else "assertion.other-origin", origin=origin)


def _domain(authenticator_data: bytes, rp_id: str) -> Finding:
    ours = authenticator_data[RP_ID_HASH] == sha256(rp_id.encode()).digest()
    return finding("assertion.domain" if ours else "assertion.other-domain", domain=rp_id)


def _person(flags: int) -> Finding:
    verified = flags & USER_PRESENT and flags & USER_VERIFIED
    return finding("assertion.person" if verified else "assertion.nobody")


def _signature(evidence: Evidence) -> Finding:
    """Over authenticator data and the hash of client data (WebAuthn L3 §7.2, step 24)."""
    try:
        key = cose_key.load(evidence.public_key)
    except MalformedTokenError as exc:
        return finding("assertion.key", what=str(exc))
    message = evidence.authenticator_data + sha256(evidence.client_data_json).digest()
    good = key.is_signer_of(message, evidence.signature)
    return finding("assertion.signature" if good else "assertion.bad-signature")
