"""A person lets a program sign, at our page: a real browser with a virtual authenticator."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from api.http.app import create_app
from tests.support.browser import CHROMIUM, add_authenticator, chromium, free_port, serving
from tests.support.office import Hall, code_of, open_hall
from tests.support.people import invite
from tests.support.remote import REDIRECT, Csc, Pkce, app, query_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (make system)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Hall, str]]:
    port = free_port()
    address = f"http://localhost:{port}"
    with open_hall(tmp_path, public_url=address) as hall, serving(create_app(hall.office), port):
        yield hall, address


def went_back(page: Page) -> dict[str, str]:
    """What the client is told; its page is nowhere, so the browser is stopped on the way."""
    page.wait_for_url(f"{REDIRECT}?**")
    return query_of(page.url)


def test_person_signs_in_agrees_to_the_hashes_and_the_program_gets_its_signature(
    browser: Browser, place: tuple[Hall, str]
) -> None:
    hall, address = place
    made = hall.establish()
    code, platform = code_of(made), app(hall)
    hash_ = b64encode(bytes(range(32))).decode()
    pkce = Pkce()
    wish = {"credentialID": code, "numSignatures": "1", "hash": hash_.rstrip("="), "description": "采购合同 2026-17"}
    with browser.new_context(locale="en-GB") as context:
        context.route(f"{REDIRECT}**", lambda route: route.fulfill(body="back", content_type="text/plain"))
        page = context.new_page()
        page.set_default_timeout(30_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        add_authenticator(page)
        page.goto(f"{address}/account")
        page.fill("#code", invite(hall, made["licence"]["uscc"], "representative"))
        page.click("#take")
        expect(page.locator("#me")).to_be_visible()
        page.click("#out")
        expect(page.locator("#sign-in")).to_be_visible()

        page.goto(f"{address}/oauth/authorize?{urlencode(platform.request(Pkce()))}")
        page.click("#no")
        assert went_back(page)["error"] == "access_denied"

        page.goto(f"{address}/oauth/authorize?{urlencode(platform.request(pkce))}")
        expect(page.locator("main")).to_contain_text(platform.client.name)
        page.click("#go")
        service = platform.redeem(went_back(page)["code"], pkce).json()["access_token"]

        asked = platform.request(pkce, "credential", **wish)
        page.goto(f"{address}/csc/v1/oauth2/authorize?{urlencode(asked)}")
        for text in (code, "采购合同 2026-17", bytes(range(32)).hex(), platform.client.name):
            expect(page.locator("main")).to_contain_text(text)
        page.click("#go")
        sad = platform.redeem(went_back(page)["code"], pkce, "/csc/v1/oauth2/token").json()
        assert troubles == []
    answer = Csc(hall, service)(
        "signatures/signHash",
        credentialID=code,
        SAD=sad["access_token"],
        hash=[hash_],
        signAlgo="1.2.840.10045.4.3.2",
    )
    assert answer.status_code == 200, answer.text


def test_a_person_who_may_not_use_the_seal_is_told_so_and_stays(browser: Browser, place: tuple[Hall, str]) -> None:
    hall, address = place
    made, other = hall.establish(), hall.establish()
    platform = app(hall)
    wish = {"credentialID": code_of(other), "hash": "A" * 43}
    with browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        add_authenticator(page)
        page.goto(f"{address}/account")
        page.fill("#code", invite(hall, made["licence"]["uscc"], "representative"))
        page.click("#take")
        expect(page.locator("#me")).to_be_visible()
        page.goto(f"{address}/oauth/authorize?{urlencode(platform.request(Pkce(), 'credential', **wish))}")
        page.click("#go")
        expect(page.locator("#trouble")).to_contain_text("不能使用这枚印章")
        assert page.url.startswith(address)
