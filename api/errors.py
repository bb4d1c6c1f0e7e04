"""Errors of the service itself; those of the core rooms keep their own names. api/problems.py has a row for each."""


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


class SettingsError(ServiceError):
    """A setting is missing or contradicts another; the service does not start."""
