"""Errors of seals. A refused document always carries a reason code that callers may rely on."""

from enum import StrEnum


class SealError(Exception):
    """Root of everything that `seals` raises."""


class SealCodeError(SealError):
    """Not a 14-digit seal code."""


class SealStateError(SealError):
    """The seal's state does not allow this."""


class AppearanceError(SealError):
    """The picture cannot be drawn: a name that is too long, a character no font has."""


class PlacementError(SealError):
    """The page, position or keyword does not exist in this document."""


class FillError(SealError):
    """A value cannot be filled in; names the field."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field's name beside the sentence."""
        super().__init__(f"the field “{field}” {message}")
        self.field = field


class TimestampError(SealError):
    """No time-stamp could be had. The document was not sealed: a time is never made up."""


class OutgrownError(SealError):
    """A signature did not fit the room that was kept for it; it was discarded, and the document can be sealed again."""


class EvidenceError(SealError):
    """Revocation evidence for the signer's path is missing; names the certificate."""


class EvidenceFileError(SealError):
    """Not an evidence file, or facts that it cannot carry."""


class ReportError(SealError):
    """The evidence report cannot be set: a character that no font draws (named), or a fault of the installation."""


class ContainerError(SealError):
    """These files cannot go into one container: a name or number that does not fit."""


class Reason(StrEnum):
    """Why a document is refused."""

    NOT_PDF = "not-pdf"
    BROKEN = "broken"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too-large"
    TOO_MANY_PAGES = "too-many-pages"
    CERTIFIED = "certified-no-changes"  # DocMDP P=1
    LOCKED = "locked"  # a FieldMDP or DocMDP rule forbids this seal
    XFA = "xfa"  # a dynamic form: what is sealed is not what is shown
    BOMB = "decompression-bomb"
    CHANGED_SINCE_FREEZE = "changed-since-freeze"  # not the document whose layout was frozen
    NOT_ONLY_SIGNED = "not-only-signed"  # an update by somebody else's client does more than to sign its own slot


class DocumentRefusedError(SealError):
    """The document cannot be sealed; nothing was signed."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.reason = reason


class IntentError(SealError):
    """Not an intent that a person can agree to."""


class RightReason(StrEnum):
    """Why a seal may not be used on the grounds that were given."""

    NO_RIGHT = "no-right"
    NO_ASSERTION = "no-assertion"
    ASSERTION_MISMATCH = "assertion-mismatch"
    MANDATE_STATE = "mandate-state"
    MANDATE_GRANTEE = "mandate-grantee"
    MANDATE_SEAL = "mandate-seal"
    MANDATE_MATTER = "mandate-matter"
    MANDATE_AMOUNT = "mandate-amount"
    MANDATE_PAGES = "mandate-pages"
    MANDATE_PERIOD = "mandate-period"
    MANDATE_USES = "mandate-uses"
    MANDATE_AUTOMATIC = "mandate-automatic"
    MANDATE_LICENCE = "mandate-licence"
    REQUEST_STATE = "request-state"


class RightError(SealError):
    """The grounds do not allow this use of the seal."""

    def __init__(self, reason: RightReason, text: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(text)
        self.reason = reason


class EnvelopeError(SealError):
    """The envelope as described cannot be sent; says what is wrong with it."""


class EnvelopeStateError(SealError):
    """The envelope, or the party, is in a state that does not allow this."""


class MandateError(SealError):
    """Not a mandate that can be given."""


class MandateStateError(SealError):
    """Not possible in the mandate's present state."""


class ApprovalReason(StrEnum):
    """Why a decision on a seal-use request does not count."""

    RULE = "rule"
    OWN_REQUEST = "own-request"
    NOT_APPROVER = "not-approver"
    NOT_YET = "not-yet"
    DECIDED = "decided"
    LATE = "late"
    LEFT = "left"
    NO_REASON = "no-reason"
    NO_APPROVER = "no-approver"


class ApprovalError(SealError):
    """The rule or the decision cannot stand."""

    def __init__(self, reason: ApprovalReason, text: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(text)
        self.reason = reason


class RequestStateError(SealError):
    """Not possible in the seal-use request's present state."""


class GroupReason(StrEnum):
    """Why a group, an election or a call-off cannot be so."""

    MEMBERS = "members"
    THRESHOLD = "threshold"
    CHARTER = "charter"
    NOT_A_MEMBER = "not-a-member"
    NOT_CONCLUDED = "not-concluded"
    REFERENCE = "reference"
    PERIOD = "period"
    AMOUNT = "amount"
    CURRENCY = "currency"
    LIMIT = "limit"
    TERMS = "terms"


class GroupError(SealError):
    """Not possible among those who buy together; the reason names the rule."""

    def __init__(self, reason: GroupReason, text: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(text)
        self.reason = reason


class GroupStateError(SealError):
    """Not possible in the present state of the group, election or mandate."""
