"""The pages on the real service, without a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.office import AUTHORITY, Hall, code_of, open_hall

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("hall"), demo=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def made(hall: Hall) -> dict[str, Any]:
    return hall.establish()


def test_first_page_names_the_authority_of_the_ceremony(hall: Hall) -> None:
    answer = hall.client.get("/", headers=HTML)
    assert answer.status_code == 200
    assert AUTHORITY in answer.text


def test_licence_page_follows_the_register(hall: Hall) -> None:
    number = hall.establish()["licence"]["number"]
    assert "standing passed" in hall.client.get(f"/licences/{number}", headers=HTML).text
    assert hall.decide("licences", number, "suspend").status_code == 200
    assert "standing indeterminate" in hall.client.get(f"/licences/{number}", headers=HTML).text
    assert hall.decide("licences", number, "revoke").status_code == 200
    assert "standing failed" in hall.client.get(f"/licences/{number}", headers=HTML).text


def test_licence_that_nobody_has_is_a_page_not_found(hall: Hall) -> None:
    answer = hall.client.get("/licences/000000000000000000", headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_demo_token_opens_the_register_and_not_the_audit_trail(hall: Hall) -> None:
    session = hall.client.post("/demo/session").json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    assert hall.client.get("/api/v1/seals", headers=bearer).status_code == 200
    with hall.office.reading() as work:
        scopes = {one.scopes for one in work.tokens.all() if one.name == "demo"}
    assert scopes == {frozenset({"register", "issue", "seal", "read"})}


def test_licence_can_be_seen_before_it_is_opened(hall: Hall, made: dict[str, Any]) -> None:
    picture = hall.client.get(f"/demo/licences/{made['licence']['number']}/page.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_sealed_sample_can_be_seen_and_a_file_of_ones_own_is_never_drawn(hall: Hall, made: dict[str, Any]) -> None:
    sample = hall.client.get("/demo/contract.pdf", params={"licence": made["licence"]["number"]}).content
    own = sample + b"\n% mine\n"
    used = [hall.seal(code_of(made), pdf, placement="keyword", keyword="甲方（盖章）").json() for pdf in (sample, own)]
    assert [one["state"] for one in used] == ["done", "done"]
    answers = [hall.client.get(f"/demo/uses/{one['id']}/page.png") for one in used]
    assert [one.status_code for one in answers] == [200, 404]
    assert answers[0].content.startswith(b"\x89PNG")
    assert hall.client.get("/demo/uses/0/page.png").status_code == 404


def test_service_without_demo_hands_out_no_token(tmp_path: Path) -> None:
    with open_hall(tmp_path) as hall:
        assert hall.client.post("/demo/session").status_code == 404
        assert hall.client.get("/demo", headers=HTML).status_code == 404


def test_api_answers_carry_the_strict_headers_and_keep_their_problem_details(hall: Hall) -> None:
    answer = hall.client.get("/api/v1/licences", headers=HTML)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
