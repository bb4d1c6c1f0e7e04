"""Sealing over HTTP: levels, places, refusals, and the log of every use."""

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pypdfium2
import pytest

from api.acts import sealing
from seals.signing import seal_pdf
from tests.support import contracts
from tests.support.office import Hall, code_of, random_key
from tests.support.refused_pdfs import REFUSED
from tests.support.sealing import make_pdf


@pytest.fixture(scope="module")
def made(shared: Hall) -> dict[str, Any]:
    return shared.establish()


@pytest.fixture
def code(made: dict[str, Any]) -> str:
    return code_of(made)


def report_on(hall: Hall, use: dict[str, Any]) -> dict[str, Any]:
    document = hall.get(use["document"], "seal")
    assert document.headers["content-disposition"].startswith("attachment")
    answer = hall.client.post("/api/v1/verify", files={"file": document.content})
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_a_document_is_sealed_at_the_level_that_was_asked_for(shared: Hall, code: str, level: str) -> None:
    answer = shared.seal(code, make_pdf(), level=level)
    assert answer.status_code == 201
    use = answer.json()
    assert (use["state"], use["level"], use["actor"], use["seal"]) == ("done", level, "seal clerk", code)
    report = report_on(shared, use)
    (signature,) = [one for one in report["signatures"] if one["kind"] == "seal"]
    assert signature["level"] == level
    assert signature["seal_code"] == code
    # a seal without evidence of its time is not yet a pass for good
    assert report["verdict"] == "passed"


def test_a_use_is_on_record_with_the_hashes_of_both_files(shared: Hall, code: str) -> None:
    document = make_pdf()
    use = shared.seal(code, document, reason="采购合同").json()
    sealed = shared.get(use["document"], "seal").content
    assert use["document_sha256"] == sha256(document)
    assert use["sha256"] == sha256(sealed)
    assert use["purpose"] == "采购合同"
    assert shared.get(f"/api/v1/seal-uses/{use['id']}").json() == use
    assert sealed.startswith(document)  # an incremental update: not a byte of it changed


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "form",
    [
        {"placement": "invisible"},
        {"placement": "position", "page": 1, "x_mm": 100, "y_mm": 100},
        {"placement": "position", "page": -1, "x_mm": 30, "y_mm": 30},
        {"placement": "keyword", "keyword": "Party A"},
        {"placement": "keyword", "keyword": "Party A", "index": -1},
    ],
)
def test_a_seal_goes_where_it_is_asked_to(shared: Hall, code: str, form: dict[str, Any]) -> None:
    use = shared.seal(code, make_pdf(), level="B-B", **form).json()
    sealed = shared.get(use["document"], "seal").content
    assert has_red(sealed) is (form["placement"] != "invisible")


def has_red(document: bytes) -> bool:
    with pypdfium2.PdfDocument(io.BytesIO(document)) as opened:
        opened.init_forms()
        picture = opened[0].render(scale=0.5).to_pil().convert("RGB")
    return any(red > 150 and green < 110 for _, (red, green, _) in picture.getcolors(1 << 20))


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"placement": "position", "page": 2}, "placement"),
        ({"placement": "position", "page": -2}, "placement"),
        ({"placement": "position", "page": 0}, "bad-input"),
        ({"placement": "keyword", "keyword": "not there"}, "placement"),
        ({"placement": "keyword", "keyword": "Party A", "index": 2}, "placement"),
        ({"placement": "keyword", "keyword": " "}, "bad-input"),
        ({"placement": "keyword", "keyword": "Party A", "index": 0}, "bad-input"),
        ({"placement": "elsewhere"}, "request"),
        ({"level": "B-XL"}, "request"),
        ({"placement": "position", "page": 10_001}, "request"),
        ({"placement": "position", "x_mm": "nan"}, "request"),
        ({"placement": "position", "x_mm": "-1"}, "request"),
        ({"keyword": "x" * 201}, "request"),
        ({"reason": "x" * 257}, "request"),
    ],
)
def test_a_place_that_is_not_there_is_refused_with_its_reason(
    shared: Hall, code: str, form: dict[str, Any], problem: str
) -> None:
    before = shared.store.signed.get(f"seal-{code}", 0)
    answer = shared.seal(code, make_pdf(), **form)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert shared.store.signed.get(f"seal-{code}", 0) == before


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_document_that_cannot_be_sealed_is_refused_with_a_code(
    shared: Hall, code: str, make: Callable[[], bytes], reason: str
) -> None:
    before, files = shared.store.signed.get(f"seal-{code}", 0), stored_files(shared)
    document = make()
    answer = shared.seal(code, document)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/document-refused")
    assert answer.json()["reason"] == reason
    assert shared.store.signed.get(f"seal-{code}", 0) == before
    assert stored_files(shared) == files
    newest = shared.get(f"/api/v1/seals/{code}/uses", params={"limit": 200}).json()["items"]
    refused = [one for one in newest if one["document_sha256"] == sha256(document)]
    assert {one["state"] for one in refused} == {"refused"}
    assert refused[0]["document"] is None
    assert refused[0]["detail"]
    assert shared.get(f"/api/v1/seal-uses/{refused[0]['id']}/document", "seal").status_code == 404


