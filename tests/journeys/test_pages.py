"""People at work with the pages: a real browser, the real service, its real answers."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, ViewportSize, expect

from api.http.app import create_app
from tests.support.browser import CHROMIUM, chromium, serving
from tests.support.office import NOW, fresh_store, open_office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (make system)"),
]
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
PATHS: Final = ("/", "/check", "/q", "/demo", "/api", "/nowhere")
FINDING: Final = {"id": "signature.intact", "verdict": "passed", "text": "Unchanged.", "text_zh": "未被改动。"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def hurried_clock() -> Callable[[], datetime]:
    """Twenty times as fast as ours: what a visitor does next happens in a later second, as certificates count them."""
    began = time.monotonic()
    return lambda: NOW + timedelta(seconds=20 * (time.monotonic() - began))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("service")
    with (
        open_office(folder, fresh_store(), hurried_clock(), demo=True) as office,
        serving(create_app(office)) as address,
    ):
        yield address


@dataclass(slots=True)
class Visit:
    """A page and what went wrong in it."""

    page: Page
    site: str
    troubles: list[str] = field(default_factory=list)

    def goto(self, path: str) -> None:
        self.page.goto(self.site + path)


@pytest.fixture
def visit(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visitor, by default with a large screen and Chinese; `parametrize(..., indirect=True)` gives (screen, locale)."""
    screen, locale = getattr(request, "param", (DESK, "zh-CN"))
    with browser.new_context(viewport=screen, locale=locale, timezone_id="Asia/Shanghai") as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        visit = Visit(page, site)
        page.on("pageerror", lambda error: visit.troubles.append(str(error)))
        page.on("console", lambda message: visit.troubles.append(message.text) if _serious(message.text) else None)
        yield visit
        assert visit.troubles == []


def _serious(text: str) -> bool:
    return "Content Security Policy" in text or ("Failed to load" in text and "status of 4" not in text)


@dataclass(frozen=True, slots=True)
class Made:
    """What the visitor of a demo holds at the end."""

    sealed: Path
    code: str
    picture: bytes


