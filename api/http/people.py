"""People and passkeys over HTTP."""

import re
from base64 import urlsafe_b64decode
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request

from api.acts import accounts, control, people
from api.db.access import Token
from api.errors import NotFoundError
from api.http.caller import MeDep, PersonOr
from api.http.deps import OfficeDep
from api.http.limits import RateLimit
from api.http.people_schemas import (
    AppointmentIn,
    AssertionOut,
    CodeIn,
    InvitationIn,
    InvitationOut,
    LoginIn,
    MemberOut,
    MembersOut,
    MeOut,
    OptionsOut,
    PasskeyIn,
    PasskeyOptionsOut,
    PasskeyOut,
    PersonOut,
    RedeemedOut,
    RedeemIn,
    RoleIn,
    SessionOut,
    spelt,
)

router = APIRouter(prefix="/api/v1", tags=["people"])
Uscc = Annotated[str, Path(pattern=r"^[0-9A-Z]{18}$")]
PersonId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Hall = Annotated[Token, Depends(PersonOr("issue"))]
Auditor = Annotated[Token, Depends(PersonOr("audit"))]
CREDENTIAL: Final = re.compile(r"[A-Za-z0-9_-]{1,1364}")  # base64url of at most 1023 octets
PUBLIC: Final[dict[int | str, dict[str, Any]]] = {
    403: {"description": "The passkey's answer was refused"},
    404: {"description": "No open invitation with this code"},
    409: {"description": "The role is taken"},
    429: {"description": "Too many requests from this address"},
}


def not_too_often(request: Request) -> None:
    """Count a request of a stranger against the address it came from.

    Raises:
        RateLimitedError: too many in a minute.
    """
    limit: RateLimit = request.app.state.rate_limit
    limit.take(request.client.host if request.client else "unknown")


STRANGERS: Final = [Depends(not_too_often)]


@router.post("/enterprises/{uscc}/invitations", status_code=201)
def invite(uscc: Uscc, body: InvitationIn, office: OfficeDep, who: Hall) -> InvitationOut:
    """Invite somebody to a role; the code is shown once. The hall invites legal representatives, these the others."""
    made = people.invite(
        office, uscc, role=body.role, name=body.name, contact=body.contact, by=who, agreement=body.agreement
    )
    return InvitationOut.of(made)


@router.post("/enterprises/{uscc}/appointments/begin")
def appointment_begin(uscc: Uscc, body: AppointmentIn, office: OfficeDep, caller: MeDep) -> OptionsOut:
    """Options to agree with that somebody becomes a manager, who may lend seals: a session alone does not do it."""
    opened = people.begin_appointment(office, uscc, role=body.role, name=body.name, by=caller.token)
    return OptionsOut(options=opened.options)


@router.post("/invitations/redeem/begin", dependencies=STRANGERS, responses={k: PUBLIC[k] for k in (404, 429)})
def redeem_begin(body: CodeIn, office: OfficeDep) -> OptionsOut:
    """Trade a code for options to make a passkey with."""
    return OptionsOut(options=accounts.begin_redeem(office, body.code))


@router.post("/invitations/redeem/finish", status_code=201, dependencies=STRANGERS, responses=PUBLIC)
def redeem_finish(body: RedeemIn, office: OfficeDep) -> RedeemedOut:
    """Register the passkey and take up the role; the session's token is shown once."""
    session, role = accounts.finish_redeem(office, body.code, body.credential, label=body.label)
    return RedeemedOut.of_role(session, role)


@router.post("/sessions/begin", dependencies=STRANGERS, responses={429: PUBLIC[429]})
def login_begin(office: OfficeDep) -> OptionsOut:
    """Options to log in with: any passkey of ours may answer."""
    return OptionsOut(options=accounts.begin_login(office))


