"""What a draft of an envelope is made of, as the interface takes it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.acts.envelope_drafting import LinkPlan, PartyPlan, Plan
from api.acts.envelope_links import Link
from api.http.schemas import Moment, Strict
from seals.envelopes import OnOutage, PartyKind, PartyRole

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Words = Annotated[str, StringConstraints(max_length=200)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=256, strip_whitespace=True)]
Uscc = Annotated[str, StringConstraints(max_length=18)]
Id = Annotated[str, StringConstraints(max_length=32)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Mm = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
PageNumber = Annotated[int, Field(ge=-10_000, le=10_000)]
SealKindName = Literal["official", "finance", "invoice", "contract", "representative", "other"]


class AtPositionIn(Strict):
    """Centre of the picture, from the top left corner of the page as displayed."""

    at: Literal["position"]
    page: PageNumber
    x_mm: Mm
    y_mm: Mm


class AtKeywordIn(Strict):
    """Centre of the picture on a text of the document."""

    at: Literal["keyword"]
    text: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    index: Annotated[int, Field(ge=-1000, le=1000)] = 1
    dx_mm: Mm = 0.0
    dy_mm: Mm = 0.0
    first_page: PageNumber = 1
    last_page: PageNumber | None = None


class EveryPageIn(Strict):
    """The same place on every page."""

    at: Literal["every-page"]
    x_mm: Mm
    y_mm: Mm
    first_page: PageNumber = 1
    last_page: PageNumber = -1


class SeamIn(Strict):
    """骑缝章: the seal cut into slices over the edge of the pages."""

    y_mm: Mm
    edge: Literal["right", "left"] = "right"
    first_page: PageNumber = 1
    last_page: PageNumber = -1


class FillIn(Strict):
    """A field to fill in. With `value` the sender fills it in, and the party cannot change it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    kind: Literal["text", "date", "tick", "statement"]
    page: PageNumber
    x_mm: Mm
    y_mm: Mm
    width_mm: Size
    height_mm: Size
    required: bool = True
    max_chars: Annotated[int, Field(ge=1, le=2000)] = 200
    statement: Words = ""
    value: Annotated[str, StringConstraints(max_length=2000)] | None = None


class SlotIn(Strict):
    """Where one party's seal goes in one document, and what the party fills in there."""

    party: Name
    name: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    kinds: tuple[SealKindName, ...] = ()
    spots: Annotated[
        tuple[Annotated[AtPositionIn | AtKeywordIn | EveryPageIn, Field(discriminator="at")], ...], Field(max_length=50)
    ] = ()
    seam: SeamIn | None = None
    width_mm: Size = 42.0
    height_mm: Size = 42.0
    fills: Annotated[tuple[FillIn, ...], Field(max_length=200)] = ()
    own_client: bool = False


class PartyIn(Strict):
    """A party: an enterprise by its USCC; a person by account, or by name and contact to be invited."""

    id: Name
    kind: Literal["enterprise", "person"] = "enterprise"
    role: Literal["sign", "approve", "copy"] = "sign"
    step: Annotated[int, Field(ge=0, le=1000)] = 0
    required: bool = True
    uscc: Uscc | None = None
    person: Id | None = None
    name: Annotated[str, StringConstraints(max_length=64)] = ""
    contact: Annotated[str, StringConstraints(max_length=128)] = ""

    def to_plan(self) -> PartyPlan:
        return PartyPlan(
            id=self.id, kind=PartyKind(self.kind), role=PartyRole(self.role), step=self.step, required=self.required,
            name=self.name, uscc=self.uscc, person=self.person, contact=self.contact,
        )  # fmt: skip


class LinkIn(Strict):
    """A reference to a concluded envelope; without a hash, to its first document."""

    kind: Literal["rescinds", "call-off-of", "amends"]
    target: Id
    sha256: Digest | None = None


class CreateIn(Strict):
    """A new draft."""

    uscc: Uscc
    title: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class PlanIn(Strict):
    """Everything of a draft but its files; replaces what was set before."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    parties: Annotated[list[PartyIn], Field(max_length=100)]
    slots: dict[Id, Annotated[list[SlotIn], Field(max_length=100)]]
    matter: Annotated[str, StringConstraints(max_length=64)] = ""
    amount: Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=2, allow_inf_nan=False)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-LT"
    on_timestamp_outage: Literal["wait", "degrade"] = "wait"
    at_least: Annotated[int, Field(ge=1, le=100)] | None = None
    deadline: Moment | None = None
    links: Annotated[tuple[LinkIn, ...], Field(max_length=20)] = ()
    rescission_reason: (
        Literal["content-wrong", "wrong-seal", "wrong-signatory", "cooperation-ended", "other"] | None
    ) = None

    def to_plan(self) -> Plan:
        return Plan(
            title=self.title,
            parties=[one.to_plan() for one in self.parties],
            slots={key: [one.model_dump(mode="json") for one in slots] for key, slots in self.slots.items()},
            matter=self.matter,
            amount=self.amount,
            currency=self.currency,
            level=self.level,
            on_outage=OnOutage(self.on_timestamp_outage),
            at_least=self.at_least,
            deadline=self.deadline,
            links=[
                LinkPlan(
                    kind=Link(one.kind),
                    target=one.target,
                    sha256=None if one.sha256 is None else bytes.fromhex(one.sha256),
                )
                for one in self.links
            ],
            rescission_reason=self.rescission_reason,
        )
