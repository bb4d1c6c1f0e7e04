"""Seal-use requests (用印申请) and approval rules over HTTP."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from api.acts import applying, approval_rules, previewing, request_views, requests, sealing
from api.acts.office import Office
from api.acts.requests import Asking
from api.db.work import SqlUnitOfWork
from api.errors import NotFoundError
from api.http.caller import MeDep
from api.http.deps import OfficeDep, OnceDep, Remember, fingerprint_of
from api.http.mandates_schemas import AgreeIn, AgreementOut
from api.http.media import Pdf, Png
from api.http.requests_schemas import DecideIn, RuleIn, RuleOut, SealRequestOut, SealRequestPage
from api.scratch import sha256_of
from seals.requests import RequestState, SealRequest

router = APIRouter(prefix="/api/v1", tags=["seal-requests"])
RequestId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Code = Annotated[str, Path(pattern=r"^[0-9]{14}$")]


@router.get("/seals/{code}/approval-rule")
def rule(code: Code, office: OfficeDep, me: MeDep) -> RuleOut:
    """Who approves the use of this seal."""
    found, was_set = approval_rules.rule_of_seal(office, me.person.id, code)
    return RuleOut.of(found, was_set=was_set)


@router.put("/seals/{code}/approval-rule")
def set_rule(code: Code, body: RuleIn, office: OfficeDep, me: MeDep) -> RuleOut:
    """Set who approves the use of this seal. Requests that wait keep the rule they were asked under."""
    chosen = body.rule()
    approval_rules.set_rule(office, me.person.id, code, chosen)
    return RuleOut.of(chosen, was_set=True)


@router.post(
    "/seal-requests",
    status_code=201,
    response_model=SealRequestOut,
    responses={404: {"description": "No such seal, or none of yours"}},
)
def ask(
    office: OfficeDep,
    me: MeDep,
    once: OnceDep,
    document: Annotated[UploadFile, File(description="the PDF to seal")],
    seal: Annotated[str, Form(pattern=r"^[0-9]{14}$")],
    purpose: Annotated[str, Form(min_length=1, max_length=256)],
    level: Annotated[Literal["B-B", "B-T", "B-LT", "B-LTA"], Form()] = "B-LT",
    placement: Annotated[Literal["invisible", "position", "keyword"], Form()] = "invisible",
    page: Annotated[int, Form(ge=-10_000, le=10_000, description="from 1; negative counts from the end")] = 1,
    x_mm: Annotated[float, Form(ge=0, le=10_000, description="centre, from the left of the page as shown")] = 150.0,
    y_mm: Annotated[float, Form(ge=0, le=10_000, description="centre, from the top of the page as shown")] = 240.0,
    keyword: Annotated[str, Form(max_length=200)] = "",
    index: Annotated[int, Form(ge=-1000, le=1000, description="which occurrence; negative counts from the end")] = 1,
    matter: Annotated[str, Form(max_length=64, description="what the document is about, as mandates name it")] = "",
    amount: Annotated[Decimal | None, Form(ge=0, max_digits=20, decimal_places=2)] = None,
    currency: Annotated[str, Form(pattern="^([A-Z]{3})?$")] = "",
    mandate: Annotated[str | None, Form(max_length=32, description="which; without it, the one that fits")] = None,
) -> Response:
    """Ask for the use of a seal. Who has the right confirms with the options in `agreement`; else approvers are asked."""
    asking = Asking(
        seal=seal,
        placement={
            "level": level, "placement": placement, "page": page, "x_mm": x_mm, "y_mm": y_mm, "keyword": keyword,
            "index": index,
        },
        name=(document.filename or "document.pdf")[:255],
        purpose=purpose,
        matter=matter,
        amount=amount,
        currency=currency,
        mandate=mandate,
    )  # fmt: skip
    digest = sha256_of(document.file).hex()

    def act(remember: Remember) -> SealRequestOut:
        def then(work: SqlUnitOfWork, made: SealRequest) -> None:
            remember(work, SealRequestOut.of(request_views.look(work, made, made.asked_at)))

        made = requests.ask(office, me.person, asking, document.file, then=then)
        opened = requests.begin(office, me.person.id, made.id) if made.state is RequestState.ASKED else None
        agreement = None if opened is None else AgreementOut.of(opened)
        return SealRequestOut.of(request_views.seen(office, me.person.id, made.id), agreement)

    return once.run(me.person.id, fingerprint_of("seal-requests", digest, str(asking)), act)


@router.get("/seal-requests")
def page_of(
    office: OfficeDep,
    me: MeDep,
    state: Annotated[list[RequestState] | None, Query()] = None,
    cursor: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> SealRequestPage:
    """The caller's requests and, for an auditor, all over the enterprise's seals; newest first."""
    states = [one.value for one in state or ()]
    found = request_views.page(office, me.person.id, states=states, cursor=cursor, limit=limit)
    following = found[-1].request.id if len(found) == limit else None
    return SealRequestPage(items=[SealRequestOut.of(one) for one in found], next=following)


@router.get("/seal-requests/inbox")
def inbox(office: OfficeDep, me: MeDep) -> SealRequestPage:
    """Requests that the caller can decide on now, the oldest first."""
    return SealRequestPage(
        items=[SealRequestOut.of(one) for one in request_views.inbox(office, me.person.id)], next=None
    )


@router.get("/seal-requests/{request}")
def one(request: RequestId, office: OfficeDep, me: MeDep) -> SealRequestOut:
    """Show a request to the asker, an approver, or an auditor of the enterprise."""
    return SealRequestOut.of(request_views.seen(office, me.person.id, request))


@router.get("/seal-requests/{request}/document", response_class=Pdf)
def document_of(request: RequestId, office: OfficeDep, me: MeDep) -> Pdf:
    """Exactly the bytes that will be sealed."""
    found = request_views.seen(office, me.person.id, request).request
    return _pdf(office, found.object, f"request-{request[:8]}.pdf")


@router.get("/seal-requests/{request}/preview/{page}.png", response_class=Png)
def preview(
    request: RequestId, page: Annotated[int, Path(ge=1, le=1_000_000)], office: OfficeDep, me: MeDep
) -> Response:
    """A page of what will be sealed, with the seal where it will be."""
    found = request_views.seen(office, me.person.id, request).request
    if found.object is None:
        raise NotFoundError("the documents of this request lie with its envelope")
    with applying.document_of(office, found) as source:
        return Png(previewing.preview(office, found.seal, source, applying.order_of(found), page))


@router.get("/seal-requests/{request}/sealed", response_class=Pdf)
def sealed(request: RequestId, office: OfficeDep, me: MeDep) -> Pdf:
    """The sealed file."""
    found = request_views.seen(office, me.person.id, request).request
    if found.use is None or found.envelope is not None:
        raise NotFoundError("there is no sealed file of this request")
    return _pdf(office, sealing.sealed_file(office, found.use), f"sealed-{request[:8]}.pdf")


@router.post("/seal-requests/{request}/begin")
def begin(request: RequestId, office: OfficeDep, me: MeDep) -> AgreementOut:
    """Ask for the passkey of whoever's turn it is: the asker who has the right himself, or an approver."""
    return AgreementOut.of(requests.begin(office, me.person.id, request))


