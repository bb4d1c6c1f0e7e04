"""What the JSON API takes and gives. Field names are those of the register."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.db.ledger import Event
from api.db.licences import StoredLicence
from ca.register import Enterprise
from seals.register import Seal, SealUse

YEARS: Final = (2000, 9000)  # inclusive; near the ends of the calendar other zones cannot say the time


def _in_the_calendar(value: datetime) -> datetime:
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"a time lies between the years {YEARS[0]} and {YEARS[1]}")
    return value


Text = Annotated[str, StringConstraints(max_length=4096)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_the_calendar)]


class Strict(BaseModel):
    """A request body: unknown fields are refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class EnterpriseIn(Strict):
    """An entry of the register as the hall enters it. What it means is checked by the register, field by field."""

    uscc: Text = Field(examples=["91110000600037341L"])
    name: Text
    name_latin: Text
    kind: Text = Field(examples=["有限责任公司"])
    address: Text
    legal_representative: Text
    capital: Text = Field(examples=["1000000.00"])
    currency: Text = Field(examples=["CNY"])
    founded_on: Text = Field(examples=["2020-01-31"])
    term_until: Text | None = None
    scope: Text


class EnterpriseOut(BaseModel):
    """An entry of the register."""

    uscc: str
    name: str
    name_latin: str
    kind: str
    address: str
    legal_representative: str
    capital: Decimal
    currency: str
    founded_on: date
    term_until: date | None
    scope: str

    @classmethod
    def of(cls, one: Enterprise) -> Self:
        return cls(
            uscc=one.uscc,
            name=one.name,
            name_latin=one.name_latin,
            kind=one.kind,
            address=one.address,
            legal_representative=one.legal_representative,
            capital=one.capital,
            currency=one.currency,
            founded_on=one.founded_on,
            term_until=one.term_until,
            scope=one.scope,
        )


class LicenceFaces(BaseModel):
    """Where the faces of a licence are."""

    pdf: str
    pem: str
    elq1: str
    qr_png: str
    qr_svg: str


class LicenceOut(BaseModel):
    """One version of a licence."""

    number: str
    uscc: str
    name: str
    version: int
    state: str
    authority: str
    issued_at: datetime
    expires_at: datetime
    state_at: datetime
    serial: str
    faces: LicenceFaces

    @classmethod
    def of(cls, row: StoredLicence) -> Self:
        one, base = row.licence, f"/api/v1/licences/{row.licence.number}"
        return cls(
            number=one.number,
            uscc=one.enterprise.uscc,
            name=one.enterprise.name,
            version=one.version,
            state=one.state.value,
            authority=one.authority,
            issued_at=one.issued_at,
            expires_at=one.expires_at,
            state_at=row.state_at,
            serial=f"{row.serial:x}",
            faces=LicenceFaces(
                pdf=f"{base}/licence.pdf",
                pem=f"{base}/licence.pem",
                elq1=f"{base}/licence.elq1",
                qr_png=f"{base}/qr.png",
                qr_svg=f"{base}/qr.svg",
            ),
        )


class SealFaces(BaseModel):
    """Where the faces of a seal are."""

    svg: str
    png: str
    pem: str


class SealOut(BaseModel):
    """An electronic seal."""

    code: str
    uscc: str
    licence: str
    kind: str
    name: str
    state: str
    serial: str
    made_at: datetime
    state_at: datetime
    faces: SealFaces

    @classmethod
    def of(cls, one: Seal) -> Self:
        base = f"/api/v1/seals/{one.code}"
        return cls(
            code=one.code,
            uscc=one.uscc,
            licence=one.licence,
            kind=one.kind.value,
            name=one.name,
            state=one.state,
            serial=f"{one.serial:x}",
            made_at=one.made_at,
            state_at=one.state_at,
            faces=SealFaces(svg=f"{base}/picture.svg", png=f"{base}/picture.png", pem=f"{base}/certificate.pem"),
        )


class EstablishIn(Strict):
    """Whom to establish: the enterprise must be registered."""

    uscc: Text


class EstablishOut(BaseModel):
    """A licence and the seals that came with it."""

    licence: LicenceOut
    seals: list[SealOut]


class DecisionIn(Strict):
    """Why a state is changed. The sentence goes into the audit trail."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=256, strip_whitespace=True)]


class SealUseOut(BaseModel):
    """One act of sealing."""

    id: str
    seal: str
    state: str
    level: str
    purpose: str
    actor: str
    asked_at: datetime
    decided_at: datetime | None
    document_sha256: str | None  # of the file that came in
    sha256: str | None  # of the sealed file
    document: str | None  # where the sealed file is
    detail: str | None

    @classmethod
    def of(cls, use: SealUse) -> Self:
        return cls(
            id=use.id,
            seal=use.seal,
            state=use.state.value,
            level=use.level,
            purpose=use.purpose,
            actor=use.actor,
            asked_at=use.asked_at,
            decided_at=use.decided_at,
            document_sha256=None if use.document_sha256 is None else use.document_sha256.hex(),
            sha256=None if use.sealed_sha256 is None else use.sealed_sha256.hex(),
            document=None if use.object is None else f"/api/v1/seal-uses/{use.id}/document",
            detail=use.detail,
        )


class EnterprisePage(BaseModel):
    """A part of the register; `next` continues it."""

    items: list[EnterpriseOut]
    next: str | None


class LicencePage(BaseModel):
    """A part of the licences; `next` continues it."""

    items: list[LicenceOut]
    next: str | None


class SealPage(BaseModel):
    """A part of the seals; `next` continues it."""

    items: list[SealOut]
    next: str | None


class SealUsePage(BaseModel):
    """A part of a seal's log, newest first; `next` continues it."""

    items: list[SealUseOut]
    next: str | None


class EventOut(BaseModel):
    """One line of the audit trail."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, one: Event) -> Self:
        return cls(id=one.id, at=one.at, actor=one.actor, act=one.act, subject=one.subject, detail=dict(one.detail))


class EventPage(BaseModel):
    """A part of the audit trail, oldest first; `next` continues it."""

    items: list[EventOut]
    next: int | None


class VerifyIn(Strict):
    """A scanned code as text."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=16_384)]


class Health(BaseModel):
    """Whether the service can work, part by part."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str]


class CredentialKey(BaseModel):
    """A key that signs QR credentials, or the CA above it."""

    kid: str  # hexadecimal
    certificate: str  # DER in base64
    not_before: datetime
    not_after: datetime


class KeyListOut(BaseModel):
    """The published key list (docs/spec/qr.md)."""

    keys: list[CredentialKey]
