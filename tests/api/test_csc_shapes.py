"""What the remote signing interface says, and to whom: shapes that real clients parse, and nobody's secrets."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography import x509
from httpx import Response

from seals.mandates import Grantee, GranteeKind
from tests.support.office import code_of, open_hall
from tests.support.people import enrol
from tests.support.remote import ECDSA, SHA256, Csc, Desk, Pkce, app, desk_of, require_refused, sad_of, sign, some
from tests.support.rights import lend, lend_to_machine

TIME = re.compile(r"[0-9]{14}Z")
URL = re.compile(r"https?://\S+")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_hall(tmp_path_factory.mktemp("shapes"), verify_per_minute=100_000) as hall:
        yield desk_of(hall)


def require_shape(value: Any, shape: Any, at: str = "answer") -> None:
    """A contract in the manner of zod: types, patterns, lists of one kind, objects with exactly these keys ("?" may miss)."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), at
        known = {name.rstrip("?") for name in shape}
        assert value.keys() <= known, f"{at} has {sorted(value.keys() - known)}"
        for name, inner in shape.items():
            bare = name.rstrip("?")
            assert bare in value or name.endswith("?"), f"{at} lacks {bare}"
            if bare in value:
                require_shape(value[bare], inner, f"{at}.{bare}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        assert value, at
        for number, one in enumerate(value):
            require_shape(one, shape[0], f"{at}[{number}]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), at
        assert shape.fullmatch(value), f"{at} is {value}"
    elif isinstance(shape, set):
        assert value in shape, f"{at} is {value}"
    else:
        assert type(value) is shape, f"{at} is {value!r}"


INFO = {
    "specs": re.compile(r"1\.0\.4\.0"),
    "name": str,
    "logo": URL,
    "region": re.compile(r"[A-Z]{2}"),
    "lang": str,
    "description": str,
    "authType": [{"oauth2code", "oauth2client"}],
    "oauth2": URL,
    "methods": [str],
}
KEY = {"status": {"enabled", "disabled"}, "algo": [re.compile(r"[0-9.]+")], "len": int, "curve": re.compile(r"[0-9.]+")}
CERT = {
    "status": {"valid", "expired", "revoked", "suspended"},
    "certificates": [str],
    "issuerDN": str,
    "serialNumber": str,
    "subjectDN": str,
    "validFrom": TIME,
    "validTo": TIME,
}
CREDENTIAL = {
    "description": str,
    "key": KEY,
    "cert": CERT,
    "authMode": {"implicit", "explicit", "oauth2code"},
    "SCAL": {"2"},
    "multisign": int,
    "lang": str,
}


def test_version_1_speaks_the_contract_of_documenso(desk: Desk) -> None:
    """The fields and types that its schemas demand, notes on the wire contract."""
    require_shape(Csc(desk.hall, "")("info").json(), INFO)
    require_shape(desk.csc("credentials/list").json(), {"credentialIDs": [re.compile(r"[0-9]{14}")]})
    told = desk.csc("credentials/info", credentialID=desk.code, certificates="chain", certInfo=True, authInfo=True)
    require_shape(told.json(), CREDENTIAL)
    assert told.json()["multisign"] >= 1
    hashes = some()
    pkce = Pkce()
    more = {"credentialID": desk.code, "numSignatures": "1", "hash": urlsafe(hashes[0])}
    code = desk.platform.code(desk.boss, pkce, "credential", **more)
    token = desk.platform.redeem(code, pkce, "/csc/v1/oauth2/token").json()
    require_shape(
        token, {"access_token": str, "token_type": {"SAD"}, "expires_in": int, "scope": str, "credentialID": str}
    )
    signed = sign(desk, token["access_token"], hashes)
    require_shape(signed.json(), {"signatures": [str]})
    stamped = desk.csc("signatures/timestamp", hash=hashes[0], hashAlgo=SHA256)
    require_shape(stamped.json(), {"timestamp": str})


def urlsafe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_").rstrip("=")


def test_version_2_tells_of_algorithms_formats_and_levels(desk: Desk) -> None:
    told = Csc(desk.hall, "", "v2")("info").json()
    more = {
        "specs": re.compile(r"2\.0\.0\.2"),
        "oauth2Issuer": URL,
        "asynchronousOperationMode": bool,
        "validationInfo": bool,
        "signAlgorithms": {"algos": [re.compile(r"[0-9.]+")]},
        "signature_formats": {"formats": [{"P", "C"}], "envelope_properties": [[str]]},
        "conformance_levels": [re.compile(r"AdES-B-(B|T|LT|LTA)")],
    }
    require_shape(told, INFO | more)


def test_version_2_lists_credentials_with_all_about_them(desk: Desk) -> None:
    asked = {"credentialInfo": True, "certificates": "chain", "certInfo": True, "authInfo": True, "onlyValid": True}
    told = desk.v2()("credentials/list", **asked).json()
    bare = {name: shape for name, shape in CREDENTIAL.items() if name != "authMode"}
    wanted = bare | {"credentialID": str, "signatureQualifier": str, "auth": {"mode": {"oauth2code", "implicit"}}}
    require_shape(told, {"credentialIDs": [str], "credentialInfos": [wanted], "onlyValid": bool})
    assert [one["credentialID"] for one in told["credentialInfos"]] == told["credentialIDs"]


def test_every_method_that_info_names_is_there(desk: Desk) -> None:
    for version in ("v1", "v2"):
        for method in Csc(desk.hall, "", version)("info").json()["methods"]:
            path = f"/csc/{version}/{method}"
            verb = desk.hall.client.get if method == "oauth2/authorize" else desk.hall.client.post
            assert verb(path).status_code != 404, path


@pytest.mark.parametrize(("certificates", "count"), [("none", 0), ("single", 1), ("chain", 3)])
def test_certificates_come_signer_first_and_as_many_as_asked(desk: Desk, certificates: str, count: int) -> None:
    told = desk.csc("credentials/info", credentialID=desk.code, certificates=certificates).json()["cert"]
    found = [x509.load_der_x509_certificate(b64decode(one)) for one in told.get("certificates", ())]
    assert len(found) == count
    for lower, upper in pairwise(found):
        assert lower.issuer == upper.subject


def test_a_list_of_credentials_has_pages(desk: Desk) -> None:
    whole = desk.csc("credentials/list").json()["credentialIDs"]
    assert len(whole) == 5
    got: list[str] = []
    token: dict[str, str] = {}
    while True:
        part = desk.csc("credentials/list", maxResults=2, **token).json()
        got += part["credentialIDs"]
        if "nextPageToken" not in part:
            break
        token = {"pageToken": part["nextPageToken"]}
    assert got == whole
    require_refused(desk.csc("credentials/list", pageToken="x"), "invalid_request", "pageToken")
    require_refused(desk.csc("credentials/list", maxResults=0), "invalid_request", "maxResults")


def test_nobody_sees_or_reaches_a_credential_that_is_not_his(desk: Desk) -> None:
    other = desk_of(desk.hall)
    assert desk.code not in other.csc("credentials/list").json()["credentialIDs"]
    assert other.code not in desk.csc("credentials/list").json()["credentialIDs"]
    for stranger in (other.csc, other.machine):
        theirs = stranger("credentials/info", credentialID=desk.code)
        nobodys = stranger("credentials/info", credentialID="00000000000000")
        assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())
        require_refused(
            stranger("credentials/authorize", credentialID=desk.code, hash=some()), "invalid_request", "credentialID"
        )
    require_refused(other.csc("credentials/list", userID=desk.boss.person), "invalid_request", "userID")
    assert other.csc("credentials/list", userID=other.boss.person).status_code == 200


def test_a_manager_a_user_without_a_mandate_and_an_auditor_have_no_credentials(desk: Desk) -> None:
    for role in ("manager", "user", "auditor"):
        person = enrol(desk.hall, desk.boss.uscc, role, by=desk.boss)
        csc = Csc(desk.hall, desk.platform.bearer(person))
        assert csc("credentials/list").json() == {"credentialIDs": []}


def test_a_user_signs_with_what_he_was_lent_and_nothing_else(desk: Desk) -> None:
    person = enrol(desk.hall, desk.boss.uscc, "user", by=desk.boss)
    lend(
        desk.hall.office,
        desk.boss.uscc,
        Grantee(kind=GranteeKind.PERSON, id=person.person),
        kinds=frozenset(),
        seals=frozenset({desk.code}),
        max_uses=1,
    )
    csc = Csc(desk.hall, desk.platform.bearer(person))
    assert csc("credentials/list").json() == {"credentialIDs": [desk.code]}
    hashes = some(2)
    sad = sad_of(desk, hashes, csc=csc, person=person)
    assert sign(desk, sad, hashes[:1], csc=csc).status_code == 200
    require_refused(sign(desk, sad, hashes[1:], csc=csc), "access_denied", "used up", 403)
    assert csc("credentials/list").json() == {"credentialIDs": []}


def test_a_mandate_with_limits_that_a_hash_cannot_meet_shows_nothing(desk: Desk) -> None:
    erp = app(desk.hall, uscc=desk.boss.uscc)
    lend_to_machine(desk.hall.office, desk.boss.uscc, erp.client.id, max_pages=10)
    assert Csc(desk.hall, erp.machine())("credentials/list").json() == {"credentialIDs": []}


def test_a_machine_whose_mandate_ran_out_signs_no_more(desk: Desk) -> None:
    erp = app(desk.hall, uscc=desk.boss.uscc)
    lend_to_machine(
        desk.hall.office, desk.boss.uscc, erp.client.id, not_after=desk.hall.clock.now + timedelta(minutes=1)
    )
    csc, hashes = Csc(desk.hall, erp.machine()), some()
    sad = csc("credentials/authorize", credentialID=desk.code, hash=hashes).json()["SAD"]
    began = desk.hall.clock.now
    try:
        desk.hall.clock.move(timedelta(minutes=2))
        require_refused(sign(desk, sad, hashes, csc=csc), "access_denied", "mandate", 403)
    finally:
        desk.hall.clock.now = began


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    "method", ["credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash"]
)
def test_nothing_is_told_without_a_token_for_this(desk: Desk, version: str, method: str) -> None:
    body = {"credentialID": desk.code, "hash": some(), "hashes": some(), "SAD": "x", "signAlgo": ECDSA}
    unknown = Csc(desk.hall, "vml_unknown", version)(method, **body)
    require_refused(unknown, "invalid_token", "", 401)
    assert 'error="invalid_token"' in unknown.headers["www-authenticate"]
    require_refused(Csc(desk.hall, desk.boss.token, version)(method, **body), "insufficient_scope", "", 403)
    require_refused(Csc(desk.hall, desk.hall.tokens["seal"], version)(method, **body), "insufficient_scope", "", 403)


