"""The QR face of a licence: the ELQ1 text, and the URL that a printed code carries it in."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from ca.errors import CredentialError
from ca.licences import Licence
from verify import elq1
from verify.cose import Sign
from verify.credential import CENT, CTI_BYTES, Credential, details_digest
from verify.errors import EncodingError

MAX_VALID_FOR: Final = timedelta(days=1827)
BASE_URL: Final = re.compile(r"https?://[a-z0-9.-]{1,100}(:[0-9]{1,5})?")  # scheme and host as a browser spells them


def issue_credential(
    licence: Licence,
    *,
    iss: str,
    kid: bytes,
    sign: Sign,
    now: datetime,
    valid_for: timedelta,
    status_uri: str,
    full: bool = False,
) -> str:
    """Return the signed ELQ1 text of the licence, never valid longer than the licence itself.

    Address and scope go in as one digest, which keeps the printed code small; `full` puts their texts in.

    Raises:
        CredentialError: the licence does not fit the format or has expired.
    """
    issued_at = now.replace(microsecond=0)
    expires_at = min(issued_at + min(valid_for, MAX_VALID_FOR), licence.expires_at.replace(microsecond=0))
    if expires_at <= issued_at:
        raise CredentialError("the licence has expired")
    entry = licence.enterprise
    try:
        claims = Credential(
            iss=iss,
            issued_at=issued_at,
            expires_at=expires_at,
            cti=sha256(f"{licence.number} {issued_at.isoformat()}".encode()).digest()[:CTI_BYTES],
            status_uri=status_uri,
            status_index=licence.status_index,
            uscc=entry.uscc,
            name=entry.name,
            kind=entry.kind,
            legal_representative=entry.legal_representative,
            capital=entry.capital.quantize(CENT),
            currency=entry.currency,
            founded_on=entry.founded_on,
            term_until=entry.term_until,
            authority=licence.authority,
            version=licence.version,
            details=None if full else details_digest(address=entry.address, scope=entry.scope),
            address=entry.address if full else None,
            scope=entry.scope if full else None,
        )
        return elq1.encode_elq1(claims, kid=kid, sign=sign)
    except EncodingError as exc:
        raise CredentialError(str(exc)) from exc


def licence_url(base_url: str, elq1_text: str) -> str:
    """Return the URL that a printed code carries: any camera opens the check page, and the server never sees the code.

    Raises:
        CredentialError: the base is not scheme and host alone.
    """
    base = base_url.removesuffix("/")
    if not BASE_URL.fullmatch(base):
        raise CredentialError("the base of a licence URL is a scheme and a host in lower case, nothing more")
    return f"{base}/q#{elq1.escape(elq1_text)}"
