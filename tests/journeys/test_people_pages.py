"""People with passkeys at the pages: a real browser with a virtual authenticator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.http.app import create_app
from tests.support.browser import CHROMIUM, add_authenticator, chromium, free_port, serving
from tests.support.office import Hall, code_of, open_hall
from tests.support.people import invite
from tests.support.sealing import make_pdf

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
        open_hall(tmp_path_factory.mktemp("people"), public_url=address, demo=True) as hall,
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
        expect(page.locator("#me")).to_be_visible()
        expect(page.locator("#roles")).to_contain_text("Legal representative")
        expect(page.locator("#passkeys li")).to_have_count(1)
        page.click("#out")
        expect(page.locator("#sign-in")).to_be_visible()
        page.click("#go")
        expect(page.locator("#me")).to_be_visible()
        expect(page.locator("#roles")).to_contain_text(made["licence"]["uscc"])
        page.screenshot(path=tmp_path / "account.png", full_page=True)


def test_visitor_of_a_demo_gets_two_companies_to_act_for(browser: Browser, place: Place) -> None:
    with visitor(browser, locale="zh-CN") as page:
        page.goto(f"{place.address}/account")
        page.click("#make")
        expect(page.locator("#made li")).to_have_count(2)
        page.locator("#made button").first.click()
        page.click("#take")
        expect(page.locator("#roles")).to_contain_text("法定代表人")


def test_address_without_a_name_says_where_passkeys_work(browser: Browser, place: Place) -> None:
    with visitor(browser) as page:
        page.goto(f"{place.address.replace('localhost', '127.0.0.1')}/account")
        expect(page.locator("#unusable")).to_be_visible()
        expect(page.locator("#elsewhere")).to_have_attribute("href", f"{place.address}/account")


def arrive(page: Page, place: Place, uscc: str) -> None:
    """Take up the role of representative with a passkey made on the way."""
    page.goto(f"{place.address}/account")
    page.fill("#code", invite(place.hall, uscc, "representative"))
    page.click("#take")
    expect(page.locator("#me")).to_be_visible()


def put(page: Page, tool: str, *, right: int, down: int) -> None:
    """Add a mark to the page in view and drag it."""
    page.click(f"#tools button[value={tool}]")
    box = page.locator(".mark").last.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


def test_two_companies_conclude_a_contract_at_the_pages(browser: Browser, place: Place, tmp_path: Path) -> None:
    buyer, seller = (place.hall.establish()["licence"]["uscc"] for _ in range(2))
    (tmp_path / "contract.pdf").write_bytes(make_pdf(2))
    with visitor(browser) as ours, visitor(browser, locale="zh-CN") as theirs:
        arrive(ours, place, buyer)
        arrive(theirs, place, seller)
        ours.goto(f"{place.address}/contracts")
        ours.fill("#title", "Purchase of paper")
        ours.set_input_files("#files", tmp_path / "contract.pdf")
        ours.click("#go")
        ours.wait_for_url("**/plan")
        expect(ours.locator(".ground").first).to_be_visible()
        ours.fill("#who", seller)
        ours.click("#more")
        put(ours, "seal", right=-120, down=100)
        put(ours, "seam", right=0, down=-100)
        put(ours, "date", right=-100, down=250)
        ours.check("#parties input[value=B]")
        put(ours, "seal", right=140, down=100)
        put(ours, "statement", right=60, down=-180)
        ours.screenshot(path=tmp_path / "plan.png")
        ours.click("#send")
        expect(ours.locator("#trouble")).to_be_hidden()
        ours.wait_for_url(lambda url: url.rsplit("/", 1)[-1] not in {"plan", "contracts"})
        expect(ours.locator(".ground").first).to_be_visible()
        ours.screenshot(path=tmp_path / "asked.png")
        ours.click(".task .go")
        expect(ours.locator("#parties [data-party=A]")).to_have_attribute("data-state", "sealed")
        theirs.goto(ours.url)
        expect(theirs.locator(".task")).to_be_visible()
        theirs.click(".task .go")
        expect(theirs.locator("#trouble")).to_be_visible()  # the statement is not re-typed yet
        theirs.fill(".task input", "I have read this and agree to sign")
        theirs.click(".task .go")
        expect(theirs.locator("#parties [data-party=B]")).to_have_attribute("data-state", "sealed")
        expect(theirs.locator("#state")).to_have_class("state completed")
        expect(theirs.locator(".ground").first).to_be_visible()
        theirs.screenshot(path=tmp_path / "sealed.png", full_page=True)
        with theirs.expect_download() as download:
            theirs.click("#files button >> nth=0")
        download.value.save_as(tmp_path / "sealed.pdf")
    checked = place.hall.client.post(
        "/api/v1/verify", files={"file": ("sealed.pdf", (tmp_path / "sealed.pdf").read_bytes(), "application/pdf")}
    )
    assert checked.json()["verdict"] == "passed", checked.text
    assert len(checked.json()["signatures"]) >= 2


def test_clerk_asks_for_the_seal_and_the_representative_sees_it_and_agrees(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    made = place.hall.establish()
    uscc, seal = made["licence"]["uscc"], code_of(made)
    with visitor(browser) as chief:
        arrive(chief, place, uscc)
        bearer = chief.evaluate("sessionStorage.getItem('vermilion-session')")
        clerk = enrol_over_the_page(browser, place, uscc, bearer)
        asked = place.hall.client.post(
            "/api/v1/seal-requests",
            files={"document": ("order.pdf", make_pdf(2), "application/pdf")},
            data={"seal": seal, "purpose": "Order of paper", "placement": "position", "page": "2"},
            headers={"Authorization": f"Bearer {clerk}"},
        )
        assert asked.status_code == 201, asked.text
        chief.goto(f"{place.address}/requests")
        expect(chief.locator("article")).to_contain_text("Order of paper")
        chief.click("article summary")
        expect(chief.locator("article img")).to_have_count(2)
        chief.screenshot(path=tmp_path / "request.png", full_page=True)
        chief.click("article .go")
        expect(chief.locator("#none")).to_be_visible()
    done = place.hall.client.get(
        asked.json()["document"].removesuffix("/document"), headers={"Authorization": f"Bearer {clerk}"}
    )
    assert done.json()["state"] == "sealed", done.text


def enrol_over_the_page(browser: Browser, place: Place, uscc: str, bearer: str) -> str:
    """A clerk takes up an invitation of the representative; returns the clerk's token."""
    invited = place.hall.client.post(
        f"/api/v1/enterprises/{uscc}/invitations",
        json={"role": "user", "name": "李经办"},
        headers={"Authorization": f"Bearer {bearer}"},
    )
    with visitor(browser) as page:
        page.goto(f"{place.address}/account")
        page.fill("#code", invited.json()["code"])
        page.click("#take")
        expect(page.locator("#roles")).to_contain_text("Seal user")
        token: str = page.evaluate("sessionStorage.getItem('vermilion-session')")
        return token


