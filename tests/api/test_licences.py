"""Licences over HTTP: issue, change, decisions and what follows from them."""

from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.support import contracts
from tests.support.office import Hall, code_of, random_key
from verify.pictures import read_codes

KINDS: Final = ["contract", "finance", "invoice", "official", "representative"]


def ocsp_status(hall: Hall, pem: bytes, issuer: str) -> ocsp.OCSPCertStatus:
    authority = x509.load_der_x509_certificate(hall.client.get(f"/pki/ca/{issuer}.cer").content)
    asked = ocsp.OCSPRequestBuilder().add_certificate(x509.load_pem_x509_certificate(pem), authority, hashes.SHA256())
    answer = hall.client.post("/pki/ocsp", content=asked.build().public_bytes(Encoding.DER))
    return ocsp.load_der_ocsp_response(answer.content).certificate_status


def licence_status(hall: Hall, number: str) -> ocsp.OCSPCertStatus:
    return ocsp_status(hall, hall.get(f"/api/v1/licences/{number}/licence.pem").content, "licence")


def seal_status(hall: Hall, code: str) -> ocsp.OCSPCertStatus:
    return ocsp_status(hall, hall.get(f"/api/v1/seals/{code}/certificate.pem").content, "seal")


def states(hall: Hall, made: dict[str, Any]) -> set[str]:
    return {hall.get(f"/api/v1/seals/{one['code']}").json()["state"] for one in made["seals"]}


def change(hall: Hall, made: dict[str, Any], *, key: str | None = None, **fields: Any) -> Any:
    entry = hall.get(f"/api/v1/enterprises/{made['licence']['uscc']}").json()
    return hall.post(f"/api/v1/licences/{made['licence']['number']}/change", {**entry, **fields}, "issue", key=key)


def test_a_licence_comes_with_five_seals_and_all_their_faces(hall: Hall) -> None:
    made = hall.establish()
    licence = made["licence"]
    assert (licence["version"], licence["state"]) == (1, "active")
    assert sorted(one["kind"] for one in made["seals"]) == KINDS
    assert {one["state"] for one in made["seals"]} == {"active"}
    assert hall.get(f"/api/v1/licences/{licence['number']}").json() == licence
    assert hall.get("/api/v1/licences").json()["items"] == [licence]
    for name, starts in (("pdf", b"%PDF-"), ("pem", b"-----BEGIN"), ("elq1", b"ELQ1:"), ("qr_png", b"\x89PNG")):
        face = hall.get(licence["faces"][name])
        assert face.status_code == 200
        assert face.content.startswith(starts)
    assert b"<svg" in hall.get(licence["faces"]["qr_svg"]).content
    for one in made["seals"]:
        assert hall.get(f"/api/v1/seals/{one['code']}").json() == one
        assert b"<svg" in hall.get(one["faces"]["svg"]).content
        assert hall.get(one["faces"]["png"]).content.startswith(b"\x89PNG")
        certificate = x509.load_pem_x509_certificate(hall.get(one["faces"]["pem"]).content)
        assert f"{certificate.serial_number:x}" == one["serial"]


def test_every_face_of_a_licence_passes_the_check(hall: Hall) -> None:
    faces = hall.establish()["licence"]["faces"]
    for name in ("pdf", "qr_png"):
        answer = hall.client.post("/api/v1/verify", files={"file": hall.get(faces[name]).content})
        assert answer.json()["verdict"] == "passed", answer.json()
    answer = hall.client.post("/api/v1/verify", json={"text": hall.get(faces["elq1"]).text})
    assert answer.json()["verdict"] == "passed"


def test_one_ca_signature_is_made_for_each_certificate(hall: Hall) -> None:
    hall.establish()
    assert hall.store.signed["vermilion-licence-g1"] == 1
    assert hall.store.signed["vermilion-seal-g1"] == 5


def test_an_unknown_enterprise_gets_no_licence(hall: Hall) -> None:
    answer = hall.post("/api/v1/licences", {"uscc": "91110000600037341L"}, "issue")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert hall.store.signed == {}


def test_a_second_licence_is_refused_and_no_key_is_used(hall: Hall) -> None:
    made = hall.establish()
    before = dict(hall.store.signed)
    again = hall.post("/api/v1/licences", {"uscc": made["licence"]["uscc"]}, "issue")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/licence-in-force")
    assert hall.store.signed == before


