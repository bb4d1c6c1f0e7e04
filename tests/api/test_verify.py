"""Checking over HTTP: whatever is brought gets a report or a clear refusal, never a 500."""

import io
import zlib
from typing import Any

import pytest
from PIL import Image

from ca.qr_picture import qr_picture
from tests.support import qr_pki
from tests.support.office import Hall, code_of
from tests.support.refused_pdfs import REFUSED
from tests.support.sealing import make_pdf, seal_bytes
from verify import base45


@pytest.fixture(scope="module")
def made(shared: Hall) -> dict[str, Any]:
    return shared.establish()


def check(hall: Hall, content: bytes) -> dict[str, Any]:
    answer = hall.client.post("/api/v1/verify", files={"file": content})
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    assert report["findings"] or report["signatures"]
    return report


def test_a_sealed_document_passes_and_says_who_sealed(shared: Hall, made: dict[str, Any]) -> None:
    use = shared.seal(code_of(made), make_pdf()).json()
    report = check(shared, shared.get(use["document"], "seal").content)
    assert report["verdict"] == "passed"
    assert report["signatures"][0]["signer"] == made["licence"]["name"]


def test_a_document_changed_by_one_byte_fails(shared: Hall, made: dict[str, Any]) -> None:
    use = shared.seal(code_of(made), make_pdf()).json()
    document = bytearray(shared.get(use["document"], "seal").content)
    document[document.index(b"Party A")] ^= 1
    assert check(shared, bytes(document))["verdict"] == "failed"


def test_a_document_that_a_stranger_sealed_does_not_pass(shared: Hall) -> None:
    assert check(shared, seal_bytes(make_pdf()))["verdict"] != "passed"


def test_a_document_without_seals_does_not_pass(shared: Hall) -> None:
    assert check(shared, make_pdf())["verdict"] == "indeterminate"


@pytest.mark.parametrize("name", list(REFUSED))
def test_documents_that_cannot_be_sealed_can_be_brought_for_a_check(shared: Hall, name: str) -> None:
    assert check(shared, REFUSED[name][0]())["verdict"] != "passed"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 10_000,
        b"garbage",
        "朱砂".encode(),
        b"%PDF-",
        b"%PDF-1.7\n%%EOF",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ],
)
def test_garbage_is_reported_and_never_passes(shared: Hall, content: bytes) -> None:
    assert check(shared, content)["verdict"] != "passed"


def test_a_picture_without_a_code_is_told_so(shared: Hall) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(picture, "PNG")
    assert check(shared, picture.getvalue())["findings"][0]["id"] == "picture.no-code"


@pytest.mark.parametrize(
    "text",
    ["https://example.org/", "WIFI:S:x;;", "HC1:NCFOXN%TS3DH", "ELQ2:ABC", "weixin://x", "x" * 16_384, "\x00", "朱"],
)
def test_a_code_of_another_scheme_does_not_pass(shared: Hall, text: str) -> None:
    answer = shared.client.post("/api/v1/verify", json={"text": text})
    assert answer.status_code == 200
    assert answer.json()["verdict"] != "passed"


def test_a_picture_of_a_code_of_another_scheme_does_not_pass(shared: Hall) -> None:
    assert check(shared, qr_picture("https://example.org/q#ELQ1:"))["verdict"] != "passed"


def test_a_code_that_a_stranger_signed_fails(shared: Hall) -> None:
    answer = shared.client.post("/api/v1/verify", json={"text": qr_pki.code()})
    assert answer.json()["verdict"] != "passed"


def test_our_own_code_with_one_bit_changed_fails(shared: Hall, made: dict[str, Any]) -> None:
    text = shared.get(made["licence"]["faces"]["elq1"]).text
    inner = bytearray(zlib.decompress(base45.decode(text.removeprefix("ELQ1:"))))
    inner[-1] ^= 1
    forged = "ELQ1:" + base45.encode(zlib.compress(bytes(inner), 9))
    assert shared.client.post("/api/v1/verify", json={"text": forged}).json()["verdict"] == "failed"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"ELQ1:", "text/plain"),
        (b"", ""),
        (b"file=x", "application/x-www-form-urlencoded"),
    ],
)
def test_another_content_type_is_told_what_to_send(shared: Hall, content: bytes, kind: str) -> None:
    answer = shared.client.post("/api/v1/verify", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-input")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text":1}', b'{"text":""}', b'{"txt":"x"}', b'{"text":"\xff"}'])
def test_json_that_is_not_as_described_names_the_field(shared: Hall, body: bytes) -> None:
    answer = shared.client.post("/api/v1/verify", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request")
    assert answer.json()["detail"]


def test_a_text_over_16384_characters_is_refused(shared: Hall) -> None:
    assert shared.client.post("/api/v1/verify", json={"text": "x" * 16_385}).status_code == 422


@pytest.mark.parametrize("parts", [{"other": b"x"}, {}])
def test_a_form_without_a_file_is_told_the_field(shared: Hall, parts: dict[str, bytes]) -> None:
    answer = shared.client.post("/api/v1/verify", files=parts or None, data={"file": "text"})
    assert answer.status_code in {400, 422}
    assert answer.json()["type"].startswith("/problems/")


def test_a_form_that_is_cut_off_is_refused(shared: Hall) -> None:
    for boundary in ("multipart/form-data; boundary=x", "multipart/form-data", 'multipart/form-data; boundary=""'):
        answer = shared.client.post("/api/v1/verify", content=b"--x\r\nContent-", headers={"Content-Type": boundary})
        assert answer.status_code in {400, 422}, boundary


def test_too_many_checks_from_one_address_are_put_off(hall: Hall) -> None:
    limit = hall.office.settings.verify_per_minute
    hall.app.state.rate_limit.monotonic = lambda: 0.0
    codes = [hall.client.post("/api/v1/verify", json={"text": "x"}).status_code for _ in range(limit + 1)]
    assert codes == [200] * limit + [429]
    answer = hall.client.post("/api/v1/verify", json={"text": "x"})
    assert answer.headers["retry-after"] == "30"
    hall.app.state.rate_limit.monotonic = lambda: 60.0 / limit
    assert hall.client.post("/api/v1/verify", json={"text": "x"}).status_code == 200
    assert hall.client.post("/api/v1/verify", json={"text": "x"}).status_code == 429
