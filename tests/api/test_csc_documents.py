"""Whole documents and digests of documents over the remote signing interface (signatures/signDoc)."""

import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from httpx import Response

from tests.support.office import open_hall
from tests.support.remote import ECDSA, Csc, Desk, desk_of, require_refused
from tests.support.sealing import make_pdf

FORM = {"signature_format": "P", "conformance_level": "AdES-B-B", "signAlgo": ECDSA}
CADES = FORM | {"signature_format": "C"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_hall(tmp_path_factory.mktemp("docs"), verify_per_minute=100_000) as hall:
        yield desk_of(hall)


def v2(desk: Desk) -> Csc:
    return Csc(desk.hall, desk.machine.token, "v2")


def base64_of(content: bytes) -> str:
    return b64encode(content).decode()


def sad_for(desk: Desk, *contents: bytes) -> str:
    hashes = [base64_of(sha256(one).digest()) for one in contents]
    answer = v2(desk)("credentials/authorize", credentialID=desk.code, hashes=hashes, numSignatures=len(hashes))
    assert answer.status_code == 200, answer.text
    sad: str = answer.json()["SAD"]
    return sad


def sign_doc(desk: Desk, sad: str, **body: Any) -> Response:
    return v2(desk)("signatures/signDoc", credentialID=desk.code, SAD=sad, **body)


def verdict_of(desk: Desk, document: bytes) -> dict[str, Any]:
    report: dict[str, Any] = desk.hall.client.post("/api/v1/verify", files={"file": ("a.pdf", document)}).json()
    return report


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_a_document_is_sealed_at_the_level_that_is_asked_for(desk: Desk, level: str) -> None:
    pdf = make_pdf()
    asked = {"document": base64_of(pdf)} | FORM | {"conformance_level": f"AdES-{level}"}
    answer = sign_doc(desk, sad_for(desk, pdf), documents=[asked])
    assert answer.status_code == 200, answer.text
    sealed = b64decode(answer.json()["DocumentWithSignature"][0])
    assert sealed.startswith(pdf)
    report = verdict_of(desk, sealed)
    assert report["verdict"] == "passed"
    assert report["signatures"][0]["level"] == level


def test_a_first_signature_may_certify(desk: Desk) -> None:
    pdf = make_pdf()
    asked = {"document": base64_of(pdf), "signed_envelope_property": "Certification"} | FORM
    answer = sign_doc(desk, sad_for(desk, pdf), documents=[asked])
    assert b"/DocMDP" in b64decode(answer.json()["DocumentWithSignature"][0])


def test_two_documents_and_a_digest_come_back_in_order(desk: Desk) -> None:
    one, two, third = make_pdf(), make_pdf(pages=2), b"a text that stays with us"
    digest = base64_of(sha256(third).digest())
    answer = sign_doc(
        desk,
        sad_for(desk, one, two, third),
        documents=[{"document": base64_of(each)} | FORM for each in (one, two)],
        documentDigests=[{"hashes": [digest]} | CADES],
    ).json()
    assert [
        b64decode(each).startswith(pdf) for each, pdf in zip(answer["DocumentWithSignature"], (one, two), strict=True)
    ]
    assert len(answer["SignatureObject"]) == 1


def test_a_document_is_sealed_once_and_no_other_in_its_place(desk: Desk) -> None:
    pdf, other = make_pdf(), make_pdf(pages=2)
    sad = sad_for(desk, pdf)
    swapped = sign_doc(desk, sad, documents=[{"document": base64_of(other)} | FORM])
    require_refused(swapped, "invalid_request", "not authorized")
    assert sign_doc(desk, sad, documents=[{"document": base64_of(pdf)} | FORM]).status_code == 200
    again = sign_doc(desk, sad, documents=[{"document": base64_of(pdf)} | FORM])
    require_refused(again, "invalid_request", "not authorized")


def test_a_document_that_cannot_be_sealed_leaves_its_authorisation_whole(desk: Desk) -> None:
    broken = b"%PDF-1.7 but not much more"
    sad = sad_for(desk, broken)
    for _ in range(2):
        answer = sign_doc(desk, sad, documents=[{"document": base64_of(broken)} | FORM])
        require_refused(answer, "invalid_request", "")
    left = v2(desk)("credentials/authorizeCheck", handle=sad).json()
    assert left["remaining"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"signature_format": "X"},
        {"conformance_level": "AdES-B-X"},
        {"conformance_level": "B-T"},
        {"signAlgo": "1.2.840.113549.1.1.11"},
        {"signature_format": "C", "conformance_level": "AdES-B-LT"},
        {"document": "!"},
        {"document": ""},
    ],
    ids=str,
)
def test_a_format_that_is_not_made_here_is_refused(desk: Desk, change: dict[str, str]) -> None:
    pdf = make_pdf()
    asked = {"document": base64_of(pdf)} | FORM | change
    require_refused(sign_doc(desk, sad_for(desk, pdf), documents=[asked]), "invalid_request", "")


