"""Answers of authenticators (WebAuthn): what is asked, and whether the answer proves it. py_webauthn does the checking."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    ClientDataType,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from api.acts.relying_party import RelyingParty
from api.db.people import Challenge, ChallengeKind, Passkey
from api.db.work import SqlUnitOfWork
from api.errors import AssertionReason, AssertionRefusedError
from verify import cose_key
from verify.errors import MalformedTokenError

ANSWER_WITHIN: Final = timedelta(minutes=5)
CHALLENGE_BYTES: Final = 32  # at least 16, WebAuthn L3 §13.4.3
MAX_CREDENTIAL_BYTES: Final = 1023  # WebAuthn L3 §4
MAX_CLIENT_DATA_BYTES: Final = 4096
MAX_AUTHENTICATOR_DATA_BYTES: Final = 2048
MAX_SIGNATURE_BYTES: Final = 1024  # RSA of 8192 bits
ALGORITHMS: Final = [  # what verify/assertion.py can check again
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
FORMATS: Final = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})  # we ask for none
UNREADABLE: Final = (  # what parsers of outside bytes raise
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    InvalidSignature,
    UnsupportedAlgorithm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An assertion as it came in, split; nothing in it is trusted yet."""

    credential: bytes
    client: CollectedClientData
    client_data_json: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None
    parsed: AuthenticationCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a good assertion says beside its challenge."""

    sign_count: int
    backed_up: bool


def fresh_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def creation_options(
    party: RelyingParty, *, person: str, name: str, challenge: bytes, known: Sequence[Passkey]
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON: a discoverable credential with user verification."""
    return options_to_json_dict(
        generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_id=person.encode(),
            user_name=name,
            user_display_name=name,
            challenge=challenge,
            timeout=_timeout_ms(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[_descriptor(one) for one in known],
            supported_pub_key_algs=ALGORITHMS,
        )
    )


