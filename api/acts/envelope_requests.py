"""A handler without the right to a seal asks its approvers; when they agreed, the envelope goes on."""

from api.acts.office import Office
from api.db.envelope_records import Whole


def look_after_requests(office: Office, whole: Whole) -> None:
    """Go on with parties whose requests were decided."""


def ask(office: Office, who: "object", envelope_id: str, party_id: str, choices: "object", *, reason: str) -> Whole:
    """Open the requests."""
    raise NotImplementedError
