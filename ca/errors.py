"""Errors of the authority's decisions."""


class CaError(Exception):
    """Root of everything that `ca` raises."""


class UsccError(CaError):
    """Not a unified social credit code by GB 32100-2015; the message says which rule it breaks."""


class RegisterError(CaError):
    """A register entry that cannot be: a founding date in the future, an empty name, a capital below zero."""


class StateError(CaError):
    """The state machine has no such step from the present state."""


class ProfileError(CaError):
    """A request outside the certificate profile."""


class LintError(CaError):
    """The draft breaks a rule; the CA key was not used."""


class IntentError(CaError):
    """What would be signed is not what was recorded; the CA key was not used, or its signature was discarded."""


class CeremonyError(CaError):
    """The ceremony file is incomplete or contradicts itself."""


class GlyphError(CaError):
    """A character that none of the fonts can draw. It is never left out or boxed silently."""


class CredentialError(CaError):
    """The licence does not fit the QR credential format."""


class MalformedRequestError(CaError):
    """An OCSP or time-stamp request that cannot be read."""