def test_representative_lends_a_seal_to_a_machine_and_takes_it_back(browser: Browser, place: Place) -> None:
    uscc = place.hall.establish()["licence"]["uscc"]
    with visitor(browser) as page:
        page.goto(f"{place.address}/mandates")
        page.wait_for_url("**/account?next=*")  # and back, once somebody signed in
        page.fill("#code", invite(place.hall, uscc, "representative"))
        page.click("#take")
        page.wait_for_url("**/mandates")
        expect(page.locator("#list li")).to_have_count(1)  # the one that tests lend with
        page.select_option("#kind", "machine")
        page.click("#go")
        expect(page.locator("#trouble")).to_contain_text("identity of a token")
        page.fill("#other", place.hall.machine)
        page.fill("#until", "2099-12-31")
        page.click("#go")
        expect(page.locator("#list li")).to_have_count(2)
        lent = page.locator("#list li").filter(has_text="2099-12-31")
        expect(lent).to_have_attribute("data-state", "active")
        lent.locator("summary").click()
        lent.locator("input").fill("the machine was sold")
        lent.locator("details button").click()
        expect(lent).to_have_attribute("data-state", "revoked")
        expect(lent).to_contain_text("the machine was sold")


def drafted(page: Page, place: Place, other: str, pdf: Path, *, title: str) -> None:
    """A draft of two parties who seal at the same time."""
    page.goto(f"{place.address}/contracts")
    page.fill("#title", title)
    page.set_input_files("#files", pdf)
    page.click("#go")
    page.wait_for_url("**/plan")
    expect(page.locator(".ground").first).to_be_visible()
    page.fill("#who", other)
    page.click("#more")
    expect(page.locator("#parties li")).to_have_count(2)
    page.locator("#parties input[type=number]").last.fill("0")
    placed(page)