def test_a_repeated_issue_gets_the_same_licence(hall: Hall) -> None:
    body, key = {"uscc": hall.register()["uscc"]}, random_key()
    first = hall.post("/api/v1/licences", body, "issue", key=key)
    again = hall.post("/api/v1/licences", body, "issue", key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize("path", ["licences/33010620269999999999", "seals/99999999999999"])
def test_what_was_never_issued_is_404_in_every_face(shared: Hall, path: str) -> None:
    ends = {
        "licences": ["", "/licence.pdf", "/licence.pem", "/licence.elq1", "/qr.png", "/qr.svg"],
        "seals": ["", "/picture.svg", "/picture.png", "/certificate.pem", "/uses"],
    }[path.partition("/")[0]]
    for end in ends:
        answer = shared.get(f"/api/v1/{path}{end}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert shared.post(f"/api/v1/{path}/suspend", {"reason": "x"}, "issue").status_code == 404


def test_a_change_of_name_replaces_licence_and_all_seals(hall: Hall) -> None:
    old = hall.establish()
    answer = change(hall, old, name="改名之后有限公司")
    assert answer.status_code == 201
    new = answer.json()
    assert new["licence"]["version"] == 2
    assert sorted(one["kind"] for one in new["seals"]) == KINDS
    assert hall.get(f"/api/v1/licences/{old['licence']['number']}").json()["state"] == "superseded"
    assert states(hall, old) == {"invalid"}
    assert states(hall, new) == {"active"}
    assert licence_status(hall, old["licence"]["number"]) is ocsp.OCSPCertStatus.REVOKED
    assert licence_status(hall, new["licence"]["number"]) is ocsp.OCSPCertStatus.GOOD
    assert seal_status(hall, code_of(old)) is ocsp.OCSPCertStatus.REVOKED
    assert hall.get(f"/api/v1/enterprises/{new['licence']['uscc']}").json()["name"] == "改名之后有限公司"
    old_code = hall.get(old["licence"]["faces"]["elq1"]).text
    assert hall.client.post("/api/v1/verify", json={"text": old_code}).json()["verdict"] == "failed"


def test_a_new_representative_replaces_one_seal_alone(hall: Hall) -> None:
    old = hall.establish()
    new = change(hall, old, legal_representative="张三丰").json()
    assert [one["kind"] for one in new["seals"]] == ["representative"]
    assert hall.get(f"/api/v1/seals/{code_of(old, 'representative')}").json()["state"] == "invalid"
    kept = hall.get(f"/api/v1/seals/{code_of(old)}").json()
    assert (kept["state"], kept["licence"]) == ("active", new["licence"]["number"])
    refused = hall.seal(code_of(old), contracts.contract())
    assert (refused.status_code, refused.json()["reason"]) == (403, "mandate-state")  # void with the old licence
    hall.lend(new["licence"]["uscc"])
    assert hall.seal(code_of(old), contracts.contract()).status_code == 201


def test_a_change_of_address_keeps_all_seals(hall: Hall) -> None:
    old = hall.establish()
    new = change(hall, old, address="浙江省杭州市上城区新路1号").json()
    assert new["seals"] == []
    assert states(hall, old) == {"active"}


def test_a_change_that_changes_nothing_is_refused(hall: Hall) -> None:
    answer = change(hall, hall.establish())
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/state")


def test_a_change_to_another_code_is_refused(hall: Hall) -> None:
    answer = change(hall, hall.establish(), uscc=hall.register()["uscc"])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/state")


def test_a_change_with_a_wrong_field_names_it_and_changes_nothing(hall: Hall) -> None:
    made = hall.establish()
    answer = change(hall, made, founded_on="2030-01-01")
    assert answer.json()["errors"][0]["field"] == "founded_on"
    assert hall.get(f"/api/v1/licences/{made['licence']['number']}").json()["state"] == "active"


def test_a_superseded_licence_cannot_be_changed_again(hall: Hall) -> None:
    old = hall.establish()
    assert change(hall, old, address="甲路1号").status_code == 201
    assert change(hall, old, address="乙路1号").status_code == 409


def test_a_repeated_change_is_made_once(hall: Hall) -> None:
    made, key = hall.establish(), random_key()
    entry = {**hall.get(f"/api/v1/enterprises/{made['licence']['uscc']}").json(), "address": "甲路1号"}
    path = f"/api/v1/licences/{made['licence']['number']}/change"
    first, again = (hall.post(path, entry, "issue", key=key) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


def test_a_suspended_licence_suspends_its_seals_and_brings_them_back(hall: Hall) -> None:
    made = hall.establish()
    number, code = made["licence"]["number"], code_of(made)
    assert hall.decide("licences", number, "suspend").json()["state"] == "suspended"
    assert states(hall, made) == {"suspended"}
    assert licence_status(hall, number) is ocsp.OCSPCertStatus.REVOKED  # certificateHold
    assert seal_status(hall, code) is ocsp.OCSPCertStatus.REVOKED
    assert hall.seal(code, contracts.contract()).json()["type"] == "/problems/seal-unusable"
    assert hall.decide("licences", number, "reinstate").json()["state"] == "active"
    assert states(hall, made) == {"active"}
    assert seal_status(hall, code) is ocsp.OCSPCertStatus.GOOD
    assert hall.seal(code, contracts.contract()).json()["reason"] == "mandate-state"  # what was lent does not come back
    hall.lend(made["licence"]["uscc"])
    assert hall.seal(code, contracts.contract()).status_code == 201


def test_a_seal_that_was_suspended_by_itself_stays_so_when_the_licence_comes_back(hall: Hall) -> None:
    made = hall.establish()
    number, code = made["licence"]["number"], code_of(made)
    assert hall.decide("seals", code, "suspend").json()["state"] == "suspended"
    for decision in ("suspend", "reinstate"):
        assert hall.decide("licences", number, decision).status_code == 200
    assert hall.get(f"/api/v1/seals/{code}").json()["state"] == "suspended"
    assert hall.get(f"/api/v1/seals/{code_of(made, 'finance')}").json()["state"] == "active"
    assert hall.decide("seals", code, "reinstate").json()["state"] == "active"


def test_a_seal_does_not_come_back_before_its_licence(hall: Hall) -> None:
    made = hall.establish()
    hall.decide("seals", code_of(made), "suspend")
    hall.decide("licences", made["licence"]["number"], "suspend")
    answer = hall.decide("seals", code_of(made), "reinstate")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/seal-unusable")


@pytest.mark.parametrize(
    ("decision", "state", "seals"), [("revoke", "revoked", "invalid"), ("cancel", "cancelled", "cancelled")]
)
def test_the_end_of_a_licence_is_the_end_of_its_seals(hall: Hall, decision: str, state: str, seals: str) -> None:
    made = hall.establish()
    number = made["licence"]["number"]
    assert hall.decide("licences", number, decision).json()["state"] == state
    assert states(hall, made) == {seals}
    assert licence_status(hall, number) is ocsp.OCSPCertStatus.REVOKED
    crl = x509.load_der_x509_crl(hall.client.get("/pki/crl/seal.crl").content)
    assert {f"{one.serial_number:x}" for one in crl} == {one["serial"] for one in made["seals"]}
    assert hall.decide("licences", number, "reinstate").status_code == 409


def test_an_enterprise_whose_licence_ended_may_be_licensed_anew(hall: Hall) -> None:
    made = hall.establish()
    hall.decide("licences", made["licence"]["number"], "revoke")
    again = hall.establish(made["licence"]["uscc"])
    assert again["licence"]["version"] == 2
    assert len(again["seals"]) == 5


def test_a_revoked_licence_can_still_be_cancelled(hall: Hall) -> None:
    number = hall.establish()["licence"]["number"]
    for decision, state in (("revoke", "revoked"), ("cancel", "cancelled")):
        assert hall.decide("licences", number, decision).json()["state"] == state


def test_a_cancelled_seal_stays_cancelled(hall: Hall) -> None:
    made = hall.establish()
    assert hall.decide("seals", code_of(made), "cancel").json()["state"] == "cancelled"
    answer = hall.decide("seals", code_of(made), "reinstate")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/seal-state")
    assert seal_status(hall, code_of(made)) is ocsp.OCSPCertStatus.REVOKED


def test_an_unknown_decision_or_an_empty_reason_is_refused(shared: Hall) -> None:
    assert shared.post("/api/v1/licences/1/burn", {"reason": "x"}, "issue").status_code == 422
    assert shared.post("/api/v1/seals/1/revoke", {"reason": "x"}, "issue").status_code == 422
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 257}, {"reason": "x", "more": 1}):
        answer = shared.post("/api/v1/licences/1/suspend", body, "issue")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request")


def test_licences_and_seals_are_listed_in_pages(hall: Hall) -> None:
    made = [hall.establish() for _ in range(2)]
    numbers, cursor = [], ""
    for _ in range(2):
        page = hall.get("/api/v1/licences", params={"limit": 1, "cursor": cursor}).json()
        numbers += [one["number"] for one in page["items"]]
        cursor = page["next"]
    assert numbers == [one["licence"]["number"] for one in made]
    first = hall.get("/api/v1/seals", params={"limit": 7}).json()
    rest = hall.get("/api/v1/seals", params={"limit": 7, "cursor": first["next"]}).json()
    assert rest["next"] is None
    assert len({one["code"] for one in first["items"] + rest["items"]}) == 10
    of_one = hall.get("/api/v1/seals", params={"uscc": made[0]["licence"]["uscc"]}).json()
    assert {one["code"] for one in of_one["items"]} == {one["code"] for one in made[0]["seals"]}


def test_the_printed_code_is_the_address_of_the_check_page(hall: Hall) -> None:
    licence = hall.establish()["licence"]
    (text,) = read_codes(hall.get(licence["faces"]["qr_png"]).content)
    assert text.startswith(f"{hall.office.authority.base_url}/q#ELQ1:")


@pytest.mark.parametrize("field", ["name", "legal_representative", "address"])
def test_a_character_that_no_font_has_is_refused_before_any_key_is_used(hall: Hall, field: str) -> None:
    entry = hall.register(**{field: "朱砂\U0003134a有限公司"})  # the last ideograph of extension H
    answer = hall.post("/api/v1/licences", {"uscc": entry["uscc"]}, "issue")
    assert answer.status_code == 422
    assert answer.json()["type"] in {"/problems/glyph", "/problems/seal-picture"}
    assert hall.store.signed == {}
    assert hall.store.session == {}
    assert hall.get("/api/v1/licences").json()["items"] == []
    with hall.office.reading() as work:
        assert work.certificates.unfinished() == []
