"""Who approves the use of a seal: the rule that its enterprise set, or its legal representative where there is none."""

from datetime import timedelta
from typing import Final

from api.acts.office import Office
from api.acts.people import require_member
from api.acts.seal_life import seal
from api.db.people import Role
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError
from seals.approvals import ApprovalRule, Asked, Decision, Mode
from seals.errors import ApprovalError, ApprovalReason
from seals.register import Seal
from seals.requests import SealRequest

USING: Final = (Role.REPRESENTATIVE, Role.USER)  # who may use seals may approve of their use
SETTING: Final = (Role.REPRESENTATIVE, Role.MANAGER)
WITHIN: Final = timedelta(days=7)  # where no rule is set


def rule_of_seal(office: Office, person: str, code: str) -> tuple[ApprovalRule | None, bool]:
    """The rule in force to a member of the enterprise, and whether it was set or is the one without any.

    Raises:
        NotFoundError: no such seal, or somebody else's.
    """
    one = seal(office, code)
    with office.reading() as work:
        _require_member(work, person, one)
        found = work.requests.rule(code)
        return (found, True) if found is not None else (_default(work, one), False)


def set_rule(office: Office, person: str, code: str, rule: ApprovalRule) -> None:
    """Set the rule; requests that wait keep the one they were asked under.

    Raises:
        NotFoundError: no such seal, or somebody else's.
        ForbiddenError: neither a manager nor the legal representative.
        ApprovalError: an approver's role never uses a seal, or is none.
    """
    one = seal(office, code)
    now = office.now()
    with office.work() as work:
        if _require_member(work, person, one) not in SETTING:
            raise ForbiddenError("only " + " or ".join(SETTING) + " can set who approves")
        for approver in rule.approvers:
            member = work.people.member(approver, one.uscc)
            if member is None or member.role not in USING:
                raise ApprovalError(
                    ApprovalReason.RULE, "approvers are users, or the representative, of the enterprise"
                )
        work.requests.set_rule(code, rule, by=person, at=now)
        work.ledger.note(
            at=now, actor=person, act="seal.approval-rule", subject=code, mode=rule.mode.value,
            approvers=list(rule.approvers), within_s=int(rule.within.total_seconds()),
        )  # fmt: skip
        work.commit()


def rule_for(work: SqlUnitOfWork, one: Seal, *, asker: str) -> ApprovalRule:
    """The rule for a request by `asker`.

    Raises:
        ApprovalError: nobody but the asker could approve.
    """
    rule = work.requests.rule(one.code) or _default(work, one)
    if rule is None or set(rule.approvers) <= {asker}:
        raise ApprovalError(
            ApprovalReason.NO_APPROVER, "nobody but the asker could approve; a manager has to set a rule"
        )
    return rule


def asked_of(work: SqlUnitOfWork, one: SealRequest) -> Asked:
    """The request as approval sees it."""
    approvers = () if one.rule is None else one.rule.approvers
    here = {found.person for found in work.people.members_of(one.uscc) if found.role in USING}
    return Asked(by=one.person, at=one.asked_at, present=frozenset(approvers) & here)


def decided(work: SqlUnitOfWork, one: SealRequest) -> list[Decision]:
    """The decisions so far."""
    return [each.decision for each in work.requests.decisions(one.id)]


def _default(work: SqlUnitOfWork, one: Seal) -> ApprovalRule | None:
    found = work.people.representative(one.uscc)
    return None if found is None else ApprovalRule(mode=Mode.ONE_OF, approvers=(found.person,), within=WITHIN)


def _require_member(work: SqlUnitOfWork, person: str, one: Seal) -> Role:
    try:
        return require_member(work, person, one.uscc).role
    except NotFoundError as exc:
        raise NotFoundError(f"there is no seal {one.code}") from exc
