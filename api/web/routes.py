"""The pages (HTML), their fonts and pictures, and the demo's token."""

import logging
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from api.errors import ServiceError
from api.web.errors import BrowserErrors
from api.web.fonts import cut
from api.web.front import front_of
from api.web.headers import StrictHeaders
from api.web.operations import operations
from api.web.pages import error_page, page
from api.web.pictures import first_page
from api.web.specimens import KINDS, specimen
from api.web.suggestion import suggest
from api.web.words import title_characters
from seals.model import SealKind

log: Final = logging.getLogger(__name__)
HERE: Final = Path(__file__).parent
ENVELOPE: Final = re.compile(r"[0-9a-f]{8,32}")
DAY: Final = "public, max-age=86400"


class Page(APIRoute):
    """A route whose unexpected failure is a page in the reader's language, not a bare line of text."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except (HTTPException, ServiceError):
                raise  # an answer that is known: api/problems.py words it, and `BrowserErrors` makes a page of it
            except Exception:
                log.exception("page %s failed", request.url.path)
                return error_page(request, 500)

        return handler


class Limit(Protocol):
    """What `app.state.rate_limit` can do."""

    def take(self, address: str) -> None: ...


def take(request: Request) -> None:
    """Count a request that costs us work and is open to all.

    Raises:
        RateLimitedError: too many from this address.
    """
    limit: Limit | None = getattr(request.app.state, "rate_limit", None)
    if limit is not None:
        limit.take(request.client.host if request.client else "unknown")


router: Final = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/")
def landing(request: Request) -> Response:
    return page(request, "landing.html", kinds=[kind.value for kind in KINDS])


@router.get("/check")
@router.get("/q")
def check(request: Request) -> Response:
    """One page: `/q#ELQ1:…` is read from the address by the browser and never reaches us unasked."""
    return page(request, "check.html")


@router.get("/account")
def account(request: Request) -> Response:
    """Sign in with a passkey, or take up an invitation."""
    return page(request, "account.html")


@router.get("/requests")
def requests(request: Request) -> Response:
    """Seal-use requests that wait for the person who is signed in."""
    return page(request, "requests.html")


@router.get("/mandates")
def mandates(request: Request) -> Response:
    """Mandates that the signed-in person's enterprises gave or got."""
    return page(request, "mandates.html")


@router.get("/contracts")
def contracts(request: Request) -> Response:
    """What I take part in; the page asks the API as the person who is signed in."""
    return page(request, "contracts.html")


@router.get("/contracts/{envelope}")
def contract_page(request: Request, envelope: str) -> Response:
    """One contract: read, seal, decline. Whether it exists the API says, to those whom it concerns."""
    return _of_envelope(request, "contract.html", envelope)


@router.get("/contracts/{envelope}/plan")
def plan_page(request: Request, envelope: str) -> Response:
    """Parties and places of a contract that is not sent yet."""
    return _of_envelope(request, "plan.html", envelope)


def _of_envelope(request: Request, template: str, envelope: str) -> Response:
    if not ENVELOPE.fullmatch(envelope):
        return error_page(request, 404)
    return page(request, template, envelope=envelope)


@router.get("/api")
def interfaces(request: Request) -> Response:
    """The API in one list, made from its own description."""
    return page(request, "api.html", groups=operations(request.app))


@router.get("/licences/{number}")
def licence(request: Request, number: str) -> Response:
    """The register's present answer for one licence (亮照)."""
    front = front_of(request.app)
    found = front.licence(number)
    if found is None:
        return error_page(request, 404)
    return page(request, "licence.html", licence=found, asked_at=front.now())


@router.get("/demo")
def demo(request: Request) -> Response:
    front = front_of(request.app)
    if not front.demo:
        return error_page(request, 404)
    return page(request, "demo.html", entry=suggest(today=front.now().astimezone(front.zone).date()))


class SessionOut(BaseModel):
    """A token for the demo page."""

    token: str
    expires_at: str


@router.post("/demo/session", status_code=201)
def open_session(request: Request) -> SessionOut:
    """Lend a token to whoever asks; there is a demo page on demo instances only."""
    front = front_of(request.app)
    if not front.demo:
        raise HTTPException(404)
    take(request)
    session = front.open_session()
    return SessionOut(token=session.token, expires_at=session.expires_at.isoformat())


class LendIn(BaseModel):
    """Whose seals the visitor is about to use."""

    uscc: str


class LendOut(BaseModel):
    """The mandate under which the demo's token uses them."""

    mandate: str


@router.post("/demo/mandates", status_code=201)
def lend(request: Request, body: LendIn) -> LendOut:
    """Have the enterprise's representative, one of the demo's people, lend its seals to the visitor's token."""
    front = front_of(request.app)
    if not front.demo:
        raise HTTPException(404)
    take(request)
    secret = request.headers.get("authorization", "").removeprefix("Bearer ")
    return LendOut(mandate=front.lend(body.uscc, secret))


class PartyOut(BaseModel):
    """A company of the demo, and the code for its representative."""

    uscc: str
    name: str
    representative: str
    code: str


@router.post("/demo/parties", status_code=201)
def demo_parties(request: Request) -> list[PartyOut]:
    """Found two companies for a visitor who wants to conclude a contract."""
    front = front_of(request.app)
    if not front.demo:
        raise HTTPException(404)
    take(request)
    return [
        PartyOut(uscc=one.uscc, name=one.name, representative=one.representative, code=one.code)
        for one in front.parties()
    ]


@router.get("/demo/contract.pdf")
def contract(request: Request, licence: str) -> Response:
    """A sample contract in the name of the enterprise that holds this licence."""
    take(request)
    front = front_of(request.app)
    pdf = front.contract(licence) if front.demo else None
    if pdf is None:
        raise HTTPException(404)
    return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "no-store"})


@router.get("/demo/licences/{number}/page.png")
def licence_picture(request: Request, number: str) -> Response:
    """What the sealed licence looks like."""
    take(request)
    front = front_of(request.app)
    pdf = front.licence_pdf(number) if front.demo else None
    if pdf is None:
        raise HTTPException(404)
    return Response(first_page(pdf), media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get("/demo/uses/{use_id}/page.png")
def sealed_picture(request: Request, use_id: str) -> Response:
    """What the sample contract looks like with its seal. There is none of files that visitors brought."""
    take(request)
    front = front_of(request.app)
    pdf = front.sealed_sample(use_id) if front.demo else None
    if pdf is None:
        raise HTTPException(404)
    return Response(first_page(pdf), media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get("/fonts/titles.woff")
def title_font(request: Request) -> Response:
    front = front_of(request.app)
    font = cut(front.title_face, title_characters() + front.authority_name)
    headers = {"ETag": font.etag, "Cache-Control": DAY}
    if request.headers.get("if-none-match") == font.etag:
        return Response(status_code=304, headers=headers)
    return Response(font.content, media_type="font/woff", headers=headers)


@router.get("/specimens/{kind}.svg")
def specimen_seal(request: Request, kind: str) -> Response:
    if kind not in KINDS:
        raise HTTPException(404)
    svg = specimen(SealKind(kind), front_of(request.app).title_face)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": DAY})


def mount(app: FastAPI) -> None:
    """Add pages, static files, strict headers and error pages. Call once, after the API's own routes."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(BrowserErrors)
    app.add_middleware(StrictHeaders)
