"""How long to wait before a process that died is started again."""

from collections import deque
from collections.abc import Callable
from typing import Final

QUICK_DEATH_SECONDS: Final = 10.0
"""A process that lived longer was not killed by its own start."""

FIRST_DELAY_SECONDS: Final = 0.1
MAX_DELAY_SECONDS: Final = 5.0
MAX_DELAY_AFTER_SERVING_SECONDS: Final = 0.5
"""A daemon that served was stopped by something else than its start: its clients wait, so its successor comes soon."""

CRASH_BUDGET: Final = 5
BUDGET_SECONDS: Final = 60.0
OVER_BUDGET_DELAY_SECONDS: Final = 10.0
"""More than CRASH_BUDGET deaths in BUDGET_SECONDS are no accident: whatever kills the daemon is not helped by haste,
and a machine in trouble (out of memory) needs the rest."""


class Backoff:
    """None after the first death, then 0.1 s doubling to 5 s (0.5 s for a process that served) while deaths come
    within 10 s of the start; 10 s once the crash budget is spent.

    Args:
        clock: monotonic seconds.
        budget: so many deaths in BUDGET_SECONDS are put up with.
    """

    def __init__(self, clock: Callable[[], float], budget: int = CRASH_BUDGET) -> None:
        self._clock = clock
        self._budget = budget
        self._quick_deaths = 0
        self._deaths: deque[float] = deque()

    @property
    def recent_deaths(self) -> int:
        """How many there were in the last BUDGET_SECONDS."""
        while self._deaths and self._clock() - self._deaths[0] > BUDGET_SECONDS:
            self._deaths.popleft()
        return len(self._deaths)

    @property
    def is_over_budget(self) -> bool:
        return self.recent_deaths > self._budget

    def delay_after(self, lived_seconds: float, has_served: bool = False) -> float:
        """Seconds to wait, now that a process has died at this age."""
        self._deaths.append(self._clock())
        delay = self._delay_after(lived_seconds, has_served)
        return max(delay, OVER_BUDGET_DELAY_SECONDS) if self.is_over_budget else delay

    def _delay_after(self, lived_seconds: float, has_served: bool) -> float:
        if lived_seconds >= QUICK_DEATH_SECONDS:
            self._quick_deaths = 0
            return 0.0
        self._quick_deaths += 1
        if self._quick_deaths == 1:
            return 0.0
        exponent = min(self._quick_deaths - 2, 16)  # bounded: a float would overflow after a few days of dying
        longest = MAX_DELAY_AFTER_SERVING_SECONDS if has_served else MAX_DELAY_SECONDS
        return min(longest, FIRST_DELAY_SECONDS * 2.0**exponent)
