"""OCSP: what is read, what is refused, and what the answers say."""

import base64
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.certificate_states import GOOD, Reason, Standing
from ca.der import children, wrap
from ca.errors import MalformedRequestError, ProfileError
from ca.ocsp import (
    MAX_REQUEST_BYTES,
    IssuerIndex,
    OcspQuestion,
    ResponseStatus,
    issuer_hashes,
    parse_request,
    refuse,
    request_of_path,
    respond,
)
from hsm.algorithms import load_public_key
from hsm.signer import KeySpec
from tests.support.keys import signs_for
from tests.support.pki import NOW, make_pki, mapping, shared_pki

PKI = shared_pki()
SEAL_CA = PKI.authority.certificate("seal")
INDEX = IssuerIndex.of(PKI.authority.issuers())
CERTIFICATE, _ = PKI.issue()
FRESH = timedelta(hours=8)
NULL = b"\x05\x00"
SHA1 = wrap(0x30, bytes.fromhex("06052b0e03021a"), NULL)
SHA256 = wrap(0x30, bytes.fromhex("0609608648016503040201"))


def cert_id(serial: bytes = b"\x01", algorithm: bytes = SHA1, name: bytes = b"n" * 20, key: bytes = b"k" * 20) -> bytes:
    return wrap(0x30, algorithm, wrap(0x04, name), wrap(0x04, key), wrap(0x02, serial))


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    return wrap(0x30, bytes.fromhex(oid), critical, wrap(0x04, value))


def nonce(value: bytes) -> bytes:
    return extension("06092b0601050507300102", wrap(0x04, value))


def request(
    *ids: bytes, before: bytes = b"", extensions: tuple[bytes, ...] = (), after: bytes = b"", one: bytes = b""
) -> bytes:
    listed = wrap(0x30, *(wrap(0x30, each, one) for each in ids or (cert_id(),)))
    told = wrap(0xA2, wrap(0x30, *extensions)) if extensions else b""
    return wrap(0x30, wrap(0x30, before, listed, told), after)


def built(change: Callable[[ocsp.OCSPRequestBuilder], ocsp.OCSPRequestBuilder], digest: hashes.HashAlgorithm) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(CERTIFICATE, SEAL_CA, digest)
    return change(builder).build().public_bytes(Encoding.DER)


def answer(question: OcspQuestion, standing: Standing | None, *, name: str = "ocsp-seal") -> ocsp.OCSPResponse:
    with PKI.store.lease(PKI.authority.key(name)) as signer:
        der = respond(
            question, standing, responder=PKI.authority.responder(name), signer=signer, now=NOW, fresh_for=FRESH
        )
    return ocsp.load_der_ocsp_response(der)


@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])  # noqa: S303 - CertID
def test_a_question_is_read_and_its_issuer_found_by_every_hash(digest: hashes.HashAlgorithm) -> None:
    question = parse_request(built(lambda builder: builder, digest))
    assert question.serial == CERTIFICATE.serial_number
    assert question.hash_name == digest.name
    assert question.nonce is None
    assert INDEX.find(question) == "seal"


def test_a_question_about_a_foreign_issuer_finds_none() -> None:
    stranger = make_pki(mapping(ca=KeySpec.EC_P256)).authority.certificate("seal")
    builder = ocsp.OCSPRequestBuilder().add_certificate(CERTIFICATE, stranger, hashes.SHA256())
    assert INDEX.find(parse_request(builder.build().public_bytes(Encoding.DER))) is None
    unknown_hash = wrap(0x30, bytes.fromhex("0603550403"))
    assert INDEX.find(parse_request(request(cert_id(algorithm=unknown_hash)))) is None


def test_the_name_and_key_hashes_are_those_of_the_library() -> None:
    asked = ocsp.load_der_ocsp_request(built(lambda builder: builder, hashes.SHA256()))
    assert issuer_hashes(SEAL_CA, "sha256") == (asked.issuer_name_hash, asked.issuer_key_hash)


