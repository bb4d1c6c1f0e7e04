"""Pages as a browser without JavaScript gets them."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI

from api.http import refusals
from api.http.limits import RateLimit
from api.web.headers import POLICY
from tests.support.asgi_client import AsgiClient
from tests.support.web_front import AUTHORITY, AUTHORITY_LATIN, LICENCE, app_with, front_with

PAGES = ("/", "/check", "/q", "/demo", "/api", f"/licences/{LICENCE.number}", "/nowhere")
HTML = {"accept": "text/html,application/xhtml+xml"}
MAX_PAGE_BYTES = 200_000


@pytest.fixture(scope="module")
def client() -> AsgiClient:
    return AsgiClient(app_with(front_with(LICENCE)), headers=HTML)


class Tags(HTMLParser):
    """Collects start tags with their attributes, and text inside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open in {"script", "style"} and data.strip():
            self.inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def tags_of(text: str) -> Tags:
    parser = Tags()
    parser.feed(text)
    return parser


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_page_says_its_language_and_names_the_authority(client: AsgiClient, path: str, language: str) -> None:
    answer = client.get(path, params={"lang": language})
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    tag = {"zh": "zh-CN", "en": "en"}[language]
    assert answer.headers["content-language"] == tag
    assert f'<html lang="{tag}">' in answer.text
    assert (AUTHORITY if language == "zh" else AUTHORITY_LATIN) in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_inline_script_or_style_and_names_no_other_host(client: AsgiClient, path: str) -> None:
    page = tags_of(client.get(path).text)
    assert page.inside == []
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "action"):
            assert not re.match(r"[a-z]+:|//", attributes.get(name) or "")


@pytest.mark.parametrize("path", PAGES)
def test_every_field_has_a_label_and_every_picture_a_text(client: AsgiClient, path: str) -> None:
    text = client.get(path).text
    page = tags_of(text)
    labelled = {attributes.get("for") for tag, attributes in page.tags if tag == "label"}
    for tag, attributes in page.tags:
        if tag == "img":
            assert "alt" in attributes
        if tag in {"input", "textarea"} and attributes.get("type") != "radio":
            wrapped = re.search(rf'<label[^>]*>\s*<input[^>]*id="{attributes["id"]}"', text)
            assert attributes["id"] in labelled or wrapped
        if tag in {"input", "textarea"} and attributes.get("type") == "radio":
            assert re.search(rf'<label[^>]*>\s*<input type="radio" name="{attributes["name"]}"', text)
    assert [tag for tag, _ in page.tags].count("h1") == 1


