"""The PKI endpoints, spoken to as relying parties do."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ca.authority import ISSUING
from tests.support.office import Hall, code_of
from tests.support.sealing import make_pdf
from verify.keylist import parse_key_list

SHA256 = hashes.SHA256()
SHA1 = hashes.SHA1()  # noqa: S303 - most clients ask by it, RFC 6960 §4.1.1


@pytest.fixture(scope="module")
def made(shared: Hall) -> dict[str, Any]:
    return shared.establish()


def certificate(hall: Hall, name: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(hall.client.get(f"/pki/ca/{name}.cer").content)


def question(hall: Hall, code: str) -> bytes:
    seal = x509.load_pem_x509_certificate(hall.get(f"/api/v1/seals/{code}/certificate.pem").content)
    builder = ocsp.OCSPRequestBuilder().add_certificate(seal, certificate(hall, "seal"), SHA256)
    return builder.add_extension(x509.OCSPNonce(b"n" * 32), critical=False).build().public_bytes(Encoding.DER)


def timestamp_query(**changes: Any) -> bytes:
    asked = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\x01" * 32},
        "nonce": 4711,
        "cert_req": True,
    }
    der: bytes = tsp.TimeStampReq({**asked, **changes}).dump()
    return der


def failure_of(reply: bytes) -> Any:
    status = status_of(reply)
    assert status["status"].native == "rejection"
    return status["fail_info"].native


def status_of(reply: bytes) -> Any:
    """asn1crypto wants a token in every reply; RFC 3161 §2.4.2 has none in a rejection."""
    return tsp.PKIStatusInfo.load(core.Sequence.load(reply)[0].dump())


def test_ocsp_answers_good_for_a_seal_in_use_and_echoes_the_nonce(shared: Hall, made: dict[str, Any]) -> None:
    reply = shared.client.post("/pki/ocsp", content=question(shared, code_of(made)))
    assert reply.headers["content-type"] == "application/ocsp-response"
    answer = ocsp.load_der_ocsp_response(reply.content)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert answer.this_update_utc == shared.clock().replace(microsecond=0)


def test_ocsp_answers_the_same_question_in_the_path(shared: Hall, made: dict[str, Any]) -> None:
    seal = x509.load_pem_x509_certificate(shared.get(made["seals"][0]["faces"]["pem"]).content)
    builder = ocsp.OCSPRequestBuilder().add_certificate(seal, certificate(shared, "seal"), SHA256)
    text = base64.b64encode(builder.build().public_bytes(Encoding.DER)).decode()
    for spelled in (text, text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")):
        answer = ocsp.load_der_ocsp_response(shared.client.get(f"/pki/ocsp/{spelled}").content)
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD


def test_ocsp_does_not_know_a_serial_that_was_never_signed(shared: Hall) -> None:
    issuer = certificate(shared, "seal")
    name, key = (
        hashes_of(issuer.subject.public_bytes()),
        x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest,
    )
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, 2**100, SHA1).build()
    reply = shared.client.post("/pki/ocsp", content=asked.public_bytes(Encoding.DER))
    assert ocsp.load_der_ocsp_response(reply.content).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def hashes_of(data: bytes) -> bytes:
    hasher = hashes.Hash(SHA1)
    hasher.update(data)
    return hasher.finalize()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x30\x80", b"\x30\x03\x02\x01\x01"])
def test_ocsp_answers_bad_questions_as_malformed(shared: Hall, content: bytes) -> None:
    reply = shared.client.post("/pki/ocsp", content=content)
    assert reply.status_code == 200
    assert ocsp.load_der_ocsp_response(reply.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("path", ["AAAA", "%00", "not base64!", "a" * 2000])
def test_ocsp_answers_bad_paths_as_malformed(shared: Hall, path: str) -> None:
    reply = shared.client.get(f"/pki/ocsp/{path}")
    assert ocsp.load_der_ocsp_response(reply.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_ocsp_is_not_competent_for_a_foreign_issuer(shared: Hall) -> None:
    root = certificate(shared, "root")
    asked = ocsp.OCSPRequestBuilder().add_certificate(root, root, SHA256).build()
    reply = shared.client.post("/pki/ocsp", content=asked.public_bytes(Encoding.DER))
    assert ocsp.load_der_ocsp_response(reply.content).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_a_time_stamp_is_granted_over_the_imprint_with_the_nonce(shared: Hall) -> None:
    reply = shared.client.post("/pki/tsa", content=timestamp_query())
    assert reply.headers["content-type"] == "application/timestamp-reply"
    answer = tsp.TimeStampResp.load(reply.content)
    assert answer["status"]["status"].native == "granted"
    info = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == b"\x01" * 32
    assert info["nonce"].native == 4711
    with shared.office.reading() as work:
        assert work.ledger.newest_timestamp() is not None


@pytest.mark.parametrize(
    ("query", "failure"),
    [
        (b"", {"bad_data_format"}),
        (b"garbage", {"bad_data_format"}),
        (timestamp_query(req_policy="1.2.3"), {"unaccepted_policy"}),
        (
            timestamp_query(message_imprint={"hash_algorithm": {"algorithm": "md5"}, "hashed_message": b"\x01" * 16}),
            {"bad_alg"},
        ),
    ],
)
def test_a_time_stamp_that_cannot_be_granted_is_rejected_in_the_protocol(
    shared: Hall, query: bytes, failure: set[str]
) -> None:
    reply = shared.client.post("/pki/tsa", content=query)
    assert reply.status_code == 200
    assert failure_of(reply.content) == failure


def test_a_clock_that_went_back_stamps_nothing_and_forward_is_fine(hall: Hall) -> None:
    assert failureless(hall)
    hall.clock.move(timedelta(hours=-1))
    signed = hall.store.signed["vermilion-tsa-g1"]
    assert failure_of(hall.client.post("/pki/tsa", content=timestamp_query()).content) == {"time_not_available"}
    assert hall.store.signed["vermilion-tsa-g1"] == signed
    hall.clock.move(timedelta(hours=3))
    assert failureless(hall)


def failureless(hall: Hall) -> bool:
    reply = hall.client.post("/pki/tsa", content=timestamp_query()).content
    return bool(status_of(reply)["status"].native == "granted")


def test_a_clock_that_is_two_seconds_behind_another_process_still_stamps(hall: Hall) -> None:
    assert failureless(hall)
    hall.clock.move(timedelta(seconds=-2))
    assert failureless(hall)
    hall.clock.move(timedelta(microseconds=-1))
    assert not failureless(hall)


def test_nothing_is_sealed_with_a_time_stamp_while_the_clock_is_behind(hall: Hall) -> None:
    code = code_of(hall.establish())
    assert failureless(hall)
    hall.clock.move(timedelta(seconds=-30))
    answer = hall.seal(code, make_pdf())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/timestamp")
    (use,) = hall.get(f"/api/v1/seals/{code}/uses").json()["items"]
    assert use["state"] == "refused"


def test_a_clock_that_went_back_publishes_no_crl_and_the_old_one_is_served(hall: Hall) -> None:
    made = hall.establish()
    old = hall.client.get("/pki/crl/seal.crl").content
    hall.clock.move(timedelta(hours=-1))
    assert hall.client.get("/pki/crl/seal.crl").content == old
    signed = hall.store.signed["vermilion-seal-g1"]
    hall.decide("seals", code_of(made), "suspend")
    answer = hall.client.get("/pki/crl/seal.crl")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/clock")
    assert hall.store.signed["vermilion-seal-g1"] == signed
    hall.clock.move(timedelta(hours=2))
    assert len(list(x509.load_der_x509_crl(hall.client.get("/pki/crl/seal.crl").content))) == 1


def test_nothing_is_issued_before_the_ca_itself_began(hall: Hall) -> None:
    uscc = hall.register(founded_on="2020-01-01")["uscc"]
    hall.clock.move(timedelta(days=-2))
    answer = hall.post("/api/v1/licences", {"uscc": uscc}, "issue")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/clock")
    assert hall.store.signed == {}
    with hall.office.reading() as work:
        assert work.certificates.unfinished() == []


@pytest.mark.parametrize("name", ["root", *ISSUING])
def test_the_crl_of_every_issuer_is_signed_by_it_and_in_force(shared: Hall, name: str) -> None:
    crl = x509.load_der_x509_crl(shared.client.get(f"/pki/crl/{name}.crl").content)
    assert crl.is_signature_valid(certificate(shared, name).public_key())  # type: ignore[arg-type]  # an EC key
    assert crl.next_update_utc is not None
    assert crl.last_update_utc <= shared.clock() < crl.next_update_utc


@pytest.mark.parametrize("name", ISSUING)
def test_crl_numbers_go_on_from_those_of_the_ceremony(hall: Hall, name: str) -> None:
    def number(der: bytes) -> int:
        crl = x509.load_der_x509_crl(der)
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    first = number(hall.office.authority.crls[name])
    second = number(hall.client.get(f"/pki/crl/{name}.crl").content)
    assert second > first  # RFC 5280 §5.2.3: of two lists of one issuer no two have one number
    hall.clock.move(timedelta(days=2))
    assert number(hall.client.get(f"/pki/crl/{name}.crl").content) > second


def test_a_crl_is_signed_once_until_something_changes(hall: Hall) -> None:
    made = hall.establish()
    lists = {hall.client.get("/pki/crl/seal.crl").content for _ in range(3)}
    assert len(lists) == 1
    hall.decide("seals", code_of(made), "suspend")
    assert hall.client.get("/pki/crl/seal.crl").content not in lists


def test_a_suspended_seal_is_on_hold_and_leaves_the_list_when_it_comes_back(hall: Hall) -> None:
    code = code_of(hall.establish())
    hall.decide("seals", code, "suspend")
    (entry,) = x509.load_der_x509_crl(hall.client.get("/pki/crl/seal.crl").content)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.certificate_hold
    hall.decide("seals", code, "reinstate")
    assert list(x509.load_der_x509_crl(hall.client.get("/pki/crl/seal.crl").content)) == []


@pytest.mark.parametrize("name", ["root", *ISSUING])
def test_ca_certificates_are_there_in_both_forms(shared: Hall, name: str) -> None:
    pem = shared.client.get(f"/pki/ca/{name}.pem")
    assert pem.headers["content-type"] == "application/x-pem-file"
    assert x509.load_pem_x509_certificate(pem.content) == certificate(shared, name)


def test_the_chain_is_all_issuing_cas(shared: Hall) -> None:
    chain = x509.load_pem_x509_certificates(shared.client.get("/pki/ca/chain.pem").content)
    assert chain == [certificate(shared, name) for name in ISSUING]


@pytest.mark.parametrize("path", ["crl/tsa.crl", "ca/tsa.cer", "ca/nobody.pem", "status/1", "crl/chain.crl"])
def test_what_is_not_published_is_404(shared: Hall, path: str) -> None:
    answer = shared.client.get(f"/pki/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("path", ["crl/ROOT.crl", "ca/..pem.pem", "status/x", "status/-1", "status/1000001"])
def test_a_name_of_another_form_is_refused(shared: Hall, path: str) -> None:
    assert shared.client.get(f"/pki/{path}").status_code == 422


def test_the_key_list_names_the_key_that_signs_codes(shared: Hall) -> None:
    content = shared.client.get("/pki/keys").content
    assert json.loads(content)
    assert shared.office.authority.certificate("credential") in parse_key_list(content)


def test_a_status_list_is_served_before_anything_was_issued(hall: Hall) -> None:
    reply = hall.client.get("/pki/status/0")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/statuslist+cwt")


@pytest.mark.parametrize(("path", "kind"), [("/pki/ocsp", "ocsp-request"), ("/pki/tsa", "timestamp-query")])
def test_a_protocol_request_over_64_kib_is_refused(shared: Hall, path: str, kind: str) -> None:
    headers = {"Content-Type": f"application/{kind}"}
    assert shared.client.post(path, content=b"\0" * 65_536, headers=headers).status_code == 200
    answer = shared.client.post(path, content=b"\0" * 65_537, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
