"""What relying parties fetch: OCSP, time-stamps, CRLs, CA certificates, status lists and the list of QR keys."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api.acts import publishing, timestamping
from api.acts.office import Office
from api.http.deps import OfficeDep
from api.http.limits import RateLimit

router = APIRouter(prefix="/pki", tags=["pki"])
OCSP: Final = "application/ocsp-response"  # RFC 6960 appendix A
TSA: Final = "application/timestamp-reply"  # RFC 3161 §3.4
Name = Annotated[str, Path(pattern=r"^[a-z-]{1,32}$")]


@router.post("/ocsp", response_class=Response, responses={200: {"content": {OCSP: {}}}})
async def ocsp_post(request: Request) -> Response:
    """Answer an OCSP request (RFC 6960 appendix A.1.1)."""
    office: Office = request.app.state.office
    answer = await run_in_threadpool(publishing.ocsp, office, await request.body())
    return Response(answer, media_type=OCSP)


@router.get("/ocsp/{asked:path}", response_class=Response, responses={200: {"content": {OCSP: {}}}})
def ocsp_get(asked: str, office: OfficeDep) -> Response:
    """Answer an OCSP request in the path, base64 (RFC 6960 appendix A.1)."""
    answer = publishing.ocsp_of_path(office, asked)
    return Response(answer, media_type=OCSP, headers={"Cache-Control": "no-store"})


@router.post("/tsa", response_class=Response, responses={200: {"content": {TSA: {}}}})
async def tsa(request: Request) -> Response:
    """Answer a time-stamp request (RFC 3161 §3.4)."""
    office: Office = request.app.state.office
    limit: RateLimit = request.app.state.rate_limit  # each time-stamp leaves a line in the ledger
    limit.take(request.client.host if request.client else "unknown")
    return Response(await run_in_threadpool(timestamping.answer, office, await request.body()), media_type=TSA)


@router.get("/crl/{name}.crl", response_class=Response)
def crl(name: Name, office: OfficeDep) -> Response:
    """The newest CRL of one issuer, DER (RFC 5280 §4.2.1.13)."""
    return Response(publishing.crl(office, name), media_type="application/pkix-crl")


@router.get("/ca/{name}.cer", response_class=Response)
def certificate(name: Name, office: OfficeDep) -> Response:
    """One CA's certificate, DER (RFC 5280 §4.2.2.1)."""
    return Response(publishing.ca_der(office, name), media_type="application/pkix-cert")


@router.get("/ca/{name}.pem", response_class=Response)
def certificate_pem(name: Name, office: OfficeDep) -> Response:
    """One CA's certificate, PEM; `chain` is all issuing CAs."""
    return Response(publishing.ca_pem(office, name), media_type="application/x-pem-file")


@router.get("/status/{number}", response_class=Response)
def status_list(number: Annotated[int, Path(ge=0, le=1_000_000)], office: OfficeDep) -> Response:
    """One Token Status List (draft-ietf-oauth-status-list §8)."""
    return Response(publishing.status_list(office, number), media_type="application/statuslist+cwt")


@router.get("/keys", response_class=Response)
def keys(office: OfficeDep) -> Response:
    """The keys that sign QR credentials, with their certificates."""
    return Response(publishing.key_list(office), media_type="application/json")
