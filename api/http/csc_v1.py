"""Cloud Signature Consortium API 1.0.4 (June 2019)."""

from typing import Any

from fastapi import APIRouter

from api.acts.remote import Wanted, decoded, wanted
from api.http import csc_answers, csc_core
from api.http.csc_core import Bearer, SigningBearer
from api.http.csc_errors import ANSWERS, CscRoute
from api.http.csc_schemas import (
    AuthorizeIn,
    CredentialIn,
    ExtendIn,
    InfoIn,
    ListIn,
    SignHashIn,
    TimestampIn,
)
from api.http.deps import OfficeDep

router = APIRouter(prefix="/csc/v1", tags=["remote signing"], route_class=CscRoute, responses=ANSWERS)


@router.post("/info")
def info(office: OfficeDep, _: InfoIn | None = None) -> dict[str, Any]:
    """What this service is and what it can do (§11.1)."""
    return csc_answers.info(office, "v1")


@router.post("/credentials/list")
def list_credentials(office: OfficeDep, token: Bearer, body: ListIn | None = None) -> dict[str, Any]:
    """The caller's own credentials: the codes of the seals that he may use (§11.4)."""
    asked = body or ListIn()
    found, following = csc_core.page_of(office, token, user=asked.userID, size=asked.maxResults, after=asked.pageToken)
    answer: dict[str, Any] = {"credentialIDs": [one.seal.code for one in found]}
    return answer if following is None else answer | {"nextPageToken": following}


@router.post("/credentials/info")
def credential(body: CredentialIn, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Key, certificate and way of authorisation of one credential (§11.5)."""
    return csc_core.described(
        office, token, body.credentialID, "v1", certificates=body.certificates, cert_info=body.certInfo,
        auth_info=body.authInfo,
    )  # fmt: skip


@router.post("/credentials/getChallenge")
def challenge(body: AuthorizeIn, office: OfficeDep, token: Bearer) -> dict[str, Any]:
    """Options for a passkey over these hashes; an addition to version 1, which has no such method."""
    return csc_core.challenge(office, token, _wanted(body))


@router.post("/credentials/authorize")
def authorize(body: AuthorizeIn, office: OfficeDep, token: Bearer) -> dict[str, Any]:
    """Signature activation data for these hashes (§11.6). `clientData` is the passkey's answer, as JSON."""
    return csc_core.authorize(office, token, _wanted(body), body.clientData if token.person else None)


@router.post("/credentials/extendTransaction")
def extend(body: ExtendIn, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Fresh SAD for what is left of the hashes (§11.7)."""
    return csc_core.extend(
        office, token, credential=body.credentialID, sad=body.SAD, hashes=body.hash, oid=body.hashAlgorithmOID
    )


@router.post("/signatures/signHash")
def sign_hash(body: SignHashIn, office: OfficeDep, token: SigningBearer) -> dict[str, Any]:
    """Sign authorised hashes, each once (§11.9)."""
    return csc_core.sign_hashes(
        office,
        token,
        credential=body.credentialID,
        sad=body.SAD,
        hashes=body.hash,
        hash_oid=body.hashAlgo,
        sign_oid=body.signAlgo,
        parameters=body.signAlgoParams,
    )


@router.post("/signatures/timestamp")
def timestamp(body: TimestampIn, office: OfficeDep, _: Bearer) -> dict[str, Any]:
    """A time-stamp token over a hash, RFC 3161 (§11.10)."""
    return csc_core.timestamp(office, hash_=body.hash, oid=body.hashAlgo, nonce=body.nonce)


def _wanted(body: AuthorizeIn) -> Wanted:
    return wanted(
        credential=body.credentialID,
        hashes=[decoded(one, "hash") for one in body.hash],
        hash_oid=body.hashAlgorithmOID,
        number=body.numSignatures,
        description=body.description or "",
    )
