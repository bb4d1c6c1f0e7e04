"""Bounds on what comes in, unknown paths and methods, and the OpenAPI document."""

import asyncio
from collections.abc import Iterator
from threading import Event, Lock
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from api import problems
from api.acts import checking
from api.acts.office import Office
from api.http.app import create_app
from api.http.verify import AT_ONCE
from tests.support.office import Hall, code_of, open_hall
from tests.support.sealing import make_pdf

JSON = "application/json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """A service with narrow limits, so that the limit and one past it can be sent."""
    with open_hall(tmp_path_factory.mktemp("small"), max_json_bytes=1000, max_document_bytes=100_000) as opened:
        yield opened


def in_pieces(size: int) -> Iterator[bytes]:
    """A body without Content-Length."""
    for start in range(0, size, 100):
        yield b" " * min(100, size - start)


@pytest.mark.parametrize(("size", "status"), [(1000, 422), (1001, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_json_body_is_bounded_inclusively(small: Hall, size: int, status: int, *, chunked: bool) -> None:
    body: Any = in_pieces(size) if chunked else b" " * size
    headers = {**small.headers("register"), "Content-Type": JSON}
    answer = small.client.post("/api/v1/enterprises", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    if status == 413:
        assert answer.json()["type"] == "/problems/body-too-large"
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("length", ["99999999999999999999", "1001"])
def test_a_declared_length_over_the_limit_is_refused_before_the_body_comes(small: Hall, length: str) -> None:
    headers = {**small.headers("register"), "Content-Length": length, "Content-Type": JSON}
    assert small.client.post("/api/v1/enterprises", content=b" ", headers=headers).status_code == 413


@pytest.mark.parametrize("path", ["/api/v1/verify", "/api/v1/seals/33010600000001/uses"])
def test_an_upload_over_the_limit_is_refused(small: Hall, path: str) -> None:
    files = {"file": b"\0" * 200_000, "document": b"\0" * 200_000}
    answer = small.client.post(path, files=files, headers=small.headers("seal"))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert answer.json()["detail"] == "at most 100000 bytes are accepted here"


@pytest.mark.parametrize("kind", [JSON, "application/x-www-form-urlencoded", "text/multipart/form-data", ""])
@pytest.mark.parametrize("path", ["/api/v1/verify", "/api/v1/seals/33010600000001/uses"])
def test_a_body_that_is_read_into_memory_is_bounded_where_files_are_taken_too(
    small: Hall, path: str, kind: str
) -> None:
    headers = {**small.headers("seal"), "Content-Type": kind}
    at_the_limit = small.client.post(path, content=b" " * 1000, headers=headers)
    assert at_the_limit.status_code in {400, 422}
    one_more = small.client.post(path, content=b" " * 1001, headers=headers)
    assert (one_more.status_code, one_more.json()["type"]) == (413, "/problems/body-too-large")


def test_a_document_of_the_limit_is_sealed_and_one_byte_more_is_refused(small: Hall) -> None:
    code = code_of(small.establish())
    assert small.seal(code, pdf_of(100_000), level="B-B").status_code == 201
    answer = small.seal(code, pdf_of(100_001))
    assert (answer.status_code, answer.json()["reason"]) == (422, "too-large")


def pdf_of(size: int) -> bytes:
    """A document of so many bytes."""
    rest = size - len(make_pdf(content=b" " * 90_000))
    document = make_pdf(content=b" " * (90_000 + rest))
    assert len(document) == size
    return document


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/enterprises", {"GET", "POST"}),
        ("DELETE", "/api/v1/licences/1", {"GET"}),
        ("GET", "/api/v1/verify", {"POST"}),
        ("GET", "/pki/tsa", {"POST"}),
        ("POST", "/pki/keys", {"GET"}),
        ("PATCH", "/healthz", {"GET"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(shared: Hall, method: str, path: str, allowed: set[str]) -> None:
    answer = shared.client.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) & allowed


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v2/enterprises", "/pki", "/pki/nothing", "/api/v1/seals/1/uses/2", "/nothing"]
)
def test_an_unknown_path_is_a_problem(shared: Hall, path: str) -> None:
    answer = shared.client.get(path, headers={"Accept": JSON})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert answer.json()["type"] == "/problems/no-such-path"


@pytest.mark.parametrize("path", ["/api/v1/enterprises", "/pki/crl/seal.crl", "/healthz"])
def test_head_is_never_a_500(shared: Hall, path: str) -> None:
    assert shared.client.head(path).status_code < 500


@pytest.mark.parametrize("target", ["/api/v1/enterprises/%ff%fe", "/api/v1/seals/%00", "/api/v1/licences?cursor=%00"])
def test_odd_bytes_in_an_address_are_never_a_500(shared: Hall, target: str) -> None:
    assert shared.get(target).status_code in {200, 404, 422}


def test_the_openapi_document_refers_only_to_what_it_holds(shared: Hall) -> None:
    document = shared.client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    held = {f"#/components/{kind}/{name}" for kind, parts in document["components"].items() for name in parts}
    used = set(references(document))
    assert used <= held
    assert "#/components/schemas/Problem" in used
    assert "#/components/schemas/HTTPValidationError" not in held


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_operation_describes_itself_and_its_answers(shared: Hall) -> None:
    identities = []
    for path, item in shared.app.openapi()["paths"].items():
        for method, operation in item.items():
            identities.append(operation["operationId"])
            assert operation.get("description"), (method, path)
            good = [code for code in operation["responses"] if code.startswith("2")]
            assert len(good) == 1, (method, path)
            for code, answer in operation["responses"].items():
                if code == "204":
                    assert "content" not in answer, (method, path)
                    continue
                assert answer["content"], (method, path, code)
                if not code.startswith("2") and path != "/readyz":
                    remote = path.startswith(("/csc/", "/oauth/", "/.well-known/"))
                    kind = "application/json" if remote else problems.MEDIA_TYPE
                    assert list(answer["content"]) == [kind], (method, path, code)
            placed = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            assert sorted(placed) == sorted(part.split("}")[0] for part in path.split("{")[1:])
    assert len(identities) == len(set(identities))


def test_secured_operations_say_so(shared: Hall) -> None:
    document = shared.app.openapi()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_long_checks_are_few_at_once_and_keep_nobody_else_waiting(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most, lock, full, go = 0, 0, Lock(), Event(), Event()

    def long_check(_: Office, __: str) -> Any:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            if at_work == AT_ONCE:
                full.set()
        go.wait(30)
        with lock:
            at_work -= 1
        return report

    report = checking.check_text(hall.office, "ELQ1:AA")
    monkeypatch.setattr(checking, "check_text", long_check)

    async def visit() -> tuple[int, list[int]]:
        transport = ASGITransport(app=create_app(hall.office))
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            body = {"text": "ELQ1:AA"}
            checks = [asyncio.create_task(client.post("/api/v1/verify", json=body)) for _ in range(50)]
            await asyncio.to_thread(full.wait, 30)
            other = await asyncio.wait_for(client.get("/pki/crl/seal.crl"), 30)
            go.set()
            return other.status_code, [one.status_code for one in await asyncio.gather(*checks)]

    assert asyncio.run(visit()) == (200, [200] * 50)
    assert most == AT_ONCE
