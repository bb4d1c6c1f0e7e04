"""Licences over HTTP: issue, change, decide, and their faces."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import PlainTextResponse

from api.acts import establish, faces, licence_life
from api.db.access import Token
from api.http.deps import OfficeDep, OnceDep, Remember, Scope, fingerprint_of
from api.http.media import Pdf, Pem, Png, Svg
from api.http.schemas import (
    DecisionIn,
    EnterpriseIn,
    EstablishIn,
    EstablishOut,
    LicenceOut,
    LicencePage,
    SealOut,
)

router = APIRouter(prefix="/api/v1/licences", tags=["licences"])
MayIssue = Annotated[Token, Depends(Scope("issue"))]
MayRead = Annotated[Token, Depends(Scope("read"))]


def _out(made: establish.Establishment) -> EstablishOut:
    return EstablishOut(licence=LicenceOut.of(made.licence), seals=[SealOut.of(one) for one in made.seals])


@router.post(
    "",
    status_code=201,
    response_model=EstablishOut,
    responses={404: {"description": "The enterprise is not registered"}},
)
def issue(body: EstablishIn, office: OfficeDep, who: MayIssue, once: OnceDep) -> Response:
    """Issue the electronic licence and five seals to a registered enterprise, in one act."""

    def act(remember: Remember) -> EstablishOut:
        return _out(
            establish.establish(office, body.uscc, actor=who.name, then=lambda work, made: remember(work, _out(made)))
        )

    return once.run(who.id, fingerprint_of("licences", body.uscc), act)


@router.get("")
def page(
    office: OfficeDep,
    _: MayRead,
    cursor: Annotated[str, Query(max_length=32)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LicencePage:
    """List licences by number."""
    with office.reading() as work:
        found = work.licences.page(after=cursor, limit=limit)
    return LicencePage(
        items=[LicenceOut.of(row) for row in found],
        next=found[-1].licence.number if len(found) == limit else None,
    )


@router.get("/{number}")
def one(number: str, office: OfficeDep, _: MayRead) -> LicenceOut:
    """Show one licence."""
    return LicenceOut.of(licence_life.licence(office, number))


@router.post("/{number}/change", status_code=201, response_model=EstablishOut)
def change(number: str, body: EnterpriseIn, office: OfficeDep, who: MayIssue, once: OnceDep) -> Response:
    """Enter a change of the enterprise: the next version supersedes this one; seals that no longer tell the truth are replaced."""

    def act(remember: Remember) -> EstablishOut:
        return _out(
            establish.change(
                office,
                number,
                body.model_dump(),
                actor=who.name,
                then=lambda work, made: remember(work, _out(made)),
            )
        )

    return once.run(who.id, fingerprint_of("change", number, body.model_dump()), act)


@router.post("/{number}/{decision}")
def decide(
    number: str,
    decision: Literal["suspend", "reinstate", "revoke", "cancel"],
    body: DecisionIn,
    office: OfficeDep,
    who: MayIssue,
) -> LicenceOut:
    """Suspend, reinstate, revoke or cancel; certificates and seals follow in the same transaction."""
    return LicenceOut.of(licence_life.decide(office, number, decision, reason=body.reason, actor=who.name))


@router.get("/{number}/licence.pdf", response_class=Pdf)
def pdf(number: str, office: OfficeDep, _: MayRead) -> Pdf:
    """The sealed PDF face."""
    row = licence_life.licence(office, number)
    headers = {
        "Content-Disposition": f'inline; filename="licence-{number}.pdf"',
        "Content-Length": str(office.objects.size(row.pdf)),
    }
    return Pdf(office.objects.stream(row.pdf), headers=headers)


@router.get("/{number}/licence.pem", response_class=Pem)
def pem(number: str, office: OfficeDep, _: MayRead) -> Response:
    """The X.509 face."""
    return Pem(faces.certificate_pem(office, licence_life.licence(office, number).serial))


@router.get("/{number}/licence.elq1", response_class=PlainTextResponse)
def elq1(number: str, office: OfficeDep, _: MayRead) -> PlainTextResponse:
    """The QR face as text."""
    return PlainTextResponse(licence_life.licence(office, number).elq1)


@router.get("/{number}/qr.png", response_class=Png)
def qr_png(number: str, office: OfficeDep, _: MayRead) -> Response:
    """The QR face as a picture."""
    return Png(faces.qr_png(office, licence_life.licence(office, number)))


@router.get("/{number}/qr.svg", response_class=Svg)
def qr_svg(number: str, office: OfficeDep, _: MayRead) -> Response:
    """The QR face as a vector picture."""
    return Svg(faces.qr_svg(office, licence_life.licence(office, number)))
