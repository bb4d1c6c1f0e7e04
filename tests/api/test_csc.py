"""The remote signing interface: both versions, every method, and everything that must not be signed."""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from httpx import Response

from tests.support.office import Hall, code_of, open_hall
from tests.support.people import Enrolled, enrol
from tests.support.remote import App, Csc, app
from tests.support.rights import lend_to_machine

ECDSA = "1.2.840.10045.4.3.2"
SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One enterprise with its representative, a client, and a machine."""

    hall: Hall
    boss: Enrolled
    code: str  # of the contract seal
    platform: App
    csc: Csc
    machine: Csc

    def v2(self) -> Csc:
        return Csc(self.hall, self.csc.token, "v2")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_hall(tmp_path_factory.mktemp("csc"), verify_per_minute=100_000) as hall:
        yield desk_of(hall)


def desk_of(hall: Hall) -> Desk:
    made = hall.establish()
    uscc = made["licence"]["uscc"]
    boss = enrol(hall, uscc)
    platform, erp = app(hall), app(hall, uscc=uscc)
    lend_to_machine(hall.office, uscc, erp.client.id)
    return Desk(
        hall=hall,
        boss=boss,
        code=code_of(made),
        platform=platform,
        csc=Csc(hall, platform.bearer(boss)),
        machine=Csc(hall, erp.machine()),
    )


def some(count: int = 1) -> list[str]:
    return [b64encode(secrets.token_bytes(32)).decode() for _ in range(count)]


def sad_of(desk: Desk, hashes: list[str], *, csc: Csc | None = None, person: Enrolled | None = None) -> str:
    """SAD for a person, over a passkey's answer."""
    csc = csc or desk.csc
    asked = csc("credentials/getChallenge", credentialID=desk.code, hash=hashes)
    assert asked.status_code == 200, asked.text
    proof = json.dumps((person or desk.boss).agree(asked.json()["publicKey"]))
    answer = csc(
        "credentials/authorize", credentialID=desk.code, hash=hashes, numSignatures=len(hashes), clientData=proof
    )
    assert answer.status_code == 200, answer.text
    sad: str = answer.json()["SAD"]
    return sad


def sign(desk: Desk, sad: str, hashes: list[str], *, csc: Csc | None = None, **more: object) -> Response:
    body: dict[str, object] = {
        "credentialID": desk.code,
        "SAD": sad,
        "hash": hashes,
        "hashAlgo": SHA256,
        "signAlgo": ECDSA,
    }
    return (csc or desk.csc)("signatures/signHash", **(body | more))


def certificate_of(desk: Desk) -> x509.Certificate:
    told = desk.csc("credentials/info", credentialID=desk.code).json()
    return x509.load_der_x509_certificate(b64decode(told["cert"]["certificates"][0]))


def require_good(desk: Desk, hash_: str, signature: str) -> None:
    key = certificate_of(desk).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(b64decode(signature), b64decode(hash_), ec.ECDSA(Prehashed(hashes.SHA256())))


def require_refused(answer: Response, error: str, text: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert text in answer.json()["error_description"]


def test_a_person_signs_a_hash_that_a_passkey_agreed_to(desk: Desk) -> None:
    asked = some()
    answer = sign(desk, sad_of(desk, asked), asked)
    assert answer.status_code == 200, answer.text
    require_good(desk, asked[0], answer.json()["signatures"][0])


def test_a_machine_signs_by_its_mandate_alone(desk: Desk) -> None:
    asked = some(2)
    given = desk.machine("credentials/authorize", credentialID=desk.code, hash=asked, numSignatures=2)
    assert given.status_code == 200, given.text
    answer = sign(desk, given.json()["SAD"], asked, csc=desk.machine)
    assert answer.status_code == 200, answer.text
    for one, signature in zip(asked, answer.json()["signatures"], strict=True):
        require_good(desk, one, signature)
