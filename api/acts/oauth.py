"""OAuth 2.0: what a client asks a person for, the code it gets, and the tokens it exchanges the code for.

RFC 6749 with PKCE for everybody (RFC 7636, S256 only), exact redirect URIs and the issuer in answers (RFC 9207), as
RFC 9700 asks. A code of scope `credential` holds what the person agreed to with a passkey: one seal, named hashes.
"""

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlencode

from api.acts import remote
from api.acts.access import hash_of, new_secret
from api.acts.clients import CREDENTIAL, SCOPES, SERVICE, client_of, proven_client
from api.acts.oauth_details import DETAILS_TYPE, wanted_of
from api.acts.office import Office
from api.acts.remote_rights import Caller
from api.db.access import Token
from api.db.clients import Client, Code
from api.db.people import Person
from api.db.work import SqlUnitOfWork
from api.errors import OAuthError

CODE_LASTS: Final = timedelta(minutes=2)  # at most 10, RFC 6749 §4.1.2
TOKEN_LASTS: Final = timedelta(hours=1)
MAX_STATE: Final = 1024  # characters
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256, RFC 7636 §4.2
VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an answer may be sent: a client and one of its registered redirect URIs."""

    client: Client
    redirect_uri: str
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asks a person for."""

    target: Target
    scope: str
    challenge: str
    signing: remote.Wanted | None  # of scope `credential`


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The answer of the token endpoint."""

    secret: str
    scope: str
    lasts: timedelta
    credential: str | None = None


def target_of(office: Office, sent: Mapping[str, str]) -> Target:
    """Find the client and check its redirect URI, letter by letter.

    Raises:
        OAuthError: no client or a URI that is not registered. Never to be told by a redirect (RFC 6749 §4.1.2.1).
    """
    with office.reading() as work:
        client = client_of(work, sent.get("client_id", ""))
    uri = sent.get("redirect_uri", "")
    if uri not in client.redirect_uris:
        raise OAuthError("invalid_request", "this redirect URI is not registered for this client")
    return Target(client=client, redirect_uri=uri, state=sent.get("state"))


def asked_of(target: Target, sent: Mapping[str, str]) -> Asked:
    """Read the rest of an authorization request.

    Raises:
        OAuthError: it is not one; may be told to the client by a redirect.
    """
    if sent.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type is code")
    if target.state is not None and len(target.state) > MAX_STATE:
        raise OAuthError("invalid_request", f"state has at most {MAX_STATE} characters")
    challenge = sent.get("code_challenge", "")
    if sent.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256")
    scope = sent.get("scope") or (CREDENTIAL if sent.get("authorization_details") else SERVICE)
    if scope not in SCOPES or scope not in target.client.scopes:
        raise OAuthError("invalid_scope", "the scope is service or credential")
    signing = wanted_of(sent) if scope == CREDENTIAL else None
    return Asked(target=target, scope=scope, challenge=challenge, signing=signing)


def answer_uri(office: Office, target: Target, **answer: str) -> str:
    """The redirect that carries an answer, with the client's state and our name (RFC 9207)."""
    given = {**answer, "iss": issuer(office)}
    if target.state is not None:
        given["state"] = target.state
    return f"{target.redirect_uri}{'&' if '?' in target.redirect_uri else '?'}{urlencode(given)}"


def issuer(office: Office) -> str:
    return office.public_url.rstrip("/")


def grant_code(office: Office, person: Person, asked: Asked, *, response: Mapping[str, Any] | None) -> str:
    """The person agrees: return the redirect with a code. Scope `credential` needs a passkey's answer over the hashes.

    Raises:
        OAuthError: the person may not use the seal.
        AssertionRefusedError: the passkey's answer does not prove the agreement.
    """
    secret = secrets.token_urlsafe(32)
    now = office.now()
    with office.work() as work:
        details = ""
        if asked.signing is not None:
            agreed = remote.agreed(
                office, work, Caller.of_person(person), asked.signing, asked.target.client.id, response or {}
            )
            details = json.dumps(agreed)
        work.remote.clients.add_code(
            Code(
                sha256=hash_of(secret),
                client=asked.target.client.id,
                person=person.id,
                redirect_uri=asked.target.redirect_uri,
                scope=asked.scope,
                challenge=asked.challenge,
                details=details,
                expires_at=now + CODE_LASTS,
            )
        )
        work.ledger.note(
            at=now, actor=person.name, act="oauth.consent", subject=asked.target.client.id, scope=asked.scope,
            person=person.id,
        )  # fmt: skip
        work.commit()
    return answer_uri(office, asked.target, code=secret)


def exchange(office: Office, sent: Mapping[str, str], *, client_id: str, client_secret: str | None) -> Granted:
    """The token endpoint (RFC 6749 §3.2).

    Raises:
        OAuthError: in the words of RFC 6749 §5.2.
    """
    match sent.get("grant_type"):
        case "client_credentials":
            return _machine(office, sent, client_id, client_secret)
        case "authorization_code":
            return _of_code(office, sent, client_id, client_secret)
        case _:
            raise OAuthError("unsupported_grant_type", "grant_type is authorization_code or client_credentials")


