"""Authorisations of the remote signing interface: who agreed to which hashes, and the handle by which they are used.

Signature activation data (SAD) is an opaque secret that stands for rows: one header, bound to bearer, credential and
assertion or mandate, and one row for each authorised occurrence of a hash (docs/adr/0011-remote-signing.md).
"""

import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api.acts import control
from api.acts.access import hash_of
from api.acts.office import Office
from api.acts.remote_algorithms import as_sha256, digest_name
from api.acts.remote_rights import Caller, Right, right_of
from api.db.remote import OPEN, Authorisation
from api.db.work import SqlUnitOfWork
from api.errors import OAuthError
from seals.intent import MAX_PURPOSE, NONCE_BYTES, DocumentIntent, Intent, IntentKind, details_digest
from seals.register import Grounds

MAX_HASHES: Final = 250  # in one authorisation: `multisign`
SAD_LASTS: Final = timedelta(minutes=5)
SAD_AT_MOST: Final = timedelta(hours=1)  # however often it is extended
SAD_PREFIX: Final = "sad_"
MAX_DESCRIPTION: Final = 200  # characters
MAX_LABEL: Final = 128
DEFAULT_PURPOSE: Final = "远程签署 Remote signing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be authorised: one seal, these hashes in this order, each as often as it is named."""

    credential: str
    algorithm: str  # name of the hash algorithm
    hashes: tuple[bytes, ...]
    labels: tuple[str, ...] = ()  # names of the documents, for the person to read
    description: str = ""

    @property
    def purpose(self) -> str:
        return self.description or DEFAULT_PURPOSE


def wanted(
    *,
    credential: str,
    hashes: Sequence[bytes],
    hash_oid: str | None,
    number: int | None,
    description: str = "",
    labels: Sequence[str] = (),
) -> Wanted:
    """Check what a client wants authorised. Credentials are of level SCAL2: without hashes there is nothing to agree to.

    Raises:
        OAuthError: no hashes, too many, another number than announced, or a text too long.
    """
    if not hashes:
        raise OAuthError("invalid_request", "Missing (or invalid type) parameter hash: this credential is SCAL2")
    if len(hashes) > MAX_HASHES:
        raise OAuthError("invalid_request", f"Numbers of signatures is too high: at most {MAX_HASHES}")
    if number is not None and number != len(hashes):
        raise OAuthError("invalid_request", "Invalid parameter numSignatures: it is not the number of hashes")
    if len(description) > MAX_DESCRIPTION or any(len(one) > MAX_LABEL for one in labels):
        raise OAuthError("invalid_request", f"a description has at most {MAX_DESCRIPTION} characters")
    return Wanted(
        credential=credential,
        algorithm=digest_name(hash_oid, tuple(hashes)),
        hashes=tuple(hashes),
        labels=tuple(labels),
        description=description,
    )


def decoded(text: str, parameter: str) -> bytes:
    """Decode base64, strictly.

    Raises:
        OAuthError: it is not, or is written in another way than it would be encoded.
    """
    try:
        value = b64decode(text, validate=True)
    except (Base64Error, ValueError) as exc:
        raise OAuthError("invalid_request", f"Invalid Base64 {parameter} string parameter") from exc
    if not value or b64encode(value).decode() != text:
        raise OAuthError("invalid_request", f"Invalid Base64 {parameter} string parameter")
    return value


def intent_of(asked: Wanted, client: str, nonce: bytes) -> Intent:
    """What the person agrees to: each hash with the seal, the purpose, and by which client it was asked for."""
    labels = asked.labels or ("",) * len(asked.hashes)
    return Intent(
        kind=IntentKind.REMOTE,
        subject=client,
        documents=tuple(
            DocumentIntent(sha256=as_sha256(one), seals=(asked.credential,), name=label)
            for one, label in zip(asked.hashes, labels, strict=True)
        ),
        purpose=asked.purpose[:MAX_PURPOSE],
        nonce=nonce,
        details_sha256=details_digest(
            {
                "client": client,
                "credential": asked.credential,
                "algorithm": asked.algorithm,
                "hashes": [one.hex() for one in asked.hashes],
            }
        ),
    )


def challenge(office: Office, caller: Caller, asked: Wanted, client: str) -> control.Opened:
    """Ask the person to agree with a passkey.

    Raises:
        OAuthError: the caller is no person, or has no right to this seal.
        AssertionRefusedError: the person has no passkey.
    """
    if caller.person is None:
        raise OAuthError("invalid_request", "a machine agrees to nothing: its mandate says what it may do")
    with office.reading() as work:
        right_of(office, work, caller, asked.credential)
    return control.begin(office, caller.person, intent_of(asked, client, office.random(NONCE_BYTES)))


def agreed(
    office: Office, work: SqlUnitOfWork, caller: Caller, asked: Wanted, client: str, response: Mapping[str, Any]
) -> dict[str, Any]:
    """Check the person's answer against what is asked for; return what a code has to remember of it.

    Raises:
        OAuthError: no right to this seal, or the passkey's answer is over something else.
        AssertionRefusedError: the answer proves nothing.
    """
    right, _ = right_of(office, work, caller, asked.credential)
    if caller.person is None:
        raise OAuthError("access_denied", "only a person can agree", status=403)
    made = control.confirm(office, caller.person, response, work=work)
    if made.intent != intent_of(asked, client, made.intent.nonce):
        raise OAuthError(
            "access_denied", "the passkey's answer is over something else than what is asked for", status=403
        )
    return {
        "credential": asked.credential,
        "algorithm": asked.algorithm,
        "hashes": [b64encode(one).decode() for one in asked.hashes],
        "description": asked.description,
        "assertion": made.id,
        "mandate": right.mandate,
    }


