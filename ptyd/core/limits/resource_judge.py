"""Whether what a session's processes use is near a limit, or beyond it. No I/O."""

from typing import Final

from ptyd_protocol.session_limits import SessionLimits, SessionUsage

from ptyd.core.limits.session_limits import Crossing, find_near, is_unlimited

WATCHED_LIMITS: Final = ("memory_bytes", "processes", "cpus", "open_files")

BUSY_LOOKS: Final = 3
"""Looks in a row that find more CPU used than is allowed before anybody is told, where the kernel keeps no limit."""


class ResourceJudge:
    """One session's. ``kept``: the limits that the kernel keeps: being at one is no more than being near it, and only a
    refusal says that more was wanted."""

    def __init__(self, limits: SessionLimits, kept: frozenset[str]) -> None:
        self._limits = limits
        self._kept = kept
        self._warned: set[str] = set()
        self._busy_looks = 0

    @property
    def has_work(self) -> bool:
        return any(not is_unlimited(name, getattr(self._limits, name)) for name in WATCHED_LIMITS)

    def judge(self, usage: SessionUsage, refused: frozenset[str]) -> list[Crossing]:
        """What was crossed since the last time. ``refused``: of which limits the kernel has refused more."""
        crossings = []
        for name in ("memory_bytes", "processes", "open_files"):
            crossing = self._judge_one(name, getattr(usage, name), name in refused)
            if crossing is not None:
                crossings.append(crossing)
        busy = self._judge_cpus(usage.cpus)
        return [*crossings, busy] if busy is not None else crossings

    def _judge_one(self, name: str, used: float, is_refused: bool) -> Crossing | None:
        near = find_near(self._limits, name, used)
        allowed = getattr(self._limits, name)
        if not is_unlimited(name, allowed) and is_refused:
            return Crossing(name, max(used, allowed), allowed, is_hard=True)
        if near is None:
            self._warned.discard(name)
            return None
        if near.is_hard and used > allowed and name != "open_files" and name not in self._kept:
            return near
        if name in self._warned:
            return None
        self._warned.add(name)
        return Crossing(name, used, allowed)

    def _judge_cpus(self, used: float) -> Crossing | None:
        allowed = self._limits.cpus
        if allowed is None or is_unlimited("cpus", allowed) or "cpus" in self._kept or used <= allowed:
            self._busy_looks = 0
            self._warned.discard("cpus")
            return None
        self._busy_looks += 1
        if self._busy_looks < BUSY_LOOKS or "cpus" in self._warned:
            return None
        self._warned.add("cpus")
        return Crossing("cpus", used, allowed)
