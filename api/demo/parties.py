"""Two made-up companies for a visitor who wants to conclude a contract: established, each with a code for its representative."""

from dataclasses import dataclass

from api.acts import people
from api.acts.establish import establish
from api.acts.office import Office
from api.acts.registry import register
from api.db.access import Token
from api.db.people import Role
from api.demo import samples
from api.demo.people import CONTACT

ACTOR = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoParty:
    """A company, and the one-time code with which its legal representative registers a passkey."""

    uscc: str
    name: str
    representative: str
    code: str


def parties(office: Office) -> list[DemoParty]:
    """Register and establish both, and invite their representatives, as the service hall does."""
    hall = Token(id=ACTOR, name=ACTOR, scopes=frozenset({"issue"}), made_at=office.now(), expires_at=None)
    made = []
    for sample in (samples.BUYER, samples.SUPPLIER):
        entry = register(office, samples.enterprise(sample), actor=ACTOR)
        establish(office, entry.uscc, actor=ACTOR)
        invited = people.invite(office, entry.uscc, role=Role.REPRESENTATIVE, name=None, contact=CONTACT, by=hall)
        made.append(
            DemoParty(uscc=entry.uscc, name=entry.name, representative=entry.legal_representative, code=invited.code)
        )
    return made