def placed(page: Page) -> None:
    put(page, "seal", right=-150, down=100)
    page.check("#parties input[value=B]")
    put(page, "seal", right=150, down=100)
    page.click("#send")
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1] not in {"plan", "contracts"})
    expect(page.locator(".task")).to_be_visible()


def test_session_that_ends_while_one_types_loses_nothing_and_the_page_says_who_declined(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    buyer, seller = (place.hall.establish()["licence"]["uscc"] for _ in range(2))
    (tmp_path / "contract.pdf").write_bytes(make_pdf(1))
    with visitor(browser) as ours, visitor(browser) as theirs:
        arrive(ours, place, buyer)
        arrive(theirs, place, seller)
        drafted(ours, place, seller, tmp_path / "contract.pdf", title="Purchase of ink")
        theirs.goto(f"{place.address}/contracts")
        theirs.click("#turn a")  # what waits for me stands first
        theirs.click(".task summary")
        theirs.fill(".task .reason", "the price is wrong")
        theirs.evaluate("sessionStorage.setItem('vermilion-session', 'vml_ended')")
        theirs.locator(".task .choices button").last.click()
        expect(theirs.locator("#trouble")).to_contain_text("session has ended")
        theirs.click("#trouble button")
        expect(theirs.locator("#trouble")).to_contain_text("signed in again")
        expect(theirs.locator(".task .reason")).to_have_value("the price is wrong")
        theirs.locator(".task .choices button").last.click()
        expect(theirs.locator("#why")).to_contain_text("the price is wrong")
        ours.reload()
        expect(ours.locator("#why")).to_contain_text("Declined by")


def test_contract_is_rescinded_from_its_page(browser: Browser, place: Place, tmp_path: Path) -> None:
    buyer, seller = (place.hall.establish()["licence"]["uscc"] for _ in range(2))
    pdf = tmp_path / "contract.pdf"
    pdf.write_bytes(make_pdf(1))
    with visitor(browser) as ours, visitor(browser) as theirs:
        arrive(ours, place, buyer)
        arrive(theirs, place, seller)
        drafted(ours, place, seller, pdf, title="Purchase of ink")
        original = ours.url
        both_seal(ours, theirs)
        ours.reload()
        ours.click("#rescinding summary")
        ours.set_input_files("#rescind-file", pdf)
        ours.click("#rescind")
        ours.wait_for_url("**/plan")
        expect(ours.locator(".ground").first).to_be_visible()
        placed(ours)
        both_seal(ours, theirs)
        ours.goto(original)
        expect(ours.locator("#state")).to_have_class("state rescinded")
        expect(ours.locator("#related a")).to_contain_text("rescinds this contract")


def both_seal(ours: Page, theirs: Page) -> None:
    theirs.goto(ours.url)
    for page in (ours, theirs):
        page.click(".task .go")
        expect(page.locator(".task")).to_have_count(0)
    expect(theirs.locator("#state")).to_have_class("state completed")
