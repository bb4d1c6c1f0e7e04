"""The token service: what a client gets, and everything it must not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from api.acts.clients import add_client, revoke_client
from api.errors import BadInputError, NotFoundError
from tests.support.office import BASE_URL, Hall, code_of, open_hall
from tests.support.people import Enrolled, enrol
from tests.support.remote import REDIRECT, App, Csc, Pkce, app, query_of

HASH = "A" * 43 + "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    hall: Hall
    uscc: str
    code: str
    boss: Enrolled
    platform: App
    erp: App
    public: App


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_hall(tmp_path_factory.mktemp("oauth"), verify_per_minute=100_000) as hall:
        made = hall.establish()
        uscc = made["licence"]["uscc"]
        yield Desk(
            hall=hall,
            uscc=uscc,
            code=code_of(made),
            boss=enrol(hall, uscc),
            platform=app(hall),
            erp=app(hall, uscc=uscc),
            public=app(hall, public=True),
        )


def works(desk: Desk, token: str) -> bool:
    return Csc(desk.hall, token)("credentials/list").status_code == 200


def require_error(answer: Any, error: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert answer.headers["content-type"] == "application/json"


def test_a_code_is_exchanged_for_a_token_of_the_person(desk: Desk) -> None:
    pkce = Pkce()
    answer = desk.platform.redeem(desk.platform.code(desk.boss, pkce), pkce)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["scope"], told["expires_in"]) == ("Bearer", "service", 3600)
    assert works(desk, told["access_token"])


def test_the_answer_carries_state_and_issuer(desk: Desk) -> None:
    answer = desk.platform.consent(desk.boss, desk.platform.request(Pkce()))
    redirect = answer.json()["redirect"]
    assert redirect.startswith(f"{REDIRECT}?")
    assert query_of(redirect)["state"] == "of mine"
    assert query_of(redirect)["iss"] == desk.hall.client.get("/.well-known/oauth-authorization-server").json()["issuer"]


def test_a_public_client_needs_pkce_and_no_secret(desk: Desk) -> None:
    pkce = Pkce()
    code = desk.public.code(desk.boss, pkce)
    assert desk.public.redeem(code, pkce).status_code == 200


@pytest.mark.parametrize(
    "missing",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": "short"},
        {"code_challenge": "a" * 44},
    ],
)
def test_pkce_cannot_be_left_out_or_weakened(desk: Desk, missing: dict[str, str]) -> None:
    request = desk.platform.request(Pkce()) | missing
    require_error(desk.platform.consent(desk.boss, request), "invalid_request")


@pytest.mark.parametrize("verifier", ["", "wrong", "b" * 43, "a" * 129])
def test_a_code_without_its_verifier_is_worth_nothing(desk: Desk, verifier: str) -> None:
    pkce = Pkce()
    code = desk.platform.code(desk.boss, pkce)
    require_error(desk.platform.redeem(code, pkce, code_verifier=verifier), "invalid_grant")
    assert desk.platform.redeem(code, pkce).status_code == 200, "a wrong guess does not spend the code"


def test_a_code_that_comes_twice_ends_what_it_gave(desk: Desk) -> None:
    pkce = Pkce()
    code = desk.platform.code(desk.boss, pkce)
    token = desk.platform.redeem(code, pkce).json()["access_token"]
    assert works(desk, token)
    require_error(desk.platform.redeem(code, pkce), "invalid_grant")
    assert not works(desk, token)


def test_a_replayed_code_ends_the_authorisation_too(desk: Desk) -> None:
    pkce = Pkce()
    more = {"credentialID": desk.code, "numSignatures": "1", "hash": HASH.rstrip("=")}
    code = desk.platform.code(desk.boss, pkce, "credential", **more)
    given = desk.platform.redeem(code, pkce, "/csc/v1/oauth2/token").json()
    assert given["token_type"] == "SAD"
    desk.platform.redeem(code, pkce)
    csc = Csc(desk.hall, desk.platform.bearer(desk.boss))
    answer = csc(
        "signatures/signHash",
        credentialID=desk.code,
        SAD=given["access_token"],
        hash=[HASH],
        signAlgo="1.2.840.10045.4.3.2",
    )
    require_error(answer, "invalid_request")


def test_a_code_of_another_client_is_worth_nothing(desk: Desk) -> None:
    pkce = Pkce()
    code = desk.platform.code(desk.boss, pkce)
    require_error(desk.erp.redeem(code, pkce), "invalid_grant")
    assert desk.platform.redeem(code, pkce).status_code == 200


def test_a_code_is_good_for_two_minutes(desk: Desk) -> None:
    pkce = Pkce()
    early, late = desk.platform.code(desk.boss, pkce), desk.platform.code(desk.boss, pkce)
    began = desk.hall.clock.now
    try:
        desk.hall.clock.move(timedelta(seconds=119))
        assert desk.platform.redeem(early, pkce).status_code == 200
        desk.hall.clock.move(timedelta(seconds=1))
        require_error(desk.platform.redeem(late, pkce), "invalid_grant")
    finally:
        desk.hall.clock.now = began


def test_a_token_is_good_for_an_hour(desk: Desk) -> None:
    token = desk.erp.machine()
    began = desk.hall.clock.now
    try:
        desk.hall.clock.move(timedelta(seconds=3599))
        assert works(desk, token)
        desk.hall.clock.move(timedelta(seconds=1))
        assert not works(desk, token)
    finally:
        desk.hall.clock.now = began


@pytest.mark.parametrize(
    "uri", [f"{REDIRECT}/", f"{REDIRECT}?a=1", "https://app.example.org/", "", "https://evil.example"]
)
def test_nothing_is_ever_sent_to_a_redirect_uri_that_is_not_registered(desk: Desk, uri: str) -> None:
    request = desk.platform.request(Pkce()) | {"redirect_uri": uri}
    require_error(desk.platform.consent(desk.boss, request), "invalid_request")
    page = desk.hall.client.get("/oauth/authorize", params=request, follow_redirects=False)
    assert page.status_code == 400
    assert "location" not in page.headers
    refusal = desk.hall.client.post("/oauth/consent/refusal", json={"request": request})
    require_error(refusal, "invalid_request")


def test_a_redirect_uri_of_the_token_request_is_that_of_the_authorization_request(desk: Desk) -> None:
    pkce = Pkce()
    code = desk.platform.code(desk.boss, pkce)
    require_error(desk.platform.redeem(code, pkce, redirect_uri="https://app.example.org/"), "invalid_grant")


def test_an_unknown_client_gets_nowhere(desk: Desk) -> None:
    request = desk.platform.request(Pkce()) | {"client_id": "nobody"}
    require_error(desk.platform.consent(desk.boss, request), "invalid_client", 401)
    assert desk.hall.client.get("/oauth/authorize", params=request, follow_redirects=False).status_code == 400


@pytest.mark.parametrize("form", [{"client_secret": "wrong"}, {}, {"client_id": "nobody"}, {"client_id": ""}])
def test_a_client_that_does_not_prove_itself_gets_no_token(desk: Desk, form: dict[str, str]) -> None:
    sent = {"client_id": desk.erp.client.id, "grant_type": "client_credentials"} | form
    answer = desk.hall.client.post("/oauth/token", data=sent)
    require_error(answer, "invalid_client", 401)
    assert answer.headers["www-authenticate"] == "Basic"


def test_a_client_may_prove_itself_by_basic_authentication_but_not_twice(desk: Desk) -> None:
    pair = (desk.erp.client.id, desk.erp.secret or "")
    form = {"grant_type": "client_credentials"}
    assert desk.hall.client.post("/oauth/token", data=form, auth=pair).status_code == 200
    twice = desk.hall.client.post("/oauth/token", data=form | {"client_secret": pair[1]}, auth=pair)
    require_error(twice, "invalid_request")


def test_a_client_of_no_enterprise_is_no_machine(desk: Desk) -> None:
    require_error(desk.platform.token(grant_type="client_credentials"), "unauthorized_client")
    require_error(desk.public.token(grant_type="client_credentials"), "unauthorized_client")


@pytest.mark.parametrize("scope", ["credential", "seal", "service seal"])
def test_a_machine_gets_no_other_scope_than_service(desk: Desk, scope: str) -> None:
    require_error(desk.erp.token(grant_type="client_credentials", scope=scope), "invalid_scope")


def test_other_grants_and_response_types_are_refused(desk: Desk) -> None:
    require_error(desk.erp.token(grant_type="password"), "unsupported_grant_type")
    request = desk.platform.request(Pkce()) | {"response_type": "token"}
    require_error(desk.platform.consent(desk.boss, request), "unsupported_response_type")
    require_error(desk.platform.consent(desk.boss, desk.platform.request(Pkce(), "seal")), "invalid_scope")


def test_a_token_request_without_a_grant_type_is_told_so(desk: Desk) -> None:
    require_error(desk.erp.token(), "invalid_request")


def test_a_revoked_token_is_over_and_revoking_again_is_no_error(desk: Desk) -> None:
    token = desk.erp.machine()
    assert works(desk, token)
    for _ in range(2):
        assert desk.erp.token("/oauth/revoke", token=token).status_code == 200
    assert not works(desk, token)


def test_nobody_revokes_a_token_of_another_client(desk: Desk) -> None:
    token = desk.erp.machine()
    assert desk.platform.token("/oauth/revoke", token=token).status_code == 200
    assert works(desk, token)


def test_a_withdrawn_client_takes_its_tokens_along(desk: Desk) -> None:
    gone = app(desk.hall, uscc=desk.uscc)
    token = gone.machine()
    revoke_client(desk.hall.office, gone.client.id)
    assert not works(desk, token)
    require_error(gone.token(grant_type="client_credentials"), "invalid_client", 401)
    with pytest.raises(NotFoundError):
        revoke_client(desk.hall.office, gone.client.id)


def test_consent_is_given_in_a_session_of_a_person_only(desk: Desk) -> None:
    body = {"request": desk.platform.request(Pkce())}
    for headers in ({}, {"Authorization": f"Bearer {desk.platform.bearer(desk.boss)}"}):
        assert desk.hall.client.post("/oauth/consent", json=body, headers=headers).status_code in {401, 403}


def test_a_token_of_a_client_is_no_session(desk: Desk) -> None:
    token = desk.platform.bearer(desk.boss)
    assert desk.hall.client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_consent_to_hashes_needs_the_answer_of_a_passkey_over_these_hashes(desk: Desk) -> None:
    more = {"credentialID": desk.code, "hash": HASH.rstrip("=")}
    request = desk.platform.request(Pkce(), "credential", **more)
    headers = desk.boss.headers()
    bare = desk.hall.client.post("/oauth/consent", json={"request": request}, headers=headers)
    require_error(bare, "access_denied", 403)
    asked = desk.hall.client.post("/oauth/consent/challenge", json={"request": request}, headers=headers).json()
    assert asked["intent"]["documents"] == [{"name": "", "sha256": "00" * 32, "seals": [desk.code]}]
    other = request | {"hash": "B" * 42 + "A"}
    answer = desk.boss.agree(asked["options"])
    swapped = desk.hall.client.post("/oauth/consent", json={"request": other, "response": answer}, headers=headers)
    require_error(swapped, "access_denied", 403)
    renamed = request | {"description": "something nicer"}
    swapped = desk.hall.client.post("/oauth/consent", json={"request": renamed, "response": answer}, headers=headers)
    require_error(swapped, "access_denied", 403)
    good = desk.hall.client.post("/oauth/consent", json={"request": request, "response": answer}, headers=headers)
    assert good.status_code == 200, "a refused answer is not used up"


def test_details_name_the_documents_that_are_agreed_to(desk: Desk) -> None:
    details = (
        f'[{{"type":"credential","credentialID":"{desk.code}","hashAlgorithmOID":"2.16.840.1.101.3.4.2.1",'
        f'"documentDigests":[{{"hash":"{HASH}","label":"采购合同.pdf"}}]}}]'
    )
    request = desk.platform.request(Pkce(), "credential", authorization_details=details)
    asked = desk.hall.client.post("/oauth/consent/challenge", json={"request": request}, headers=desk.boss.headers())
    assert asked.json()["intent"]["documents"][0]["name"] == "采购合同.pdf"


def test_half_a_character_in_a_label_is_refused(desk: Desk) -> None:
    details = (
        f'[{{"type":"credential","credentialID":"{desk.code}","hashAlgorithmOID":"2.16.840.1.101.3.4.2.1",'
        f'"documentDigests":[{{"hash":"{HASH}","label":"\\ud800"}}]}}]'
    )
    body = {"request": desk.platform.request(Pkce(), "credential", authorization_details=details)}
    answer = desk.hall.client.post("/oauth/consent/challenge", json=body, headers=desk.boss.headers())
    require_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "details",
    ["", "[]", "{}", "not json", "[" * 5000, '[{"type":"other"}]', '[{"type":"credential","documentDigests":[1]}]'],
)
def test_unreadable_details_are_refused(desk: Desk, details: str) -> None:
    request = desk.platform.request(Pkce(), "credential", authorization_details=details)
    body = {"request": request}
    require_error(
        desk.hall.client.post("/oauth/consent/challenge", json=body, headers=desk.boss.headers()), "invalid_request"
    )


def test_somebody_who_may_not_use_the_seal_cannot_agree(desk: Desk) -> None:
    stranger = enrol(desk.hall, desk.hall.establish()["licence"]["uscc"])
    request = desk.platform.request(Pkce(), "credential", credentialID=desk.code, hash=HASH.rstrip("="))
    answer = desk.hall.client.post("/oauth/consent/challenge", json={"request": request}, headers=stranger.headers())
    require_error(answer, "invalid_request")


def test_refusing_tells_the_client(desk: Desk) -> None:
    body = {"request": desk.platform.request(Pkce())}
    told = query_of(desk.hall.client.post("/oauth/consent/refusal", json=body).json()["redirect"])
    assert (told["error"], told["state"]) == ("access_denied", "of mine")


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/",
        "https://a.example/#x",
        "/back",
        "javascript:alert(1)",
        "https://a .example/",
        "https://",
        "http://[1",
    ],
)
def test_such_a_redirect_uri_cannot_be_registered(desk: Desk, uri: str) -> None:
    with pytest.raises(BadInputError):
        add_client(desk.hall.office, name="x", uscc=None, redirect_uris=[uri], public=False)


def test_a_client_is_registered_with_what_it_needs(desk: Desk) -> None:
    office = desk.hall.office
    for name, uscc, uris, public in (("", None, [REDIRECT], False), ("x", None, [], False), ("x", desk.uscc, [], True)):
        with pytest.raises(BadInputError):
            add_client(office, name=name, uscc=uscc, redirect_uris=uris, public=public)
    with pytest.raises(NotFoundError):
        add_client(office, name="x", uscc="91110000600037341L", redirect_uris=[], public=False)
    for uri in ("http://127.0.0.1:8080/back", "org.example.app:/back"):
        add_client(office, name="x", uscc=None, redirect_uris=[uri], public=True)


def test_the_metadata_names_what_there_is(desk: Desk) -> None:
    told = desk.hall.client.get("/.well-known/oauth-authorization-server").json()
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert re.fullmatch(rf"{BASE_URL}/oauth/\w+", told[name])


@pytest.mark.parametrize("path", ["/oauth/authorize", "/csc/v1/oauth2/authorize", "/csc/v2/oauth2/authorize"])
def test_the_page_shows_who_asks_for_what(desk: Desk, path: str) -> None:
    more = {"credentialID": desk.code, "hash": HASH.rstrip("="), "description": "采购 <b>合同</b>", "lang": "zh"}
    answer = desk.hall.client.get(path, params=desk.platform.request(Pkce(), "credential", **more))
    assert answer.status_code == 200
    for text in (desk.platform.client.name, desk.code, "采购 &lt;b&gt;合同&lt;/b&gt;", "00000000"):
        assert text in answer.text
    assert "<b>合同" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_what_is_wrong_with_a_request_is_told_to_the_client_by_a_redirect(desk: Desk) -> None:
    request = desk.platform.request(Pkce()) | {"code_challenge_method": "plain"}
    answer = desk.hall.client.get("/oauth/authorize", params=request, follow_redirects=False)
    assert answer.status_code == 303
    told = query_of(answer.headers["location"])
    assert (told["error"], told["state"]) == ("invalid_request", "of mine")


def test_a_parameter_that_comes_twice_is_refused(desk: Desk) -> None:
    request = urlencode([*desk.platform.request(Pkce()).items(), ("scope", "credential")])
    answer = desk.hall.client.get(f"/oauth/authorize?{request}", follow_redirects=False)
    assert answer.status_code == 400
