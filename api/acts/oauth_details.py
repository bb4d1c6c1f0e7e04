"""What an authorization request of scope `credential` wants signed: as parameters (CSC) or RFC 9396 details."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, Final

from api.acts.remote import Wanted, decoded, wanted
from api.errors import OAuthError

DETAILS_TYPE: Final = "credential"  # CSC 2.0.0.2 §8.4.2.2
MAX_CHARS: Final = 64 * 1024  # of the whole parameter


def wanted_of(sent: Mapping[str, str]) -> Wanted:
    """Read `credentialID`, `numSignatures`, `hash` or `hashes`, or `authorization_details`.

    Raises:
        OAuthError: something is missing or unreadable.
    """
    if "authorization_details" in sent:
        return _of_details(sent["authorization_details"], sent.get("description", ""))
    number = sent.get("numSignatures")
    if number is not None and (not number.isascii() or not number.isdigit() or len(number) > len(str(MAX_CHARS))):
        raise OAuthError("invalid_request", "Invalid parameter numSignatures")
    hashes = sent.get("hashes") or sent.get("hash") or ""
    return wanted(
        credential=_text(sent.get("credentialID"), "credentialID"),
        hashes=[_url_decoded(one) for one in hashes.split(",")] if hashes else [],
        hash_oid=sent.get("hashAlgorithmOID"),
        number=None if number is None else int(number),
        description=sent.get("description", ""),
    )


def _of_details(text: str, description: str) -> Wanted:
    if len(text) > MAX_CHARS:
        raise OAuthError("invalid_request", "Invalid parameter authorization_details: too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise OAuthError("invalid_request", "Invalid parameter authorization_details: not JSON") from exc
    match found:
        case [{"type": "credential", "documentDigests": [*digests], **rest}]:
            pairs = [_digest(one) for one in digests]
        case _:
            raise OAuthError("invalid_request", "Invalid parameter authorization_details: one of type credential")
    oid = rest.get("hashAlgorithmOID")
    return wanted(
        credential=_text(rest.get("credentialID"), "credentialID"),
        hashes=[one for one, _ in pairs],
        labels=[label for _, label in pairs],
        hash_oid=None if oid is None else _text(oid, "hashAlgorithmOID"),
        number=None,
        description=description,
    )


def _digest(value: Any) -> tuple[bytes, str]:
    match value:
        case {"hash": str(text), "label": str(label)}:
            return decoded(text, "hash"), label
        case {"hash": str(text)}:
            return decoded(text, "hash"), ""
        case _:
            raise OAuthError("invalid_request", "Invalid parameter documentDigests")


def _text(value: Any, parameter: str) -> str:
    if not isinstance(value, str) or not value:
        raise OAuthError("invalid_request", f"Missing (or invalid type) string parameter {parameter}")
    return value


def _url_decoded(text: str) -> bytes:
    """base64url with or without padding; in a URL the other alphabet cannot be told from blanks."""
    bare = text.rstrip("=")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4)) if bare.isascii() else b""
    except (Base64Error, ValueError) as exc:
        raise OAuthError("invalid_request", "Invalid Base64 hash string parameter") from exc
