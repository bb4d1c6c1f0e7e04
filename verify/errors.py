"""Errors of the formats and checks."""


class VerifyError(Exception):
    """Root of everything that `verify` raises. A check itself never raises for bad bytes: it reports."""


class MalformedTokenError(VerifyError):
    """Not a token of a kind we know, or not in its one spelling."""


class MalformedStatusListError(VerifyError):
    """Not a Token Status List in its one spelling."""


class MalformedCertificateError(VerifyError):
    """Not a certificate, or one that breaks a rule which makes its meaning unclear."""


class EncodingError(VerifyError):
    """A value that the format cannot carry was given to an encoder."""


class MalformedMandateError(VerifyError):
    """Not a joint mandate in its one spelling."""