def _machine(office: Office, sent: Mapping[str, str], client_id: str, client_secret: str | None) -> Granted:
    now = office.now()
    with office.work() as work:
        client = proven_client(work, client_id, client_secret)
        if client.uscc is None or client.secret_sha256 is None:
            raise OAuthError("unauthorized_client", "this client works for no enterprise by itself")
        if sent.get("scope", SERVICE) != SERVICE:
            raise OAuthError("invalid_scope", "a machine gets the scope service")
        token, secret = _token(client, scope=SERVICE, person=None, now=now)
        work.tokens.add(token, sha256=hash_of(secret))
        work.ledger.note(at=now, actor=client.name, act="oauth.token", subject=client.id, token=token.id)
        work.commit()
    return Granted(secret=secret, scope=SERVICE, lasts=TOKEN_LASTS)


def _of_code(office: Office, sent: Mapping[str, str], client_id: str, client_secret: str | None) -> Granted:
    now = office.now()
    sha256 = hash_of(sent.get("code", ""))
    with office.work() as work:
        client = proven_client(work, client_id, client_secret)
        code = work.remote.clients.code(sha256)
        if code is not None and code.client == client.id and code.used_at is not None:
            _end(work, code, now)  # somebody has it who should not: RFC 6749 §4.1.2
            work.commit()
            raise OAuthError("invalid_grant", "this code is not good")
        if code is None or not _fits(code, sent, client, now):
            raise OAuthError("invalid_grant", "this code is not good")
        granted, token, authorisation = _redeem(office, work, client, code)
        if not work.remote.clients.use_code(sha256, at=now, token=token, authorisation=authorisation):
            raise OAuthError("invalid_grant", "this code is not good")
        work.commit()
    return granted


def _fits(code: Code, sent: Mapping[str, str], client: Client, now: datetime) -> bool:
    """RFC 6749 §4.1.3, RFC 7636 §4.6."""
    verifier = sent.get("code_verifier", "")
    if not VERIFIER.fullmatch(verifier):
        return False
    computed = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return (
        code.client == client.id
        and code.redirect_uri == sent.get("redirect_uri")
        and code.expires_at > now
        and compare_digest(computed, code.challenge)
    )


def _redeem(office: Office, work: SqlUnitOfWork, client: Client, code: Code) -> tuple[Granted, str, str | None]:
    """Make what the code stands for: a bearer token, and for scope `credential` the authorisation it opens."""
    now = office.now()
    person = work.people.get(code.person)
    if person is None or person.state != "active":
        raise OAuthError("invalid_grant", "this code is not good")
    token, secret = _token(client, scope=code.scope, person=person, now=now)
    work.tokens.add(token, sha256=hash_of(secret))
    work.ledger.note(
        at=now, actor=person.name, act="oauth.token", subject=client.id, token=token.id, person=person.id
    )  # fmt: skip
    if code.scope == SERVICE:
        return Granted(secret=secret, scope=SERVICE, lasts=TOKEN_LASTS), token.id, None
    agreed = json.loads(code.details)
    made = remote.of_code(office, work, person=person.id, client=client.id, agreed=agreed, secret=secret)
    granted = Granted(secret=secret, scope=CREDENTIAL, lasts=made.expires_at - now, credential=made.credential)
    return granted, token.id, made.id


def _token(client: Client, *, scope: str, person: Person | None, now: datetime) -> tuple[Token, str]:
    token = Token(
        id=secrets.token_hex(8),
        name=(client if person is None else person).name,
        scopes=frozenset({scope}),
        made_at=now,
        expires_at=now + (TOKEN_LASTS if scope == SERVICE else remote.SAD_LASTS),
        person=None if person is None else person.id,
        client=client.id,
        uscc=client.uscc if person is None else None,
    )
    return token, new_secret()


def _end(work: SqlUnitOfWork, code: Code, now: datetime) -> None:
    if code.token is not None:
        work.tokens.revoke(code.token, at=now)
        work.remote.revoke_of_token(code.token, at=now)
    if code.authorisation is not None:
        work.remote.revoke(code.authorisation, at=now)
    work.ledger.note(at=now, actor="service", act="oauth.replay", subject=code.client, token=code.token)


def revoke(office: Office, secret: str, *, client_id: str, client_secret: str | None) -> None:
    """RFC 7009: end a token of this client and what was authorised for it. An unknown token is no error (§2.2).

    Raises:
        OAuthError: the client did not prove itself.
    """
    now = office.now()
    with office.work() as work:
        client = proven_client(work, client_id, client_secret)
        token = work.tokens.by_hash(hash_of(secret))
        if token is not None and token.client == client.id:
            work.tokens.revoke(token.id, at=now)
            work.remote.revoke_of_token(token.id, at=now)
            work.ledger.note(at=now, actor=client.name, act="oauth.revoke", subject=client.id, token=token.id)
        opened = work.remote.by_sad(hash_of(secret))
        if opened is not None and opened.client == client.id:
            work.remote.revoke(opened.id, at=now)
        work.commit()


def metadata(office: Office) -> dict[str, Any]:
    """RFC 8414 §2."""
    base = issuer(office)
    methods = ["client_secret_basic", "client_secret_post", "none"]
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": [DETAILS_TYPE],
        "ui_locales_supported": ["zh-CN", "en"],
    }
