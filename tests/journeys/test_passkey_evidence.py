"""A real browser's passkey: what it answers is believed once, kept, and passes the check that needs nothing but the evidence."""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from api.acts import control
from api.errors import AssertionReason, AssertionRefusedError
from api.http.app import create_app
from seals.intent import DocumentIntent, Intent, IntentKind
from tests.support.browser import CHROMIUM, add_authenticator, chromium, free_port, serving
from tests.support.office import Hall, open_hall
from tests.support.people import invite
from verify.assertion import Evidence, check_assertion
from verify.report import Verdict, worst

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (make system)"),
]
CREATE = """async options => (await navigator.credentials.create(
    {publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})).toJSON()"""
GET = """async options => (await navigator.credentials.get(
    {publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})).toJSON()"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Hall, str]]:
    port = free_port()
    address = f"http://localhost:{port}"
    with open_hall(tmp_path, public_url=address) as hall, serving(create_app(hall.office), port):
        yield hall, address


def test_a_browsers_agreement_is_checked_again_from_its_evidence(place: tuple[Hall, str]) -> None:
    hall, address = place
    with chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        add_authenticator(page)
        page.goto(address)
        person = enrol_in(page, hall)
        intent = Intent(
            kind=IntentKind.SEAL,
            subject="a journey",
            documents=(DocumentIntent(sha256=sha256(b"x").digest(), seals=("33010600000099",), name="合同.pdf"),),
            purpose="采购合同",
            nonce=secrets.token_bytes(32),
        )
        answer = page.evaluate(GET, control.begin(hall.office, person, intent).options)
    made = control.confirm(hall.office, person, answer)
    with pytest.raises(AssertionRefusedError) as caught:
        control.confirm(hall.office, person, answer)
    assert caught.value.reason is AssertionReason.CHALLENGE_USED
    with hall.office.reading() as work:
        kept = control.assertion(work, made.id)
    assert kept is not None
    evidence = Evidence(
        client_data_json=kept.client_data_json,
        authenticator_data=kept.authenticator_data,
        signature=kept.signature,
        public_key=kept.public_key,
    )
    found = check_assertion(evidence, kept.intent.encode(), rp_id="localhost", origins=[address])
    assert worst(found) is Verdict.PASSED
    elsewhere = check_assertion(evidence, kept.intent.encode(), rp_id="localhost", origins=["https://other.example"])
    assert worst(elsewhere) is Verdict.FAILED


def enrol_in(page: Page, hall: Hall) -> str:
    """Take up a representative's invitation with the browser's authenticator; return who it is."""
    code = invite(hall, hall.register()["uscc"], "representative")
    options: dict[str, Any] = hall.client.post("/api/v1/invitations/redeem/begin", json={"code": code}).json()
    credential = page.evaluate(CREATE, options["options"])
    answer = hall.client.post("/api/v1/invitations/redeem/finish", json={"code": code, "credential": credential})
    assert answer.status_code == 201, answer.text
    person: str = answer.json()["person"]["id"]
    return person
