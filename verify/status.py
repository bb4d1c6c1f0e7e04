"""Token Status List as a CWT (draft-ietf-oauth-status-list §5.2): two bits for each licence, signed and dated."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from verify import cbor, cose
from verify.credential import URI_SHAPE, moment, seconds, whole
from verify.errors import EncodingError, MalformedStatusListError, MalformedTokenError
from verify.inflate import inflate

SUB, EXP, IAT = 2, 4, 6  # RFC 8392 §4
STATUS_LIST, TTL = 65533, 65534  # Token Status List §5.2
TYP: Final = "application/statuslist+cwt"  # Token Status List §5.2
BITS: Final = 2  # room for suspended
PER_BYTE: Final = 4
MAX_ENTRIES: Final = 2**20  # in one list; an authority with more licences publishes more lists
MAX_TOKEN_BYTES: Final = 300_000  # 2^20 incompressible entries and the rest
MAX_TTL_S: Final = 2**31 - 1


class Status(IntEnum):
    """Token Status List §7.1."""

    VALID = 0
    INVALID = 1  # revoked, cancelled or superseded: for good
    SUSPENDED = 2
    UNKNOWN = 3  # application specific; we give it no meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusList:
    """A decoded list. Its signature has not been looked at."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    ttl: timedelta
    packed: bytes  # four entries to the octet, the first in the lowest bits, Token Status List §4.1

    def __len__(self) -> int:
        return len(self.packed) * PER_BYTE

    def status(self, index: int) -> Status | None:
        """The status at this place, or None beyond the end."""
        if not 0 <= index < len(self):
            return None
        octet, place = divmod(index, PER_BYTE)
        return Status(self.packed[octet] >> (BITS * place) & 0b11)


@dataclass(frozen=True, slots=True, kw_only=True)
class UncheckedStatusList:
    """The list with the message that it came in."""

    message: cose.Sign1
    list: StatusList


def encode_status_list(listed: StatusList, *, kid: bytes, sign: cose.Sign) -> bytes:
    """Return the signed Status List Token.

    Raises:
        EncodingError: a value that `parse_status_list` would refuse.
    """
    claims = {
        SUB: listed.uri,
        IAT: seconds(listed.issued_at),
        EXP: seconds(listed.expires_at),
        TTL: int(listed.ttl.total_seconds()),
        STATUS_LIST: {"bits": BITS, "lst": zlib.compress(listed.packed, 9)},
    }
    payload = cbor.encode(claims)
    try:
        back = _list(payload)
    except MalformedTokenError as exc:
        raise EncodingError(f"the status list cannot carry this: {exc}") from exc
    if back != listed:
        raise EncodingError("the status list would not come back the same: times are whole seconds in UTC")
    return cose.encode(payload, kid=kid, sign=sign, typ=TYP)


def parse_status_list(data: bytes) -> UncheckedStatusList:
    """Read a Status List Token; nothing in it is trusted yet.

    Raises:
        MalformedStatusListError: not one, or beyond the limits.
    """
    if len(data) > MAX_TOKEN_BYTES:
        raise MalformedStatusListError(f"longer than {MAX_TOKEN_BYTES} octets")
    try:
        message = cose.decode(data)
        if message.typ != TYP:
            raise MalformedStatusListError("a message of another type")
        return UncheckedStatusList(message=message, list=_list(message.payload))
    except MalformedTokenError as exc:
        raise MalformedStatusListError(str(exc)) from exc


def _list(payload: bytes) -> StatusList:
    claims = cbor.decode(payload)
    match claims:
        case {
            2: str() as uri,
            4: exp,
            6: iat,
            65533: {"bits": 2, "lst": bytes() as packed, **other},
            65534: ttl,
            **more,
        } if not more and not other and URI_SHAPE.fullmatch(uri):
            pass
        case _:
            raise MalformedTokenError("not the claims of a status list of two bits")
    plain = inflate(packed, max_bytes=MAX_ENTRIES // PER_BYTE)
    return StatusList(
        uri=uri,
        issued_at=moment(iat),
        expires_at=moment(exp),
        ttl=timedelta(seconds=whole(ttl, least=1, most=MAX_TTL_S)),
        packed=plain,
    )