@pytest.fixture(scope="module")
def made(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Found an enterprise, seal the sample contract, keep the file, the code and its picture."""
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.goto(site + "/demo")
        with page.expect_response("**/api/v1/licences") as issued:
            establish(page)
        faces = issued.value.json()["licence"]["faces"]
        token = issued.value.request.headers["authorization"]
        code = context.request.get(site + faces["elq1"], headers={"Authorization": token}).text().strip()
        picture = context.request.get(site + faces["qr_png"], headers={"Authorization": token}).body()
        return Made(seal(page, tmp_path_factory.mktemp("sealed") / "contract.pdf"), code, picture)


def establish(page: Page) -> None:
    page.click("#enterprise .go")
    page.wait_for_selector("#s-1.done")
    page.click("#licence .go")
    page.wait_for_selector("#s-2.done")


def seal(page: Page, target: Path) -> Path:
    page.click("#sealing .go")
    page.wait_for_selector("#s-3.done")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(target)
    return target


def verdicts(page: Page) -> tuple[str | None, str | None]:
    """What stands of the file and of the code in the last step of the demo."""
    return (
        page.locator("#on-file .verdict").first.get_attribute("data-verdict"),
        page.locator("#on-code .verdict").first.get_attribute("data-verdict"),
    )


def check_again(page: Page, button: str) -> None:
    with page.expect_response("**/api/v1/verify"), page.expect_response(re.compile("/suspend|/reinstate")):
        page.click(button)
    page.wait_for_selector("#suspend:visible" if button == "#reinstate" else "#reinstate:visible")
    page.wait_for_selector("#s-4 button.go:enabled")


def test_visitor_founds_seals_checks_and_sees_the_answer_change(visit: Visit, tmp_path: Path) -> None:
    visit.goto("/demo")
    page = visit.page
    establish(page)
    expect(page.locator("#imprints li")).to_have_count(5)
    for picture in (page.locator("#face-page"), page.locator("#imprints img").nth(4)):
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    sealed = seal(page, tmp_path / "sealed.pdf")
    expect(page.locator("#look img")).to_be_visible()
    page.click("#verify .go")
    page.wait_for_selector("#s-4.done")
    assert verdicts(page) == ("passed", "passed")
    check_again(page, "#suspend")
    assert verdicts(page) == ("passed", "failed")
    expect(page.locator("#on-code .stated").first).to_contain_text("有效 → 无效")
    expect(page.locator("#suspend-lead")).to_be_hidden()
    expect(page.locator("#reinstate-lead")).to_be_visible()
    check_again(page, "#reinstate")
    assert verdicts(page) == ("passed", "passed")
    assert sealed.read_bytes().startswith(b"%PDF-")


@pytest.mark.judge
def test_file_that_the_demo_hands_out_is_signed_for_pdfsig_too(made: Made) -> None:
    told = subprocess.run(["pdfsig", str(made.sealed)], capture_output=True, text=True, check=False).stdout
    assert "Signature Validation: Signature is Valid." in told
    assert "Total document signed" in told


def test_second_seal_goes_onto_the_file_just_sealed(visit: Visit) -> None:
    visit.goto("/demo")
    page = visit.page
    establish(page)
    page.click("#sealing .go")
    page.wait_for_selector("#s-3.done")
    page.check("[name=source][value=sealed]")
    page.check("[name=kind][value=official]")
    page.check("[name=placement][value=position]")
    expect(page.locator("#keyword")).to_be_hidden()
    page.fill("#x", "150")
    with page.expect_response("**/uses") as used:
        page.click("#sealing .go")
    assert used.value.status == 201
    page.wait_for_selector("#s-3 button.go:enabled")
    page.click("#verify .go")
    page.wait_for_selector("#s-4.done")
    assert verdicts(page) == ("passed", "passed")
    page.click("#on-file summary")
    expect(page.locator("#on-file .card")).to_have_count(2)


@pytest.mark.parametrize("visit", [(DESK, "en-GB"), (PHONE, "zh-CN")], indirect=True)
def test_objections_of_the_register_stand_beside_their_fields(visit: Visit) -> None:
    visit.goto("/demo")
    page = visit.page
    code = page.input_value("[name=uscc]")
    page.fill("[name=uscc]", code[:17] + ("1" if code[17] != "1" else "2"))
    page.fill("[name=name]", "")
    page.click("#enterprise .go")
    expect(page.locator("#e-uscc")).not_to_be_empty()
    expect(page.locator("#e-name")).not_to_be_empty()
    expect(page.locator("[name=uscc]")).to_have_attribute("aria-invalid", "true")
    assert page.evaluate("document.activeElement.name") == "name"
    page.fill("[name=uscc]", code)
    expect(page.locator("#e-uscc")).to_be_empty()


def test_keyword_that_is_not_there_is_said_and_can_be_put_right(visit: Visit) -> None:
    visit.goto("/demo")
    page = visit.page
    establish(page)
    page.fill("#keyword", "丙方（盖章）")
    page.click("#sealing .go")
    expect(page.locator("#s-3 > .trouble b")).to_have_text("文件里没有这个盖章位置，请改换关键字或位置。")
    page.fill("#keyword", "乙方（盖章）")
    page.click("#sealing .go")
    page.wait_for_selector("#s-3.done")
    expect(page.locator("#s-3 > .trouble")).to_be_hidden()


def test_file_that_is_no_pdf_is_refused_for_sealing_in_the_readers_language(visit: Visit) -> None:
    visit.goto("/demo")
    page = visit.page
    establish(page)
    page.check("[name=source][value=own]")
    page.set_input_files("#own", files={"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"hello"})
    page.click("#sealing .go")
    expect(page.locator("#s-3 > .trouble")).to_have_text("这不是 PDF 文件。")
    page.check("[name=placement][value=position]")
    page.fill("#x", "left")
    page.click("#sealing .go")
    expect(page.locator("#x")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#y")).to_have_attribute("aria-invalid", "false")


@pytest.mark.parametrize("visit", [(PHONE, "zh-CN")], indirect=True)
def test_scanned_code_stays_in_the_browser_until_check_is_pressed(visit: Visit, made: Made) -> None:
    page = visit.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    visit.goto("/q#" + made.code.replace("%", "%25").replace(" ", "%20"))
    expect(page.locator("#found")).to_contain_text(str(len(made.code)))
    body = made.code.removeprefix("ELQ1:")[:40]
    assert not [one for one in sent if body in one.split("#")[0]]
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer .verdict.passed")
    assert [one for one in sent if "/api/v1/verify" in one]
    expect(page.locator(".verdict h1")).to_have_text("有效")
    expect(page.locator(".stated")).to_contain_text("不能证明")
    names = page.locator(".facts dt").all_text_contents()
    assert names[:3] == ["状态", "统一社会信用代码", "名称"]
    assert names.index("法定代表人") < names.index("注册资本") < names.index("成立日期")


def test_language_can_be_changed_without_losing_the_scanned_code(visit: Visit, made: Made) -> None:
    visit.goto("/q#" + made.code.replace("%", "%25").replace(" ", "%20"))
    visit.page.click("[data-keep-hash]")
    expect(visit.page.locator("html")).to_have_attribute("lang", "en")
    assert visit.page.input_value("#text") == made.code


@pytest.mark.parametrize("visit", [(DESK, "en-GB")], indirect=True)
def test_picture_of_a_code_is_read_and_checked(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    code: FilePayload = {"name": "code.png", "mimeType": "image/png", "buffer": made.picture}
    visit.page.set_input_files("#file", files=code)
    visit.page.wait_for_selector("#answer .verdict.passed")
    expect(visit.page.locator(".verdict h1")).to_have_text("Valid")
    expect(visit.page.locator(".stated")).to_contain_text("never who holds it")


@pytest.mark.parametrize("visit", [(DESK, "en-GB"), (PHONE, "zh-CN")], indirect=True)
def test_sealed_file_passes_and_its_seal_is_told(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    page = visit.page
    page.set_input_files("#file", files=str(made.sealed))
    page.wait_for_selector("#answer .verdict.passed")
    card = page.locator(".card")
    expect(card).to_have_count(1)
    for told in ("PAdES B-LT", "NTRCN-"):
        expect(card).to_contain_text(told)
    page.locator(".card summary").click()
    assert card.locator(".findings li").count() >= 3
    page.click(".afterwards .button")
    expect(page.locator("#ask")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()


@pytest.mark.parametrize("visit", [(DESK, "en-GB")], indirect=True)
def test_changed_file_fails_and_the_page_says_why(visit: Visit, made: Made, tmp_path: Path) -> None:
    content = bytearray(made.sealed.read_bytes())
    place = content.index(b"stream", 200) + 40
    content[place] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content)
    visit.goto("/check")
    visit.page.set_input_files("#file", files=str(changed))
    visit.page.wait_for_selector("#answer .verdict.failed")
    expect(visit.page.locator(".verdict h1")).to_have_text("Not valid")
    expect(visit.page.locator(".verdict .why li").first).to_contain_text("Because")


def test_file_that_is_no_pdf_is_answered_never_passed(visit: Visit) -> None:
    visit.goto("/check")
    hello: FilePayload = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"hello"}
    visit.page.set_input_files("#file", files=hello)
    visit.page.wait_for_selector("#answer .verdict.indeterminate, #answer .verdict.failed")


def test_dropped_file_is_checked_at_once(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    transfer = visit.page.evaluate_handle(
        "bytes => { const held = new DataTransfer();"
        " held.items.add(new File([new Uint8Array(bytes)], 'a.pdf', {type: 'application/pdf'})); return held; }",
        list(made.sealed.read_bytes()),
    )
    visit.page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    visit.page.wait_for_selector("#answer .verdict.passed")


def answer_with(page: Page, status: int, body: dict[str, Any]) -> None:
    def fulfil(route: Route) -> None:
        route.fulfill(status=status, json=body)

    page.route("**/api/v1/verify", fulfil)


@pytest.mark.parametrize("visit", [(DESK, "en-GB")], indirect=True)
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (413, "larger than this site accepts"),
        (415, "no file that we can read"),
        (429, "Too many requests"),
        (418, "could not be completed"),
        (503, "broke on our side"),
    ],
)
def test_refusal_is_told_in_plain_words_and_the_form_stays(visit: Visit, status: int, told: str) -> None:
    visit.troubles = []
    answer_with(visit.page, status, {"title": "T", "status": status, "detail": "<b>of the server</b>"})
    visit.goto("/check")
    visit.page.fill("#text", "ELQ1:ABC")
    visit.page.click("#go")
    expect(visit.page.locator("#trouble")).to_contain_text(told)
    assert ("<b>of the server</b>" in visit.page.inner_text("#trouble")) == (status < 500)
    assert visit.page.input_value("#text") == "ELQ1:ABC"
    expect(visit.page.locator("#go")).to_be_enabled()
    visit.troubles = []  # the browser itself notes a status of 5xx


@pytest.mark.parametrize("visit", [(PHONE, "zh-CN")], indirect=True)
def test_lost_connection_is_told_and_a_second_try_works(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    page = visit.page
    page.route("**/api/v1/verify", lambda route: route.abort())
    page.fill("#text", made.code)
    page.click("#go")
    expect(page.locator("#trouble")).to_contain_text("连不上服务器")
    page.unroute("**/api/v1/verify")
    page.click("#go")
    page.wait_for_selector("#answer .verdict.passed")
    visit.troubles = []  # the browser itself notes the lost connection


def test_nothing_chosen_is_said_before_anything_is_sent(visit: Visit) -> None:
    visit.goto("/check")
    visit.page.click("#go")
    expect(visit.page.locator("#trouble")).to_be_visible()


def test_words_of_a_report_are_text_never_markup(visit: Visit) -> None:
    nasty = "<img src=x onerror=\"document.title='taken'\">"
    seal_of = {
        "verdict": "failed", "field": nasty, "kind": "seal", "signer": nasty, "organization_identifier": nasty,
        "seal_kind": nasty, "seal_code": nasty, "level": nasty, "claimed_time": nasty, "time": nasty,
        "time_source": nasty, "covers_whole_document": False, "changes_after": [nasty], "changes_after_zh": [nasty],
        "path": [nasty], "revocation": nasty, "findings": [{**FINDING, "verdict": "failed", "text_zh": nasty}],
    }  # fmt: skip
    report = {
        "verdict": "failed",
        "kind": "pdf",
        "checked_at": nasty,
        "findings": [],
        "signatures": [seal_of],
        "facts": {},
    }
    answer_with(visit.page, 200, report)
    visit.goto("/check")
    visit.page.fill("#text", "ELQ1:ABC")
    visit.page.click("#go")
    visit.page.wait_for_selector("#answer .verdict.failed")
    assert visit.page.locator("#answer img").count() == 0
    assert visit.page.title() != "taken"
    expect(visit.page.locator(".card h3")).to_contain_text(nasty)


def test_answer_on_paper_has_all_findings_and_nothing_to_click(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    visit.page.set_input_files("#file", files=str(made.sealed))
    visit.page.wait_for_selector("#answer .verdict.passed")
    visit.page.emulate_media(media="print")
    expect(visit.page.locator(".verdict h1")).to_be_visible()
    expect(visit.page.locator(".card .findings li").first).to_be_visible()
    expect(visit.page.locator(".afterwards")).to_be_hidden()
    expect(visit.page.locator(".top nav")).to_be_hidden()


def test_keyboard_alone_leads_to_an_answer(visit: Visit, made: Made) -> None:
    visit.goto("/check")
    page = visit.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id"))
        if seen[-1] == "text":
            break
    assert "file" in seen
    page.keyboard.insert_text(made.code)
    page.keyboard.press("Tab")
    width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer .verdict.passed")
    assert page.evaluate("document.activeElement.id") == "answer"


@pytest.mark.parametrize(
    "visit", [(screen, locale) for screen in (PHONE, DESK) for locale in ("zh-CN", "en-GB")], indirect=True
)
def test_no_page_is_wider_than_the_screen_or_breaks_its_own_rules(visit: Visit) -> None:
    for path in PATHS:
        visit.goto(path)
        assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        visit.page.evaluate("document.fonts.ready")
        assert visit.page.evaluate("document.fonts.check('600 20px \"Noto Serif SC\"', '执照')"), path
    assert visit.troubles == []


def test_pages_ask_no_other_host_for_anything(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    for path in PATHS:
        visit.goto(path)
    assert [url for url in asked if not url.startswith((visit.site, "blob:"))] == []


def test_public_page_of_a_licence_follows_the_register(visit: Visit) -> None:
    visit.goto("/demo")
    page = visit.page
    establish(page)
    address = page.get_attribute("#face-public", "href")
    assert address is not None
    page.click("#sealing .go")
    page.wait_for_selector("#s-3.done")
    page.click("#verify .go")
    page.wait_for_selector("#s-4.done")
    check_again(page, "#suspend")
    visit.goto(address)
    expect(page.locator(".standing.indeterminate")).to_contain_text("已暂停")