def of_code(
    office: Office, work: SqlUnitOfWork, *, person: str, client: str, agreed: Mapping[str, Any], secret: str
) -> Authorisation:
    """Open the authorisation that a code stands for. It is bound to person and client: the token comes with it."""
    hashes = tuple(b64decode(one) for one in agreed["hashes"])
    asked = Wanted(
        credential=agreed["credential"],
        algorithm=agreed["algorithm"],
        hashes=hashes,
        description=agreed["description"],
    )
    caller = Caller(name="", person=person, machine=None, client=client, token=None)
    made = _authorisation(office, caller, asked, secret, assertion=agreed["assertion"], mandate=agreed["mandate"])
    work.remote.authorise(made, hashes)
    return made


def authorise(
    office: Office, caller: Caller, asked: Wanted, response: Mapping[str, Any] | None
) -> tuple[str, Authorisation]:
    """Make signature activation data: for a person over a passkey's answer, for a machine by its automatic mandate.

    Raises:
        OAuthError: no right to this seal, or no answer of a passkey.
        AssertionRefusedError: the answer proves nothing.
    """
    secret = SAD_PREFIX + secrets.token_urlsafe(32)
    with office.work() as work:
        right, _ = right_of(office, work, caller, asked.credential)
        assertion = None
        if caller.person is not None:
            if response is None:
                raise OAuthError(
                    "invalid_request",
                    "Missing authentication data: the answer of a passkey to credentials/getChallenge",
                )
            assertion = agreed(office, work, caller, asked, caller.client or "", response)["assertion"]
        made = _authorisation(office, caller, asked, secret, assertion=assertion, mandate=right.mandate)
        work.remote.authorise(made, asked.hashes)
        work.ledger.note(
            at=made.made_at, actor=caller.name, act="remote.authorise", subject=asked.credential,
            authorisation=made.id, hashes=len(asked.hashes), mandate=right.mandate, assertion=assertion,
        )  # fmt: skip
        work.commit()
    return secret, made


def _authorisation(
    office: Office, caller: Caller, asked: Wanted, secret: str, *, assertion: str | None, mandate: str | None
) -> Authorisation:
    now = office.now()
    return Authorisation(
        id=secrets.token_hex(16),
        sha256=hash_of(secret),
        credential=asked.credential,
        person=caller.person,
        machine=caller.machine,
        client=caller.client,
        token=caller.token,
        assertion=assertion,
        mandate=mandate,
        hash_algorithm=asked.algorithm,
        num_signatures=len(asked.hashes),
        description=asked.description,
        made_at=now,
        expires_at=now + SAD_LASTS,
    )


def opened(office: Office, work: SqlUnitOfWork, caller: Caller, sad: str, credential: str) -> Authorisation:
    """The authorisation behind SAD, locked, if it is this caller's and for this credential.

    Raises:
        OAuthError: it is not, or is over. Which of unknown and somebody else's is not told.
    """
    found = work.remote.by_sad(hash_of(sad))
    if (
        found is None
        or found.credential != credential
        or found.revoked_at is not None
        or (found.person, found.machine, found.client) != (caller.person, caller.machine, caller.client)
        or (found.token is not None and found.token != caller.token)
    ):
        raise OAuthError("invalid_request", "Invalid parameter SAD")
    if found.expires_at <= office.now():
        raise OAuthError("invalid_request", "SAD expired")
    return found


def extend(
    office: Office, caller: Caller, *, credential: str, sad: str, hashes: Sequence[bytes], hash_oid: str | None
) -> tuple[str, datetime]:
    """Put fresh SAD in the place of the old, for what is left of the hashes authorised before; never for more.

    Raises:
        OAuthError: the SAD is not good, nothing is left, or a hash was not authorised.
    """
    now = office.now()
    secret = SAD_PREFIX + secrets.token_urlsafe(32)
    with office.work() as work:
        found = opened(office, work, caller, sad, credential)
        left = [one.hash for one in work.remote.hashes(found.id) if one.state.value in OPEN]
        if hashes and digest_name(hash_oid, tuple(hashes)) != found.hash_algorithm:
            raise OAuthError("invalid_request", "Invalid parameter hashAlgo")
        for one in hashes:
            if one not in left:
                raise OAuthError("invalid_request", "Hash is not authorized by the SAD")
            left.remove(one)
        if not left and not hashes:
            raise OAuthError("invalid_request", "Invalid parameter SAD: nothing is left to sign")
        until = min(now + SAD_LASTS, found.made_at + SAD_AT_MOST)
        if not work.remote.renew(found.id, sha256=hash_of(secret), before=found.sha256, expires_at=until):
            raise OAuthError("invalid_request", "Invalid parameter SAD")
        work.ledger.note(
            at=now, actor=caller.name, act="remote.extend", subject=credential, authorisation=found.id
        )  # fmt: skip
        work.commit()
    return secret, until


def grounds_of(found: Authorisation, caller: Caller) -> Grounds:
    """By which right the hashes of an authorisation are signed: as it was agreed to."""
    return Right(mandate=found.mandate).grounds(caller, found.assertion)
