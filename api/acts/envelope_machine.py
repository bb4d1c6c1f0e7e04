"""An enterprise's machine agrees for its party, under a mandate that allows automatic use."""

from api.acts.envelope_access import Who, visible
from api.acts.envelope_answers import Then, answerable, authorise, with_right
from api.acts.envelope_choices import Choice, choose
from api.acts.envelope_settling import reread
from api.acts.office import Office
from api.db.envelope_records import Whole
from api.errors import ForbiddenError
from seals.envelopes import PartyRole


def agree(
    office: Office,
    who: Who,
    envelope_id: str,
    party_id: str,
    choices: tuple[Choice, ...],
    *,
    mandate: str | None,
    then: Then | None = None,
) -> Whole:
    """Authorise the party's slots; whether the mandate allows it is asked again when each seal is used.

    Raises:
        NotFoundError, ForbiddenError: the party is not the machine's.
        EnvelopeStateError: it is not its turn.
        EnvelopeError, SealUnusableError: the choices do not fit.
        RightError: no mandate allows it.
    """
    if who.machine_of is None:
        raise ForbiddenError("a person agrees with a passkey")
    with office.work() as work:
        whole = visible(work, who, envelope_id, lock=True)
        party = answerable(office, whole, who, party_id)
        if party.role is not PartyRole.SIGN:
            raise ForbiddenError("a machine cannot approve")
        chosen = choose(office, work, whole, party, choices)
        with_right(office, work, whole, chosen, who, mandate=mandate)
        slots = {key: {"mandate": one.get("mandate")} for key, one in chosen.items()}
        grounds = {"actor": who.name, "machine": who.token.machine, "slots": slots}
        authorise(office, work, party, chosen, grounds)
        done = reread(work, envelope_id)
        if then is not None:
            then(work, done)
        work.commit()
    return done
