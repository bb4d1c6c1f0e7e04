"""The claims of a licence credential: a CWT (RFC 8392) whose private claim holds the licence. docs/spec/qr.md is its page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from verify import cbor
from verify.errors import EncodingError, MalformedTokenError
from verify.text import objection

ISS, EXP, IAT, CTI = 1, 4, 6, 7  # RFC 8392 §4
STATUS: Final = 65535  # Token Status List §6.3; holds {"status_list": {"idx", "uri"}}
LICENCE: Final = -65537  # private use begins below -65536, RFC 8392 §9.1

USCC, NAME, KIND, REPRESENTATIVE, FOUNDED, AUTHORITY, CAPITAL, CURRENCY, TERM, DETAILS, ADDRESS, SCOPE, VERSION = range(
    1, 14
)
REQUIRED: Final = frozenset({USCC, NAME, KIND, REPRESENTATIVE, FOUNDED, AUTHORITY, CAPITAL, CURRENCY, VERSION})
SHORT: Final = frozenset({DETAILS})
FULL: Final = frozenset({ADDRESS, SCOPE})

USCC_SHAPE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")  # GB 32100-2015 §4.3
CURRENCY_SHAPE: Final = re.compile(r"[A-Z]{3}")  # ISO 4217
URI_SHAPE: Final = re.compile(r"https?://[!-~]{1,192}")
CTI_BYTES: Final = 8
SHA256_BYTES: Final = 32
MAX_NAME: Final = 64
MAX_ISS: Final = 128
MAX_ADDRESS: Final = 200
MAX_SCOPE: Final = 4000
MAX_VERSION: Final = 2**16 - 1
MAX_INDEX: Final = 2**32 - 1
MAX_SECONDS: Final = 253_402_300_799  # the last second of the year 9999
MAX_CENTS: Final = 10**17
CENT: Final = Decimal("0.01")
EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an ELQ1 code says. Address and scope stand in full, or as one digest over both."""

    iss: str  # the authority, best its host name: every octet makes the printed code denser
    issued_at: datetime
    expires_at: datetime
    cti: bytes
    status_uri: str
    status_index: int
    uscc: str
    name: str
    kind: str
    legal_representative: str
    capital: Decimal  # with two decimals
    currency: str
    founded_on: date
    term_until: date | None  # None: no limit
    authority: str
    version: int
    details: bytes | None = None  # `details_digest` of address and scope
    address: str | None = None
    scope: str | None = None

    def facts(self) -> dict[str, Any]:
        """The fields as a page or a JSON report shows them."""
        return {
            "uscc": self.uscc,
            "name": self.name,
            "kind": self.kind,
            "legal_representative": self.legal_representative,
            "capital": str(self.capital),
            "currency": self.currency,
            "founded_on": self.founded_on.isoformat(),
            "term_until": None if self.term_until is None else self.term_until.isoformat(),
            "authority": self.authority,
            "version": self.version,
            "address": self.address,
            "scope": self.scope,
            "details_sha256": None if self.details is None else self.details.hex(),
            "issued_at": self.issued_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "issuer": self.iss,
        }


def details_digest(*, address: str, scope: str) -> bytes:
    """SHA-256 over the CBOR array of both texts: what a paper code carries instead of them."""
    return sha256(cbor.encode([address, scope])).digest()


def encode(credential: Credential) -> bytes:
    """Return the CWT claims set.

    Raises:
        EncodingError: a value that `decode` would refuse, or that would not come back the same.
    """
    licence = {
        USCC: credential.uscc,
        NAME: credential.name,
        KIND: credential.kind,
        REPRESENTATIVE: credential.legal_representative,
        FOUNDED: (credential.founded_on - EPOCH).days,
        AUTHORITY: credential.authority,
        CAPITAL: int(credential.capital * 100),
        CURRENCY: credential.currency,
        TERM: None if credential.term_until is None else (credential.term_until - EPOCH).days,
        DETAILS: credential.details,
        ADDRESS: credential.address,
        SCOPE: credential.scope,
        VERSION: credential.version,
    }
    claims = {
        ISS: credential.iss,
        EXP: seconds(credential.expires_at),
        IAT: seconds(credential.issued_at),
        CTI: credential.cti,
        STATUS: {"status_list": {"idx": credential.status_index, "uri": credential.status_uri}},
        LICENCE: {key: value for key, value in licence.items() if value is not None},
    }
    data = cbor.encode(claims)
    try:
        back = decode(data)
    except MalformedTokenError as exc:
        raise EncodingError(f"the credential cannot carry this: {exc}") from exc
    if back != credential:
        raise EncodingError(
            "the credential would not come back the same: whole seconds in UTC, capital in two decimals"
        )
    return data


