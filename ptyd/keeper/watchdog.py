"""Whether the daemon still works, by what it says: one word (``alive``) every few seconds."""

from collections.abc import Callable
from typing import Final

ALIVE_PER_WATCHDOG: Final = 6
"""So many words are missed before the daemon counts as hung."""

LATE_FACTOR: Final = 2.0
"""A tick that comes so much too late was held up, and the daemon with it: the machine slept, or ptyd was stopped."""


class Watchdog:
    """Counts ticks without a word. The time is counted in ticks that came when they were due, for what stopped the
    keeper will have stopped the daemon too, and no word of it can be missed for that.

    Args:
        clock: monotonic seconds.
        tick_seconds: how often ``tick`` is to be called, and a word to be said.
    """

    def __init__(self, clock: Callable[[], float], tick_seconds: float) -> None:
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._ticked_at = clock()
        self._silent_ticks = 0

    def note_alive(self) -> None:
        self._silent_ticks = 0

    def tick(self) -> bool:
        """True: nothing was heard for ALIVE_PER_WATCHDOG ticks, the daemon hangs."""
        now = self._clock()
        was_late = now - self._ticked_at > LATE_FACTOR * self._tick_seconds
        self._ticked_at = now
        self._silent_ticks = 0 if was_late else self._silent_ticks + 1
        return self._silent_ticks > ALIVE_PER_WATCHDOG
