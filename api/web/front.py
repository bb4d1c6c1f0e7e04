"""What the pages know of the service: a few values and functions, so that pages can be tried without one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from api.acts.access import add_token
from api.acts.office import Office
from api.demo.contract import Party, sample_contract
from api.demo.parties import DemoParty, parties
from api.demo.people import DEMO_SCOPES, DemoLending
from api.settings import ASSETS

DEMO_TOKEN_LASTS: Final = timedelta(hours=2)
TITLE_FACE: Final = ASSETS / "fonts" / "NotoSerifSC-SemiBold.ttf"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicLicence:
    """What anybody may read of a licence (亮照)."""

    number: str
    version: int
    state: str
    uscc: str
    name: str
    name_latin: str
    kind: str
    address: str
    legal_representative: str
    founded_on: str
    authority: str
    authority_latin: str
    issued_at: datetime
    expires_at: datetime
    state_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSession:
    """A token for the demo page, good for a short while."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Put at `app.state.front`; made from the office where nobody did."""

    authority_name: str
    authority_name_latin: str
    demo: bool
    now: Callable[[], datetime]
    zone: tzinfo  # in which the authority's days begin and end
    licence: Callable[[str], PublicLicence | None]
    licence_pdf: Callable[[str], bytes | None]  # the sealed face, for a picture of it in the demo
    contract: Callable[[str], bytes | None]  # a sample for the enterprise of this licence
    sealed_sample: Callable[[str], bytes | None]  # what a use of a seal made of that sample, and of nothing else
    open_session: Callable[[], DemoSession]
    lend: Callable[[str, str], str]  # the seals of an enterprise, to the token of this secret; returns the mandate
    parties: Callable[[], list[DemoParty]]  # two companies for a visitor's contract
    title_face: Path = TITLE_FACE


def front_of(app: FastAPI) -> Front:
    """The front of this application."""
    front: Front | None = getattr(app.state, "front", None)
    if front is None:
        front = app.state.front = front_of_office(app.state.office)
    return front


def front_of_office(office: Office) -> Front:
    """Let the pages look into the register and, in a demo, hand out tokens."""

    def licence(number: str) -> PublicLicence | None:
        with office.reading() as work:
            row = work.licences.get(number)
        if row is None:
            return None
        one, entry = row.licence, row.licence.enterprise
        return PublicLicence(
            number=one.number,
            version=one.version,
            state=one.state.value,
            uscc=entry.uscc,
            name=entry.name,
            name_latin=entry.name_latin,
            kind=entry.kind,
            address=entry.address,
            legal_representative=entry.legal_representative,
            founded_on=entry.founded_on.isoformat(),
            authority=one.authority,
            authority_latin=one.authority_latin,
            issued_at=one.issued_at,
            expires_at=one.expires_at,
            state_at=row.state_at,
        )

    def licence_pdf(number: str) -> bytes | None:
        with office.reading() as work:
            row = work.licences.get(number)
        return None if row is None else b"".join(office.objects.stream(row.pdf))

    def contract(number: str) -> bytes | None:
        found = licence(number)
        if found is None:
            return None
        first = Party(name=found.name, uscc=found.uscc, representative=found.legal_representative)
        made = found.issued_at  # not the present: the same licence gets the same bytes, and `sealed_sample` knows them
        day = made.astimezone(office.zone).date()
        return sample_contract(first, fonts=office.licence_fonts.folder, day=day, now=made)

    def sealed_sample(use_id: str) -> bytes | None:
        with office.reading() as work:
            use = work.uses.get(use_id)
            seal = None if use is None else work.seals.get(use.seal)
        if use is None or seal is None or use.object is None:
            return None
        sample = contract(seal.licence)
        if sample is None or sha256(sample).digest() != use.document_sha256:
            return None  # somebody's own file: never drawn in this process
        return b"".join(office.objects.stream(use.object))

    def open_session() -> DemoSession:
        token, secret = add_token(office, name="demo", scopes=DEMO_SCOPES, valid_for=DEMO_TOKEN_LASTS)
        return DemoSession(token=secret, expires_at=token.expires_at or office.now() + DEMO_TOKEN_LASTS)

    return Front(
        authority_name=office.authority.name,
        authority_name_latin=office.authority.name_latin,
        demo=office.settings.demo,
        now=office.now,
        zone=office.zone,
        licence=licence,
        licence_pdf=licence_pdf,
        contract=contract,
        sealed_sample=sealed_sample,
        open_session=open_session,
        lend=DemoLending(office),
        parties=partial(parties, office),
    )
