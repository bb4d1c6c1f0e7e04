"""Mandates (授权): who may use which seals of whom, for what, how much, until when and how often (docs/spec/mandates.md)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from seals.errors import MandateError, MandateStateError, RightError, RightReason
from seals.model import SealKind

ANY_MATTER: Final = "*"
MAX_TEXT: Final = 2000  # characters
MAX_MATTERS: Final = 32
MAX_MATTER: Final = 64  # characters
MAX_DEPTH: Final = 4  # mandates above a mandate: who acts for whom must stay readable


class GranteeKind(StrEnum):
    """Who can be given a mandate."""

    PERSON = "person"
    ENTERPRISE = "enterprise"  # acts through its legal representative, or through sub-mandates
    MACHINE = "machine"  # a token or a registered client


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantee:
    """Who is given the mandate."""

    kind: GranteeKind
    id: str


class MandateState(StrEnum):
    """Where a mandate is in its life."""

    DRAFTED = "drafted"  # written down, the grantor has not agreed with a passkey
    OFFERED = "offered"  # granted, the grantee has not accepted
    ACTIVE = "active"
    DECLINED = "declined"
    REVOKED = "revoked"  # by the grantor
    VOID = "void"  # by a change of the licence or its representative, or with the mandate above it
    USED_UP = "used-up"
    EXPIRED = "expired"


class MandateEvent(StrEnum):
    """What can happen to a mandate."""

    GRANT = "grant"
    ACCEPT = "accept"
    DECLINE = "decline"
    REVOKE = "revoke"
    VOID = "void"
    USE_UP = "use-up"
    EXPIRE = "expire"


_OPEN: Final = (MandateState.DRAFTED, MandateState.OFFERED, MandateState.ACTIVE)
FOLLOWS: Final[Mapping[tuple[MandateState, MandateEvent], MandateState]] = {
    (MandateState.DRAFTED, MandateEvent.GRANT): MandateState.OFFERED,
    (MandateState.OFFERED, MandateEvent.ACCEPT): MandateState.ACTIVE,
    (MandateState.OFFERED, MandateEvent.DECLINE): MandateState.DECLINED,
    (MandateState.ACTIVE, MandateEvent.USE_UP): MandateState.USED_UP,
    **{(state, MandateEvent.REVOKE): MandateState.REVOKED for state in _OPEN},
    **{(state, MandateEvent.VOID): MandateState.VOID for state in _OPEN},
    **{(state, MandateEvent.EXPIRE): MandateState.EXPIRED for state in _OPEN},
}


def follow(state: MandateState, event: MandateEvent) -> MandateState:
    """Return the state after `event`.

    Raises:
        MandateStateError: the event cannot happen in this state; names both.
    """
    try:
        return FOLLOWS[state, event]
    except KeyError as exc:
        raise MandateStateError(f"a mandate that is {state} cannot be acted on by “{event}”") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """One mandate. All limits are inclusive; None is no limit."""

    id: str
    grantors: tuple[str, ...]  # USCCs of those whose seals, or in whose name a seal, may be used
    grantee: Grantee
    kinds: frozenset[SealKind] = frozenset()
    seals: frozenset[str] = frozenset()  # named seals, beside those of the kinds
    matters: tuple[str, ...] = (ANY_MATTER,)
    max_amount: Decimal | None = None  # for one use
    currency: str = ""
    max_pages: int | None = None
    not_before: datetime
    not_after: datetime
    max_uses: int | None = None  # 1: single use
    automatic: bool = False  # a machine may use it without a person
    substitution: bool = False  # the grantee may grant a narrower mandate of his own
    parent: str | None = None
    licences: Mapping[str, str] = field(default_factory=dict)  # grantor → the licence it stands and falls with
    state: MandateState = MandateState.DRAFTED
    uses: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never be used or not be read.

        Raises:
            MandateError: nobody grants, no seal or matter is meant, a limit is below one, the period ends before it begins.
        """
        objection = self._objection()
        if objection:
            raise MandateError(objection)

    def _objection(self) -> str | None:
        rules = (
            (not self.grantors or len(set(self.grantors)) != len(self.grantors), "each grantor is named once"),
            (not self.grantee.id, "a grantee is named"),
            (not self.kinds and not self.seals, "a mandate names kinds of seals, or seals"),
            (SealKind.AUTHORITY in self.kinds, "the authority's own seal is not lent"),
            (not self.matters or not all(one.strip() for one in self.matters), "a mandate names matters, or * for any"),
            (len(self.matters) > MAX_MATTERS, f"at most {MAX_MATTERS} matters"),
            (any(len(one) > MAX_MATTER for one in self.matters), f"a matter has at most {MAX_MATTER} characters"),
            (self.max_amount is not None and not _countable(self.max_amount), "a limit in money is a number above 0"),
            ((self.max_amount is None) != (not self.currency), "a limit in money has a currency, and only it has"),
            (self.max_pages is not None and self.max_pages < 1, "a limit of pages is at least 1"),
            (self.max_uses is not None and self.max_uses < 1, "a limit of uses is at least 1"),
            (self.not_after < self.not_before, "the period ends before it begins"),
            (len(self.text) > MAX_TEXT, f"the text has at most {MAX_TEXT} characters"),
            (
                self.grantee.kind is GranteeKind.MACHINE and not self.automatic,
                "a machine's mandate says that it is automatic",
            ),
            (
                self.grantee.kind is GranteeKind.MACHINE and self.substitution,
                "a machine grants nothing to others",
            ),
        )
        return next((text for broken, text in rules if broken), None)

    @property
    def single_use(self) -> bool:
        return self.max_uses == 1

    @property
    def joint(self) -> bool:
        """Given by several: their attorney acts in their name with seals of his own, and is lent none of theirs."""
        return len(self.grantors) > 1

    def terms(self) -> dict[str, Any]:
        """What grantor and grantee agree to, in one spelling; hashed into their passkeys' challenges."""
        return {
            "id": self.id,
            "grantors": list(self.grantors),
            "grantee": {"kind": self.grantee.kind.value, "id": self.grantee.id},
            "kinds": sorted(one.value for one in self.kinds),
            "seals": sorted(self.seals),
            "matters": list(self.matters),
            "max_amount": None if self.max_amount is None else format(self.max_amount.normalize(), "f"),
            "currency": self.currency,
            "max_pages": self.max_pages,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "max_uses": self.max_uses,
            "automatic": self.automatic,
            "substitution": self.substitution,
            "parent": self.parent,
            "licences": dict(sorted(self.licences.items())),
            "text": self.text,
        }

    def after(self, event: MandateEvent) -> "Mandate":
        """The mandate after `event`.

        Raises:
            MandateStateError: the event cannot happen now.
        """
        return replace(self, state=follow(self.state, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedUse:
    """One use of one seal, as far as a mandate has a say in it."""

    seal: str
    kind: SealKind
    enterprise: str  # whose seal it is
    actors: frozenset[Grantee]  # who acts, in every capacity
    automatic: bool  # without a person
    licences: Mapping[str, str]  # grantor → the number of its licence in force
    matter: str = ""
    amount: Decimal | None = None
    currency: str = ""
    pages: int | None = None


def require(mandate: Mandate, use: AskedUse, now: datetime, *, counted: bool = False) -> None:
    """Pass if the mandate covers the use. `counted`: this very use was counted before and is tried again.

    Raises:
        RightError: it does not; the reason names the limit.
    """
    allowed = {MandateState.ACTIVE, MandateState.USED_UP} if counted else {MandateState.ACTIVE}
    if mandate.state is MandateState.USED_UP and not counted:
        raise RightError(RightReason.MANDATE_USES, f"the mandate's {mandate.max_uses} uses are used up")
    if mandate.state is MandateState.EXPIRED:
        raise RightError(RightReason.MANDATE_PERIOD, "the period of the mandate is over")
    if mandate.state not in allowed:
        raise RightError(RightReason.MANDATE_STATE, f"the mandate is {mandate.state}")
    for reason, broken, text in _limits(mandate, use, now):
        if broken:
            raise RightError(reason, text)
    if not counted and mandate.max_uses is not None and mandate.uses >= mandate.max_uses:
        raise RightError(RightReason.MANDATE_USES, f"the mandate's {mandate.max_uses} uses are used up")


def _limits(mandate: Mandate, use: AskedUse, now: datetime) -> tuple[tuple[RightReason, bool, str], ...]:
    period = f"{mandate.not_before:%Y-%m-%d %H:%M:%S} to {mandate.not_after:%Y-%m-%d %H:%M:%S} UTC"
    return (
        (
            RightReason.MANDATE_PERIOD,
            not mandate.not_before <= now <= mandate.not_after,
            f"the mandate is good from {period}",
        ),
        (RightReason.MANDATE_GRANTEE, mandate.grantee not in use.actors, "the mandate was given to somebody else"),
        (
            RightReason.MANDATE_LICENCE,
            any(use.licences.get(uscc) != number for uscc, number in mandate.licences.items())
            or not mandate.licences.keys() >= set(mandate.grantors),
            "the licence that the mandate is bound to is no longer in force",
        ),
        (RightReason.MANDATE_SEAL, not _covers_seal(mandate, use), "the mandate does not cover this seal"),
        (
            RightReason.MANDATE_MATTER,
            ANY_MATTER not in mandate.matters and use.matter not in mandate.matters,
            f"the mandate does not cover the matter “{use.matter}”",
        ),
        (RightReason.MANDATE_AMOUNT, *_amount(mandate, use)),
        (RightReason.MANDATE_PAGES, *_pages(mandate, use)),
        (
            RightReason.MANDATE_AUTOMATIC,
            use.automatic and not mandate.automatic,
            "the mandate does not allow automatic use",
        ),
    )


def _covers_seal(mandate: Mandate, use: AskedUse) -> bool:
    """The seal of a grantor; or the grantee enterprise's own, where it acts in the name of others (joint mandate)."""
    own = mandate.grantee == Grantee(kind=GranteeKind.ENTERPRISE, id=use.enterprise)
    lent = use.enterprise in mandate.grantors and not mandate.joint
    return (lent or own) and (use.kind in mandate.kinds or use.seal in mandate.seals)


def _amount(mandate: Mandate, use: AskedUse) -> tuple[bool, str]:
    if mandate.max_amount is None:
        return False, ""
    limit = f"{mandate.max_amount} {mandate.currency}"
    if use.amount is None or not use.amount.is_finite() or use.amount < 0:
        return True, f"the mandate is limited to {limit}; state the amount"
    if use.currency != mandate.currency:
        return True, f"the mandate is limited to {limit}; the amount is in {use.currency or 'no currency'}"
    return use.amount > mandate.max_amount, f"{use.amount} {use.currency} is over the mandate's {limit}"


def _pages(mandate: Mandate, use: AskedUse) -> tuple[bool, str]:
    if mandate.max_pages is None:
        return False, ""
    if use.pages is None:
        return True, f"the mandate is limited to {mandate.max_pages} pages, and how many there are is not known"
    return use.pages > mandate.max_pages, f"{use.pages} pages are over the mandate's {mandate.max_pages}"


def require_narrower(child: Mandate, parent: Mandate, *, kind_of: Callable[[str], SealKind | None]) -> None:
    """Pass if the sub-mandate gives nothing that the mandate above it does not give.

    Raises:
        MandateError: it does; names the term.
    """
    rules = (
        ("substitution", parent.substitution),
        ("parent", child.parent == parent.id),
        ("grantors", child.grantors == parent.grantors and dict(child.licences) == dict(parent.licences)),
        ("kinds", child.kinds <= parent.kinds),
        ("seals", all(one in parent.seals or kind_of(one) in parent.kinds for one in child.seals)),
        ("matters", ANY_MATTER in parent.matters or set(child.matters) <= set(parent.matters)),
        ("max_amount", parent.max_amount is None or _within(child.max_amount, parent.max_amount)),
        ("currency", parent.max_amount is None or child.currency == parent.currency),
        ("max_pages", parent.max_pages is None or _within(child.max_pages, parent.max_pages)),
        ("not_before", child.not_before >= parent.not_before),
        ("not_after", child.not_after <= parent.not_after),
        ("max_uses", parent.max_uses is None or _within(child.max_uses, parent.max_uses)),
        ("automatic", parent.automatic or not child.automatic),
    )
    for term, holds in rules:
        if not holds:
            raise MandateError(f"a sub-mandate is narrower than the mandate above it: {term}")


def _within(value: Decimal | int | None, limit: Decimal | int) -> bool:
    return value is not None and value <= limit


def _countable(amount: Decimal) -> bool:
    return amount.is_finite() and amount > 0
