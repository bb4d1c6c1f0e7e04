"""What the endpoints for mandates take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from api.acts.control import Opened
from api.acts.mandates import Terms
from api.db.mandates import StoredMandate
from api.http.schemas import Moment, Strict
from seals.mandates import ANY_MATTER, Grantee, GranteeKind, MandateState
from seals.model import SealKind

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,32}$")]
Uscc = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")]
Amount = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=2)]
Why = Annotated[str, StringConstraints(min_length=1, max_length=256, strip_whitespace=True)]
Matter = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]


class GranteeIn(Strict):
    """Who is given the mandate: a person's identity, an enterprise's code, or a token's or client's identity."""

    kind: GranteeKind
    id: Id


class MandateIn(Strict):
    """The terms of a mandate. All limits are inclusive; what is left out is not limited."""

    grantor: Uscc | None = Field(default=None, description="whose seals; left out in a sub-mandate")
    parent: Id | None = Field(default=None, description="the mandate that this one stands on, and is narrower than")
    grantee: GranteeIn
    kinds: Annotated[list[SealKind], Field(max_length=8)] = Field(default=[], description="all seals of these kinds")
    seals: Annotated[list[Code], Field(max_length=64)] = Field(default=[], description="named seals, beside the kinds")
    matters: Annotated[list[Matter], Field(min_length=1, max_length=32)] = Field(default=[ANY_MATTER])
    max_amount: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=2)] | None = None
    currency: Currency = ""
    max_pages: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    not_before: Moment
    not_after: Moment
    max_uses: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(default=None, description="1: single use")
    automatic: bool = Field(default=False, description="a machine may use it without a person")
    substitution: bool = Field(default=False, description="the grantee may grant sub-mandates")
    text: Annotated[str, StringConstraints(max_length=2000)] = ""

    def terms(self) -> Terms:
        return Terms(
            grantor=self.grantor,
            parent=self.parent,
            grantee=Grantee(kind=self.grantee.kind, id=self.grantee.id),
            kinds=frozenset(self.kinds),
            seals=frozenset(self.seals),
            matters=tuple(self.matters),
            max_amount=self.max_amount,
            currency=self.currency,
            max_pages=self.max_pages,
            not_before=self.not_before,
            not_after=self.not_after,
            max_uses=self.max_uses,
            automatic=self.automatic,
            substitution=self.substitution,
            text=self.text,
        )


class GranteeOut(BaseModel):
    """Who is given the mandate."""

    kind: GranteeKind
    id: str


class MandateOut(BaseModel):
    """A mandate and where it stands."""

    id: str
    state: MandateState
    why: str  # of the state
    grantors: list[str]
    grantee: GranteeOut
    kinds: list[SealKind]
    seals: list[str]
    matters: list[str]
    max_amount: Decimal | None
    currency: str
    max_pages: int | None
    not_before: datetime
    not_after: datetime
    max_uses: int | None
    uses: int
    automatic: bool
    substitution: bool
    parent: str | None
    licences: dict[str, str]
    text: str
    grant_assertion: str | None
    accept_assertion: str | None
    made_at: datetime
    state_at: datetime

    @classmethod
    def of(cls, stored: StoredMandate) -> Self:
        one = stored.mandate
        return cls(
            id=one.id,
            state=one.state,
            why=stored.why,
            grantors=list(one.grantors),
            grantee=GranteeOut(kind=one.grantee.kind, id=one.grantee.id),
            kinds=sorted(one.kinds),
            seals=sorted(one.seals),
            matters=list(one.matters),
            max_amount=one.max_amount,
            currency=one.currency,
            max_pages=one.max_pages,
            not_before=one.not_before,
            not_after=one.not_after,
            max_uses=one.max_uses,
            uses=one.uses,
            automatic=one.automatic,
            substitution=one.substitution,
            parent=one.parent,
            licences=dict(one.licences),
            text=one.text,
            grant_assertion=stored.grant_assertion,
            accept_assertion=stored.accept_assertion,
            made_at=stored.made_at,
            state_at=stored.state_at,
        )


class MandateList(BaseModel):
    """The mandates that concern the caller, newest first."""

    items: list[MandateOut]


class AgreementOut(BaseModel):
    """For the browser: `PublicKeyCredential.parseRequestOptionsFromJSON`; and the intent whose hash is the challenge."""

    options: dict[str, Any]
    intent: dict[str, Any]

    @classmethod
    def of(cls, opened: Opened) -> Self:
        return cls(options=opened.options, intent=opened.intent.as_mapping())


class DraftOut(BaseModel):
    """A mandate that was written down, and what its grantor is to agree to."""

    mandate: MandateOut
    agreement: AgreementOut


class AgreeIn(Strict):
    """The authenticator's answer to the options."""

    credential: Annotated[dict[str, Any], Field(description="what the browser's `PublicKeyCredential.toJSON()` gave")]


class WhyIn(Strict):
    """Why. The grantor and the grantee read it."""

    reason: Why