@pytest.mark.parametrize("size", [1, 32, 33, 127, 128])
def test_a_nonce_of_up_to_128_octets_is_echoed(size: int) -> None:
    value = bytes(range(size))
    question = parse_request(request(extensions=(nonce(value),)))
    assert question.nonce == value
    echoed = answer(question, GOOD).extensions.get_extension_for_class(x509.OCSPNonce).value
    assert echoed.nonce == value


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"GET / HTTP/1.1",
        b"\x00" * MAX_REQUEST_BYTES,
        request() + b"\x00",
        request(cert_id(), cert_id(b"\x02")),
        wrap(0x30, wrap(0x30, wrap(0x30))),
        request(cert_id(b"\xff")),
        request(cert_id(b"\x00")),
        request(cert_id(b"\x00\xff" + b"\x00" * 20)),
        request(cert_id(b"\x00\x01")),
        request(cert_id(b"")),
        request(extensions=(nonce(b""),)),
        request(extensions=(nonce(b"x" * 129),)),
        request(extensions=(nonce(b"x"), nonce(b"x"))),
        request(extensions=(extension("06092b0601050507300102", b"x"),)),
        request(extensions=(extension("06092b0601050507300102", b""),)),
        request(extensions=(extension("0603550403", b"", b"\x01\x01\xff"),)),
        request(one=wrap(0xA0, wrap(0x30, extension("0603550403", b"", b"\x01\x01\xff")))),
        request(before=wrap(0xA0, b"\x02\x01\x01")),
        wrap(0x30, b"\x30\x80" + request()[4:] + b"\x00\x00"),
    ],
)
def test_a_hostile_request_is_malformed(hostile: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        parse_request(hostile)


@pytest.mark.parametrize(
    "unusual",
    [
        request(cert_id(b"\x7f" + b"\xff" * 19)),
        request(cert_id(b"\x00" + b"\xff" * 20)),
        request(before=wrap(0xA0, b"\x02\x01\x00")),
        request(before=wrap(0xA1, wrap(0xA4, wrap(0x30)))),
        request(extensions=(extension("0603550403", b"", b"\x01\x01\x00"),)),
        request(extensions=(extension("06092b0601050507300104", wrap(0x30)),)),
        request(after=wrap(0xA0, wrap(0x30, SHA256, b"\x03\x02\x00\x01"))),
    ],
    ids=["20 octets", "160 bits", "version written", "requestor", "FALSE written", "unknown extension", "signed"],
)
def test_an_unusual_request_is_read(unusual: bytes) -> None:
    assert parse_request(unusual).serial > 0


def test_a_request_of_2048_bytes_is_read_and_one_more_byte_is_not() -> None:
    def padded(size: int) -> bytes:
        return request(extensions=(extension("0603550403", b"\x00" * size),))

    room = MAX_REQUEST_BYTES - len(padded(1000)) + 1000
    assert len(padded(room)) == MAX_REQUEST_BYTES
    assert parse_request(padded(room)).serial == 1
    with pytest.raises(MalformedRequestError, match="2048"):
        parse_request(padded(room + 1))


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    try:
        parse_request(data)
    except MalformedRequestError:
        return


@given(place=st.integers(0, 200), value=st.integers(0, 255), cut=st.integers(0, 200))
@settings(max_examples=300, deadline=None)
def test_any_damaged_request_is_read_or_malformed(place: int, value: int, cut: int) -> None:
    data = bytearray(request(extensions=(nonce(b"n" * 32),)))
    data[place % len(data)] = value
    for damaged in (bytes(data), bytes(data[: cut % len(data)])):
        try:
            parse_request(damaged)
        except MalformedRequestError:
            continue


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_path_is_a_request_or_malformed(path: str) -> None:
    try:
        request_of_path(path)
    except MalformedRequestError:
        return


def test_a_path_gives_back_the_request() -> None:
    der = built(lambda builder: builder, hashes.SHA256())
    text = base64.b64encode(der).decode()
    assert request_of_path(quote(text, safe="")) == request_of_path("/" + text) == der
    for bad in (text[:-1] + "!", text + "=", "%zz", "ä"):
        with pytest.raises(MalformedRequestError):
            request_of_path(bad)
    with pytest.raises(MalformedRequestError):
        request_of_path("A" * (4 * MAX_REQUEST_BYTES + 1))


def test_answers_say_good_revoked_suspended_and_unknown() -> None:
    question = parse_request(built(lambda builder: builder, hashes.SHA256()))
    good = answer(question, GOOD)
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.serial_number == CERTIFICATE.serial_number
    assert (good.this_update_utc, good.next_update_utc, good.produced_at_utc) == (NOW, NOW + FRESH, NOW)
    assert good.certificates == [PKI.authority.certificate("ocsp-seal")]
    revoked = answer(question, GOOD.revoke(Reason.KEY_COMPROMISE, at=NOW))
    assert (revoked.certificate_status, revoked.revocation_reason, revoked.revocation_time_utc) == (
        ocsp.OCSPCertStatus.REVOKED,
        x509.ReasonFlags.key_compromise,
        NOW,
    )
    held = answer(question, GOOD.suspend(at=NOW))
    assert (held.certificate_status, held.revocation_reason) == (
        ocsp.OCSPCertStatus.REVOKED,
        x509.ReasonFlags.certificate_hold,
    )
    bare = answer(question, GOOD.revoke(Reason.UNSPECIFIED, at=NOW))
    assert (bare.certificate_status, bare.revocation_reason) == (ocsp.OCSPCertStatus.REVOKED, None)
    assert answer(question, None).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in {Reason.UNSPECIFIED, Reason.HOLD}])