@router.post(
    "/sessions/finish", status_code=201, dependencies=STRANGERS, responses={k: PUBLIC[k] for k in (403, 404, 429)}
)
def login_finish(body: LoginIn, office: OfficeDep) -> SessionOut:
    """Log in; the session's token is shown once and ends after twelve hours."""
    return SessionOut.of(accounts.finish_login(office, body.credential))


@router.delete("/sessions/current", status_code=204)
def log_out(office: OfficeDep, caller: MeDep) -> None:
    """End this session."""
    accounts.log_out(office, caller.token)


@router.get("/me")
def me(office: OfficeDep, caller: MeDep) -> MeOut:
    """Who I am, where I have a role, and with what I prove it."""
    with office.reading() as work:
        return MeOut(
            person=PersonOut.of(caller.person),
            memberships=[
                MemberOut.of(one, enterprise=None if (found := work.enterprises.get(one.uscc)) is None else found.name)
                for one in people.memberships(work, caller.person.id)
            ],
            passkeys=[PasskeyOut.of(one) for one in work.people.passkeys_of(caller.person.id)],
        )


@router.post("/me/memberships", status_code=201)
def join(body: CodeIn, office: OfficeDep, caller: MeDep) -> MemberOut:
    """Redeem an invitation with the account that I have."""
    return MemberOut.of(people.join(office, caller.person, body.code))


@router.post("/me/passkeys/begin")
def passkey_begin(office: OfficeDep, caller: MeDep) -> PasskeyOptionsOut:
    """Options for a further passkey, and for the proof by one that I have."""
    creation, request = accounts.begin_passkey(office, caller.person)
    return PasskeyOptionsOut(creation=creation, request=request)


@router.post("/me/passkeys/finish", status_code=201)
def passkey_finish(body: PasskeyIn, office: OfficeDep, caller: MeDep) -> PasskeyOut:
    """Add a further passkey."""
    made = accounts.finish_passkey(
        office, caller.person, registration=body.credential, proof=body.proof, label=body.label
    )
    return PasskeyOut.of(made)


@router.delete("/me/passkeys/{credential}", status_code=204)
def passkey_revoke(credential: str, office: OfficeDep, caller: MeDep) -> None:
    """Take a passkey out of use and end my other sessions."""
    accounts.revoke_passkey(office, caller.person, _credential(credential), session=caller.token)


@router.get("/assertions/{assertion}")
def assertion(assertion: PersonId, office: OfficeDep, who: Auditor) -> AssertionOut:
    """The evidence of what I agreed to; the hall's auditors see everybody's."""
    with office.reading() as work:
        found = control.assertion(work, assertion)
    if found is None or who.person not in {None, found.person}:
        raise NotFoundError("there is no such agreement")
    return AssertionOut.of(found)


@router.get("/enterprises/{uscc}/members")
def members(uscc: Uscc, office: OfficeDep, who: Hall) -> MembersOut:
    """Everybody with a role in the enterprise: for its members, and for the hall."""
    with office.reading() as work:
        if who.person is not None:
            people.require_member(work, who.person, uscc)
        return MembersOut(items=[MemberOut.of(one) for one in people.members_of(work, uscc)])


@router.put("/enterprises/{uscc}/members/{person}")
def change_role(uscc: Uscc, person: PersonId, body: RoleIn, office: OfficeDep, caller: MeDep) -> MemberOut:
    """Give a member another role; the old one ends at once."""
    return MemberOut.of(
        people.change_role(office, uscc, person, role=body.role, by=caller.token, agreement=body.agreement)
    )


@router.delete("/enterprises/{uscc}/members/{person}", status_code=204)
def dismiss(uscc: Uscc, person: PersonId, office: OfficeDep, who: Hall) -> None:
    """End somebody's role, or my own."""
    people.dismiss(office, uscc, person, by=who)


def _credential(text: str) -> bytes:
    """Read an identifier in its one spelling."""
    if CREDENTIAL.fullmatch(text):
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        if spelt(octets) == text:
            return octets
    raise NotFoundError("you have no such passkey")
