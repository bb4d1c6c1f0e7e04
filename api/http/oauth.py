"""OAuth 2.0 (RFC 6749, RFC 7636) for machines and for remote signing."""

from base64 import b64decode
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Form, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.acts import oauth, remote
from api.acts.clients import CREDENTIAL
from api.acts.remote_rights import Caller
from api.acts.seal_life import seal
from api.errors import OAuthError
from api.http.caller import MeDep
from api.http.csc_errors import ANSWERS, CscRoute
from api.http.deps import OfficeDep
from api.http.limits import RateLimit
from api.web import agree

router = APIRouter(tags=["oauth"], route_class=CscRoute)
router.include_router(agree.router)
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1
MAX_SECRET: Final = 512
Field_ = Annotated[str, Form(max_length=4096)]


class TokenOut(BaseModel):
    """RFC 6749 §5.1; `credentialID` belongs to scope `credential` (CSC 1.0.4 §8.4.4)."""

    access_token: str
    token_type: str = Field(description="Bearer, or SAD: use it as `SAD` beside a bearer token of scope service")
    expires_in: int
    scope: str
    credentialID: str | None = None  # noqa: N815 - the specification's spelling


class ConsentIn(BaseModel):
    """What the page where a person agrees sends: the request as it came in its address, and the passkey's answer."""

    model_config = ConfigDict(extra="forbid")

    request: dict[str, str] = Field(max_length=32)
    response: dict[str, Any] | None = None


class SealShown(BaseModel):
    """The seal that is asked for, as its holder knows it."""

    code: str
    kind: str
    name: str


class ChallengeOut(BaseModel):
    """Options for `navigator.credentials.get`, and what is agreed to by answering them."""

    options: dict[str, Any]
    intent: dict[str, Any]
    seal: SealShown


class RedirectOut(BaseModel):
    """Where the browser goes next."""

    redirect: str


def client_of(
    request: Request,
    authorization: Annotated[str | None, Header()] = None,
    client_id: Annotated[str | None, Form(max_length=MAX_SECRET)] = None,
    client_secret: Annotated[str | None, Form(max_length=MAX_SECRET)] = None,
) -> tuple[str, str | None]:
    """Read who calls: HTTP Basic or fields of the form, never both (RFC 6749 §2.3).

    Raises:
        OAuthError: nobody, or both ways at once.
        RateLimitedError: too many requests from this address.
    """
    limit: RateLimit = request.app.state.rate_limit
    limit.take(request.client.host if request.client else "unknown")
    kind, _, rest = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        if not client_id:
            raise OAuthError("invalid_client", "no client is named", status=401)
        return client_id, client_secret
    try:
        name, _, secret = b64decode(rest.strip(), validate=True).decode().partition(":")
    except ValueError as exc:
        raise OAuthError("invalid_client", "the Authorization header cannot be read", status=401) from exc
    if client_secret is not None or (client_id is not None and client_id != unquote_plus(name)):
        raise OAuthError("invalid_request", "a client proves itself in one way only")
    return unquote_plus(name), unquote_plus(secret)


ClientProof = Annotated[tuple[str, str | None], Depends(client_of)]


@router.get("/.well-known/oauth-authorization-server", responses=ANSWERS)
def metadata(office: OfficeDep) -> dict[str, Any]:
    """What this authorization server can do (RFC 8414)."""
    return oauth.metadata(office)


@router.post("/csc/v1/oauth2/token", responses=ANSWERS, response_model=TokenOut, include_in_schema=False)
@router.post("/csc/v2/oauth2/token", responses=ANSWERS, response_model=TokenOut, include_in_schema=False)
@router.post("/oauth/token", responses=ANSWERS, response_model=TokenOut)
def token(
    request: Request,
    office: OfficeDep,
    client: ClientProof,
    grant_type: Field_,
    code: Field_ = "",
    redirect_uri: Field_ = "",
    code_verifier: Field_ = "",
    scope: Field_ = "",
) -> Response:
    """Exchange an authorization code, or a machine's own secret, for a token (RFC 6749 §3.2)."""
    sent = {"grant_type": grant_type, "code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
    if scope:
        sent["scope"] = scope
    made = oauth.exchange(office, sent, client_id=client[0], client_secret=client[1])
    first_version = request.url.path.startswith("/csc/v1/")
    answer = TokenOut(
        access_token=made.secret,
        token_type="SAD" if made.scope == CREDENTIAL and first_version else "Bearer",
        expires_in=int(made.lasts.total_seconds()),
        scope=made.scope,
        credentialID=made.credential,
    )
    return JSONResponse(answer.model_dump(exclude_none=True), headers=NO_STORE)


@router.post("/csc/v1/oauth2/revoke", responses=ANSWERS, include_in_schema=False)
@router.post("/csc/v2/oauth2/revoke", responses=ANSWERS, include_in_schema=False)
@router.post("/oauth/revoke", responses=ANSWERS)
def revoke(office: OfficeDep, client: ClientProof, token: Field_, token_type_hint: Field_ = "") -> dict[str, Any]:  # noqa: ARG001 - the hint may be ignored, RFC 7009 §2.2.1
    """End a token and what was authorised for it (RFC 7009)."""
    oauth.revoke(office, token, client_id=client[0], client_secret=client[1])
    return {}


@router.post("/oauth/consent/challenge", responses=ANSWERS)
def consent_challenge(body: ConsentIn, office: OfficeDep, caller: MeDep) -> ChallengeOut:
    """For the page where a person agrees: a challenge over the hashes that a client wants signed."""
    asked = oauth.asked_of(oauth.target_of(office, body.request), body.request)
    if asked.signing is None:
        raise OAuthError("invalid_request", "this scope needs no challenge")
    opened = remote.challenge(office, Caller.of_person(caller.person), asked.signing, asked.target.client.id)
    one = seal(office, asked.signing.credential)
    return ChallengeOut(
        options=opened.options,
        intent=opened.intent.as_mapping(),
        seal=SealShown(code=one.code, kind=one.kind.value, name=one.name),
    )


@router.post("/oauth/consent", responses=ANSWERS)
def consent(body: ConsentIn, office: OfficeDep, caller: MeDep) -> RedirectOut:
    """The person agrees. For scope `credential` the passkey's answer over the hashes is the agreement."""
    asked = oauth.asked_of(oauth.target_of(office, body.request), body.request)
    return RedirectOut(redirect=oauth.grant_code(office, caller.person, asked, response=body.response))


@router.post("/oauth/consent/refusal", responses=ANSWERS)
def refuse(body: ConsentIn, office: OfficeDep) -> RedirectOut:
    """The person does not agree: the client is told so. Nothing is kept, so that no session is needed."""
    target = oauth.target_of(office, body.request)
    return RedirectOut(redirect=oauth.answer_uri(office, target, error="access_denied"))
