"""People with passkeys at the pages: a real browser with a virtual authenticator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.http.app import create_app
from tests.support.browser import CHROMIUM, add_authenticator, chromium, free_port, serving
from tests.support.office import Hall, open_hall
from tests.support.people import invite

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (make system)"),
]


@dataclass(frozen=True, slots=True)
class Place:
    """A service that a browser reaches under a name that passkeys allow."""

    hall: Hall
    address: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    port = free_port()
    address = f"http://localhost:{port}"
    with (
        open_hall(tmp_path_factory.mktemp("people"), public_url=address) as hall,
        serving(create_app(hall.office), port),
    ):
        yield Place(hall, address)


@contextmanager
def visitor(browser: Browser, *, locale: str = "en-GB") -> Iterator[Page]:
    """A person with a passkey device and a window."""
    with browser.new_context(locale=locale, timezone_id="Asia/Shanghai") as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        add_authenticator(page)
        yield page
        assert troubles == []


def test_person_takes_up_an_invitation_and_signs_in_again_with_the_passkey(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    made = place.hall.establish()
    code = invite(place.hall, made["licence"]["uscc"], "representative")
    with visitor(browser) as page:
        page.goto(f"{place.address}/account")
        page.fill("#code", "not-a-code-of-ours")
        page.click("#take")
        expect(page.locator("#trouble")).to_be_visible()
        page.fill("#code", code)
        page.click("#take")
        expect(page.locator("#roles")).to_contain_text("Legal representative")
        expect(page.locator("#passkeys li")).to_have_count(1)
        page.click("#out")
        expect(page.locator("#sign-in")).to_be_visible()
        page.click("#go")
        expect(page.locator("#roles")).to_contain_text(made["licence"]["uscc"])
        page.screenshot(path=tmp_path / "account.png", full_page=True)


def test_address_without_a_name_says_where_passkeys_work(browser: Browser, place: Place) -> None:
    with visitor(browser) as page:
        page.goto(f"{place.address.replace('localhost', '127.0.0.1')}/account")
        expect(page.locator("#unusable")).to_be_visible()
        expect(page.locator("#elsewhere")).to_have_attribute("href", f"{place.address}/account")