def test_a_request_without_documents_is_refused(desk: Desk) -> None:
    require_refused(sign_doc(desk, "x"), "invalid_request", "documents")


@pytest.mark.judge
@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_openssl_accepts_a_detached_signature_over_a_digest(desk: Desk, level: str, tmp_path: Path) -> None:
    content = "合同正文，只有摘要离开了客户".encode()
    asked = {"hashes": [base64_of(sha256(content).digest())]} | CADES | {"conformance_level": f"AdES-{level}"}
    answer = sign_doc(desk, sad_for(desk, content), documentDigests=[asked])
    assert answer.status_code == 200, answer.text
    der = b64decode(answer.json()["SignatureObject"][0])
    signer = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
    names = {one["type"].native for one in signer["signed_attrs"]}
    assert {"signing_time", "signing_certificate_v2", "message_digest", "content_type"} <= names
    unsigned = signer["unsigned_attrs"].native or []
    assert bool(unsigned) is (level == "B-T")
    (tmp_path / "x.p7s").write_bytes(der)
    (tmp_path / "x").write_bytes(content)
    root = desk.hall.office.authority.certificate("root").public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(root)
    at = str(int(desk.hall.clock.now.timestamp()))
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "x.p7s", "-content", "x")
    trust = ("-CAfile", "root.pem", "-purpose", "any", "-attime", at, "-out", "out")
    done = subprocess.run([*command, *trust], cwd=tmp_path, capture_output=True, check=False, text=True, timeout=30)
    assert "CMS Verification successful" in done.stderr + done.stdout, done.stderr
    assert (tmp_path / "out").read_bytes() == content


def test_a_document_may_be_larger_than_other_json_but_is_asked_for_a_token_first(desk: Desk) -> None:
    pdf = make_pdf(content=b"% " + b"x" * 1_000_000)
    body = {"credentialID": desk.code, "SAD": sad_for(desk, pdf), "documents": [{"document": base64_of(pdf)} | FORM]}
    assert v2(desk)("signatures/signDoc", **body).status_code == 200
    require_refused(Csc(desk.hall, "vml_x", "v2")("signatures/signDoc", **body), "invalid_token", "", 401)
    require_refused(Csc(desk.hall, desk.boss.token, "v2")("signatures/signDoc", **body), "insufficient_scope", "", 403)
    large = v2(desk)("signatures/signDoc", documents="x" * (16 << 20))
    require_refused(large, "invalid_request", "Body too large: at most 16777216 bytes are accepted here", 413)
    assert large.headers["Connection"] == "close"


def test_a_body_that_grows_over_the_limit_is_refused_in_the_same_form(desk: Desk) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b" " * (1 << 20) for _ in range(17))

    bearer = {"Authorization": f"Bearer {v2(desk).token}"}
    for path, kind in (
        ("/csc/v2/signatures/signDoc", "application/json"),
        ("/csc/v1/signatures/signHash", "application/json"),
        ("/oauth/token", "application/x-www-form-urlencoded"),
    ):
        large = desk.hall.client.post(path, content=pieces(), headers=bearer | {"Content-Type": kind})
        require_refused(large, "invalid_request", "Body too large", 413)