def stored_files(hall: Hall) -> set[str]:
    return {str(path) for path in (hall.office.settings.data / "objects").rglob("*") if path.is_file()}


def test_two_thousand_pages_are_sealed(shared: Hall, code: str) -> None:
    answer = shared.seal(code, make_pdf(2_000), placement="position", page=2_000, level="B-B")
    assert answer.status_code == 201


def test_two_parties_seal_one_document_and_both_seals_hold(shared: Hall, made: dict[str, Any]) -> None:
    first = shared.seal(
        code_of(made), contracts.contract(), placement="keyword", keyword=contracts.FIRST_KEYWORD, level="B-LTA"
    ).json()
    other = shared.establish()
    half = shared.get(first["document"], "seal").content
    second = shared.seal(
        code_of(other), half, placement="keyword", keyword=contracts.SECOND_KEYWORD, level="B-LTA"
    ).json()
    report = report_on(shared, second)
    assert report["verdict"] == "passed", report
    sealed_by = [one["seal_code"] for one in report["signatures"] if one["kind"] == "seal"]
    assert sealed_by == [code_of(made), code_of(other)]


def test_an_unknown_seal_cannot_be_used(shared: Hall) -> None:
    answer = shared.seal("33010600999999", make_pdf())
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("decision", ["suspend", "cancel"])
def test_a_seal_out_of_use_does_not_seal_and_the_try_is_logged(hall: Hall, decision: str) -> None:
    code = code_of(hall.establish())
    hall.decide("seals", code, decision)
    answer = hall.seal(code, make_pdf())
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/seal-unusable")
    assert f"seal-{code}" not in hall.store.signed
    (use,) = hall.get(f"/api/v1/seals/{code}/uses").json()["items"]
    assert use["state"] == "refused"


def test_the_seals_of_a_revoked_licence_do_not_seal(hall: Hall) -> None:
    made = hall.establish()
    hall.decide("licences", made["licence"]["number"], "revoke")
    assert hall.seal(code_of(made), make_pdf()).json()["type"] == "/problems/seal-unusable"


@pytest.mark.parametrize(("level", "problem"), [("B-B", "seal-unusable"), ("B-LT", "evidence")])
def test_a_seal_that_is_suspended_while_it_is_at_work_does_not_sign(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, level: str, problem: str
) -> None:
    code = code_of(hall.establish())
    whole = seal_pdf

    def slow(*args: Any, **named: Any) -> Any:
        assert hall.decide("seals", code, "suspend").status_code == 200
        return whole(*args, **named)

    monkeypatch.setattr(sealing, "seal_pdf", slow)
    assert hall.seal(code, make_pdf(), level=level).json()["type"] == f"/problems/{problem}"
    assert f"seal-{code}" not in hall.store.signed