def test_every_reason_is_told_by_its_number(reason: Reason) -> None:
    question = parse_request(built(lambda builder: builder, hashes.SHA256()))
    assert answer(question, GOOD.revoke(reason, at=NOW)).revocation_reason is reason.flag


@pytest.mark.parametrize("parameters", [NULL, b""], ids=["NULL", "absent"])
def test_the_certificate_is_named_as_the_client_named_it(parameters: bytes) -> None:
    asked = cert_id(algorithm=wrap(0x30, bytes.fromhex("06052b0e03021a"), parameters))
    question = parse_request(request(asked))
    assert question.cert_id == asked
    der = answer(question, GOOD).public_bytes(Encoding.DER)
    assert asked in der


def test_the_signature_is_the_responders() -> None:
    question = parse_request(built(lambda builder: builder, hashes.SHA256()))
    response = answer(question, GOOD)
    key = load_public_key(PKI.authority.key("ocsp-seal").spki)
    assert signs_for(response.signature, response.tbs_response_bytes, key)


def test_no_answer_is_signed_by_another_key_than_the_responders() -> None:
    """Neither the issuer's certificate nor another CA's responder beside the key of this one."""
    question = parse_request(built(lambda one: one, hashes.SHA256()))
    for name in ("seal", "ocsp-licence"):
        with PKI.store.lease(PKI.authority.key("ocsp-seal")) as signer, pytest.raises(ProfileError, match="the key"):
            respond(
                question,
                GOOD,
                responder=PKI.authority.responder(name),
                signer=signer,
                now=NOW,
                fresh_for=FRESH,
            )


def test_an_answer_needs_a_time_with_a_zone_and_freshness() -> None:
    question = parse_request(request())
    responder = PKI.authority.responder("ocsp-seal")
    with PKI.store.lease(PKI.authority.key("ocsp-seal")) as signer:
        for now, fresh_for in [(NOW.replace(tzinfo=None), FRESH), (NOW, timedelta())]:
            with pytest.raises(ProfileError):
                respond(question, GOOD, responder=responder, signer=signer, now=now, fresh_for=fresh_for)


@pytest.mark.parametrize("status", [status for status in ResponseStatus if status is not ResponseStatus.SUCCESSFUL])
def test_a_refusal_is_five_bytes_that_say_why(status: ResponseStatus) -> None:
    der = refuse(status)
    assert der == bytes((0x30, 3, 0x0A, 1, status.value))
    assert ocsp.load_der_ocsp_response(der).response_status.value == status.value


def test_success_is_no_refusal() -> None:
    with pytest.raises(ProfileError):
        refuse(ResponseStatus.SUCCESSFUL)
    assert len(children(refuse(ResponseStatus.TRY_LATER))) == 1
