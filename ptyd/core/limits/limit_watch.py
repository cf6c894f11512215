"""When a session has lived, or has been idle, for as long as it may. No I/O; the time is told, of a clock that is never
set back or forward."""

from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.limits.session_limits import RULES, Crossing, find_near, is_unlimited

REMIND_SECONDS = 60.0
"""Of a rate that is kept to by making somebody wait, nobody is told more often than that."""


class LimitWatch:
    """The limits of one session that only time reaches, and when each was warned of."""

    def __init__(self, limits: SessionLimits, began_at: float) -> None:
        self._limits = limits
        self._began_at = began_at
        self._warned: set[str] = set()
        self._reminded_at: dict[str, float] = {}

    @property
    def _names(self) -> list[str]:
        return [
            name for name in ("lifetime_seconds", "idle_seconds") if not is_unlimited(name, getattr(self._limits, name))
        ]

    def look(self, now: float, active_at: float, is_attended: bool) -> list[Crossing]:
        """What was crossed since the last look. ``active_at``: when output came or somebody left last."""
        crossings = []
        for name in self._names:
            crossing = find_near(self._limits, name, now - self._start_of(name, active_at, now, is_attended))
            if crossing is None:
                self._warned.discard(name)  # whoever was idle has woken up: the next time is another one
            elif crossing.is_hard or name not in self._warned:
                self._warned.add(name)
                crossings.append(crossing)
        return crossings

    def next_look(self, now: float, active_at: float, is_attended: bool) -> float | None:
        """When to look again at the earliest; None: when something has happened."""
        times = []
        for name in self._names:
            if name == "idle_seconds" and is_attended:
                continue
            allowed, soft = getattr(self._limits, name), RULES[name].soft_fraction
            part = 1.0 if soft is None or name in self._warned else soft
            times.append(self._start_of(name, active_at, now, is_attended) + part * allowed)
        return min(times, default=None)

    def _start_of(self, name: str, active_at: float, now: float, is_attended: bool) -> float:
        if name == "lifetime_seconds":
            return self._began_at
        return now if is_attended else active_at

    def note_pacing(self, name: str, now: float) -> Crossing | None:
        """Somebody was made to wait by a rate; says whether that is to be told."""
        before = self._reminded_at.get(name)
        if before is not None and now - before < REMIND_SECONDS:
            return None
        self._reminded_at[name] = now
        allowed = getattr(self._limits, name)
        return Crossing(name, allowed, allowed)
