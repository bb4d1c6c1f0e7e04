"""Problem details (RFC 9457): which error becomes which answer. docs/spec/problems.md is made from this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api import errors as service
from ca import errors as ca
from ca.register import InvalidEnterpriseError
from hsm import errors as hsm
from seals import errors as seals
from verify import errors as verify
from verify.material import MaterialError

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of answer to a failed request, and the exit code of the command line for it."""

    status: int
    slug: str
    title: str
    retry_after_s: int | None = None
    exit_code: int = 1
    show: bool = True  # whether the error's own sentence may be shown; what is internal stays in the log


INTERNAL: Final = Problem(500, "internal", "Internal error", exit_code=70, show=False)

PROBLEMS: Final[dict[type[Exception], Problem]] = {
    # the service itself
    service.NotFoundError: Problem(404, "not-found", "No such entry"),
    service.EnterpriseExistsError: Problem(409, "enterprise-exists", "Enterprise registered already"),
    service.LicenceInForceError: Problem(409, "licence-in-force", "The enterprise has a licence in force"),
    service.SealUnusableError: Problem(409, "seal-unusable", "The seal cannot be used"),
    service.KeyReusedError: Problem(422, "idempotency-key-reused", "Idempotency-Key used with another request"),
    service.KeyInUseError: Problem(409, "idempotency-key-in-use", "First request still at work", 2),
    service.RevisionMovedError: Problem(409, "revision-moved", "The document has a newer revision"),
    service.UnauthenticatedError: Problem(401, "unauthenticated", "No valid bearer token"),
    service.ForbiddenError: Problem(403, "forbidden", "The token does not allow this"),
    service.BodyTooLargeError: Problem(413, "body-too-large", "Body too large"),
    service.BadInputError: Problem(422, "bad-input", "Input missing or unreadable", exit_code=64),
    service.RateLimitedError: Problem(429, "rate-limited", "Too many requests", 30),
    service.DatabaseBusyError: Problem(503, "database-busy", "Database in use", 2, exit_code=75),
    service.DatabaseGoneError: Problem(503, "database-gone", "Database out of reach", 10, exit_code=75),
    service.ObjectMissingError: Problem(503, "object-missing", "Stored file out of reach", 10, exit_code=75),
    service.ClockError: Problem(503, "clock", "The clock went back", 30, exit_code=75),
    service.WebhookStateError: Problem(409, "webhook-state", "Not possible with this webhook"),
    service.BatchSourceError: Problem(422, "batch-source", "Files of the batch not usable", exit_code=65),
    service.BatchTargetError: Problem(503, "batch-target", "Results cannot be written", 10, exit_code=73),
    service.BatchStateError: Problem(409, "batch-state", "Not in this state of the batch", exit_code=65),
    service.SettingsError: Problem(500, "settings", "Settings incomplete", exit_code=78, show=False),
    service.MemberExistsError: Problem(409, "member-exists", "The role is taken"),
    service.InvitationError: Problem(404, "invitation", "No open invitation with this code"),
    service.AssertionRefusedError: Problem(403, "assertion-refused", "The passkey's answer was refused"),
    service.OAuthError: Problem(400, "oauth", "Refused by the token service"),
    # the authority's decisions
    ca.UsccError: Problem(422, "uscc", "Not a unified social credit code"),
    ca.RegisterError: Problem(422, "register-entry", "Not a possible register entry"),
    ca.StateError: Problem(409, "state", "Not possible in the present state"),
    ca.ProfileError: Problem(422, "profile", "Outside the certificate profile"),
    ca.LintError: INTERNAL,
    ca.IntentError: INTERNAL,
    ca.CeremonyError: Problem(422, "ceremony", "Ceremony file incomplete or contradictory", exit_code=64),
    ca.GlyphError: Problem(422, "glyph", "A character that no font can draw"),
    ca.CredentialError: Problem(422, "credential", "The licence does not fit the QR credential"),
    ca.MalformedRequestError: Problem(400, "malformed-request", "Not a request of this protocol"),
    # seals and sealing
    seals.SealCodeError: Problem(422, "seal-code", "Not a seal code"),
    seals.SealStateError: Problem(409, "seal-state", "Not possible in the seal's present state"),
    seals.RightError: Problem(403, "no-right", "No right to use this seal so"),
    seals.MandateError: Problem(422, "mandate", "Not a mandate that can be given"),
    seals.MandateStateError: Problem(409, "mandate-state", "Not possible in the mandate's present state"),
    seals.ApprovalError: Problem(403, "approval", "The decision does not count"),
    seals.RequestStateError: Problem(409, "request-state", "Not possible in the request's present state"),
    seals.GroupError: Problem(422, "group", "Not possible among those who buy together"),
    seals.GroupStateError: Problem(409, "group-state", "Not possible in the group's present state"),
    seals.IntentError: Problem(422, "intent", "Not something to agree to"),
    seals.EnvelopeStateError: Problem(409, "envelope-state", "Not possible in the envelope's present state"),
    seals.EnvelopeError: Problem(422, "envelope", "The envelope cannot be sent like this"),
    seals.AppearanceError: Problem(422, "seal-picture", "The seal picture cannot be drawn"),
    seals.PlacementError: Problem(422, "placement", "No such place in the document"),
    seals.FillError: Problem(422, "fill", "A field cannot be filled in like this"),
    seals.TimestampError: Problem(503, "timestamp", "No time-stamp to be had; nothing was sealed", 10, exit_code=75),
    seals.OutgrownError: INTERNAL,
    seals.EvidenceError: Problem(503, "evidence", "Revocation evidence missing; nothing was sealed", 10, exit_code=75),
    seals.EvidenceFileError: Problem(422, "evidence-file", "Not an evidence file", exit_code=65),
    seals.ReportError: Problem(422, "evidence-report", "The evidence report cannot be set"),
    seals.ContainerError: Problem(422, "container", "These files cannot go into one container", exit_code=65),
    seals.DocumentRefusedError: Problem(422, "document-refused", "The document cannot be sealed", exit_code=65),
    # formats
    verify.MalformedTokenError: Problem(400, "malformed-token", "Not a code of a known kind", exit_code=65),
    verify.MalformedStatusListError: Problem(400, "malformed-status-list", "Not a status list", exit_code=65),
    verify.MalformedMandateError: Problem(400, "malformed-mandate", "Not a joint mandate", exit_code=65),
    verify.MalformedCertificateError: Problem(400, "malformed-certificate", "Not a usable certificate", exit_code=65),
    MaterialError: Problem(422, "trust-material", "Not a certificate to trust", exit_code=64),
    verify.EncodingError: Problem(422, "encoding", "A value that the format cannot carry"),
    # keys
    hsm.KeyBusyError: Problem(503, "key-busy", "Signing key in use", 2, exit_code=75),
    hsm.TokenFullError: Problem(503, "key-store-full", "The key store has no room", 60, exit_code=75),
    hsm.DeviceGoneError: Problem(503, "key-store-gone", "The key store is out of reach", 10, exit_code=75),
    hsm.DeviceError: Problem(503, "key-store-fault", "The key store failed; it will be opened afresh", 5, exit_code=75),
    hsm.PinError: Problem(503, "key-store-locked", "The key store cannot be opened", 60, exit_code=78, show=False),
    hsm.KeyFileError: Problem(503, "key-file", "The key file cannot be opened", 60, exit_code=78, show=False),
    hsm.StoreAddressError: Problem(500, "key-store-address", "Not a key store's address", exit_code=78, show=False),
    hsm.KeyExistsError: Problem(409, "key-exists", "A key of this name exists", exit_code=73),
    hsm.UnsafeTokenError: Problem(503, "key-store-unsafe", "The token does not protect wrapped keys", exit_code=78),
    hsm.MechanismError: Problem(422, "mechanism", "The key store cannot do this algorithm"),
    # what is nobody's input stays inside
    service.ServiceError: INTERNAL,
    ca.CaError: INTERNAL,
    seals.SealError: INTERNAL,
    verify.VerifyError: INTERNAL,
    hsm.HsmError: INTERNAL,
}

