"""People at the edges: kept evidence over HTTP, limits, tokens that are no person, a device that is used wrongly."""

import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from httpx import Response

from api.acts import control
from api.acts.access import hash_of
from api.acts.accounts import MAX_PASSKEYS
from api.db.access import Token
from api.demo import authenticator as device
from api.demo.authenticator import SoftwareAuthenticator
from api.errors import BadInputError
from seals.intent import DocumentIntent, Intent, IntentKind
from tests.support.office import BASE_URL, Hall, open_hall
from tests.support.people import Enrolled, enrol, invite, redeem
from verify.assertion import Evidence, check_assertion
from verify.report import Verdict, worst


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("edges"), verify_per_minute=100_000) as opened:
        yield opened


@pytest.fixture
def person(service: Hall) -> Enrolled:
    return enrol(service, service.register()["uscc"])


def agree(person: Enrolled) -> str:
    intent = Intent(
        kind=IntentKind.SEAL,
        subject="a test",
        documents=(DocumentIntent(sha256=sha256(b"x").digest(), seals=("33010600000099",)),),
        purpose="采购合同",
        nonce=secrets.token_bytes(32),
    )
    opened = control.begin(person.hall.office, person.person, intent)
    return control.confirm(person.hall.office, person.person, person.agree(opened.options)).id


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_evidence_is_for_whose_it_is_and_for_auditors_and_checks_as_it_comes(person: Enrolled) -> None:
    hall, path = person.hall, f"/api/v1/assertions/{agree(person)}"
    mine = hall.client.get(path, headers=person.headers())
    assert mine.status_code == 200
    assert hall.get(path, "audit").json() == mine.json()
    assert hall.get(path, "issue").status_code == 403
    stranger = enrol(hall, hall.register()["uscc"])
    theirs = hall.client.get(path, headers=stranger.headers())
    missing = hall.client.get(f"/api/v1/assertions/{'0' * 32}", headers=stranger.headers())
    assert (theirs.status_code, theirs.json()) == (404, missing.json())
    said = mine.json()
    evidence = Evidence(
        client_data_json=octets(said["client_data_json"]),
        authenticator_data=octets(said["authenticator_data"]),
        signature=octets(said["signature"]),
        public_key=octets(said["public_key"]),
    )
    found = check_assertion(evidence, said["intent"].encode(), rp_id=said["rp_id"], origins=[said["origin"]])
    assert worst(found) is Verdict.PASSED


def test_a_person_has_so_many_passkeys_and_not_one_more(person: Enrolled) -> None:
    hall = person.hall
    with hall.office.work() as work:
        [first] = work.people.passkeys_of(person.person)
        for number in range(MAX_PASSKEYS - 2):
            work.people.add_passkey(replace(first, id=secrets.token_bytes(32), label=str(number)))
        work.commit()

    def begin() -> Response:
        return hall.client.post("/api/v1/me/passkeys/begin", headers=person.headers())

    begun = begin()
    assert begun.status_code == 200
    body = {
        "credential": SoftwareAuthenticator(origin=BASE_URL).register(begun.json()["creation"]),
        "proof": person.agree(begun.json()["request"]),
    }
    added = hall.client.post("/api/v1/me/passkeys/finish", json=body, headers=person.headers())
    assert added.status_code == 201
    assert (begin().status_code, begin().json()["type"]) == (422, "/problems/bad-input")


def test_one_credential_is_one_persons(service: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = secrets.token_bytes(32)
    monkeypatch.setattr(device, "secrets", SimpleNamespace(token_bytes=lambda _: fixed))
    codes = [invite(service, service.register()["uscc"], "representative") for _ in range(2)]
    redeem(service, codes[0])
    begun = service.client.post("/api/v1/invitations/redeem/begin", json={"code": codes[1]}).json()
    credential = SoftwareAuthenticator(origin=BASE_URL).register(begun["options"])
    answer = service.client.post("/api/v1/invitations/redeem/finish", json={"code": codes[1], "credential": credential})
    assert (answer.status_code, answer.json()["reason"]) == (403, "passkey-known")


@pytest.mark.parametrize("whose", [{"uscc": "91110000600037341L"}, {"client": "a-client"}])
def test_a_machines_token_is_not_the_hall_whatever_its_scopes(service: Hall, whose: dict[str, Any]) -> None:
    token = Token(
        id=secrets.token_hex(8),
        name="a machine",
        scopes=frozenset({"issue", "person"}),
        made_at=service.clock(),
        expires_at=None,
        **whose,
    )
    secret = "vml_" + secrets.token_urlsafe(16)
    with service.office.work() as work:
        work.tokens.add(token, sha256=hash_of(secret))
        work.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    uscc = service.register()["uscc"]
    for method, path, body in (
        ("POST", f"/api/v1/enterprises/{uscc}/invitations", {"role": "representative"}),
        ("GET", f"/api/v1/enterprises/{uscc}/members", None),
        ("GET", "/api/v1/me", None),
    ):
        assert service.client.request(method, path, json=body, headers=headers).status_code == 403, path


def test_somebody_has_to_be_named(person: Enrolled) -> None:
    path = f"/api/v1/enterprises/{person.uscc}"
    for name in ({}, {"name": " "}, {"name": "x" * 65}):
        answer = person.hall.client.post(f"{path}/invitations", json={"role": "user"} | name, headers=person.headers())
        assert answer.status_code == 422
    longest = {"role": "user", "name": "x" * 64}
    assert person.hall.client.post(f"{path}/invitations", json=longest, headers=person.headers()).status_code == 201
    nobody = person.hall.client.delete(f"{path}/members/{'0' * 32}", headers=person.headers())
    changed = person.hall.client.put(f"{path}/members/{'0' * 32}", json={"role": "user"}, headers=person.headers())
    assert (nobody.status_code, changed.status_code) == (404, 404)


def test_the_hall_dismisses_nobody_whom_it_did_not_appoint(person: Enrolled) -> None:
    user = enrol(person.hall, person.uscc, "user", by=person)
    path = f"/api/v1/enterprises/{person.uscc}/members/{user.person}"
    refused = person.hall.client.delete(path, headers=person.hall.headers("issue"))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert person.hall.client.delete(path, headers=person.headers()).status_code == 204


def test_a_device_answers_only_what_it_can() -> None:
    mine = SoftwareAuthenticator(origin=BASE_URL)
    options: dict[str, Any] = {
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "rp": {"id": "localhost"},
        "user": {"id": "AAAA"},
        "challenge": "AAAA",
    }
    with pytest.raises(BadInputError, match="ES256"):
        mine.register(options | {"pubKeyCredParams": [{"type": "public-key", "alg": -257}]})
    made = mine.register(options)
    with pytest.raises(BadInputError, match="registered already"):
        mine.register(options | {"excludeCredentials": [{"id": made["id"]}]})
    with pytest.raises(BadInputError, match="no credential"):
        mine.assert_({"rpId": "other.example", "challenge": "AAAA"})  # noqa: PT009 - of an authenticator, not of unittest
