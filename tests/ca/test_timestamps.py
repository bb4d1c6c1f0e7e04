"""The time-stamping authority: what is granted, what is refused and with which word."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.der import children
from ca.errors import MalformedRequestError, ProfileError
from ca.timestamps import (
    MAX_NONCE_BITS,
    MAX_REQUEST_BYTES,
    Failure,
    Rejection,
    TimestampRequest,
    parse_request,
    stamp,
    token_of,
)
from hsm.signer import SignatureAlgorithm
from tests.support.pki import NOW, shared_pki
from tests.support.pki_judges import said

PKI = shared_pki()
POLICIES = PKI.authority.timestamp_policies
TSA = PKI.authority.certificate("tsa")
OTHER_POLICY = "1.2.3.4"


def asked(**changes: Any) -> bytes:
    """A request as another library writes it."""
    digest = changes.pop("digest", b"\x11" * 32)
    values: dict[str, Any] = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": changes.pop("hash", "sha256")}, "hashed_message": digest},
    }
    der: bytes = tsp.TimeStampReq(values | changes).dump()
    return der


def read(der: bytes) -> TimestampRequest | Rejection:
    return parse_request(der, policies=POLICIES)


def granted(der: bytes, **changes: Any) -> bytes:
    request = read(der)
    assert isinstance(request, TimestampRequest)
    arguments: dict[str, Any] = {
        "serial": 77, "now": NOW, "policy": POLICIES[0], "certificate": TSA, "chain": PKI.authority.chain_of(TSA),
    }  # fmt: skip
    with PKI.store.lease(PKI.authority.key("tsa")) as signer:
        return stamp(request, signer=signer, **(arguments | changes))


def tst_info(response: bytes) -> Any:
    return cms.ContentInfo.load(token_of(response))["content"]["encap_content_info"]["content"].parsed


def test_a_token_says_what_was_asked_when_and_under_which_policy() -> None:
    info = tst_info(granted(asked(nonce=2**63 + 5), now=datetime(2026, 6, 1, 8, 0, 0, 999_999, tzinfo=UTC)))
    assert info["version"].native == "v1"
    assert info["policy"].native == POLICIES[0].dotted_string
    assert info["message_imprint"]["hashed_message"].native == b"\x11" * 32
    assert info["serial_number"].native == 77
    assert info["gen_time"].native == NOW
    assert info["gen_time"].contents == b"20260601080000Z"
    assert info["accuracy"]["seconds"].native == 1
    assert info["nonce"].native == 2**63 + 5


def test_time_in_another_zone_is_told_in_utc() -> None:
    shanghai = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    assert tst_info(granted(asked(), now=shanghai))["gen_time"].contents == b"20260601080000Z"


def test_accuracy_is_told_in_its_three_parts() -> None:
    accuracy = tst_info(granted(asked(), accuracy=timedelta(seconds=61, microseconds=2003)))["accuracy"]
    assert [accuracy[part].native for part in ("seconds", "millis", "micros")] == [61, 2, 3]


@pytest.mark.parametrize("wanted", [True, False, None])
def test_certificates_are_embedded_only_on_request(*, wanted: bool | None) -> None:
    der = asked() if wanted is None else asked(cert_req=wanted)
    signed = cms.ContentInfo.load(token_of(granted(der)))["content"]
    embedded = {one.chosen.dump() for one in signed["certificates"] or ()}
    expected = {one.public_bytes(Encoding.DER) for one in (TSA, *PKI.authority.chain_of(TSA))}
    assert embedded == (expected if wanted else set())


def test_a_default_that_is_written_out_is_read() -> None:
    imprint = tsp.TimeStampReq.load(asked())["message_imprint"].dump()
    assert isinstance(read(_sequence(b"\x02\x01\x01" + imprint + b"\x01\x01\x00")), TimestampRequest)


def _sequence(content: bytes) -> bytes:
    return bytes((0x30, len(content))) + content


def test_the_requested_policy_is_used_if_it_is_offered() -> None:
    other = x509.ObjectIdentifier(OTHER_POLICY)
    request = parse_request(asked(req_policy=OTHER_POLICY), policies=(*POLICIES, other))
    assert isinstance(request, TimestampRequest)
    with PKI.store.lease(PKI.authority.key("tsa")) as signer:
        response = stamp(request, serial=1, now=NOW, policy=POLICIES[0], signer=signer, certificate=TSA)
    assert tst_info(response)["policy"].native == OTHER_POLICY


def test_the_token_names_its_certificate_by_sha256() -> None:
    signer = cms.ContentInfo.load(token_of(granted(asked())))["content"]["signer_infos"][0]
    attributes = {one["type"].native: one["values"][0] for one in signer["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= set(attributes)
    assert attributes["content_type"].native == "tst_info"
    named = attributes["signing_certificate_v2"]["certs"][0]
    assert named["hash_algorithm"]["algorithm"].native == "sha256"
    assert named["cert_hash"].native == TSA.fingerprint(hashes.SHA256())


def status_of(response: bytes) -> Any:
    """The status alone: asn1crypto thinks that a response must have a token, unlike RFC 3161 §2.4.2."""
    (status,) = children(response)
    return tsp.PKIStatusInfo.load(status, strict=True)


@pytest.mark.judge
def test_openssl_reads_why_a_request_was_rejected(tmp_path: Path) -> None:
    found = read(asked(hash="sha1", digest=b"\x11" * 20))
    assert isinstance(found, Rejection)
    (tmp_path / "reply.tsr").write_bytes(found.response())
    text = said("openssl", "ts", "-reply", "-in", tmp_path / "reply.tsr", "-text")
    assert "Status: Rejected." in text
    assert "unrecognized or unsupported algorithm identifier" in text


@pytest.mark.parametrize(
    ("der", "failure"),
    [
        (asked(version=2), Failure.BAD_REQUEST),
        (asked(hash="sha1", digest=b"\x11" * 20), Failure.BAD_ALG),
        (asked(hash="md5", digest=b"\x11" * 16), Failure.BAD_ALG),
        (asked(digest=b"\x11" * 31), Failure.BAD_DATA_FORMAT),
        (asked(digest=b"\x11" * 33), Failure.BAD_DATA_FORMAT),
        (asked(hash="sha512", digest=b"\x11" * 32), Failure.BAD_DATA_FORMAT),
        (asked(req_policy=OTHER_POLICY), Failure.UNACCEPTED_POLICY),
        (asked(nonce=1 << MAX_NONCE_BITS), Failure.BAD_REQUEST),
        (asked(extensions=[{"extn_id": "1.2.3", "critical": True, "extn_value": b""}]), Failure.UNACCEPTED_EXTENSION),
        (asked(extensions=[{"extn_id": "1.2.3", "extn_value": b""}]), Failure.UNACCEPTED_EXTENSION),
        (asked() + b"\x00", Failure.BAD_DATA_FORMAT),
        (asked()[:-1], Failure.BAD_DATA_FORMAT),
        (b"", Failure.BAD_DATA_FORMAT),
        (b"\x30\x80\x00\x00", Failure.BAD_DATA_FORMAT),
        (b"\x00" * (MAX_REQUEST_BYTES + 1), Failure.BAD_DATA_FORMAT),
    ],
    ids=lambda value: value.name if isinstance(value, Failure) else "",
)
def test_a_request_that_cannot_be_granted_is_rejected_by_name(der: bytes, failure: Failure) -> None:
    found = read(der)
    assert isinstance(found, Rejection)
    assert found.failure is failure
    status = status_of(found.response())
    assert status["status"].native == "rejection"
    assert {one.rstrip("s") for one in status["fail_info"].native} == {failure.name.lower()}
    assert status["status_string"].native == [found.text]
    with pytest.raises(MalformedRequestError):
        token_of(found.response())


def test_every_failure_is_written_as_the_bit_that_other_software_reads() -> None:
    for failure in Failure:
        status = status_of(Rejection(failure=failure, text="no").response())
        assert {one.rstrip("s") for one in status["fail_info"].native} == {failure.name.lower()}


@pytest.mark.parametrize("nonce", [0, 1, -1, (1 << MAX_NONCE_BITS) - 1])
def test_a_nonce_within_the_limit_comes_back(nonce: int) -> None:
    assert tst_info(granted(asked(nonce=nonce)))["nonce"].native == nonce


def test_a_request_of_4096_bytes_is_read_and_one_more_byte_is_not() -> None:
    def padded(size: int) -> bytes:
        return asked(extensions=[{"extn_id": "1.2.3", "extn_value": b"\x00" * size}])

    room = MAX_REQUEST_BYTES - len(padded(3000)) + 3000
    at_limit, beyond = read(padded(room)), read(padded(room + 1))
    assert isinstance(at_limit, Rejection)
    assert isinstance(beyond, Rejection)
    assert (at_limit.failure, beyond.failure) == (Failure.UNACCEPTED_EXTENSION, Failure.BAD_DATA_FORMAT)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 0},
        {"serial": -1},
        {"serial": 1 << 160},
        {"now": NOW.replace(tzinfo=None)},
        {"accuracy": timedelta(microseconds=999_999)},
    ],
)
def test_a_token_outside_its_limits_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(ProfileError):
        granted(asked(), **change)


def test_a_key_that_is_not_the_certificates_is_not_used() -> None:
    with pytest.raises(ProfileError, match="not that of the time-stamping certificate"):
        granted(asked(), certificate=PKI.authority.certificate("credential"))


def test_a_serial_number_of_160_bits_is_told() -> None:
    assert tst_info(granted(asked(), serial=(1 << 160) - 1))["serial_number"].native == (1 << 160) - 1


def test_the_algorithm_may_be_chosen() -> None:
    token = cms.ContentInfo.load(token_of(granted(asked(), algorithm=SignatureAlgorithm.ECDSA_SHA512)))
    signer = token["content"]["signer_infos"][0]
    assert signer["signature_algorithm"]["algorithm"].native == "sha512_ecdsa"
    assert signer["digest_algorithm"]["algorithm"].native == "sha512"


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x00", b"\x00" * 9])
def test_what_is_no_response_has_no_token(junk: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        token_of(junk)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_request_or_rejected(data: bytes) -> None:
    assert isinstance(read(data), TimestampRequest | Rejection)


@given(place=st.integers(0, 500), value=st.integers(0, 255), cut=st.integers(0, 500))
@settings(max_examples=300, deadline=None)
def test_any_damaged_request_is_answered(place: int, value: int, cut: int) -> None:
    data = bytearray(asked(nonce=12345, cert_req=True, req_policy=POLICIES[0].dotted_string))
    data[place % len(data)] = value
    for damaged in (bytes(data), bytes(data[: cut % len(data)])):
        found = read(damaged)
        if isinstance(found, Rejection):
            assert status_of(found.response())["status"].native == "rejection"
        else:
            assert granted(damaged)
