"""Seals and their uses over HTTP."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile

from api.acts import faces, seal_life, sealing, use_log
from api.acts.machine_use import grounds_of_machine
from api.db.access import Token
from api.errors import BadInputError
from api.http.caller import PersonOrToken
from api.http.deps import OfficeDep, OnceDep, Remember, Scope, fingerprint_of
from api.http.media import Pdf, Pem, Png, Svg
from api.http.schemas import DecisionIn, SealOut, SealPage, SealUseOut, SealUsePage
from api.scratch import sha256_of

router = APIRouter(prefix="/api/v1", tags=["seals"])
MayIssue = Annotated[Token, Depends(Scope("issue"))]
MaySeal = Annotated[Token, Depends(Scope("seal"))]
MayRead = Annotated[Token, Depends(Scope("read"))]
MayReadUses = Annotated[Token, Depends(PersonOrToken("read"))]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/seals")
def page(
    office: OfficeDep,
    _: MayRead,
    uscc: Annotated[str | None, Query(max_length=18)] = None,
    cursor: Annotated[str, Query(max_length=14)] = "",
    limit: Limit = 50,
) -> SealPage:
    """List seals by code, or all of one enterprise."""
    with office.reading() as work:
        if uscc is not None:
            return SealPage(items=[SealOut.of(one) for one in work.seals.of_enterprise(uscc)], next=None)
        found = work.seals.page(after=cursor, limit=limit)
    return SealPage(items=[SealOut.of(one) for one in found], next=found[-1].code if len(found) == limit else None)


@router.get("/seals/{code}")
def one(code: str, office: OfficeDep, _: MayRead) -> SealOut:
    """Show one seal."""
    return SealOut.of(seal_life.seal(office, code))


@router.get("/seals/{code}/picture.svg", response_class=Svg)
def svg(code: str, office: OfficeDep, _: MayRead) -> Response:
    """The seal's picture as vectors."""
    return Svg(faces.seal_svg(office, seal_life.seal(office, code)))


@router.get("/seals/{code}/picture.png", response_class=Png)
def png(code: str, office: OfficeDep, _: MayRead) -> Response:
    """The seal's picture at 300 dots an inch on a transparent ground."""
    return Png(faces.seal_png(office, seal_life.seal(office, code)))


@router.get("/seals/{code}/certificate.pem", response_class=Pem)
def pem(code: str, office: OfficeDep, _: MayRead) -> Response:
    """The seal's certificate."""
    return Pem(faces.certificate_pem(office, seal_life.seal(office, code).serial))


@router.post("/seals/{code}/uses", status_code=201, response_model=SealUseOut)
def use(
    code: str,
    office: OfficeDep,
    who: MaySeal,
    once: OnceDep,
    document: Annotated[UploadFile, File(description="the PDF to seal")],
    level: Annotated[Literal["B-B", "B-T", "B-LT", "B-LTA"], Form()] = "B-LT",
    placement: Annotated[Literal["invisible", "position", "keyword"], Form()] = "invisible",
    page: Annotated[int, Form(ge=-10_000, le=10_000, description="from 1; negative counts from the end")] = 1,
    x_mm: Annotated[float, Form(ge=0, le=10_000, description="centre, from the left of the page as shown")] = 150.0,
    y_mm: Annotated[float, Form(ge=0, le=10_000, description="centre, from the top of the page as shown")] = 240.0,
    keyword: Annotated[str, Form(max_length=200)] = "",
    index: Annotated[int, Form(ge=-1000, le=1000, description="which occurrence; negative counts from the end")] = 1,
    reason: Annotated[str, Form(max_length=256)] = "",
    mandate: Annotated[str | None, Form(max_length=32, description="which; without it, the one that fits")] = None,
    matter: Annotated[str, Form(max_length=64, description="what the document is about, as mandates name it")] = "",
    amount: Annotated[Decimal | None, Form(ge=0, max_digits=20, decimal_places=2)] = None,
    currency: Annotated[str, Form(pattern="^([A-Z]{3})?$")] = "",
) -> Response:
    """Seal a PDF as a machine, under a mandate that allows automatic use. The sealed file is at `document` of the answer.

    A person seals by a seal-use request, which is confirmed with a passkey.
    """
    order = sealing.SealOrder.of(
        level=level, placement=placement, page=page, x_mm=x_mm, y_mm=y_mm, keyword=keyword, index=index, reason=reason
    )
    digest = sha256_of(document.file).hex()

    def act(remember: Remember) -> SealUseOut:
        done = sealing.seal_document(
            office,
            code,
            document.file,
            order,
            grounds=grounds_of_machine(
                office, code, document.file, who, mandate=mandate, matter=matter, amount=amount, currency=currency
            ),
            then=lambda work, use: remember(work, SealUseOut.of(use)),
        )
        return SealUseOut.of(done)

    return once.run(
        who.id, fingerprint_of("uses", code, digest, str(order), mandate, matter, str(amount), currency), act
    )


@router.post("/seals/{code}/{decision}")  # behind `uses`, which it would swallow
def decide(
    code: str,
    decision: Literal["suspend", "reinstate", "cancel"],
    body: DecisionIn,
    office: OfficeDep,
    who: MayIssue,
) -> SealOut:
    """Suspend, reinstate or cancel a seal; its certificate follows in the same transaction."""
    return SealOut.of(seal_life.decide(office, code, decision, reason=body.reason, actor=who.name))


@router.get("/seals/{code}/uses")
def uses(
    code: str,
    office: OfficeDep,
    who: MayReadUses,
    cursor: Annotated[str, Query(max_length=32)] = "",
    limit: Limit = 50,
) -> SealUsePage:
    """The log of a seal's uses, newest first: for the enterprise's representative and its auditors, and for the hall."""
    use_log.require_reader(office, who, code)
    with office.reading() as work:
        last = work.uses.get(cursor) if cursor else None
        if cursor and (last is None or last.seal != code):
            raise BadInputError("this cursor is not from the log of this seal")
        found = work.uses.of_seal(code, after=last, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return SealUsePage(items=[SealUseOut.of(one) for one in found], next=following)


@router.get("/seal-uses/{use_id}")
def one_use(use_id: str, office: OfficeDep, _: MayRead) -> SealUseOut:
    """Show one use of a seal."""
    return SealUseOut.of(sealing.use(office, use_id))


@router.get("/seal-uses/{use_id}/document", response_class=Pdf)
def document_of(use_id: str, office: OfficeDep, who: MaySeal) -> Pdf:
    """The sealed file, for the machine that had it sealed and for the enterprise whose seal it is."""
    use_log.require_owner(office, who, use_id)
    name = sealing.sealed_file(office, use_id)
    headers = {
        "Content-Disposition": f'attachment; filename="sealed-{use_id[:8]}.pdf"',
        "Content-Length": str(office.objects.size(name)),
    }
    return Pdf(office.objects.stream(name), headers=headers)
