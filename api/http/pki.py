"""What relying parties fetch: OCSP, time-stamps, CRLs, CA certificates, status lists and the list of QR keys."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api.acts import publishing, timestamping
from api.acts.office import Office
from api.http.deps import OfficeDep
from api.http.limits import RateLimit
from api.http.media import Certificate, Crl, OcspAnswer, Pem, StatusList, TimestampReply
from api.http.schemas import KeyListOut

router = APIRouter(prefix="/pki", tags=["pki"])
OCSP_BODY: Final = {"requestBody": {"required": True, "content": {"application/ocsp-request": {}}}}
TSA_BODY: Final = {"requestBody": {"required": True, "content": {"application/timestamp-query": {}}}}
Name = Annotated[str, Path(pattern=r"^[a-z-]{1,32}$")]


@router.post("/ocsp", response_class=OcspAnswer, openapi_extra=OCSP_BODY)
async def ocsp_post(request: Request) -> Response:
    """Answer an OCSP request (RFC 6960 appendix A.1.1)."""
    office: Office = request.app.state.office
    answer = await run_in_threadpool(publishing.ocsp, office, await request.body())
    return OcspAnswer(answer)


@router.get("/ocsp/{asked:path}", response_class=OcspAnswer)
def ocsp_get(asked: str, office: OfficeDep) -> Response:
    """Answer an OCSP request in the path, base64 (RFC 6960 appendix A.1)."""
    answer = publishing.ocsp_of_path(office, asked)
    return OcspAnswer(answer, headers={"Cache-Control": "no-store"})


@router.post(
    "/tsa",
    response_class=TimestampReply,
    openapi_extra=TSA_BODY,
    responses={429: {"description": "Too many requests from this address"}},
)
async def tsa(request: Request) -> Response:
    """Answer a time-stamp request (RFC 3161 §3.4)."""
    office: Office = request.app.state.office
    limit: RateLimit = request.app.state.rate_limit  # each time-stamp leaves a line in the ledger
    limit.take(request.client.host if request.client else "unknown")
    return TimestampReply(await run_in_threadpool(timestamping.answer, office, await request.body()))


@router.get("/crl/{name}.crl", response_class=Crl)
def crl(name: Name, office: OfficeDep) -> Response:
    """The newest CRL of one issuer, DER (RFC 5280 §4.2.1.13)."""
    return Crl(publishing.crl(office, name))


@router.get("/ca/{name}.cer", response_class=Certificate)
def certificate(name: Name, office: OfficeDep) -> Response:
    """One CA's certificate, DER (RFC 5280 §4.2.2.1)."""
    return Certificate(publishing.ca_der(office, name))


@router.get("/ca/{name}.pem", response_class=Pem)
def certificate_pem(name: Name, office: OfficeDep) -> Response:
    """One CA's certificate, PEM; `chain` is all issuing CAs."""
    return Pem(publishing.ca_pem(office, name))


@router.get("/status/{number}", response_class=StatusList)
def status_list(number: Annotated[int, Path(ge=0, le=1_000_000)], office: OfficeDep) -> Response:
    """One Token Status List (draft-ietf-oauth-status-list §8)."""
    return StatusList(publishing.status_list(office, number))


@router.get("/keys")
def keys(office: OfficeDep) -> KeyListOut:
    """The keys that sign QR credentials, with their certificates."""
    return KeyListOut.model_validate_json(publishing.key_list(office))
