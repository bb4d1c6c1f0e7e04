"""Sole control: what counts as a person's agreement, and everything that does not."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from api.acts import accounts, control
from api.acts.control import Opened
from api.db.engine import migrate, open_engine
from api.demo.authenticator import USER_PRESENT
from api.errors import AssertionReason, AssertionRefusedError, NotFoundError
from seals.intent import DocumentIntent, Intent, IntentKind
from tests.support.office import Hall, open_hall
from tests.support.people import Enrolled, enrol
from tests.support.postgres import cluster

DOCUMENT = sha256(b"a contract").digest()


def intent(**changes: Any) -> Intent:
    values: dict[str, Any] = {
        "kind": IntentKind.SEAL,
        "subject": "a test",
        "documents": (DocumentIntent(sha256=DOCUMENT, seals=("33010600000099",), name="合同.pdf"),),
        "purpose": "采购合同",
        "nonce": secrets.token_bytes(32),
    }
    return Intent(**(values | changes))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("control"), verify_per_minute=100_000) as opened:
        yield opened


@pytest.fixture
def person(service: Hall) -> Enrolled:
    """Somebody new in a service that all tests here share."""
    return enrol(service, service.register()["uscc"])


def begin(person: Enrolled, asked: Intent | None = None) -> Opened:
    return control.begin(person.hall.office, person.person, asked or intent())


def refused(person: Enrolled, response: dict[str, Any]) -> AssertionReason:
    with pytest.raises(AssertionRefusedError) as caught:
        control.confirm(person.hall.office, person.person, response)
    return caught.value.reason


def test_a_good_answer_is_kept_with_every_byte_that_proves_it(person: Enrolled) -> None:
    asked = intent()
    opened = begin(person, asked)
    assert opened.options["userVerification"] == "required"
    assert opened.options["rpId"] == "localhost"
    assert decoded(opened.options["challenge"]) == sha256(asked.canonical()).digest()
    response = person.agree(opened.options)
    made = control.confirm(person.hall.office, person.person, response)
    assert (made.intent, made.person) == (asked, person.person)
    with person.hall.office.reading() as work:
        kept = control.assertion(work, made.id)
        noted = [one for one in work.ledger.events_of(made.person, after=0, limit=200) if "assertion" in one.act]
    assert kept is not None
    assert kept.intent.encode() == asked.canonical()
    assert kept.client_data_json == decoded(response["response"]["clientDataJSON"])
    assert kept.authenticator_data == decoded(response["response"]["authenticatorData"])
    assert kept.signature == decoded(response["response"]["signature"])
    assert (kept.rp_id, kept.origin) == ("localhost", "http://127.0.0.1:8000")
    assert [(one.act, one.detail["assertion"]) for one in noted] == [("assertion.accept", made.id)]


def test_the_same_answer_counts_once(person: Enrolled) -> None:
    response = person.agree(begin(person).options)
    control.confirm(person.hall.office, person.person, response)
    assert refused(person, response) is AssertionReason.CHALLENGE_USED


def test_a_second_answer_to_the_same_challenge_does_not_count(person: Enrolled) -> None:
    opened = begin(person)
    control.confirm(person.hall.office, person.person, person.agree(opened.options))
    assert refused(person, person.agree(opened.options)) is AssertionReason.CHALLENGE_USED


def test_an_intent_with_a_nonce_that_was_used_is_not_asked_again(person: Enrolled) -> None:
    asked = intent()
    begin(person, asked)
    with pytest.raises(AssertionRefusedError) as caught:
        begin(person, asked)
    assert caught.value.reason is AssertionReason.CHALLENGE_KNOWN


def test_an_answer_counts_until_five_minutes_and_not_at_them(hall: Hall) -> None:
    person, clock = enrol(hall, hall.register()["uscc"]), hall.clock
    in_time, late = begin(person), begin(person)
    clock.move(timedelta(minutes=4, seconds=59))
    control.confirm(person.hall.office, person.person, person.agree(in_time.options))
    clock.move(timedelta(seconds=1))
    assert refused(person, person.agree(late.options)) is AssertionReason.CHALLENGE_EXPIRED


def test_a_challenge_that_nobody_made_is_refused(person: Enrolled) -> None:
    options = {**begin(person).options, "challenge": encoded(secrets.token_bytes(32))}
    assert refused(person, person.agree(options)) is AssertionReason.UNKNOWN_CHALLENGE


def test_a_log_in_is_no_agreement_and_an_agreement_no_log_in(person: Enrolled) -> None:
    asked = person.hall.client.post("/api/v1/sessions/begin").json()["options"]
    assert refused(person, person.agree(asked)) is AssertionReason.OTHER_KIND
    with pytest.raises(AssertionRefusedError) as caught:
        accounts.finish_login(person.hall.office, person.agree(begin(person).options))
    assert caught.value.reason is AssertionReason.OTHER_KIND


def test_another_person_cannot_answer_neither_with_their_passkey_nor_in_their_session(person: Enrolled) -> None:
    other = enrol(person.hall, person.hall.register()["uscc"])
    opened = begin(person)
    theirs = other.agree({**opened.options, "allowCredentials": []})
    assert refused(other, theirs) is AssertionReason.OTHER_PERSON
    assert refused(person, theirs) is AssertionReason.OTHER_PERSON
    assert refused(other, person.agree(opened.options)) is AssertionReason.OTHER_PERSON
    control.confirm(person.hall.office, person.person, person.agree(opened.options))


def test_a_passkey_that_names_another_person_is_refused(person: Enrolled) -> None:
    person.authenticator.credentials[0].user_handle = b"0" * 32
    assert refused(person, person.agree(begin(person).options)) is AssertionReason.OTHER_PERSON


def test_a_passkey_that_was_revoked_meanwhile_is_refused(person: Enrolled) -> None:
    opened = begin(person)
    with person.hall.office.work() as work:
        assert work.people.revoke_passkey(person.authenticator.credentials[0].id, at=person.hall.clock())
        work.commit()
    assert refused(person, person.agree(opened.options)) is AssertionReason.PASSKEY_REVOKED
    with pytest.raises(AssertionRefusedError) as caught:
        begin(person)
    assert caught.value.reason is AssertionReason.NO_PASSKEY


def test_an_unknown_passkey_is_refused(person: Enrolled) -> None:
    opened = begin(person)
    person.authenticator.credentials[0].id = b"\x01" * 32
    options = {**opened.options, "allowCredentials": []}
    assert refused(person, person.agree(options)) is AssertionReason.UNKNOWN_PASSKEY


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://localhost", "", "null"],
)
def test_an_answer_given_to_another_origin_is_refused(person: Enrolled, origin: str) -> None:
    person.authenticator.origin = origin
    assert refused(person, person.agree(begin(person).options)) is AssertionReason.OTHER_ORIGIN


def test_localhost_is_an_origin_of_a_service_on_this_machine(person: Enrolled) -> None:
    person.authenticator.origin = "http://localhost:8000"
    control.confirm(person.hall.office, person.person, person.agree(begin(person).options))


def test_an_answer_for_another_domain_is_refused(person: Enrolled) -> None:
    person.authenticator.credentials[0].rp_id = "evil.example"
    options = {**begin(person).options, "rpId": "evil.example"}
    assert refused(person, person.agree(options)) is AssertionReason.OTHER_RP


@pytest.mark.parametrize("flags", [USER_PRESENT, 0x04, 0])
def test_an_answer_without_the_person_verified_is_refused(person: Enrolled, flags: int) -> None:
    person.authenticator.flags = flags
    assert refused(person, person.agree(begin(person).options)) is AssertionReason.USER_NOT_VERIFIED


def test_an_answer_from_a_frame_of_another_site_is_refused(person: Enrolled) -> None:
    response = person.agree(begin(person).options)
    change(response, "clientDataJSON", lambda said: said.replace(b'"crossOrigin":false', b'"crossOrigin":true '))
    assert refused(person, response) is AssertionReason.OTHER_ORIGIN


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_a_changed_byte_is_found_by_the_signature(person: Enrolled, part: str) -> None:
    alter: dict[str, Callable[[bytes], bytes]] = {
        "clientDataJSON": lambda said: said[:-1] + b',"a":1}',
        "authenticatorData": lambda said: said[:-1] + bytes([said[-1] ^ 0x80]),
        "signature": lambda said: said[:-1] + bytes([said[-1] ^ 1]),
    }
    response = person.agree(begin(person).options)
    change(response, part, alter[part])
    assert refused(person, response) is AssertionReason.SIGNATURE


def test_a_registration_is_no_assertion(person: Enrolled) -> None:
    response = person.agree(begin(person).options)
    change(response, "clientDataJSON", lambda said: said.replace(b"webauthn.get", b"webauthn.create"))
    assert refused(person, response) is AssertionReason.OTHER_KIND


@pytest.mark.parametrize("count", [0, 1])
def test_a_counter_that_does_not_grow_is_refused_and_uses_nothing_up(person: Enrolled, count: int) -> None:
    control.confirm(person.hall.office, person.person, person.agree(begin(person).options))  # the counter is 1 now
    key, opened = person.authenticator.credentials[0], begin(person)
    key.count = count - 1
    if count == 0:
        key.count = 0
        response = without_counter(person, opened)
    else:
        response = person.agree(opened.options)
    assert refused(person, response) is AssertionReason.COUNTER
    key.count = 1
    control.confirm(person.hall.office, person.person, person.agree(opened.options))


def test_an_authenticator_that_never_counts_is_accepted_again_and_again(person: Enrolled) -> None:
    for _ in range(2):
        response = without_counter(person, begin(person))
        control.confirm(person.hall.office, person.person, response)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"response": None},
        {"response": {"clientDataJSON": "%%%"}},
        {"response": {"clientDataJSON": 5}},
        {"response": {"clientDataJSON": "e30"}},
        {"response": {"clientDataJSON": "A" * 8000}},
        {"response": {"clientDataJSON": urlsafe_b64encode(b"[" * 4000).decode()}},
    ],
)
def test_what_is_no_answer_is_malformed(person: Enrolled, response: dict[str, Any]) -> None:
    assert refused(person, response) is AssertionReason.MALFORMED


@pytest.mark.parametrize("path", ["id", "rawId", "type", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", [None, 7, "", "%", "A" * 9000])
def test_no_part_of_an_answer_leads_to_another_error(person: Enrolled, path: str, value: object) -> None:
    response = person.agree(begin(person).options)
    (response if path in response else response["response"])[path] = value
    if path == "userHandle" and value is None:
        control.confirm(person.hall.office, person.person, response)  # it may be left out
    else:
        assert refused(person, response) in {
            AssertionReason.MALFORMED, AssertionReason.SIGNATURE, AssertionReason.OTHER_PERSON,
        }  # fmt: skip


def test_a_stranger_is_asked_nothing(hall: Hall) -> None:
    with pytest.raises(NotFoundError):
        control.begin(hall.office, "0" * 32, intent())
    with pytest.raises(NotFoundError):
        control.confirm(hall.office, "0" * 32, {})


def test_agreement_and_what_it_allows_are_one_transaction(person: Enrolled) -> None:
    opened = begin(person)
    response = person.agree(opened.options)
    with person.hall.office.work() as work:
        undone = control.confirm(person.hall.office, person.person, response, work=work)
    with person.hall.office.reading() as work:
        assert control.assertion(work, undone.id) is None
    made = control.confirm(person.hall.office, person.person, response)
    assert made.id != undone.id


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with cluster() as address:
        yield address


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_of_several_threads_with_one_answer_exactly_one_is_believed(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    address = "" if database == "sqlite" else request.getfixturevalue("postgres")
    if address:
        engine = open_engine(address)
        migrate(engine)
        engine.dispose()
    with open_hall(tmp_path, database=address) as hall:
        person = enrol(hall, hall.register()["uscc"])
        for _ in range(3):
            assert race(person) == ["challenge-used"] * 3 + ["yes"]


def race(person: Enrolled, threads: int = 4) -> list[str]:
    response, start = person.agree(begin(person).options), Barrier(threads)

    def confirm(_: int) -> str:
        start.wait()
        try:
            control.confirm(person.hall.office, person.person, response)
        except AssertionRefusedError as exc:
            return exc.reason.value
        return "yes"

    with ThreadPoolExecutor(threads) as pool:
        return sorted(pool.map(confirm, range(threads)))


def without_counter(person: Enrolled, opened: Opened) -> dict[str, Any]:
    """Answer as an authenticator that always says 0."""
    person.authenticator.credentials[0].count = -1
    return person.agree(opened.options)


def change(response: dict[str, Any], part: str, alter: Callable[[bytes], bytes]) -> None:
    before = decoded(response["response"][part])
    after = alter(before)
    assert after != before
    response["response"][part] = encoded(after)


def encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
