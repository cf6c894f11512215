"""How long to wait before a process that died is started again."""

from typing import Final

QUICK_DEATH_SECONDS: Final = 10.0
"""A process that lived longer was not killed by its own start."""

FIRST_DELAY_SECONDS: Final = 0.1
MAX_DELAY_SECONDS: Final = 5.0
MAX_DELAY_AFTER_SERVING_SECONDS: Final = 0.5
"""A daemon that served was stopped by something else than its start: its clients wait, so its successor comes soon."""


class Backoff:
    """None after the first death, then 0.1 s doubling to 5 s (0.5 s for a process that served) while deaths come
    within 10 s of the start."""

    def __init__(self) -> None:
        self._quick_deaths = 0

    def delay_after(self, lived_seconds: float, has_served: bool = False) -> float:
        """Seconds to wait, now that a process has died at this age."""
        if lived_seconds >= QUICK_DEATH_SECONDS:
            self._quick_deaths = 0
            return 0.0
        self._quick_deaths += 1
        if self._quick_deaths == 1:
            return 0.0
        exponent = min(self._quick_deaths - 2, 16)  # bounded: a float would overflow after a few days of dying
        longest = MAX_DELAY_AFTER_SERVING_SECONDS if has_served else MAX_DELAY_SECONDS
        return min(longest, FIRST_DELAY_SECONDS * 2.0**exponent)
