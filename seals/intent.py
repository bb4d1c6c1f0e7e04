"""What a person agrees to with a passkey: documents, seals, purpose and a nonce, hashed into a WebAuthn challenge.

The challenge is SHA-256 over the canonical JSON of the intent, so that anyone who holds intent and assertion can
recompute it later without us (docs/spec/sole-control.md).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from seals.errors import IntentError

VERSION: Final = 1
TYPE: Final = "vermilion/intent"
DIGEST_BYTES: Final = 32  # SHA-256
NONCE_BYTES: Final = 32
MAX_DOCUMENTS: Final = 1000
MAX_PURPOSE: Final = 512  # characters


class IntentKind(StrEnum):
    """Which act the person agrees to."""

    SEAL = "seal"  # use a seal, or sign as a person
    APPROVE = "approve"  # a seal-use request of somebody else
    GRANT = "grant"  # a mandate
    REMOTE = "remote"  # hashes over the remote signing interface


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentIntent:
    """One document and the seals that go on it."""

    sha256: bytes  # of the file as shown to the person; of the signed attributes where only a hash was sent
    seals: tuple[str, ...]  # seal codes, in order; empty where a person signs without a seal
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is agreed to."""

    kind: IntentKind
    subject: str  # request, envelope, mandate or transaction it belongs to
    documents: tuple[DocumentIntent, ...]
    purpose: str
    nonce: bytes  # 32 octets, used once
    details_sha256: bytes | None = None  # over further facts agreed to: filled fields, the text of a mandate

    def __post_init__(self) -> None:
        """Refuse what could not be shown or recomputed.

        Raises:
            IntentError: a digest or nonce of another length, too many documents, a purpose too long, or half a
                character (a lone surrogate) in a text.
        """
        digests = [one.sha256 for one in self.documents]
        if self.details_sha256 is not None:
            digests.append(self.details_sha256)
        if any(len(one) != DIGEST_BYTES for one in digests) or len(self.nonce) != NONCE_BYTES:
            raise IntentError("digests and the nonce have 32 octets")
        if len(self.documents) > MAX_DOCUMENTS:
            raise IntentError(f"at most {MAX_DOCUMENTS} documents can be agreed to at once")
        if len(self.purpose) > MAX_PURPOSE:
            raise IntentError(f"a purpose has at most {MAX_PURPOSE} characters")
        try:
            self.canonical()
        except UnicodeEncodeError as exc:
            raise IntentError("a text holds half a character (a lone surrogate)") from exc

    def as_mapping(self) -> dict[str, Any]:
        """The intent as it is hashed and shown."""
        return {
            "type": TYPE,
            "version": VERSION,
            "kind": self.kind.value,
            "subject": self.subject,
            "documents": [
                {"name": one.name, "sha256": one.sha256.hex(), "seals": list(one.seals)} for one in self.documents
            ],
            "details": None if self.details_sha256 is None else self.details_sha256.hex(),
            "purpose": self.purpose,
            "nonce": urlsafe_b64encode(self.nonce).decode().rstrip("="),
        }

    def canonical(self) -> bytes:
        """The bytes that are hashed: sorted keys, no blanks, UTF-8 (RFC 8785 for these values: no numbers but one)."""
        return canonical_json(self.as_mapping())

    def challenge(self) -> bytes:
        """The WebAuthn challenge, 32 octets."""
        return sha256(self.canonical()).digest()

    @classmethod
    def parse(cls, text: bytes) -> "Intent":
        """Read what `canonical` wrote; another spelling of the same intent is refused.

        Raises:
            IntentError: it is none.
        """
        try:
            found = json.loads(text)
            intent = cls(
                kind=IntentKind(found["kind"]),
                subject=found["subject"],
                documents=tuple(
                    DocumentIntent(name=one["name"], sha256=bytes.fromhex(one["sha256"]), seals=tuple(one["seals"]))
                    for one in found["documents"]
                ),
                purpose=found["purpose"],
                nonce=urlsafe_b64decode(found["nonce"] + "="),
                details_sha256=None if found["details"] is None else bytes.fromhex(found["details"]),
            )
            spelt = intent.canonical()
        except (ValueError, KeyError, TypeError, AttributeError, Base64Error, RecursionError) as exc:
            raise IntentError("not an intent") from exc
        if spelt != text:
            raise IntentError("an intent in another spelling than the one that is hashed")
        return intent


def canonical_json(value: Any) -> bytes:
    """Return one spelling of a JSON value of texts, lists, objects and whole numbers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def details_digest(value: Any) -> bytes:
    """Digest of further facts that are agreed to."""
    return sha256(canonical_json(value)).digest()
