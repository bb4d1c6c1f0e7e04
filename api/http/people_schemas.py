"""What the endpoints for people take and give."""

from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from api.acts.accounts import Session
from api.acts.people import Invited
from api.db.people import Invitation, Member, Passkey, Person, Role, StoredAssertion
from api.http.schemas import Strict

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Contact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Code = Annotated[str, StringConstraints(min_length=16, max_length=64)]
Answer = Annotated[dict[str, Any], Field(description="what the browser's `PublicKeyCredential.toJSON()` gave")]


class InvitationIn(Strict):
    """Whom to invite. A legal representative's name is that of the register."""

    role: Role
    name: Name | None = None
    contact: Contact = Field(default="", description="where the code is sent; we only keep it")
    agreement: Answer | None = Field(default=None, description="by passkey, where the role is `manager`")


class InvitationOut(BaseModel):
    """An invitation. Its code is shown once, here."""

    id: str
    uscc: str
    role: Role
    name: str
    contact: str
    expires_at: datetime
    code: str

    @classmethod
    def of(cls, made: Invited) -> Self:
        one: Invitation = made.invitation
        return cls(
            id=one.id,
            uscc=one.uscc,
            role=one.role,
            name=one.name,
            contact=one.contact,
            expires_at=one.expires_at,
            code=made.code,
        )


class CodeIn(Strict):
    """The one-time code of an invitation."""

    code: Code


class RedeemIn(Strict):
    """The code, and the authenticator's answer to the creation options."""

    code: Code
    credential: Answer
    label: Label = Field(default="", description="how the person calls this passkey")


class LoginIn(Strict):
    """The authenticator's answer to the request options."""

    credential: Answer


class PasskeyIn(Strict):
    """A new passkey, and the proof by one that the person has already."""

    credential: Answer
    proof: Answer
    label: Label = ""


class RoleIn(Strict):
    """The new role."""

    role: Role
    agreement: Answer | None = Field(default=None, description="by passkey, where the role is `manager`")


class AppointmentIn(Strict):
    """Who is to get which role."""

    role: Role
    name: Name


class OptionsOut(BaseModel):
    """For the browser: `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    options: dict[str, Any]


class PasskeyOptionsOut(BaseModel):
    """Options for the new passkey, and for the proof by an old one."""

    creation: dict[str, Any]
    request: dict[str, Any]


class PersonOut(BaseModel):
    """A person."""

    id: str
    name: str
    contact: str
    state: str
    made_at: datetime

    @classmethod
    def of(cls, one: Person) -> Self:
        return cls(id=one.id, name=one.name, contact=one.contact, state=one.state, made_at=one.made_at)


class MemberOut(BaseModel):
    """A person's role in one enterprise."""

    person: str
    name: str
    uscc: str
    enterprise: str | None = Field(default=None, description="its registered name, in one's own roles")
    role: Role
    since: datetime

    @classmethod
    def of(cls, one: Member, *, enterprise: str | None = None) -> Self:
        return cls(
            person=one.person, name=one.name, uscc=one.uscc, enterprise=enterprise, role=one.role, since=one.since
        )


class MembersOut(BaseModel):
    """Everybody with a role in the enterprise."""

    items: list[MemberOut]


class PasskeyOut(BaseModel):
    """A passkey. The key itself is in the person's authenticator."""

    id: str
    label: str
    aaguid: str
    transports: list[str]
    backed_up: bool
    made_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, one: Passkey) -> Self:
        return cls(
            id=spelt(one.id),
            label=one.label,
            aaguid=one.aaguid,
            transports=list(one.transports),
            backed_up=one.backed_up,
            made_at=one.made_at,
            last_used_at=one.last_used_at,
        )


class SessionOut(BaseModel):
    """A session. Its token is shown once, here."""

    token: str
    expires_at: datetime | None
    person: PersonOut

    @classmethod
    def of(cls, made: Session) -> Self:
        return cls(token=made.secret, expires_at=made.token.expires_at, person=PersonOut.of(made.person))


class RedeemedOut(SessionOut):
    """A session, and the role that was taken up."""

    member: MemberOut

    @classmethod
    def of_role(cls, made: Session, role: Member) -> Self:
        return cls(**SessionOut.of(made).model_dump(), member=MemberOut.of(role))


class AssertionOut(BaseModel):
    """The kept evidence of an agreement: docs/spec/sole-control.md says how to check it without us. Octets in base64url."""

    id: str
    person: str
    at: datetime
    rp_id: str
    origin: str
    intent: str = Field(description="canonical JSON; its SHA-256 is the challenge")
    credential: str
    public_key: str = Field(description="COSE_Key")
    client_data_json: str
    authenticator_data: str
    signature: str

    @classmethod
    def of(cls, one: StoredAssertion) -> Self:
        return cls(
            id=one.id,
            person=one.person,
            at=one.at,
            rp_id=one.rp_id,
            origin=one.origin,
            intent=one.intent,
            credential=spelt(one.credential),
            public_key=spelt(one.public_key),
            client_data_json=spelt(one.client_data_json),
            authenticator_data=spelt(one.authenticator_data),
            signature=spelt(one.signature),
        )


class MeOut(BaseModel):
    """Who I am, where I have a role, and with what I prove it."""

    person: PersonOut
    memberships: list[MemberOut]
    passkeys: list[PasskeyOut]


def spelt(octets: bytes) -> str:
    """base64url without padding, as WebAuthn spells identifiers."""
    return urlsafe_b64encode(octets).decode().rstrip("=")
