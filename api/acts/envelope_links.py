"""References between envelopes: by identity, and by the hash of the concluded file."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from api.db.envelope_records import LinkRecord, Whole
from api.db.work import SqlUnitOfWork
from seals.envelope_states import EnvelopeState, require_envelope_move
from seals.errors import EnvelopeError, EnvelopeStateError


class Link(StrEnum):
    """What one envelope is to another."""

    RESCINDS = "rescinds"
    CALL_OFF_OF = "call-off-of"
    AMENDS = "amends"


class RescissionReason(StrEnum):
    """Why a concluded contract is rescinded (解除), as the signing platforms of China ask for it."""

    CONTENT = "content-wrong"  # 条款内容有误
    SEAL = "wrong-seal"  # 印章选择错误
    SIGNATORY = "wrong-signatory"  # 签署人信息错误
    ENDED = "cooperation-ended"  # 合作终止
    OTHER = "other"  # 其他, with a text


CONCLUDED: Final = frozenset({EnvelopeState.COMPLETED, EnvelopeState.RESCINDED})


def check_link(work: SqlUnitOfWork, envelope_id: str, kind: Link, target: Whole, sha256: bytes | None) -> LinkRecord:
    """Return the reference if its target is concluded and the hash, where one is given, is of one of its files.

    Raises:
        EnvelopeStateError: the target is not concluded.
        EnvelopeError: the hash is of no file of it.
    """
    if target.record.state not in CONCLUDED:
        raise EnvelopeStateError(f"envelope {target.id} is {target.record.state}; only a concluded one is referred to")
    known = {one.current_sha256 for one in target.documents if one.current_sha256 is not None}
    if sha256 is None:
        sha256 = next(one.current_sha256 for one in target.documents if one.current_sha256 is not None)
    elif sha256 not in known and not any(one.envelope == target.id for one in work.envelopes.by_file([sha256])):
        raise EnvelopeError(f"no file of envelope {target.id} has this hash")
    return LinkRecord(envelope=envelope_id, kind=kind.value, target=target.id, sha256=sha256)


def check_rescission(original: Whole, parties: Sequence[tuple[str, str]]) -> None:
    """Pass if the same parties sign who signed the original.

    Raises:
        EnvelopeStateError: the original is not completed.
        EnvelopeError: somebody is missing, or somebody else signs.
    """
    if original.record.state is not EnvelopeState.COMPLETED:
        raise EnvelopeStateError(
            f"envelope {original.id} is {original.record.state}; only a completed one is rescinded"
        )
    signed = {one.plain().identity for one in original.parties if one.state.value == "sealed"}
    if signed != set(parties):
        raise EnvelopeError("a rescission is signed by the parties that signed the contract, and nobody else")


def rescind_target(work: SqlUnitOfWork, rescission: Whole, *, now: datetime) -> None:
    """Mark the original as rescinded, in the transaction that completes the rescission.

    Raises:
        EnvelopeStateError: another rescission came first.
    """
    target_id = rescission.record.rescinds
    original = None if target_id is None else work.envelopes.lock(target_id)
    if original is None:
        raise EnvelopeStateError("the contract to rescind is not on record")
    require_envelope_move(original.record.state, EnvelopeState.RESCINDED)
    reason = rescission.record.rescission_reason or RescissionReason.OTHER.value
    work.envelopes.set(original.id, state=EnvelopeState.RESCINDED)
    work.envelopes.note(original.id, at=now, actor="service", act="envelope.rescinded", by=rescission.id, reason=reason)
    work.notices.add(
        to=original.enterprises(), kind="envelope.rescinded", subject=original.id, at=now,
        title=original.record.title, by=rescission.id, reason=reason,
    )  # fmt: skip
    work.ledger.note(at=now, actor="service", act="envelope.rescinded", subject=original.id, by=rescission.id)