@router.post("/seal-requests/{request}/confirm")
def confirm(request: RequestId, body: AgreeIn, office: OfficeDep, me: MeDep) -> SealRequestOut:
    """Agree as who has the right himself; the seal is applied at once."""
    requests.confirm(office, me.person.id, request, body.credential)
    applying.apply(office, request)
    return SealRequestOut.of(request_views.seen(office, me.person.id, request))


@router.post("/seal-requests/{request}/decision")
def decide(request: RequestId, body: DecideIn, office: OfficeDep, me: MeDep) -> SealRequestOut:
    """Approve with a passkey, or refuse with a reason. After the last approval the seal is applied."""
    if body.credential is None:
        requests.refuse(office, me.person.id, request, body.reason)
    else:
        requests.approve(office, me.person.id, request, body.credential)
        applying.apply(office, request)
    return SealRequestOut.of(request_views.seen(office, me.person.id, request))


@router.post("/seal-requests/{request}/withdraw")
def withdraw(request: RequestId, office: OfficeDep, me: MeDep) -> SealRequestOut:
    """Take a request back that was not applied."""
    requests.withdraw(office, me.person.id, request)
    return SealRequestOut.of(request_views.seen(office, me.person.id, request))


@router.post("/seal-requests/{request}/retry")
def retry(request: RequestId, office: OfficeDep, me: MeDep) -> SealRequestOut:
    """Have a seal applied once more that could not be applied; its approvals stand."""
    requests.retry(office, me.person.id, request)
    applying.apply(office, request)
    return SealRequestOut.of(request_views.seen(office, me.person.id, request))


def _pdf(office: Office, name: str | None, shown: str) -> Pdf:
    if name is None:
        raise NotFoundError("the documents of this request lie with its envelope")
    headers = {
        "Content-Disposition": f'attachment; filename="{shown}"',
        "Content-Length": str(office.objects.size(name)),
    }
    return Pdf(office.objects.stream(name), headers=headers)
