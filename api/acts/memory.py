"""Signed answers that may be given again while what they tell of has not changed. Per process; losing it costs time only."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class Memory:
    """The newest answer by key, with a stamp of the state it was made from."""

    _answers: dict[str, tuple[Hashable, bytes]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def recall(self, key: str, stamp: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the answer kept under this key and stamp, or make it."""
        with self._lock:
            kept = self._answers.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        made = make()
        with self._lock:
            self._answers[key] = (stamp, made)
        return made