def test_a_missing_document_is_told_by_its_field(shared: Hall, code: str) -> None:
    path = f"/api/v1/seals/{code}/uses"
    answer = shared.client.post(path, data={"level": "B-B"}, headers=shared.headers("seal"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "document"
    answer = shared.client.post(path, data={"document": "text"}, headers=shared.headers("seal"))
    assert answer.status_code == 422
    answer = shared.client.post(path, json={}, headers=shared.headers("seal"))
    assert answer.status_code == 422


def test_a_broken_upload_is_refused(shared: Hall, code: str) -> None:
    headers = {**shared.headers("seal"), "Content-Type": "multipart/form-data; boundary=x"}
    path = f"/api/v1/seals/{code}/uses"
    assert shared.client.post(path, content=b"--y\r\nnonsense", headers=headers).status_code in {400, 422}
    headers["Content-Type"] = "multipart/form-data"
    assert shared.client.post(path, content=b"x", headers=headers).status_code in {400, 422}


def test_a_repeated_upload_is_sealed_once(hall: Hall) -> None:
    code, key = code_of(hall.establish()), random_key()
    document = make_pdf()
    first = hall.seal(code, document, key=key)
    again = hall.seal(code, document, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert hall.store.signed[f"seal-{code}"] == 1
    other = hall.seal(code, make_pdf(2), key=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    level = hall.seal(code, document, key=key, level="B-B")
    assert level.json()["type"] == "/problems/idempotency-key-reused"


def test_a_refused_upload_leaves_its_key_free(hall: Hall) -> None:
    code, key = code_of(hall.establish()), random_key()
    assert hall.seal(code, b"no PDF", key=key).status_code == 422
    assert hall.seal(code, make_pdf(), key=key).status_code == 201


def test_a_key_whose_first_request_is_at_work_is_in_use(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    code, key, document = code_of(hall.establish()), random_key(), make_pdf()
    whole, begun, go_on = seal_pdf, Event(), Event()

    def slow(*args: Any, **named: Any) -> Any:
        begun.set()
        go_on.wait(30)
        return whole(*args, **named)

    monkeypatch.setattr(sealing, "seal_pdf", slow)
    answers: list[int] = []
    worker = Thread(target=lambda: answers.append(hall.seal(code, document, key=key).status_code))
    worker.start()
    assert begun.wait(30)
    meanwhile = hall.seal(code, document, key=key)
    go_on.set()
    worker.join(30)
    assert (meanwhile.status_code, meanwhile.json()["type"]) == (409, "/problems/idempotency-key-in-use")
    assert meanwhile.headers["retry-after"] == "2"
    assert answers == [201]
    assert hall.seal(code, document, key=key).headers["idempotency-replayed"] == "true"


def test_the_log_of_a_seal_is_paged_newest_first_even_within_one_moment(hall: Hall) -> None:
    code = code_of(hall.establish())
    for number in range(5):
        if number > 2:
            hall.clock.move(timedelta(seconds=1))
        hall.seal(code, b"no PDF")  # refused, but logged
    whole = hall.get(f"/api/v1/seals/{code}/uses").json()
    assert len(whole["items"]) == 5
    assert whole["next"] is None
    times = [one["asked_at"] for one in whole["items"]]
    assert times == sorted(times, reverse=True)
    paged: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = hall.get(f"/api/v1/seals/{code}/uses", params={"limit": 2, "cursor": cursor}).json()
        paged += page["items"]
        cursor = page["next"]
    assert paged == whole["items"]


@pytest.mark.parametrize("cursor", ["2026-01-01T00:00:00", "x", "0" * 32, "0" * 33])
def test_a_cursor_that_is_not_of_this_log_is_refused(shared: Hall, code: str, cursor: str) -> None:
    assert shared.get(f"/api/v1/seals/{code}/uses", params={"cursor": cursor}).status_code == 422


def test_an_unknown_use_is_404(shared: Hall) -> None:
    assert shared.get(f"/api/v1/seal-uses/{'0' * 32}").status_code == 404
    assert shared.get(f"/api/v1/seal-uses/{'0' * 32}/document", "seal").status_code == 404


def test_a_sealed_file_that_is_gone_is_503_not_an_empty_file(hall: Hall) -> None:
    use = hall.seal(code_of(hall.establish()), make_pdf()).json()
    for path in (hall.office.settings.data / "objects" / "sealed").iterdir():
        path.unlink()
    answer = hall.get(use["document"], "seal")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/object-missing")


def test_a_signature_that_outgrows_its_room_is_made_again_and_both_times_are_on_record(
    shared: Hall, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seals.signing._room", lambda _: 600)
    before = shared.store.signed.get(f"seal-{code}", 0)
    use = shared.seal(code, make_pdf()).json()
    assert use["state"] == "done"
    assert shared.store.signed[f"seal-{code}"] == before + 2
    with shared.office.reading() as work:
        again = [event for event in work.ledger.events_of(code, after=0, limit=500) if event.act == "seal.again"]
    assert [event.detail["use"] for event in again] == [use["id"]]
    assert report_on(shared, use)["verdict"] == "passed"