@pytest.mark.parametrize("path", [*PAGES, "/static/look.css", "/api/openapi.json", "/specimens/contract.svg"])
def test_every_answer_carries_the_strict_headers(client: AsgiClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers


def test_policy_lets_in_this_host_alone() -> None:
    for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in POLICY
    assert "unsafe" not in POLICY
    assert "*" not in POLICY


def test_transport_security_is_announced_over_tls_only() -> None:
    secure = AsgiClient(app_with(front_with()), base_url="https://testserver")
    answer = secure.get("/", params={"lang": "en"})
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "Secure" in answer.headers["set-cookie"]


def test_language_that_was_asked_for_is_kept(client: AsgiClient) -> None:
    asked = client.get("/", params={"lang": "en"})
    assert "lang=en" in asked.headers["set-cookie"]
    assert "HttpOnly" in asked.headers["set-cookie"]
    assert '<html lang="en">' in client.get("/check", headers={"accept-language": "zh-CN"}).text
    client.cookies.clear()
    assert "set-cookie" not in client.get("/", params={"lang": "fr"}).headers


@pytest.mark.parametrize("path", ["/", "/check", "/demo"])
def test_page_with_all_it_loads_stays_under_200_kb(client: AsgiClient, path: str) -> None:
    text = client.get(path).text
    parts = {path, "/fonts/titles.woff"} | {
        found
        for tag, attributes in tags_of(text).tags
        if tag in {"link", "script", "img"} and (found := attributes.get("src") or attributes.get("href"))
    }
    parts |= {f"/static/js/{name}.js" for name in ("dom", "api", "report", "check", "demo", "page")}
    weight = 0
    for part in sorted(parts):
        answer = client.get(part)
        assert answer.status_code == 200, part
        weight += len(answer.content)
    assert weight < MAX_PAGE_BYTES


def test_licence_page_gives_the_registers_present_answer(client: AsgiClient) -> None:
    text = client.get(f"/licences/{LICENCE.number}", params={"lang": "zh"}).text
    for shown in (LICENCE.name, LICENCE.uscc, LICENCE.number, "有效", "2026-11-21 12:00:00 UTC+08:00"):
        assert shown in text
    assert '<div class="standing passed">' in text


@pytest.mark.parametrize(
    ("state", "shown", "kind"),
    [
        ("suspended", "suspended", "indeterminate"),
        ("superseded", "superseded", "failed"),
        ("revoked", "revoked", "failed"),
        ("cancelled", "cancelled", "failed"),
        ("unheard-of", "unheard-of", "failed"),
    ],
)
def test_licence_that_is_not_in_force_never_looks_as_if_it_were(state: str, shown: str, kind: str) -> None:
    client = AsgiClient(app_with(front_with(replace(LICENCE, state=state))), headers=HTML)
    text = client.get(f"/licences/{LICENCE.number}", params={"lang": "en"}).text
    assert f'<div class="standing {kind}">' in text
    assert f"<b>{shown}</b>" in text
    assert "standing passed" not in text


def test_names_from_the_register_are_text_never_markup() -> None:
    nasty = replace(LICENCE, name='<script>alert(1)</script>"', address="<img src=x onerror=alert(1)>")
    client = AsgiClient(app_with(front_with(nasty)), headers=HTML)
    text = client.get(f"/licences/{LICENCE.number}").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("path", ["/licences/999", "/licences/%3Cscript%3E", "/demo/licences/999/page.png", "/x/y"])
def test_person_who_asks_for_what_is_not_there_gets_a_page(client: AsgiClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/check"' in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/static/nowhere.js"])
def test_program_that_asks_for_what_is_not_there_gets_no_page(path: str) -> None:
    answer = AsgiClient(app_with(front_with())).get(path, headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_browser_that_reads_the_api_keeps_its_problem_details(client: AsgiClient) -> None:
    assert client.get("/api/v1/nowhere").headers["content-type"] == "application/json"


def broken_app() -> FastAPI:
    def fail(_: str) -> None:
        raise RuntimeError("secret of the register")

    return app_with(replace(front_with(), licence=fail))


def test_failure_of_ours_is_a_page_that_tells_nothing_of_the_inside() -> None:
    answer = AsgiClient(broken_app(), headers=HTML).get("/licences/1", params={"lang": "en"})
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_page_behind_head_has_no_body(client: AsgiClient) -> None:
    assert client.request("HEAD", "/nowhere").status_code in {404, 405}


def test_instance_that_is_no_demo_has_no_demo() -> None:
    client = AsgiClient(app_with(front_with(LICENCE, demo=False)), headers=HTML)
    for path in ("/demo", f"/demo/contract.pdf?licence={LICENCE.number}", f"/demo/licences/{LICENCE.number}/page.png"):
        assert client.get(path).status_code == 404
    assert client.get("/demo/uses/1/page.png").status_code == 404
    assert client.post("/demo/session").status_code == 404
    assert "/demo" not in client.get("/").text


def test_demo_lends_no_more_tokens_to_one_address_than_the_limit_allows() -> None:
    app = app_with(front_with())
    refusals.install(app)
    app.state.rate_limit = RateLimit(2, monotonic=lambda: 0.0)
    client = AsgiClient(app, headers=HTML)
    assert [client.post("/demo/session").status_code for _ in range(3)] == [201, 201, 429]
    refused = client.get("/demo/contract.pdf", params={"licence": "1", "lang": "en"})
    assert refused.status_code == 429
    assert "could not be completed" in refused.text


def test_demo_lends_a_token_for_a_while(client: AsgiClient) -> None:
    answer = client.post("/demo/session")
    assert answer.status_code == 201
    assert answer.json() == {"token": "vml_test", "expires_at": "2026-11-21T04:00:00+00:00"}


def test_picture_of_a_sealed_file_is_given_for_our_own_sample_alone(client: AsgiClient) -> None:
    assert client.get("/demo/uses/somebodys-file/page.png").status_code == 404


def test_sample_contract_names_the_enterprise_and_can_be_seen(client: AsgiClient) -> None:
    contract = client.get("/demo/contract.pdf", params={"licence": LICENCE.number})
    assert contract.headers["content-type"] == "application/pdf"
    assert contract.content.startswith(b"%PDF-")
    picture = client.get(f"/demo/licences/{LICENCE.number}/page.png")
    assert picture.content.startswith(b"\x89PNG")
    assert client.get("/demo/contract.pdf", params={"licence": "1"}).status_code == 404


def test_specimen_seals_are_drawn_and_belong_to_nobody(client: AsgiClient) -> None:
    for kind in ("official", "contract", "finance", "invoice", "representative"):
        answer = client.get(f"/specimens/{kind}.svg")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "样章" in answer.text
    assert client.get("/specimens/authority.svg").status_code == 404


def test_api_list_is_what_the_application_offers() -> None:
    app = app_with(front_with())

    @app.post("/api/v1/things", tags=["seals"])
    def make_thing() -> None:
        """Make a <thing>.

        Not shown.
        """

    text = AsgiClient(app, headers=HTML).get("/api", params={"lang": "en"}).text
    assert "Seals and their use" in text
    assert "<b>POST</b> /api/v1/things" in text
    assert "Make a &lt;thing&gt;." in text
    assert "Not shown" not in text
