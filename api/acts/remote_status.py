"""How far an authorisation has been used."""

from typing import Any

from api.acts.access import hash_of
from api.acts.office import Office
from api.acts.remote import opened
from api.acts.remote_rights import Caller
from api.db.remote import OPEN
from api.errors import OAuthError


def status_of(office: Office, caller: Caller, sad: str) -> dict[str, Any]:
    """Return for how long the SAD is good and how many of its hashes are still to be signed.

    Raises:
        OAuthError: the SAD is not good, or not this caller's.
    """
    with office.reading() as work:
        known = work.remote.by_sad(hash_of(sad))
        if known is None:
            raise OAuthError("invalid_request", "Invalid parameter handle")
        found = opened(office, work, caller, sad, known.credential)
        left = sum(one.state.value in OPEN for one in work.remote.hashes(found.id))
    return {
        "SAD": sad,
        "expiresIn": int((found.expires_at - office.now()).total_seconds()),
        "credentialID": found.credential,
        "numSignatures": found.num_signatures,
        "remaining": left,
    }