BAD = [
    ({"hash": []}, "hash"),
    ({"hash": ["AAAA"]}, "Invalid digest value length"),
    ({"hash": ["not base64!"]}, "Base64"),
    ({"hash": [b64encode(bytes(32)).decode() + "\n"]}, "Base64"),
    ({"hash": None}, "hash"),
    ({"hash": 7}, "hash"),
    ({"hash": [b64encode(bytes(20)).decode()], "hashAlgo": "1.3.14.3.2.26"}, "hashAlgo"),
    ({"hashAlgo": "2.16.840.1.101.3.4.2.2"}, "Invalid digest value length"),
    ({"hashAlgo": "sha256"}, "hashAlgo"),
    ({"signAlgo": "1.2.840.10045.4.3.3"}, "signAlgo"),
    ({"signAlgo": "1.2.3"}, "signAlgo"),
    ({"signAlgo": None}, "signAlgo"),
    ({"signAlgoParams": "BQA=x"}, "signAlgoParams"),
    ({"signAlgoParams": "MAA="}, "signAlgoParams"),
    ({"credentialID": ["x"]}, "credentialID"),
    ({"SAD": ""}, "SAD"),
    ({"SAD": {"a": 1}}, "SAD"),
]


@pytest.mark.parametrize(("change", "text"), BAD, ids=lambda one: str(one)[:40])
def test_what_is_wrong_with_a_request_is_told_in_this_interfaces_own_words(
    desk: Desk, change: dict[str, Any], text: str
) -> None:
    body = {"credentialID": desk.code, "SAD": "x", "hash": some(), "hashAlgo": SHA256, "signAlgo": ECDSA} | change
    require_refused(desk.csc("signatures/signHash", **body), "invalid_request", text)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"credentialID": "\x00"}', b"\xff"])
