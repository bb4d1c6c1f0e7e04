"""Who calls: a person in a session of a passkey, or somebody at the hall."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from api.acts.access import authenticate
from api.acts.accounts import SCOPE
from api.acts.people import person_of
from api.db.access import Token
from api.db.people import Person, PersonState
from api.errors import ForbiddenError, UnauthenticatedError
from api.http.deps import Credentials, OfficeDep


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person, and the session in which they call."""

    person: Person
    token: Token


def token_of(credentials: Credentials, office: OfficeDep) -> Token:
    """Return the token that came with the request, whatever it allows.

    Raises:
        UnauthenticatedError: no token, or not a good one.
    """
    if credentials is None:
        raise UnauthenticatedError("send a bearer token in the Authorization header")
    return authenticate(office, credentials.credentials)


AnyToken = Annotated[Token, Depends(token_of)]


def me(token: AnyToken, office: OfficeDep) -> Caller:
    """Let in persons only.

    Raises:
        ForbiddenError: the token is no session of a person, or the account is closed.
    """
    if token.person is None or SCOPE not in token.scopes:
        raise ForbiddenError("this is for people who logged in with a passkey")
    with office.reading() as work:
        found = person_of(work, token.person)
    if found.state != PersonState.ACTIVE.value:
        raise ForbiddenError("this account is closed")
    return Caller(person=found, token=token)


MeDep = Annotated[Caller, Depends(me)]


@dataclass(frozen=True, slots=True)
class PersonOr:
    """Lets in a person, or a token of the hall with this scope; what a person may do is for the act to decide."""

    scope: str

    def __call__(self, token: AnyToken, office: OfficeDep) -> Token:
        """Return who calls.

        Raises:
            ForbiddenError: neither.
        """
        if token.person is not None:
            return me(token, office).token
        if self.scope not in token.scopes or token.uscc is not None or token.client is not None:
            raise ForbiddenError(f"this token lacks the scope {self.scope}")
        return token


@dataclass(frozen=True, slots=True)
class PersonOrToken:
    """Lets in a person, or any token with this scope, of the hall or of an enterprise: the act tells them apart."""

    scope: str

    def __call__(self, token: AnyToken, office: OfficeDep) -> Token:
        """Return who calls.

        Raises:
            ForbiddenError: neither.
        """
        if token.person is not None:
            return me(token, office).token
        if self.scope not in token.scopes:
            raise ForbiddenError(f"this token lacks the scope {self.scope}")
        return token
