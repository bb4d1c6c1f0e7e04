"""Enterprises over HTTP, and what a wrong entry is told."""

from typing import Any

import pytest

from tests.support.office import NOW, Hall, random_key

WRONG = {
    "check character": ({"uscc": "91110000600037341M"}, "uscc"),
    "length of the code": ({"uscc": "9111000060003734"}, "uscc"),
    "letters that a code never has": ({"uscc": "91110000600037341I"}, "uscc"),
    "founding date in the future": ({"founded_on": "2026-03-03"}, "founded_on"),
    "founding date that is none": ({"founded_on": "2026-02-30"}, "founded_on"),
    "founding date in another spelling": ({"founded_on": "20260228"}, "founded_on"),
    "empty name": ({"name": ""}, "name"),
    "name of one character": ({"name": "朱"}, "name"),
    "name of 65 characters": ({"name": "朱" * 65}, "name"),
    "name with a control character": ({"name": "朱砂\u0000有限公司"}, "name"),
    "name with a direction mark": ({"name": "朱砂\u202e有限公司"}, "name"),
    "Latin name in Chinese": ({"name_latin": "朱砂有限公司"}, "name_latin"),
    "capital below zero": ({"capital": "-1"}, "capital"),
    "capital in words": ({"capital": "NaN"}, "capital"),
    "capital with three decimals": ({"capital": "1.001"}, "capital"),
    "currency that is none": ({"currency": "XXY"}, "currency"),
    "term that ends before it begins": ({"term_until": "2000-01-01"}, "term_until"),
    "address of 201 characters": ({"address": "路" * 201}, "address"),
    "scope of 4001 characters": ({"scope": "售" * 4001}, "scope"),
}


def test_an_enterprise_is_entered_and_shown(hall: Hall) -> None:
    entry = hall.entry()
    made = hall.post("/api/v1/enterprises", entry, "register")
    assert made.status_code == 201
    assert made.json() == entry
    assert hall.get(f"/api/v1/enterprises/{entry['uscc']}").json() == entry


def test_entering_leaves_a_line_in_the_audit_trail(hall: Hall) -> None:
    uscc = hall.register()["uscc"]
    with hall.office.reading() as work:
        (line,) = work.ledger.events_of(uscc, after=0, limit=10)
    assert (line.at, line.actor, line.act) == (NOW, "register clerk", "enterprise.register")


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_field_is_named_in_both_languages_and_nothing_is_entered(
    hall: Hall, changes: dict[str, Any], field: str
) -> None:
    answer = hall.post("/api/v1/enterprises", hall.entry(**changes), "register")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/register-entry")
    (told,) = answer.json()["errors"]
    assert told["field"] == field
    assert told["text"]
    assert told["text_zh"]
    assert hall.get("/api/v1/enterprises").json()["items"] == []


def test_all_wrong_fields_are_named_at_once(shared: Hall) -> None:
    entry = shared.entry(name="", capital="x", founded_on="x")
    answer = shared.post("/api/v1/enterprises", entry, "register")
    assert {one["field"] for one in answer.json()["errors"]} >= {"capital", "founded_on"}


@pytest.mark.parametrize(
    "changes", [{"unknown": "x"}, {"name": None}, {"name": 1}, {"name": ["朱砂"]}, {"scope": "售" * 4097}]
)
def test_a_body_that_is_not_as_described_is_refused_by_field(shared: Hall, changes: dict[str, Any]) -> None:
    answer = shared.post("/api/v1/enterprises", shared.entry(**changes), "register")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request")
    assert answer.json()["errors"][0]["field"] == next(iter(changes))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"name":"\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(shared: Hall, body: bytes) -> None:
    headers = {**shared.headers("register"), "Content-Type": "application/json"}
    answer = shared.client.post("/api/v1/enterprises", content=body, headers=headers)
    assert answer.status_code in {400, 422}


def test_the_same_code_twice_is_a_conflict_and_the_first_entry_stays(hall: Hall) -> None:
    first = hall.register()
    again = hall.post("/api/v1/enterprises", {**first, "name": "另外一家有限公司"}, "register")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/enterprise-exists")
    assert hall.get(f"/api/v1/enterprises/{first['uscc']}").json() == first


@pytest.mark.parametrize("code", ["91110000600037341L", "x", "%00", "%F0%9F%94%91", "..%2f"])
def test_an_unknown_enterprise_is_404(shared: Hall, code: str) -> None:
    assert shared.get(f"/api/v1/enterprises/{code}").status_code == 404


def test_pages_go_on_where_the_last_one_ended(hall: Hall) -> None:
    entered = sorted(hall.register()["uscc"] for _ in range(5))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = hall.get("/api/v1/enterprises", params={"limit": 2, "cursor": cursor}).json()
        assert len(page["items"]) <= 2
        seen += [one["uscc"] for one in page["items"]]
        cursor = page["next"]
    assert seen == entered


def test_the_register_is_searched_by_name_and_code(hall: Hall) -> None:
    wanted, other = hall.register(name="特别的有限公司"), hall.register()

    def found(query: str) -> list[str]:
        page = hall.get("/api/v1/enterprises", params={"query": query}).json()
        return [one["uscc"] for one in page["items"]]

    assert found("特别") == [wanted["uscc"]]
    assert found(other["uscc"]) == [other["uscc"]]
    assert found("%") == []


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "9" * 19}])
def test_a_page_out_of_bounds_is_refused(shared: Hall, query: dict[str, Any]) -> None:
    assert shared.get("/api/v1/enterprises", params=query).status_code == 422


def test_a_page_of_200_is_the_limit(shared: Hall) -> None:
    assert shared.get("/api/v1/enterprises", params={"limit": 200}).status_code == 200


def test_a_repeated_request_gets_the_first_answer_again(hall: Hall) -> None:
    entry, key = hall.entry(), random_key()
    first = hall.post("/api/v1/enterprises", entry, "register", key=key)
    again = hall.post("/api/v1/enterprises", entry, "register", key=key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert len(hall.get("/api/v1/enterprises").json()["items"]) == 1


def test_a_key_with_another_body_is_refused(hall: Hall) -> None:
    key = random_key()
    assert hall.post("/api/v1/enterprises", hall.entry(), "register", key=key).status_code == 201
    other = hall.post("/api/v1/enterprises", hall.entry(), "register", key=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(hall.get("/api/v1/enterprises").json()["items"]) == 1


def test_a_key_belongs_to_whoever_used_it(hall: Hall) -> None:
    key, entry = random_key(), hall.entry()
    assert hall.post("/api/v1/enterprises", entry, "register", key=key).status_code == 201
    assert hall.post("/api/v1/licences", {"uscc": entry["uscc"]}, "issue", key=key).status_code == 201


def test_a_request_that_failed_leaves_its_key_free(hall: Hall) -> None:
    key, entry = random_key(), hall.entry()
    wrong = hall.post("/api/v1/enterprises", {**entry, "capital": "x"}, "register", key=key)
    assert wrong.status_code == 422
    assert hall.post("/api/v1/enterprises", entry, "register", key=key).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "a" * 129, "\u00e9"])
def test_a_key_of_another_form_is_refused(shared: Hall, key: str) -> None:
    headers = {**shared.headers("register"), "Idempotency-Key": key.encode("latin-1")}
    answer = shared.client.post("/api/v1/enterprises", json=shared.entry(), headers=headers)  # type: ignore[arg-type]  # httpx takes bytes as well
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-input")


def test_a_key_of_128_characters_is_the_longest(shared: Hall) -> None:
    assert shared.post("/api/v1/enterprises", shared.entry(), "register", key="~" * 128).status_code == 201
