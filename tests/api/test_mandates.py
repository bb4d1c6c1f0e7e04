"""Mandates over HTTP: granted and accepted with passkeys, ended with what they stand on, seen by whom they concern."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.db.tables import notices
from api.tasks import expire_rights
from tests.support import lending
from tests.support.lending import agree_to, draft, get, offer, post, terms
from tests.support.office import Hall, code_of
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf

PDF = make_pdf()


@pytest.fixture(scope="module")
def firm(shared: Hall) -> dict[str, Any]:
    return shared.establish()


@pytest.fixture(scope="module")
def boss(shared: Hall, firm: dict[str, Any]) -> Enrolled:
    return enrol(shared, firm["licence"]["uscc"])


@pytest.fixture(scope="module")
def manager(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "manager", "王经理", by=boss)


@pytest.fixture(scope="module")
def user(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "user", "李经办", by=boss)


@pytest.fixture(scope="module")
def auditor(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "auditor", "赵审计", by=boss)


@pytest.fixture(scope="module")
def stranger(shared: Hall) -> Enrolled:
    return enrol(shared, shared.establish()["licence"]["uscc"])


def to(person: Enrolled, granter: Enrolled, **changes: Any) -> dict[str, Any]:
    body = terms(granter.hall, grantor=granter.uscc, grantee={"kind": "person", "id": person.person})
    return body | changes


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_a_manager_offers_the_grantee_accepts_and_both_passkeys_are_kept(manager: Enrolled, user: Enrolled) -> None:
    made = draft(manager, to(user, manager, max_amount="50000.00", currency="CNY", matters=["采购"]))
    assert made["mandate"]["state"] == "drafted"
    path = f"mandates/{made['mandate']['id']}"
    assert get(user, path).status_code == 404  # a draft is the grantor's own business
    offered = agree_to(manager, path, "confirm").json()
    assert (offered["state"], offered["accept_assertion"]) == ("offered", None)
    accepted = agree_to(user, path, "accept").json()
    assert accepted["state"] == "active"
    office = manager.hall.office
    with office.reading() as work:
        kept = [work.people.assertion(accepted[name]) for name in ("grant_assertion", "accept_assertion")]
        told = work._connection.execute(  # type: ignore[union-attr]  # open inside the block
            select(notices.c.kind).where(notices.c.subject == accepted["id"]).order_by(notices.c.id)
        ).scalars()
        assert list(told) == ["mandate.offered", "mandate.accepted"]
    assert [one.person for one in kept if one is not None] == [manager.person, user.person]


def test_the_passkey_of_one_mandate_grants_no_other(manager: Enrolled, user: Enrolled) -> None:
    one, other = (draft(manager, to(user, manager)) for _ in range(2))
    answer = {"credential": manager.agree(one["agreement"]["options"])}
    refused = post(manager, f"mandates/{other['mandate']['id']}/confirm", answer)
    assert (refused.status_code, refused.json()["reason"]) == (403, "assertion-mismatch")
    # the refusal undid the transaction: the answer still grants what it was given for, and that once
    assert post(manager, f"mandates/{one['mandate']['id']}/confirm", answer).json()["state"] == "offered"
    assert post(manager, f"mandates/{one['mandate']['id']}/confirm", answer).status_code == 409
    assert get(manager, f"mandates/{other['mandate']['id']}").json()["state"] == "drafted"


def test_an_offer_can_be_declined_and_then_not_accepted(manager: Enrolled, user: Enrolled) -> None:
    made = offer(manager, to(user, manager))
    declined = post(user, f"mandates/{made['id']}/decline", {"reason": "不是我的工作"}).json()
    assert (declined["state"], declined["why"]) == ("declined", "不是我的工作")
    assert problem(post(user, f"mandates/{made['id']}/begin")) == (409, "mandate-state")
    assert problem(post(user, f"mandates/{made['id']}/decline", {"reason": "x"})) == (409, "mandate-state")


def test_a_revoked_mandate_seals_nothing(boss: Enrolled, user: Enrolled, firm: dict[str, Any]) -> None:
    held = lending.lend(boss, user, matters=["revoked"])
    asked = lending.ask(user, code_of(firm), PDF, matter="revoked", mandate=held["id"])
    assert post(boss, f"mandates/{held['id']}/revoke", {"reason": "离岗"}).json()["state"] == "revoked"
    done = lending.confirm(user, asked).json()
    assert (done["state"], done["failure"]) == ("failed", "mandate-state: the mandate is revoked")
    again = lending.ask(user, code_of(firm), PDF, matter="revoked", mandate=held["id"])
    assert again.json()["reason"] == "mandate-state"


@pytest.mark.parametrize(
    ("who", "what", "expected"),
    [
        ("user", "grant", (403, "forbidden")),
        ("auditor", "grant", (403, "forbidden")),
        ("stranger", "grant", (404, "not-found")),
        ("manager", "machine", (403, "forbidden")),  # what a machine may do alone is for the representative
        ("manager", "self", (422, "mandate")),  # who manages never uses
        ("boss", "to-auditor", (422, "mandate")),
        ("boss", "to-manager", (422, "mandate")),
        ("boss", "to-stranger", (422, "mandate")),
        ("boss", "to-nobody", (422, "mandate")),
        ("boss", "to-own-enterprise", (422, "mandate")),
        ("boss", "somebody-elses-seal", (422, "mandate")),
        ("boss", "over", (422, "mandate")),
        ("boss", "authority", (422, "mandate")),
    ],
)
def test_who_may_not_grant_or_be_granted_is_refused(
    request: pytest.FixtureRequest, boss: Enrolled, user: Enrolled, stranger: Enrolled, who: str, what: str,
    expected: tuple[int, str],
) -> None:  # fmt: skip
    caller: Enrolled = request.getfixturevalue(who)
    named = {one: request.getfixturevalue(one).person for one in ("manager", "auditor", "stranger")}
    known: dict[str, dict[str, Any]] = {
        "grant": {},
        "machine": {"grantee": {"kind": "machine", "id": "erp"}, "automatic": True},
        "self": {"grantee": {"kind": "person", "id": caller.person}},
        "to-auditor": {"grantee": {"kind": "person", "id": named["auditor"]}},
        "to-manager": {"grantee": {"kind": "person", "id": named["manager"]}},
        "to-stranger": {"grantee": {"kind": "person", "id": named["stranger"]}},
        "to-nobody": {"grantee": {"kind": "person", "id": "0" * 32}},
        "to-own-enterprise": {"grantee": {"kind": "enterprise", "id": boss.uscc}},
        "somebody-elses-seal": {"seals": ["33010600000099"]},
        "over": {"not_after": (boss.hall.clock() - timedelta(seconds=1)).isoformat()},
        "authority": {"kinds": ["authority"]},
    }
    assert problem(post(caller, "mandates", to(user, boss, **known[what]))) == expected


@pytest.mark.parametrize(
    "period",
    [
        {"not_before": "0001-01-01T00:00:00+14:00"},
        {"not_before": "1999-12-31T23:59:59Z"},
        {"not_after": "9999-12-31T23:59:59-14:00"},
        {"not_after": "9001-01-01T00:00:00Z"},
    ],
)
def test_times_at_the_ends_of_the_calendar_are_refused(boss: Enrolled, user: Enrolled, period: dict[str, str]) -> None:
    answer = post(boss, "mandates", to(user, boss, **period))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, *period)


def test_a_machines_mandate_is_active_once_the_representative_granted_it(boss: Enrolled, firm: dict[str, Any]) -> None:
    hall = boss.hall
    body = terms(hall, grantor=boss.uscc, grantee={"kind": "machine", "id": hall.machine}, automatic=True)
    made = offer(boss, body | {"kinds": ["invoice"], "max_uses": 1})
    assert (made["state"], made["accept_assertion"]) == ("active", None)
    sealed = hall.seal(code_of(firm, "invoice"), PDF, level="B-B", mandate=made["id"])
    assert sealed.status_code == 201
    assert get(boss, f"mandates/{made['id']}").json()["state"] == "used-up"
    again = hall.seal(code_of(firm, "invoice"), PDF, level="B-B", mandate=made["id"])
    assert again.json()["reason"] == "mandate-uses"


def test_an_enterprise_lends_on_what_it_was_lent_but_no_more(
    boss: Enrolled, stranger: Enrolled, firm: dict[str, Any]
) -> None:
    body = terms(boss.hall, grantor=boss.uscc, grantee={"kind": "enterprise", "id": stranger.uscc})
    above = offer(boss, body | {"substitution": True, "max_pages": 5, "matters": ["代理"]})
    assert agree_to(stranger, f"mandates/{above['id']}", "accept").json()["state"] == "active"
    own = lending.confirm(stranger, lending.ask(stranger, code_of(firm), PDF, matter="代理"))
    assert (own.json()["state"], own.json()["mandate"]) == ("sealed", above["id"])
    clerk = enrol(boss.hall, stranger.uscc, "user", "孙经办", by=stranger)
    sub = terms(boss.hall, parent=above["id"], grantee={"kind": "person", "id": clerk.person}, matters=["代理"])
    assert problem(post(stranger, "mandates", sub | {"max_pages": 6})) == (422, "mandate")
    assert problem(post(boss, "mandates", sub | {"max_pages": 5})) == (403, "forbidden")  # not the lender's to lend on
    sub["not_before"], sub["not_after"] = above["not_before"], above["not_after"]
    below = offer(stranger, sub | {"max_pages": 5})
    agree_to(clerk, f"mandates/{below['id']}", "accept")
    done = lending.confirm(clerk, lending.ask(clerk, code_of(firm), PDF, matter="代理")).json()
    assert (done["state"], done["mandate"]) == ("sealed", below["id"])
    assert get(boss, f"mandates/{above['id']}").json()["uses"] == 2  # both count on the one above
    post(boss, f"mandates/{above['id']}/revoke", {"reason": "合作终止"})
    assert get(clerk, f"mandates/{below['id']}").json()["state"] == "void"
    assert lending.ask(clerk, code_of(firm), PDF, matter="代理").status_code == 404


def test_who_leaves_uses_nothing_of_what_was_lent(boss: Enrolled, firm: dict[str, Any]) -> None:
    leaver = enrol(boss.hall, boss.uscc, "user", "周经办", by=boss)
    lending.lend(boss, leaver)
    asked = lending.ask(leaver, code_of(firm), PDF)
    path = f"/api/v1/enterprises/{boss.uscc}/members/{leaver.person}"
    gone = boss.hall.client.delete(path, headers=boss.headers())
    assert gone.status_code < 300, gone.text
    done = lending.confirm(leaver, asked).json()
    assert (done["state"], done["failure"].partition(":")[0]) == ("failed", "no-right")


@pytest.mark.parametrize("what", ["suspend", "revoke", "cancel", "address", "representative"])
def test_any_change_of_the_licence_voids_what_was_granted_under_it(hall: Hall, what: str) -> None:
    firm = hall.establish()
    boss = enrol(hall, firm["licence"]["uscc"])
    user = enrol(hall, boss.uscc, "user", "李经办", by=boss)
    held, offered = lending.lend(boss, user, substitution=True), offer(boss, to(user, boss))
    number = firm["licence"]["number"]
    if what in {"suspend", "revoke", "cancel"}:
        assert hall.decide("licences", number, what).status_code == 200
    else:
        changes = {"address": {"address": "甲路1号"}, "representative": {"legal_representative": "张三丰"}}[what]
        entry = {**hall.get(f"/api/v1/enterprises/{boss.uscc}").json(), **changes}
        assert hall.post(f"/api/v1/licences/{number}/change", entry, "issue").status_code == 201
    for one in (held, offered):
        found = get(user, f"mandates/{one['id']}").json()
        assert found["state"] == "void"
        assert number in found["why"]
    assert problem(post(user, f"mandates/{offered['id']}/accept", {"credential": {}})) == (409, "mandate-state")
    with hall.office.reading() as work:
        kinds = [one.kind for one in work.notices.page(uscc=boss.uscc, after=0, limit=100)]
        assert kinds.count("mandate.voided") == 3  # the clerk's machine had one, too
        gone = what == "representative"
        assert (work.people.representative(boss.uscc) is None) is gone


def test_a_mandate_whose_time_is_over_is_ended_by_the_worker(hall: Hall) -> None:
    firm = hall.establish()
    boss = enrol(hall, firm["licence"]["uscc"])
    user = enrol(hall, boss.uscc, "user", "李经办", by=boss)
    end = hall.clock() + timedelta(hours=1)
    held = lending.lend(boss, user, not_after=end.isoformat())
    hall.clock.now = end
    assert expire_rights.run(hall.office) == ""
    hall.clock.move(timedelta(seconds=1))
    assert expire_rights.run(hall.office) == "ended 1"
    assert get(user, f"mandates/{held['id']}").json()["state"] == "expired"
    assert lending.ask(user, code_of(firm), PDF, mandate=held["id"]).json()["reason"] == "mandate-period"


def test_a_mandate_is_seen_by_whom_it_concerns(
    boss: Enrolled, manager: Enrolled, auditor: Enrolled, user: Enrolled, stranger: Enrolled
) -> None:
    held = lending.lend(manager, user)
    other = enrol(boss.hall, boss.uscc, "user", "钱经办", by=boss)
    for person, status in ((boss, 200), (manager, 200), (auditor, 200), (user, 200), (other, 404), (stranger, 404)):
        assert get(person, f"mandates/{held['id']}").status_code == status
        listed = held["id"] in {one["id"] for one in get(person, "mandates").json()["items"]}
        assert listed is (status == 200)
        if status == 404:
            for verb, body in (("begin", None), ("revoke", {"reason": "x"}), ("decline", {"reason": "x"})):
                assert post(person, f"mandates/{held['id']}/{verb}", body).status_code == 404
    for person in (auditor, user):
        assert post(person, f"mandates/{held['id']}/revoke", {"reason": "x"}).status_code == 403
