"""Remote signing for tests: clients, and the way of a person through the page where he agrees."""

import hashlib
import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from httpx import Response

from api.acts.clients import add_client
from api.db.clients import Client
from tests.support.office import Hall, code_of
from tests.support.people import Enrolled, enrol
from tests.support.rights import lend_to_machine

REDIRECT: Final = "https://app.example.org/back"
ECDSA: Final = "1.2.840.10045.4.3.2"  # with SHA-256
SHA256: Final = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A registered client, and what it sends."""

    hall: Hall
    client: Client
    secret: str | None

    def request(self, pkce: Pkce, scope: str = "service", **more: str) -> dict[str, str]:
        """Parameters of an authorization request."""
        return {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": "of mine",
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
            **more,
        }

    def token(self, path: str = "/oauth/token", **form: str) -> Response:
        proof = {} if self.secret is None else {"client_secret": self.secret}
        return self.hall.client.post(path, data={"client_id": self.client.id, **proof, **form})

    def redeem(self, code: str, pkce: Pkce, path: str = "/oauth/token", **form: str) -> Response:
        return self.token(
            path,
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": pkce.verifier,
                **form,
            },
        )

    def consent(self, person: Enrolled, request: dict[str, str]) -> Response:
        """As the page does it: with a challenge first where hashes are to be signed."""
        body: dict[str, Any] = {"request": request}
        client = self.hall.client
        if request.get("scope") == "credential":
            asked = client.post("/oauth/consent/challenge", json=body, headers=person.headers())
            if asked.status_code != 200:
                return asked
            body["response"] = person.agree(asked.json()["options"])
        return client.post("/oauth/consent", json=body, headers=person.headers())

    def code(self, person: Enrolled, pkce: Pkce, scope: str = "service", **more: str) -> str:
        answer = self.consent(person, self.request(pkce, scope, **more))
        assert answer.status_code == 200, answer.text
        return query_of(answer.json()["redirect"])["code"]

    def bearer(self, person: Enrolled) -> str:
        """A token of scope service for this person."""
        pkce = Pkce()
        answer = self.redeem(self.code(person, pkce), pkce)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def machine(self) -> str:
        """A token of scope service for the enterprise's machine."""
        answer = self.token(grant_type="client_credentials", scope="service")
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token


def app(hall: Hall, *, uscc: str | None = None, public: bool = False) -> App:
    client, secret = add_client(hall.office, name="文档平台", uscc=uscc, redirect_uris=[REDIRECT], public=public)
    return App(hall=hall, client=client, secret=secret)


def query_of(uri: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()}


@dataclass(frozen=True, slots=True)
class Csc:
    """Calls the remote signing interface with a bearer token."""

    hall: Hall
    token: str
    version: str = "v1"

    def __call__(self, method: str, **body: Any) -> Response:
        return self.hall.client.post(
            f"/csc/{self.version}/{method}", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )


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


def require_refused(answer: Response, error: str, text: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert text in answer.json()["error_description"]