def request_options(party: RelyingParty, *, challenge: bytes, known: Sequence[Passkey] = ()) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON; without known passkeys any discoverable one may answer."""
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            timeout=_timeout_ms(),
            allow_credentials=[_descriptor(one) for one in known] or None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _timeout_ms() -> int:
    return int(ANSWER_WITHIN.total_seconds() * 1000)


def _descriptor(one: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(name) for name in one.transports]
    return PublicKeyCredentialDescriptor(id=one.id, transports=transports or None)


def challenge_in(response: Mapping[str, Any]) -> bytes:
    """The challenge that a response says it answers.

    Raises:
        AssertionRefusedError: it cannot be read.
    """
    try:
        octets = base64url_to_bytes(response["response"]["clientDataJSON"])
        if len(octets) > MAX_CLIENT_DATA_BYTES:
            raise ValueError("too long")
        return bytes(parse_client_data_json(octets).challenge)
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.MALFORMED, "this is not an authenticator's answer") from exc


def open_challenge(work: SqlUnitOfWork, octets: bytes, *, kind: ChallengeKind, now: datetime) -> Challenge:
    """Return the challenge that was answered, if it may still be.

    Raises:
        AssertionRefusedError: unknown, of another kind, answered before or too old.
    """
    found = work.people.challenge(octets)
    if found is None:
        raise AssertionRefusedError(AssertionReason.UNKNOWN_CHALLENGE, "nobody was asked this")
    if found.kind is not kind:
        raise AssertionRefusedError(AssertionReason.OTHER_KIND, "this was asked for something else")
    if found.used_at is not None:
        raise AssertionRefusedError(AssertionReason.CHALLENGE_USED, "this was answered already")
    if found.expires_at <= now:
        raise AssertionRefusedError(AssertionReason.CHALLENGE_EXPIRED, "the time to answer is over; ask again")
    return found


def consume(work: SqlUnitOfWork, challenge: Challenge, *, now: datetime) -> None:
    """Use the challenge up as part of the caller's transaction.

    Raises:
        AssertionRefusedError: somebody else did just now.
    """
    if not work.people.consume(challenge.id, at=now):
        raise AssertionRefusedError(AssertionReason.CHALLENGE_USED, "this was answered already")


def read_answer(response: Mapping[str, Any]) -> Answer:
    """Split an AuthenticationResponseJSON.

    Raises:
        AssertionRefusedError: it is none, or longer than any authenticator's.
    """
    try:
        parsed = parse_authentication_credential_json(dict(response))
        inner = parsed.response
        answer = Answer(
            credential=bytes(parsed.raw_id),
            client=parse_client_data_json(inner.client_data_json),
            client_data_json=bytes(inner.client_data_json),
            authenticator_data=bytes(inner.authenticator_data),
            signature=bytes(inner.signature),
            user_handle=None if inner.user_handle is None else bytes(inner.user_handle),
            parsed=parsed,
        )
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.MALFORMED, "this is not an authenticator's answer") from exc
    if (
        not 0 < len(answer.credential) <= MAX_CREDENTIAL_BYTES
        or len(answer.client_data_json) > MAX_CLIENT_DATA_BYTES
        or len(answer.authenticator_data) > MAX_AUTHENTICATOR_DATA_BYTES
        or len(answer.signature) > MAX_SIGNATURE_BYTES
    ):
        raise AssertionRefusedError(AssertionReason.MALFORMED, "an authenticator's answer is not that long")
    return answer


def check_answer(party: RelyingParty, answer: Answer, passkey: Passkey, *, challenge: bytes) -> Proven:
    """Check that this passkey signed this challenge, for us, with the person verified. Its counter is for `use`.

    Raises:
        AssertionRefusedError: it did not.
    """
    _look(party, answer)
    try:
        found = verify_authentication_response(
            credential=answer.parsed,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared in `use`, in one statement with its change
            require_user_verification=True,
        )
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.SIGNATURE, "the signature is not of this passkey") from exc
    return Proven(sign_count=found.new_sign_count, backed_up=found.credential_backed_up)


def _look(party: RelyingParty, answer: Answer) -> None:
    """Say by name what py_webauthn would refuse in one word."""
    if answer.client.type != ClientDataType.WEBAUTHN_GET:
        raise AssertionRefusedError(AssertionReason.OTHER_KIND, "a registration is not an assertion")
    if answer.client.origin not in party.origins or answer.client.cross_origin:
        raise AssertionRefusedError(AssertionReason.OTHER_ORIGIN, "the answer was given to another site")
    try:
        data = parse_authenticator_data(answer.authenticator_data)
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.MALFORMED, "the authenticator data cannot be read") from exc
    if data.rp_id_hash != sha256(party.id.encode()).digest():
        raise AssertionRefusedError(AssertionReason.OTHER_RP, "the passkey answered for another domain")
    if not (data.flags.up and data.flags.uv):
        raise AssertionRefusedError(AssertionReason.USER_NOT_VERIFIED, "the authenticator did not verify the person")


def passkey_of(work: SqlUnitOfWork, answer: Answer) -> Passkey:
    """Return the passkey that answered.

    Raises:
        AssertionRefusedError: unknown, or revoked.
    """
    found = work.people.passkey(answer.credential)
    if found is None:
        raise AssertionRefusedError(AssertionReason.UNKNOWN_PASSKEY, "this passkey is not known here")
    if found.revoked_at is not None:
        raise AssertionRefusedError(AssertionReason.PASSKEY_REVOKED, "this passkey was revoked")
    if answer.user_handle is not None and answer.user_handle != found.person.encode():
        raise AssertionRefusedError(AssertionReason.OTHER_PERSON, "the passkey names another person")
    return found


def use(work: SqlUnitOfWork, passkey: Passkey, proven: Proven, *, now: datetime) -> None:
    """Move the passkey's counter on as part of the caller's transaction.

    Raises:
        AssertionRefusedError: the counter did not grow, or the passkey was revoked just now.
    """
    if not work.people.use_passkey(passkey.id, sign_count=proven.sign_count, backed_up=proven.backed_up, at=now):
        raise AssertionRefusedError(
            AssertionReason.COUNTER, "the passkey's counter went back: it may have been copied; revoke it"
        )


def check_registration(
    party: RelyingParty, response: Mapping[str, Any], *, challenge: bytes, person: str, label: str, now: datetime
) -> Passkey:
    """Check a RegistrationResponseJSON and return the passkey in it.

    Raises:
        AssertionRefusedError: it is not one over this challenge, for us, with the person verified.
    """
    _look_at_registration(party, response)
    try:
        found = verify_registration_response(
            credential=dict(response),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=False,  # looked at below, so that the refusal says so
            supported_pub_key_algs=ALGORITHMS,
        )
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.SIGNATURE, "the authenticator's answer does not fit") from exc
    if not found.user_verified:
        raise AssertionRefusedError(AssertionReason.USER_NOT_VERIFIED, "the authenticator did not verify the person")
    if found.fmt not in FORMATS or not 0 < len(found.credential_id) <= MAX_CREDENTIAL_BYTES:
        raise AssertionRefusedError(AssertionReason.MALFORMED, "an attestation that nobody asked for")
    try:
        cose_key.load(found.credential_public_key)
    except MalformedTokenError as exc:  # what could not be checked again offline is not taken
        raise AssertionRefusedError(AssertionReason.MALFORMED, "a public key in an unusual form") from exc
    return Passkey(
        id=found.credential_id,
        person=person,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=_transports(response),
        aaguid=found.aaguid,
        backed_up=found.credential_backed_up,
        label=label,
        made_at=now,
    )


def _look_at_registration(party: RelyingParty, response: Mapping[str, Any]) -> None:
    try:
        client = parse_client_data_json(base64url_to_bytes(response["response"]["clientDataJSON"]))
    except UNREADABLE as exc:
        raise AssertionRefusedError(AssertionReason.MALFORMED, "this is not an authenticator's answer") from exc
    if client.type != ClientDataType.WEBAUTHN_CREATE:
        raise AssertionRefusedError(AssertionReason.OTHER_KIND, "an assertion is not a registration")
    if client.origin not in party.origins or client.cross_origin:
        raise AssertionRefusedError(AssertionReason.OTHER_ORIGIN, "the answer was given to another site")


def _transports(response: Mapping[str, Any]) -> tuple[str, ...]:
    """What the browser says of how the authenticator is reached: known words only."""
    said = response["response"].get("transports")
    return tuple(one.value for one in AuthenticatorTransport if one.value in said) if isinstance(said, list) else ()
