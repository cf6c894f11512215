"""When a hold ends: its client stays away too long, or slows the child and acknowledges nothing. Time is passed in."""

from dataclasses import dataclass
from typing import Literal

HoldEnd = Literal["grace_expired", "stalled"]

RECORDER_KEY = 1
"""Of the recorder's hold. Those of attachments are hashes; that one should be 1 is not to be feared."""
ASKER_KEY = 2
"""Of the hold that a run begins with: whoever has asked for it has still to attach. Those of attachments are odd."""


@dataclass(slots=True)
class _Hold:
    away_since: float | None = None
    blocking_since: float | None = None
    """Since when it has kept the child waiting without one acknowledgement."""


class HoldWatch:
    """The holds of one session and their deadlines, in seconds on the caller's clock."""

    def __init__(self, grace_seconds: float, stall_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._stall_seconds = stall_seconds
        self._holds: dict[int, _Hold] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._holds

    def attach(self, key: int) -> None:
        self._holds[key] = _Hold()

    def leave(self, key: int, now: float) -> None:
        """The client's connection broke: the grace time begins."""
        self._holds[key] = _Hold(away_since=now)

    def drop(self, key: int) -> None:
        self._holds.pop(key, None)

    def acknowledge(self, key: int) -> None:
        hold = self._holds.get(key)
        if hold is not None:
            hold.blocking_since = None

    def set_blocking(self, keys: list[int], now: float) -> None:
        """These holds keep the child waiting, the others do not."""
        blocking = set(keys)
        for key, hold in self._holds.items():
            if key not in blocking:
                hold.blocking_since = None
            elif hold.blocking_since is None:
                hold.blocking_since = now

    def next_deadline(self) -> float | None:
        return min((self._deadline(hold) for hold in self._holds.values()), default=None)

    def expire(self, now: float) -> list[tuple[int, HoldEnd]]:
        """Take out the holds whose time has come."""
        ended: list[tuple[int, HoldEnd]] = [
            (key, "stalled" if hold.away_since is None else "grace_expired")
            for key, hold in self._holds.items()
            if self._deadline(hold) <= now
        ]
        for key, _ in ended:
            del self._holds[key]
        return ended

    def _deadline(self, hold: _Hold) -> float:
        deadline = float("inf")
        if hold.away_since is not None:
            deadline = hold.away_since + self._grace_seconds
        if hold.blocking_since is not None:
            deadline = min(deadline, hold.blocking_since + self._stall_seconds)
        return deadline
