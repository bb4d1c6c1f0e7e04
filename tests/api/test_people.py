"""People: invited, enrolled with a passkey, logged in, given and taken a role."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select

from api.db.people_tables import challenges
from api.demo.authenticator import SoftwareAuthenticator
from tests.support.office import BASE_URL, Hall, open_hall
from tests.support.people import Enrolled, appoint, enrol, invite, join, log_in, redeem, representative


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("people"), verify_per_minute=100_000) as opened:
        yield opened


@pytest.fixture
def uscc(service: Hall) -> str:
    registered: str = service.register()["uscc"]
    return registered


def told(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def reason(answer: Response) -> tuple[int, str]:
    assert told(answer)[1] == "assertion-refused", answer.text
    return answer.status_code, answer.json()["reason"]


def ask(who: Enrolled, uscc: str, role: str, name: str | None = "王用") -> Response:
    body: dict[str, Any] = {"role": role} | ({} if name is None else {"name": name})
    if role == "manager" and who.role == "representative":
        body["agreement"] = appoint(who, uscc, role, "王用")
    return who.hall.client.post(f"/api/v1/enterprises/{uscc}/invitations", json=body, headers=who.headers())


def roles(who: Enrolled) -> dict[str, str]:
    answer = who.hall.client.get(f"/api/v1/enterprises/{who.uscc}/members", headers=who.headers())
    assert answer.status_code == 200, answer.text
    return {one["person"]: one["role"] for one in answer.json()["items"]}


def begin_redeem(hall: Hall, code: str) -> Response:
    return hall.client.post("/api/v1/invitations/redeem/begin", json={"code": code})


def finish_redeem(hall: Hall, code: str, credential: dict[str, Any]) -> Response:
    return hall.client.post("/api/v1/invitations/redeem/finish", json={"code": code, "credential": credential})


def test_a_representative_is_invited_by_the_hall_and_called_as_the_register_says(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    me = service.client.get("/api/v1/me", headers=person.headers()).json()
    assert me["person"]["name"] == "林知远"
    assert [(one["uscc"], one["role"]) for one in me["memberships"]] == [(uscc, "representative")]
    assert [one["label"] for one in me["passkeys"]] == ["phone"]


def test_the_hall_cannot_invite_a_representative_of_another_name_nor_anybody_else(service: Hall, uscc: str) -> None:
    path, headers = f"/api/v1/enterprises/{uscc}/invitations", service.headers("issue")
    wrong = service.client.post(path, json={"role": "representative", "name": "某人"}, headers=headers)
    assert told(wrong) == (422, "bad-input")
    for role in ("manager", "user", "auditor"):
        other = service.client.post(path, json={"role": role, "name": "某人"}, headers=headers)
        assert told(other) == (403, "forbidden"), role
    missing = service.client.post(path[:-30] + "91110000600037341L/invitations", json={"role": "representative"},
                                  headers=headers)  # fmt: skip
    assert missing.status_code == 404


MAY = {
    "representative": {"manager", "user", "auditor"},
    "manager": {"user"},
    "user": set[str](),
    "auditor": set[str](),
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_gives_and_takes_only_the_roles_below_it(service: Hall, uscc: str, role: str) -> None:
    boss = enrol(service, uscc)
    caller = boss if role == "representative" else enrol(service, uscc, role, by=boss)
    for other in ("representative", "manager", "user", "auditor"):
        answer = ask(caller, uscc, other, None if other == "representative" else "王用")
        assert answer.status_code == (201 if other in MAY[role] else 403), other
        if other != "representative":
            subject = enrol(service, uscc, other, "赵甲", by=boss)
            path = f"/api/v1/enterprises/{uscc}/members/{subject.person}"
            gone = service.client.delete(path, headers=caller.headers())
            assert gone.status_code == (204 if other in MAY[role] else 403), other
    path = f"/api/v1/enterprises/{uscc}/members/{boss.person}"
    if role != "representative":
        assert told(service.client.delete(path, headers=caller.headers())) == (403, "forbidden")


def test_nobody_has_two_roles_in_one_enterprise(service: Hall, uscc: str) -> None:
    boss = enrol(service, uscc)
    user = enrol(service, uscc, "user", "王用", by=boss)
    code = invite(service, uscc, "auditor", name="王用", by=boss)
    answer = service.client.post("/api/v1/me/memberships", json={"code": code}, headers=user.headers())
    assert told(answer) == (409, "member-exists")
    assert (
        service.client.delete(f"/api/v1/enterprises/{uscc}/members/{user.person}", headers=user.headers()).status_code
        == 204
    )  # everybody may resign
    assert join(user, code).role == "auditor"
    assert roles(boss)[user.person] == "auditor"


def test_an_enterprise_has_one_representative(service: Hall, uscc: str) -> None:
    codes = [invite(service, uscc, "representative") for _ in range(2)]
    redeem(service, codes[0])
    authenticator = SoftwareAuthenticator(origin=BASE_URL)
    options = begin_redeem(service, codes[1]).json()["options"]
    assert told(finish_redeem(service, codes[1], authenticator.register(options))) == (409, "member-exists")


def test_a_person_may_serve_several_enterprises_and_strangers_see_none_of_them(service: Hall, uscc: str) -> None:
    other = service.register()["uscc"]
    boss, stranger = enrol(service, uscc), enrol(service, other)
    clerk = enrol(service, uscc, "user", "王用", by=boss)
    both = join(clerk, invite(service, other, "user", name="王用", by=stranger))
    me = service.client.get("/api/v1/me", headers=both.headers()).json()
    assert {one["uscc"] for one in me["memberships"]} == {uscc, other}
    for method, path in (
        ("GET", f"/api/v1/enterprises/{uscc}/members"),
        ("DELETE", f"/api/v1/enterprises/{uscc}/members/{clerk.person}"),
        ("PUT", f"/api/v1/enterprises/{uscc}/members/{clerk.person}"),
        ("POST", f"/api/v1/enterprises/{uscc}/invitations"),
    ):
        body = {"role": "user"} | ({"name": "某人"} if method == "POST" else {})
        json = None if method in {"GET", "DELETE"} else body
        answer = service.client.request(method, path, json=json, headers=stranger.headers())
        assert told(answer) == (404, "not-found"), path


def test_an_invitation_is_for_the_one_it_names(service: Hall, uscc: str) -> None:
    boss = enrol(service, uscc)
    user = enrol(service, uscc, "user", "王用", by=boss)
    other = service.register()["uscc"]
    code = invite(service, other, "user", name="王月", by=enrol(service, other))
    answer = service.client.post("/api/v1/me/memberships", json={"code": code}, headers=user.headers())
    assert told(answer) == (403, "forbidden")


def test_a_code_counts_once_and_a_wrong_one_is_not_told_from_a_used_one(service: Hall, uscc: str) -> None:
    code = invite(service, uscc, "representative")
    redeem(service, code)
    used, unknown = begin_redeem(service, code), begin_redeem(service, "A" * 27)
    assert told(used) == told(unknown) == (404, "invitation")
    assert used.json() == unknown.json()


def test_a_code_counts_for_seven_days_and_not_at_their_end(hall: Hall) -> None:
    uscc = hall.register()["uscc"]
    code = invite(hall, uscc, "representative")
    hall.clock.move(timedelta(days=7) - timedelta(seconds=1))
    options = begin_redeem(hall, code).json()["options"]
    hall.clock.move(timedelta(seconds=1))
    assert told(begin_redeem(hall, code)) == (404, "invitation")
    authenticator = SoftwareAuthenticator(origin=BASE_URL)
    assert told(finish_redeem(hall, code, authenticator.register(options))) == (404, "invitation")


def test_codes_are_stored_as_hashes_alone(hall: Hall) -> None:
    code = invite(hall, hall.register()["uscc"], "representative")
    for path in hall.office.settings.data.glob("vermilion.db*"):
        assert code.encode() not in path.read_bytes()


def test_a_registration_for_another_invitation_is_refused(service: Hall, uscc: str) -> None:
    other = service.register()["uscc"]
    mine, theirs = invite(service, uscc, "representative"), invite(service, other, "representative")
    credential = SoftwareAuthenticator(origin=BASE_URL).register(begin_redeem(service, theirs).json()["options"])
    assert reason(finish_redeem(service, mine, credential)) == (403, "other-person")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"origin": "https://evil.example"}, "other-origin"),
        ({"flags": 0x01}, "user-not-verified"),
        ({"attested": False}, None),
        ({"attested": True}, None),
    ],
)
def test_a_registration_is_checked(service: Hall, uscc: str, changes: dict[str, Any], expected: str | None) -> None:
    code = invite(service, uscc, "representative")
    authenticator = SoftwareAuthenticator(**({"origin": BASE_URL} | changes))
    answer = finish_redeem(service, code, authenticator.register(begin_redeem(service, code).json()["options"]))
    if expected is None:
        assert answer.status_code == 201
    else:
        assert reason(answer) == (403, expected)
        assert redeem(service, code).role == "representative"  # nothing was used up


def test_an_assertion_is_no_registration(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    code = invite(service, service.register()["uscc"], "representative")
    options = begin_redeem(service, code).json()["options"]
    credential = person.agree({"challenge": options["challenge"], "rpId": options["rp"]["id"]})
    assert reason(finish_redeem(service, code, credential)) == (403, "other-kind")


def test_a_log_in_counts_once_and_only_for_the_one_whose_passkey_answered(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    options = service.client.post("/api/v1/sessions/begin").json()["options"]
    assert options["allowCredentials"] == []  # any passkey of ours may answer
    credential = person.agree(options)
    first = service.client.post("/api/v1/sessions/finish", json={"credential": credential})
    assert (first.status_code, first.json()["person"]["id"]) == (201, person.person)
    again = service.client.post("/api/v1/sessions/finish", json={"credential": credential})
    assert reason(again) == (403, "challenge-used")


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(hall: Hall) -> None:
    person = enrol(hall, hall.register()["uscc"])
    hall.clock.move(timedelta(hours=11, minutes=59, seconds=59))
    assert hall.client.get("/api/v1/me", headers=person.headers()).status_code == 200
    hall.clock.move(timedelta(seconds=1))
    assert hall.client.get("/api/v1/me", headers=person.headers()).status_code == 401
    assert hall.client.get("/api/v1/me", headers=person.log_in().headers()).status_code == 200


def test_logging_out_ends_this_session_and_no_other(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    other = person.log_in()
    assert service.client.delete("/api/v1/sessions/current", headers=person.headers()).status_code == 204
    assert service.client.get("/api/v1/me", headers=person.headers()).status_code == 401
    assert service.client.get("/api/v1/me", headers=other.headers()).status_code == 200


def test_a_session_is_no_token_of_the_hall(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    for path in ("/api/v1/enterprises", "/api/v1/seals", "/api/v1/licences", "/api/v1/events?subject=x"):
        assert told(service.client.get(path, headers=person.headers())) == (403, "forbidden")


def add_passkey(person: Enrolled, authenticator: SoftwareAuthenticator, prover: Enrolled | None = None) -> Response:
    client = person.hall.client
    begun = client.post("/api/v1/me/passkeys/begin", headers=person.headers()).json()
    proof = (prover or person).agree({**begun["request"], "allowCredentials": []})
    body = {"credential": authenticator.register(begun["creation"]), "proof": proof, "label": "laptop"}
    return client.post("/api/v1/me/passkeys/finish", json=body, headers=person.headers())


def test_a_second_passkey_is_proven_by_the_first_and_logs_in_like_it(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    second = SoftwareAuthenticator(origin=BASE_URL)
    answer = add_passkey(person, second)
    assert (answer.status_code, answer.json()["label"]) == (201, "laptop")
    assert log_in(service, second)


def test_a_stolen_session_adds_no_passkey(service: Hall, uscc: str) -> None:
    person, thief = enrol(service, uscc), enrol(service, service.register()["uscc"])
    answer = add_passkey(person, SoftwareAuthenticator(origin=BASE_URL), prover=thief)
    assert reason(answer) == (403, "other-person")
    begun = service.client.post("/api/v1/me/passkeys/begin", headers=person.headers()).json()
    login = service.client.post("/api/v1/sessions/begin").json()["options"]
    body = {
        "credential": SoftwareAuthenticator(origin=BASE_URL).register(begun["creation"]),
        "proof": person.agree(login),  # a log-in that somebody was tricked into
    }
    other = service.client.post("/api/v1/me/passkeys/finish", json=body, headers=person.headers())
    assert reason(other) == (403, "other-person")


def test_an_authenticator_is_not_registered_twice(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    begun = service.client.post("/api/v1/me/passkeys/begin", headers=person.headers()).json()
    assert len(begun["creation"]["excludeCredentials"]) == 1


def test_a_revoked_passkey_logs_nobody_in_and_ends_other_sessions(service: Hall, uscc: str) -> None:
    person = enrol(service, uscc)
    stolen = person.log_in()
    assert add_passkey(person, SoftwareAuthenticator(origin=BASE_URL)).status_code == 201
    path = f"/api/v1/me/passkeys/{passkeys(person)['phone']}"
    assert service.client.delete(path, headers=person.headers()).status_code == 204
    assert service.client.get("/api/v1/me", headers=stolen.headers()).status_code == 401
    options = service.client.post("/api/v1/sessions/begin").json()["options"]
    answer = service.client.post("/api/v1/sessions/finish", json={"credential": person.agree(options)})
    assert reason(answer) == (403, "passkey-revoked")
    last = f"/api/v1/me/passkeys/{passkeys(person)['laptop']}"
    assert told(service.client.delete(last, headers=person.headers())) == (422, "bad-input")
    assert told(service.client.delete(path, headers=person.headers())) == (404, "not-found")


@pytest.mark.parametrize("credential", ["%20", "AAAAA", "AAB", "A" * 1365, "a.b"])
def test_what_is_no_passkey_is_not_found(service: Hall, uscc: str, credential: str) -> None:
    person = representative(service, uscc)
    answer = service.client.delete(f"/api/v1/me/passkeys/{credential}", headers=person.headers())
    assert told(answer) == (404, "not-found")


def passkeys(person: Enrolled) -> dict[str, str]:
    me = person.hall.client.get("/api/v1/me", headers=person.headers()).json()
    return {one["label"]: one["id"] for one in me["passkeys"]}


def test_a_role_is_changed_at_once_and_old_ones_stay_on_record(service: Hall, uscc: str) -> None:
    boss = enrol(service, uscc)
    user = enrol(service, uscc, "user", "王用", by=boss)
    path = f"/api/v1/enterprises/{uscc}/members/{user.person}"
    for role in ("manager", "auditor", "user"):
        agreement = {"agreement": appoint(boss, uscc, role, "王用")} if role == "manager" else {}
        answer = service.client.put(path, json={"role": role} | agreement, headers=boss.headers())
        assert (answer.status_code, answer.json()["role"]) == (200, role)
        assert roles(boss) == {boss.person: "representative", user.person: role}
    assert told(service.client.put(path, json={"role": "manager"}, headers=user.headers())) == (403, "forbidden")
    own = f"/api/v1/enterprises/{uscc}/members/{boss.person}"
    assert told(service.client.put(own, json={"role": "user"}, headers=boss.headers())) == (403, "forbidden")
    with service.office.reading() as work:
        acts = [one.act for one in work.ledger.events_of(uscc, after=0, limit=200)]
        kinds = [one.kind for one in work.notices.page(uscc=uscc, after=0, limit=200)]
    assert acts.count("person.dismiss") == 3
    assert kinds.count("member.joined") == 2
    assert kinds.count("member.left") == 3


def test_a_new_legal_representative_in_the_register_ends_the_old_ones_role(hall: Hall) -> None:
    made = hall.establish()
    uscc = made["licence"]["uscc"]
    old = enrol(hall, uscc)
    pending = invite(hall, uscc, "user", name="王用", by=old)
    entry = hall.get(f"/api/v1/enterprises/{uscc}").json() | {"legal_representative": "周新任"}
    changed = hall.post(f"/api/v1/licences/{made['licence']['number']}/change", entry, "issue")
    assert changed.status_code == 201, changed.text
    answer = hall.client.get(f"/api/v1/enterprises/{uscc}/members", headers=old.headers())
    assert told(answer) == (404, "not-found")
    new = enrol(hall, uscc)
    assert (new.name, new.role) == ("周新任", "representative")
    assert redeem(hall, pending).role == "user"  # others stay as they were invited


def test_strangers_are_slowed_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_hall(tmp_path_factory.mktemp("slow"), verify_per_minute=3) as hall:
        statuses = [begin_redeem(hall, "A" * 27).status_code for _ in range(4)]
        assert statuses == [404, 404, 404, 429]
        assert hall.client.post("/api/v1/sessions/begin").status_code == 429


def test_a_stolen_session_names_no_manager(service: Hall, uscc: str) -> None:
    boss = enrol(service, uscc)
    user = enrol(service, uscc, "user", "王用", by=boss)
    path = f"/api/v1/enterprises/{uscc}"

    def invited(**more: Any) -> Response:
        body = {"role": "manager", "name": "王用"} | more
        return service.client.post(f"{path}/invitations", json=body, headers=boss.headers())

    def promoted(**more: Any) -> Response:
        body = {"role": "manager"} | more
        return service.client.put(f"{path}/members/{user.person}", json=body, headers=boss.headers())

    assert reason(invited()) == reason(promoted()) == (403, "missing")
    other = appoint(boss, uscc, "manager", "别人")
    assert reason(invited(agreement=other)) == reason(promoted(agreement=other)) == (403, "other-intent")
    assert reason(invited(agreement=appoint(boss, uscc, "user", "王用"))) == (403, "other-intent")
    good = appoint(boss, uscc, "manager", "王用")
    assert promoted(agreement=good).status_code == 200
    assert reason(invited(agreement=good)) == (403, "challenge-used")
    begin = service.client.post(
        f"{path}/appointments/begin", json={"role": "manager", "name": "王用"}, headers=user.headers()
    )
    assert told(begin) == (403, "forbidden")


def test_the_hall_dismisses_a_representative_who_lost_every_passkey_and_invites_anew(service: Hall, uscc: str) -> None:
    lost = enrol(service, uscc)
    path = f"/api/v1/enterprises/{uscc}/members/{lost.person}"
    assert service.client.delete(path, headers=service.headers("issue")).status_code == 204
    assert told(service.client.delete(path, headers=service.headers("issue"))) == (404, "not-found")
    assert told(ask(lost, uscc, "user")) == (404, "not-found")  # the old session is worth nothing here any more
    again = enrol(service, uscc)
    assert (again.name, again.person != lost.person) == (lost.name, True)


def test_log_ins_that_nobody_finished_are_forgotten_and_agreements_are_not(hall: Hall) -> None:
    person = enrol(hall, hall.register()["uscc"])
    hall.client.post("/api/v1/sessions/begin")
    hall.clock.move(timedelta(minutes=10, seconds=1))
    hall.client.post("/api/v1/sessions/begin")
    with hall.office.engine.connect() as connection:
        rows = list(connection.execute(select(challenges)))
    assert sorted((row.kind, row.used_at is None) for row in rows) == [("login", True), ("register", False)]
    assert person.log_in()
