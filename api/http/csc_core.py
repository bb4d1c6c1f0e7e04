"""What both versions of the remote signing interface do, in the words of neither."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends

from api.acts import remote, remote_documents, remote_rights, remote_signing, timestamping
from api.acts.access import authenticate
from api.acts.clients import CREDENTIAL, SERVICE
from api.acts.office import Office
from api.acts.remote_algorithms import digest_name
from api.acts.remote_rights import Caller
from api.db.access import Token
from api.errors import ForbiddenError, OAuthError, UnauthenticatedError
from api.http import csc_answers
from api.http.csc_schemas import SignDocIn
from api.http.deps import Credentials, OfficeDep

PAGE: Final = 50
MAX_NONCE: Final = 1 << 160  # RFC 3161 §2.4.1 has no bound; ours is the length of a serial number


def signing_bearer(credentials: Credentials, office: OfficeDep) -> Token:
    """Return the token of a person through a client, or of an enterprise's machine.

    Raises:
        UnauthenticatedError: none, or not a good one.
        ForbiddenError: it was made for something else.
    """
    if credentials is None:
        raise UnauthenticatedError("send a bearer token in the Authorization header")
    token = authenticate(office, credentials.credentials)
    if not token.scopes & {SERVICE, CREDENTIAL}:
        raise ForbiddenError("this token is not for remote signing: its scope is neither service nor credential")
    return token


SigningBearer = Annotated[Token, Depends(signing_bearer)]


def bearer(token: SigningBearer) -> Token:
    """As `signing_bearer`, but a token that stands for one authorisation does not look around or ask for more.

    Raises:
        ForbiddenError: it is of scope `credential`.
    """
    if SERVICE not in token.scopes:
        raise ForbiddenError("this token signs what was authorised with it; for the rest take one of scope service")
    return token


Bearer = Annotated[Token, Depends(bearer)]


def page_of(
    office: Office, token: Token, *, user: str | None, size: int | None, after: str | None
) -> tuple[list[remote_rights.Credential], str | None]:
    """One page of the caller's credentials, and where the next begins.

    Raises:
        OAuthError: the list of somebody else is asked for, or a page that is none.
    """
    if user is not None and user != token.person:
        raise OAuthError("invalid_request", "Invalid parameter userID: it is given by the token")
    if after is not None and not (after.isascii() and after.isdigit()):
        raise OAuthError("invalid_request", "Invalid parameter pageToken")
    found = [
        one
        for one in remote_rights.credentials(office, Caller.of_token(token))
        if after is None or one.seal.code > after
    ]
    chosen = found[: min(size or PAGE, PAGE)]
    more = len(found) > len(chosen)
    return chosen, chosen[-1].seal.code if more and chosen else None


def challenge(office: Office, token: Token, asked: remote.Wanted) -> dict[str, Any]:
    """What the person's browser is to hand to `navigator.credentials.get`; its answer goes into credentials/authorize."""
    opened = remote.challenge(office, Caller.of_token(token), asked, token.client or "")
    nonce = urlsafe_b64encode(opened.intent.challenge()).decode().rstrip("=")
    return {"challenge": nonce, "publicKey": opened.options, "intent": opened.intent.as_mapping()}


def authorize(office: Office, token: Token, asked: remote.Wanted, proof: str | None) -> dict[str, Any]:
    """SAD, over the answer of a passkey (`proof`, JSON) or by a machine's mandate."""
    secret, made = remote.authorise(office, Caller.of_token(token), asked, _answer(proof))
    return {"SAD": secret, "expiresIn": int((made.expires_at - made.made_at).total_seconds())}


def _answer(proof: str | None) -> Mapping[str, Any] | None:
    if not proof:
        return None
    try:
        found = json.loads(proof)
    except (ValueError, RecursionError) as exc:
        raise OAuthError("invalid_request", "Invalid authentication data: not the JSON of a passkey's answer") from exc
    if not isinstance(found, dict):
        raise OAuthError("invalid_request", "Invalid authentication data: not the JSON of a passkey's answer")
    return found


