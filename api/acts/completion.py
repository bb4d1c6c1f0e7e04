"""After the last seal: every document to B-LTA, the evidence report, and one archive of it all. Resumable at each step."""

from api.acts.office import Office


def conclude(office: Office, envelope_id: str) -> None:
    """Make what a completed envelope still lacks."""