REQUEST: Final = Problem(422, "request", "The request is not as described", exit_code=64)
OF_STATUS: Final[Mapping[int, Problem]] = {
    404: Problem(404, "no-such-path", "No such path"),
    405: Problem(405, "method-not-allowed", "Method not allowed here"),
    400: Problem(400, "unreadable", "The body cannot be read"),
    413: Problem(413, "body-too-large", "Body too large"),
}


def problem_for(error: Exception) -> Problem:
    """Return the row of the nearest ancestor of `error` in the table."""
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), INTERNAL)


def body_of(problem: Problem, *, detail: str | None, **more: Any) -> dict[str, Any]:
    """Return the JSON of a problem."""
    body: dict[str, Any] = {"type": f"/problems/{problem.slug}", "title": problem.title, "status": problem.status}
    if detail:
        body["detail"] = detail
    return {**body, **{name: value for name, value in more.items() if value}}


def detail_of(error: Exception) -> str | None:
    """Return what may be told of an error."""
    return str(error) if problem_for(error).show else None


def more_of(error: Exception) -> dict[str, Any]:
    """Return the machine-readable rest: a reason code, or the fields that are wrong."""
    if isinstance(error, InvalidEnterpriseError):
        return {
            "errors": [
                {"field": name, "text": objection.en, "text_zh": objection.zh}
                for name, objection in error.fields.items()
            ]
        }
    if isinstance(
        error,
        (
            seals.DocumentRefusedError,
            seals.RightError,
            seals.GroupError,
            seals.ApprovalError,
            service.AssertionRefusedError,
        ),
    ):
        return {"reason": str(error.reason)}
    return {}