def extend(
    office: Office, token: Token, *, credential: str, sad: str, hashes: Sequence[str] | None, oid: str | None
) -> dict[str, Any]:
    left = [remote.decoded(one, "hash") for one in hashes or ()]
    secret, until = remote.extend(
        office, Caller.of_token(token), credential=credential, sad=sad, hashes=left, hash_oid=oid
    )
    return {"SAD": secret, "expiresIn": max(0, int((until - office.now()).total_seconds()))}


def sign_hashes(
    office: Office,
    token: Token,
    *,
    credential: str,
    sad: str,
    hashes: Sequence[str],
    hash_oid: str | None,
    sign_oid: str,
    parameters: str | None,
) -> dict[str, Any]:
    order = remote_signing.SignOrder(
        credential=credential,
        sad=sad,
        hashes=tuple(remote.decoded(one, "hash") for one in hashes),
        hash_oid=hash_oid,
        sign_oid=sign_oid,
        parameters=None if not parameters else remote.decoded(parameters, "signAlgoParams"),
    )
    made = remote_signing.sign_hashes(office, Caller.of_token(token), order)
    return {"signatures": [b64encode(one).decode() for one in made]}


def sign_documents(office: Office, token: Token, body: SignDocIn, sad: str) -> dict[str, Any]:
    """Sealed documents in `DocumentWithSignature`, detached signatures in `SignatureObject`, each in order."""
    orders = [*_of_documents(body), *_of_digests(body)]
    if not orders:
        raise OAuthError("invalid_request", "Missing parameters: documents or documentDigests")
    made = remote_documents.sign_documents(
        office, Caller.of_token(token), credential=body.credentialID, sad=sad, orders=orders
    )
    answer: dict[str, Any] = {}
    for one in made:
        name = "DocumentWithSignature" if one.whole else "SignatureObject"
        answer.setdefault(name, []).append(b64encode(one.content).decode())
    return answer


def _of_documents(body: SignDocIn) -> list[remote_documents.DocumentOrder]:
    return [
        remote_documents.DocumentOrder(
            content=remote_documents.document_of(one.document),
            digest=None,
            hash_oid=None,
            sign_oid=one.signAlgo,
            parameters=None if not one.signAlgoParams else remote.decoded(one.signAlgoParams, "signAlgoParams"),
            form=one.signature_format,
            level=remote_documents.level_of(one.conformance_level),
            certify=one.signed_envelope_property == remote_documents.CERTIFICATION,
        )
        for one in body.documents
    ]


def _of_digests(body: SignDocIn) -> list[remote_documents.DocumentOrder]:
    return [
        remote_documents.DocumentOrder(
            content=None,
            digest=remote.decoded(text, "hash"),
            hash_oid=one.hashAlgorithmOID,
            sign_oid=one.signAlgo,
            parameters=None if not one.signAlgoParams else remote.decoded(one.signAlgoParams, "signAlgoParams"),
            form=one.signature_format,
            level=remote_documents.level_of(one.conformance_level),
        )
        for one in body.documentDigests
        for text in one.hashes
    ]


def timestamp(office: Office, *, hash_: str, oid: str | None, nonce: str | None) -> dict[str, Any]:
    digest = remote.decoded(hash_, "hash")
    token = timestamping.stamp_digest(office, digest, digest_name(oid, (digest,)), nonce=_nonce(nonce))
    return {"timestamp": b64encode(token).decode()}


def _nonce(text: str | None) -> int | None:
    """A number in decimal, or in hexadecimal: the specification does not say which."""
    if not text:
        return None
    try:
        value = int(text, 10 if text.isdecimal() else 16) if text.isascii() and text.isalnum() else -1
    except ValueError:
        value = -1
    if not 0 <= value < MAX_NONCE:
        raise OAuthError("invalid_request", "Invalid parameter nonce")
    return value


def described(office: Office, token: Token, code: str, version: str, **wanted: Any) -> dict[str, Any]:
    """One credential of the caller's."""
    found = remote_rights.credential(office, Caller.of_token(token), code)
    return csc_answers.credential(found, version, **wanted)
