"""Let groups follow their charters, and call-offs their contracts, also where nobody looks."""

from api.acts import call_offs, groups
from api.acts.office import Office


def run(office: Office) -> str:
    groups.follow_all(office)
    call_offs.follow_all(office)
    return ""
