"""The published status list: what the authority's licences are worth today, two bits each."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ca.errors import CredentialError
from ca.licences import LicenceState
from verify import status
from verify.cose import Sign
from verify.errors import EncodingError
from verify.status import MAX_ENTRIES, PER_BYTE, Status, StatusList

STATUS_OF: Final[Mapping[LicenceState, Status]] = {
    LicenceState.ACTIVE: Status.VALID,
    LicenceState.SUSPENDED: Status.SUSPENDED,
    LicenceState.SUPERSEDED: Status.INVALID,
    LicenceState.REVOKED: Status.INVALID,
    LicenceState.CANCELLED: Status.INVALID,
}
DEFAULT_VALID_FOR: Final = timedelta(days=7)
DEFAULT_TTL: Final = timedelta(hours=1)


def issue_status_list(
    statuses: Mapping[int, Status],
    *,
    size: int,
    uri: str,
    kid: bytes,
    sign: Sign,
    now: datetime,
    valid_for: timedelta = DEFAULT_VALID_FOR,
    ttl: timedelta = DEFAULT_TTL,
) -> bytes:
    """Return the signed list of `size` places; a place that is not named is VALID, as the format knows no other rest.

    Raises:
        CredentialError: a place outside the list, a size that is no multiple of 4 or beyond the limit, a bad address.
    """
    if not 0 < size <= MAX_ENTRIES or size % PER_BYTE:
        raise CredentialError(f"a status list has a multiple of {PER_BYTE} places, at most {MAX_ENTRIES}")
    packed = bytearray(size // PER_BYTE)
    for index, value in statuses.items():
        if not 0 <= index < size:
            raise CredentialError(f"place {index} is outside the status list of {size}")
        packed[index // PER_BYTE] |= value << (status.BITS * (index % PER_BYTE))
    issued_at = now.replace(microsecond=0)
    listed = StatusList(uri=uri, issued_at=issued_at, expires_at=issued_at + valid_for, ttl=ttl, packed=bytes(packed))
    try:
        return status.encode_status_list(listed, kid=kid, sign=sign)
    except EncodingError as exc:
        raise CredentialError(str(exc)) from exc
