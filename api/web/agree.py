"""The page where a person lets a program sign with the seals that he may use (RFC 6749 §3.1)."""

import json
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.acts import oauth
from api.acts.office import Office
from api.errors import OAuthError
from api.web.pages import COOKIE, page

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
BAD_REQUEST = 400


@router.get("/csc/v1/oauth2/authorize")
@router.get("/csc/v2/oauth2/authorize")
@router.get("/oauth/authorize")
def authorize(request: Request) -> Response:
    """Show who asks for what. What is wrong with a request goes back to the client, if its address can be trusted."""
    office: Office = request.app.state.office
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] != COOKIE]
    sent = dict(pairs)
    try:
        target = oauth.target_of(office, single(pairs))
    except OAuthError as exc:
        return page(request, "agree.html", status=BAD_REQUEST, asked=None, reason=str(exc))
    try:
        asked = oauth.asked_of(target, sent)
    except OAuthError as exc:
        told = oauth.answer_uri(office, target, error=exc.error, error_description=str(exc))
        return RedirectResponse(told, SEE_OTHER)
    return page(
        request,
        "agree.html",
        asked=asked,
        request_json=json.dumps(sent, ensure_ascii=False),
        goes_to=urlsplit(target.redirect_uri).netloc or target.redirect_uri,
    )


def single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters, each once (RFC 6749 §3.1).

    Raises:
        OAuthError: one came twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "a parameter came more than once")
    return found
