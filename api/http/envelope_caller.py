"""Who calls the envelope interface: a person in a session, or an enterprise's machine with the scope `seal`."""

from typing import Annotated

from fastapi import Depends

from api.acts.accounts import SCOPE as PERSON
from api.acts.envelope_access import Who, who_of
from api.errors import ForbiddenError
from api.http.caller import AnyToken, me
from api.http.deps import OfficeDep


def who(token: AnyToken, office: OfficeDep) -> Who:
    """Return who calls.

    Raises:
        ForbiddenError: neither a person's session nor an enterprise's machine.
    """
    if token.person is not None and PERSON in token.scopes:
        return who_of(office, token, me(token, office).person.name)
    if "seal" not in token.scopes:
        raise ForbiddenError("envelopes are for persons in a session, and for machines with the scope seal")
    return who_of(office, token, token.name)


WhoDep = Annotated[Who, Depends(who)]