def test_a_body_that_is_no_json_object_is_an_invalid_request(desk: Desk, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {desk.csc.token}", "Content-Type": "application/json"}
    answer = desk.hall.client.post("/csc/v1/credentials/info", content=content, headers=headers)
    require_refused(answer, "invalid_request", "")


def test_a_rsa_signature_algorithm_does_not_fit_an_elliptic_key(desk: Desk) -> None:
    hashes = some()
    sad = sad_of(desk, hashes)
    refused = sign(desk, sad, hashes, signAlgo="1.2.840.113549.1.1.11")
    require_refused(refused, "invalid_request", "")
    assert sign(desk, sad, hashes).status_code == 200


def test_as_many_hashes_as_multisign_says_can_be_authorised_and_not_one_more(desk: Desk) -> None:
    most = desk.csc("credentials/info", credentialID=desk.code).json()["multisign"]

    def ask(count: int) -> Response:
        return desk.machine("credentials/authorize", credentialID=desk.code, hash=some(count))

    assert ask(most).status_code == 200
    require_refused(ask(most + 1), "invalid_request", "hash")
    off = desk.machine("credentials/authorize", credentialID=desk.code, hash=some(2), numSignatures=3)
    require_refused(off, "invalid_request", "numSignatures")


def test_a_person_without_a_passkeys_answer_gets_no_sad(desk: Desk) -> None:
    for proof in (None, "", "not json", "[]", "{}", '{"id": "x"}'):
        answer = desk.csc("credentials/authorize", credentialID=desk.code, hash=some(), clientData=proof)
        assert answer.status_code in {400, 403}, answer.text
        assert set(answer.json()) == {"error", "error_description"}


def test_a_passkeys_answer_counts_once(desk: Desk) -> None:
    hashes = some()
    asked = desk.csc("credentials/getChallenge", credentialID=desk.code, hash=hashes).json()
    proof = json.dumps(desk.boss.agree(asked["publicKey"]))
    ask = {"credentialID": desk.code, "hash": hashes, "clientData": proof}
    assert desk.csc("credentials/authorize", **ask).status_code == 200
    require_refused(desk.csc("credentials/authorize", **ask), "access_denied", "", 403)


def test_a_time_stamp_is_over_the_hash_and_carries_the_nonce(desk: Desk) -> None:
    (hash_,) = some()
    answer = desk.v2()("signatures/timestamp", hash=hash_, hashAlgorithmOID=SHA256, nonce="1234567890")
    info = tsp.ContentInfo.load(b64decode(answer.json()["timestamp"]))["content"]["encap_content_info"][
        "content"
    ].parsed
    assert info["message_imprint"]["hashed_message"].native == b64decode(hash_)
    assert info["nonce"].native == 1234567890
    require_refused(desk.v2()("signatures/timestamp", hash=hash_, nonce="-1"), "invalid_request", "nonce")


def test_version_2_signs_with_a_token_of_scope_credential_alone(desk: Desk) -> None:
    hashes = some(2)
    pkce = Pkce()
    more = {"credentialID": desk.code, "numSignatures": "2", "hashes": ",".join(map(urlsafe, hashes))}
    code = desk.platform.code(desk.boss, pkce, "credential", **more)
    token = desk.platform.redeem(code, pkce).json()
    assert token["token_type"] == "Bearer"
    csc = Csc(desk.hall, token["access_token"], "v2")
    body = {"credentialID": desk.code, "hashes": hashes, "hashAlgorithmOID": SHA256, "signAlgo": ECDSA}
    for method in ("credentials/list", "credentials/getChallenge", "credentials/authorize"):
        require_refused(csc(method, credentialID=desk.code, hashes=hashes), "insufficient_scope", "", 403)
    assert csc("signatures/signHash", **body).status_code == 200
    require_refused(csc("signatures/signHash", **body), "invalid_request", "not authorized")
    require_refused(desk.v2()("signatures/signHash", **body), "invalid_request", "SAD")


def test_version_2_tells_how_much_of_an_authorisation_is_left(desk: Desk) -> None:
    hashes = some(3)
    given = Csc(desk.hall, desk.machine.token, "v2")
    sad = given("credentials/authorize", credentialID=desk.code, hashes=hashes, numSignatures=3).json()["SAD"]
    assert sign(desk, sad, hashes[:1], csc=desk.machine).status_code == 200
    told = given("credentials/authorizeCheck", handle=sad).json()
    assert (told["numSignatures"], told["remaining"], told["expiresIn"]) == (3, 2, 300)
    require_refused(desk.v2()("credentials/authorizeCheck", handle=sad), "invalid_request", "SAD")
    require_refused(desk.v2()("credentials/authorizeCheck", handle="x"), "invalid_request", "handle")


def test_sha384_hashes_are_agreed_to_by_their_digest(desk: Desk) -> None:
    longer = b64encode(bytes(range(48))).decode()
    given = desk.machine("credentials/authorize", credentialID=desk.code, hash=[longer])
    answer = sign(
        desk, given.json()["SAD"], [longer], csc=desk.machine,
        hashAlgo="2.16.840.1.101.3.4.2.2", signAlgo="1.2.840.10045.4.3.3",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    with desk.hall.office.reading() as work:
        uses = work.uses.of_seal(desk.code, after=None, limit=500)
    assert sha256(bytes(range(48))).digest() in {one.document_sha256 for one in uses}


def test_an_enterprise_of_its_own_sees_its_own(desk: Desk) -> None:
    made = desk.hall.establish()
    boss = enrol(desk.hall, made["licence"]["uscc"])
    told = Csc(desk.hall, desk.platform.bearer(boss))("credentials/list").json()
    assert code_of(made) in told["credentialIDs"]
    assert len(told["credentialIDs"]) == 5
