"""Errors of the service itself; those of the core rooms keep their own names. api/problems.py has a row for each."""

from enum import StrEnum


class ServiceError(Exception):
    """Root of what `api` raises by itself."""


class NotFoundError(ServiceError):
    """The register has no such thing."""


class EnterpriseExistsError(ServiceError):
    """An enterprise with this code is registered already."""


class LicenceInForceError(ServiceError):
    """The enterprise has a licence in force; change it or replace it instead of issuing a second one."""


class SealUnusableError(ServiceError):
    """The seal's state, or its licence's, does not allow sealing."""


class KeyReusedError(ServiceError):
    """An `Idempotency-Key` was used again with another body."""


class KeyInUseError(ServiceError):
    """The first request with this `Idempotency-Key` is still at work."""


class UnauthenticatedError(ServiceError):
    """No bearer token, or one that is unknown, expired or withdrawn."""


class ForbiddenError(ServiceError):
    """The token does not have the scope."""


class BodyTooLargeError(ServiceError):
    """The body is over the limit."""


class BadInputError(ServiceError):
    """A part of the request is missing or cannot be read; the message says which."""


class RateLimitedError(ServiceError):
    """Too many requests from one address; try again later."""


class DatabaseBusyError(ServiceError):
    """The database is locked by somebody else for too long; worth a retry."""


class DatabaseGoneError(ServiceError):
    """The database does not answer; nothing was changed."""


class ObjectMissingError(ServiceError):
    """The object store does not have a file that the register names."""


class ClockError(ServiceError):
    """The clock went back behind what is recorded already; nothing was signed."""


class BatchSourceError(ServiceError):
    """The files of a batch cannot be listed or unpacked; nothing was sealed."""


class BatchTargetError(ServiceError):
    """The results of a batch cannot be written; what was not delivered is tried again."""


class BatchStateError(ServiceError):
    """The batch is in a state that does not allow this."""


class SettingsError(ServiceError):
    """A setting is missing or contradicts another; the service does not start."""


class MemberExistsError(ServiceError):
    """The person has a role in this enterprise already, or the enterprise has a representative."""


class InvitationError(ServiceError):
    """No open invitation has this code: it is unknown, used up or too old; the answer does not say which."""


class AssertionReason(StrEnum):
    """Why an answer of an authenticator is refused."""

    MISSING = "missing"  # this act needs an agreement by passkey
    OTHER_INTENT = "other-intent"  # the agreement is to something else than what is to be done
    MALFORMED = "malformed"  # not an answer of WebAuthn
    UNKNOWN_CHALLENGE = "unknown-challenge"  # nobody was asked this
    CHALLENGE_EXPIRED = "challenge-expired"
    CHALLENGE_USED = "challenge-used"  # replayed
    CHALLENGE_KNOWN = "challenge-known"  # an intent whose nonce was used before
    OTHER_KIND = "other-kind"  # a log-in offered as an agreement, or the like
    OTHER_PERSON = "other-person"
    NO_PASSKEY = "no-passkey"  # the person has none to answer with
    UNKNOWN_PASSKEY = "unknown-passkey"
    PASSKEY_REVOKED = "passkey-revoked"
    PASSKEY_KNOWN = "passkey-known"  # registered already
    OTHER_ORIGIN = "other-origin"
    OTHER_RP = "other-rp"
    USER_NOT_VERIFIED = "user-not-verified"
    COUNTER = "counter"  # went back: the authenticator may have been copied
    SIGNATURE = "signature"


class AssertionRefusedError(ServiceError):
    """An authenticator's answer does not prove what it should; nothing was done."""

    def __init__(self, reason: AssertionReason, text: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(text)
        self.reason = reason


class OAuthError(ServiceError):
    """A request that is refused in the words of OAuth 2.0 (RFC 6749 §5.2) or of the remote signing interface."""

    def __init__(self, error: str, text: str, *, status: int = 400) -> None:
        """Keep the code and the HTTP status beside the sentence."""
        super().__init__(text)
        self.error = error
        self.status = status


class WebhookStateError(ServiceError):
    """The webhook's state or shape does not allow this."""


class RevisionMovedError(ServiceError):
    """Somebody else sealed the document meanwhile; the message says which revision is the newest."""
