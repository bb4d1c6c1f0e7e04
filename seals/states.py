"""The life of a seal as data: which act leads from which state to which, and what each state allows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from seals.errors import SealStateError


class SealState(StrEnum):
    """Where a seal is in its life (《电子印章管理办法》: 制作 备案 使用 停用 恢复 注销)."""

    MADE = "made"  # 已制作: key, picture and certificate exist, the holder has not taken it over
    ACTIVE = "active"  # 使用中
    SUSPENDED = "suspended"  # 已停用
    CANCELLED = "cancelled"  # 已注销: change of name, loss, end of the enterprise; a new seal is made
    INVALID = "invalid"  # 已标记无效: should never have been made


class SealEvent(StrEnum):
    """What can happen to a seal."""

    ACTIVATE = "activate"  # 启用
    SUSPEND = "suspend"  # 停用
    RESUME = "resume"  # 恢复
    CANCEL = "cancel"  # 注销
    INVALIDATE = "invalidate"  # 标记无效


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRule:
    """What a state allows and how it is shown."""

    may_sign: bool
    earlier_uses_hold: bool  # what was sealed before the state began stays sealed
    final: bool
    chinese: str
    english: str


FOLLOWS: Final[dict[tuple[SealState, SealEvent], SealState]] = {
    (SealState.MADE, SealEvent.ACTIVATE): SealState.ACTIVE,
    (SealState.MADE, SealEvent.CANCEL): SealState.CANCELLED,
    (SealState.MADE, SealEvent.INVALIDATE): SealState.INVALID,
    (SealState.ACTIVE, SealEvent.SUSPEND): SealState.SUSPENDED,
    (SealState.ACTIVE, SealEvent.CANCEL): SealState.CANCELLED,
    (SealState.ACTIVE, SealEvent.INVALIDATE): SealState.INVALID,
    (SealState.SUSPENDED, SealEvent.RESUME): SealState.ACTIVE,
    (SealState.SUSPENDED, SealEvent.CANCEL): SealState.CANCELLED,
    (SealState.SUSPENDED, SealEvent.INVALIDATE): SealState.INVALID,
}

RULES: Final[dict[SealState, StateRule]] = {
    SealState.MADE: StateRule(
        may_sign=False, earlier_uses_hold=True, final=False, chinese="已制作，待启用", english="made, not yet in use"
    ),
    SealState.ACTIVE: StateRule(may_sign=True, earlier_uses_hold=True, final=False, chinese="使用中", english="in use"),
    SealState.SUSPENDED: StateRule(
        may_sign=False, earlier_uses_hold=True, final=False, chinese="已停用", english="suspended"
    ),
    SealState.CANCELLED: StateRule(
        may_sign=False, earlier_uses_hold=True, final=True, chinese="已注销", english="cancelled"
    ),
    SealState.INVALID: StateRule(
        may_sign=False, earlier_uses_hold=False, final=True, chinese="已标记无效", english="marked invalid"
    ),
}


def follow(state: SealState, event: SealEvent) -> SealState:
    """Return the state after `event`.

    Raises:
        SealStateError: the event cannot happen in this state; names both.
    """
    try:
        return FOLLOWS[state, event]
    except KeyError as exc:
        raise SealStateError(
            f"a seal that is {RULES[state].english} ({state}) cannot be acted on by “{event}”"
        ) from exc


def require_signing(state: SealState) -> None:
    """Return where a seal in this state may be used.

    Raises:
        SealStateError: it may not; names the state.
    """
    if not RULES[state].may_sign:
        raise SealStateError(f"a seal that is {RULES[state].english} ({state}) cannot seal")
