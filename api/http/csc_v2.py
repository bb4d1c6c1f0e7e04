"""Cloud Signature Consortium API 2.0.0.2 (April 2023)."""

from typing import Any

from fastapi import APIRouter, Request

from api.acts.clients import CREDENTIAL
from api.acts.remote import Wanted, decoded, wanted
from api.acts.remote_rights import Caller
from api.acts.remote_status import status_of
from api.db.access import Token
from api.errors import OAuthError
from api.http import csc_answers, csc_core
from api.http.csc_core import Bearer, SigningBearer
from api.http.csc_errors import ANSWERS, CscRoute
from api.http.csc_schemas import (
    AuthorizeIn2,
    CheckIn,
    CredentialIn,
    ExtendIn2,
    InfoIn,
    ListIn2,
    SignDocIn,
    SignHashIn2,
    TimestampIn2,
)
from api.http.deps import OfficeDep

router = APIRouter(prefix="/csc/v2", tags=["remote signing"], route_class=CscRoute, responses=ANSWERS)


@router.post("/info")
def info(office: OfficeDep, _: InfoIn | None = None) -> dict[str, Any]:
    """What this service is and what it can do (§11.1)."""
    return csc_answers.info(office, "v2")


@router.post("/credentials/list")
def list_credentials(office: OfficeDep, token: Bearer, body: ListIn2 | None = None) -> dict[str, Any]:
    """The caller's own credentials: the codes of the seals that he may use, with all about them if asked (§11.4)."""
    asked = body or ListIn2()
    found, following = csc_core.page_of(office, token, user=asked.userID, size=asked.maxResults, after=asked.pageToken)
    if asked.onlyValid:
        found = [one for one in found if one.enabled and one.status == "valid"]
    answer: dict[str, Any] = {"credentialIDs": [one.seal.code for one in found]}
    if asked.onlyValid:
        answer["onlyValid"] = True
    if asked.credentialInfo:
        answer["credentialInfos"] = [
            {"credentialID": one.seal.code}
            | csc_answers.credential(
                one, "v2", certificates=asked.certificates, cert_info=asked.certInfo, auth_info=asked.authInfo
            )
            for one in found
        ]
    return answer if following is None else answer | {"nextPageToken": following}


@router.post("/credentials/info")
def credential(body: CredentialIn, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Key, certificate and way of authorisation of one credential (§11.5)."""
    return csc_core.described(
        office, token, body.credentialID, "v2", certificates=body.certificates, cert_info=body.certInfo,
        auth_info=body.authInfo,
    )  # fmt: skip


@router.post("/credentials/getChallenge")
def challenge(body: AuthorizeIn2, office: OfficeDep, token: Bearer) -> dict[str, Any]:
    """Options for a passkey over these hashes (§11.8)."""
    return csc_core.challenge(office, token, _wanted(body))


@router.post("/credentials/authorize")
def authorize(body: AuthorizeIn2, office: OfficeDep, token: Bearer) -> dict[str, Any]:
    """Signature activation data for these hashes (§11.6). `authData` with id `passkey` is the passkey's answer."""
    proof = next((one.value for one in body.authData if one.id == "passkey"), body.clientData)
    return csc_core.authorize(office, token, _wanted(body), proof if token.person else None)


@router.post("/credentials/authorizeCheck")
def check(body: CheckIn, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """What is left of an authorisation. Here `handle` is the SAD itself: nothing is authorised later (§11.7)."""
    return status_of(office, Caller.of_token(token), body.handle)


@router.post("/credentials/extendTransaction")
def extend(body: ExtendIn2, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Fresh SAD for what is left of the hashes (§11.9)."""
    return csc_core.extend(
        office, token, credential=body.credentialID, sad=body.SAD, hashes=body.hashes, oid=body.hashAlgorithmOID
    )


@router.post("/signatures/signHash")
def sign_hash(body: SignHashIn2, request: Request, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Sign authorised hashes, each once (§11.10)."""
    return csc_core.sign_hashes(
        office,
        token,
        credential=body.credentialID,
        sad=_sad(body.SAD, request, token),
        hashes=body.hashes,
        hash_oid=body.hashAlgorithmOID,
        sign_oid=body.signAlgo,
        parameters=body.signAlgoParams,
    )


@router.post("/signatures/signDoc")
def sign_doc(body: SignDocIn, request: Request, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Seal PDFs, or sign digests of documents; each takes one authorised hash (§11.11)."""
    return csc_core.sign_documents(office, token, body, _sad(body.SAD, request, token))


@router.post("/signatures/timestamp")
def timestamp(body: TimestampIn2, office: OfficeDep, _: Bearer) -> dict[str, Any]:
    """A time-stamp token over a hash, RFC 3161 (§11.13)."""
    return csc_core.timestamp(office, hash_=body.hash, oid=body.hashAlgorithmOID or body.hashAlgo, nonce=body.nonce)


def _sad(sent: str | None, request: Request, token: Token) -> str:
    """The SAD, or the bearer token of scope `credential` that stands for it."""
    if sent is not None:
        return sent
    if CREDENTIAL not in token.scopes:
        raise OAuthError("invalid_request", "Missing (or invalid type) string parameter SAD")
    return request.headers["authorization"].partition(" ")[2].strip()


def _wanted(body: AuthorizeIn2) -> Wanted:
    return wanted(
        credential=body.credentialID,
        hashes=[decoded(one, "hash") for one in body.hashes],
        hash_oid=body.hashAlgorithmOID,
        number=body.numSignatures,
        description=body.description or "",
    )
