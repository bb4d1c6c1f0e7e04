"""Who may see an envelope, and who may do what with it. To all others it does not exist."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.acts.office import Office
from api.db.access import Token
from api.db.envelope_records import PartyRecord, Whole
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from seals.envelope_states import EnvelopeState

ACTING: Final = frozenset({Role.REPRESENTATIVE, Role.USER})
DRAFTING: Final = frozenset({*ACTING, Role.MANAGER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person in the roles that he has, or the machine of an enterprise."""

    name: str
    token: Token
    person: str | None = None
    roles: Mapping[str, Role]  # by USCC
    machine_of: str | None = None

    @property
    def enterprises(self) -> tuple[str, ...]:
        return tuple(self.roles) if self.machine_of is None else (self.machine_of,)

    def may_draft_for(self, uscc: str) -> bool:
        return uscc == self.machine_of or self.roles.get(uscc) in DRAFTING

    def may_act_for(self, uscc: str) -> bool:
        return uscc == self.machine_of or self.roles.get(uscc) in ACTING


def who_of(office: Office, token: Token, name: str) -> Who:
    """Find out for whom a token speaks.

    Raises:
        ForbiddenError: for nobody: it is neither a person's nor an enterprise's.
    """
    if token.person is not None:
        with office.reading() as work:
            roles = {one.uscc: one.role for one in work.people.memberships(token.person)}
        return Who(name=name, token=token, person=token.person, roles=roles)
    if token.uscc is None:
        raise ForbiddenError("envelopes belong to persons and enterprises; this token is of neither")
    return Who(name=name, token=token, roles={}, machine_of=token.uscc)


def visible(work: SqlUnitOfWork, who: Who, envelope_id: str, *, lock: bool = False) -> Whole:
    """Return the envelope if it exists for this caller.

    Raises:
        NotFoundError: there is none, or none that concerns the caller.
    """
    found = work.envelopes.lock(envelope_id) if lock else work.envelopes.get(envelope_id)
    if found is not None and concerns(found, who):
        return found
    raise NotFoundError(f"there is no envelope {envelope_id}")


def concerns(whole: Whole, who: Who) -> bool:
    """Whether the caller is of the initiator, or, once it was sent, of a party: by his role now, not by one that he had."""
    if whole.record.uscc in who.enterprises:
        return True
    if whole.record.sent_at is None:
        return False
    return any(is_of(one, who) for one in whole.parties)


def is_of(one: PartyRecord, who: Who) -> bool:
    """Whether the caller belongs to a party: the person that it is, or anybody of the enterprise that it is."""
    if one.uscc is not None:
        return one.uscc in who.enterprises
    return who.person is not None and one.person == who.person


def require_initiator(whole: Whole, who: Who) -> None:
    """Pass if the caller may change and send the envelope.

    Raises:
        ForbiddenError: it concerns the caller, but is not his to change.
    """
    if not who.may_draft_for(whole.record.uscc):
        raise ForbiddenError("this is for the enterprise that sends the envelope, and for those who may draft in it")


def party_for(whole: Whole, who: Who, party_id: str, *, handing: bool = False) -> PartyRecord:
    """Return the party that the caller may act for. `handing`: the representative takes a task back from whoever has it.

    Raises:
        NotFoundError: there is no such party.
        ForbiddenError: it is somebody else's.
    """
    one = whole.party(party_id)
    if one is None:
        raise NotFoundError(f"the envelope has no party {party_id}")
    if one.uscc is not None:
        if not who.may_act_for(one.uscc):
            raise ForbiddenError(f"only those who may use seals of {one.name} can do this")
        chief = handing and who.roles.get(one.uscc) is Role.REPRESENTATIVE
        if one.person is not None and who.machine_of is None and one.person != who.person and not chief:
            raise ForbiddenError("this was handed to a colleague")
    elif who.person is None or one.person != who.person:
        raise ForbiddenError("only the person who is the party can do this")
    return one


def is_open(whole: Whole) -> bool:
    return whole.record.state is EnvelopeState.SENT