def decode(data: bytes) -> Credential:
    """Read a claims set with exactly the claims of a licence credential. Nothing in it is trusted yet.

    Raises:
        MalformedTokenError: a claim is missing, unknown, of another type or outside its limits.
    """
    claims = cbor.decode(data)
    match claims:
        case {1: str() as iss, 4: exp, 6: iat, 7: bytes() as cti, 65535: status, -65537: dict() as licence, **more} if (
            not more
        ):
            pass
        case _:
            raise MalformedTokenError("not the claims of a licence credential")
    match status:
        case {"status_list": {"idx": idx, "uri": str() as uri, **beyond}, **other} if not beyond and not other:
            pass
        case _:
            raise MalformedTokenError("the status claim does not point into one status list")
    if not URI_SHAPE.fullmatch(uri):
        raise MalformedTokenError("the status list's address is not a short http or https URL")
    if len(cti) != CTI_BYTES:
        raise MalformedTokenError(f"a credential's identifier has {CTI_BYTES} octets")
    return Credential(
        iss=_text(iss, MAX_ISS),
        issued_at=moment(iat),
        expires_at=moment(exp),
        cti=cti,
        status_uri=uri,
        status_index=whole(idx, least=0, most=MAX_INDEX),
        **_licence(licence),
    )


def seconds(when: datetime) -> int:
    """NumericDate (RFC 8392 §2).

    Raises:
        EncodingError: the time is not in UTC.
    """
    if when.utcoffset() != timedelta(0):
        raise EncodingError("times in tokens are in UTC")
    return int(when.timestamp())


def moment(value: Any) -> datetime:
    """Raises MalformedTokenError: not whole seconds from 1970 to 9999."""
    return datetime.fromtimestamp(whole(value, least=0, most=MAX_SECONDS), UTC)


def whole(value: Any, *, least: int, most: int) -> int:
    """Return an integer between the inclusive limits. Raises MalformedTokenError."""
    if not isinstance(value, int) or not least <= value <= most:
        raise MalformedTokenError("a number in the token is outside its limits")
    return value


def _licence(found: Mapping[int | str, Any]) -> dict[str, Any]:
    optional = found.keys() - REQUIRED - {TERM}
    if not found.keys() >= REQUIRED or optional not in (SHORT, FULL):
        raise MalformedTokenError("the licence in the credential has missing or unknown fields")
    short = DETAILS in found
    return {
        "uscc": _shaped(found[USCC], USCC_SHAPE),
        "name": _text(found[NAME], MAX_NAME),
        "kind": _text(found[KIND], MAX_NAME),
        "legal_representative": _text(found[REPRESENTATIVE], MAX_NAME),
        "founded_on": _day(found[FOUNDED]),
        "authority": _text(found[AUTHORITY], MAX_NAME),
        "capital": whole(found[CAPITAL], least=0, most=MAX_CENTS) * CENT,
        "currency": _shaped(found[CURRENCY], CURRENCY_SHAPE),
        "term_until": _day(found[TERM]) if TERM in found else None,
        "version": whole(found[VERSION], least=1, most=MAX_VERSION),
        "details": _digest(found[DETAILS]) if short else None,
        "address": None if short else _text(found[ADDRESS], MAX_ADDRESS),
        "scope": None if short else _text(found[SCOPE], MAX_SCOPE),
    }


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or objection(value, max_chars=most):
        raise MalformedTokenError("a text in the credential is not one that people can read")
    return value


def _shaped(value: Any, shape: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise MalformedTokenError("a code in the credential has another form")
    return value


def _day(value: Any) -> date:
    days = whole(value, least=(date.min - EPOCH).days, most=(date.max - EPOCH).days)
    return EPOCH + timedelta(days=days)


def _digest(value: Any) -> bytes:
    if not isinstance(value, bytes) or len(value) != SHA256_BYTES:
        raise MalformedTokenError("a digest in the credential is not one of SHA-256")
    return value
