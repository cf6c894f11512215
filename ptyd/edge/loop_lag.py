"""How late the event loop is: a timer looks how much later than it was to it is called."""

import asyncio

from ptyd.core.histogram import Histogram

INTERVAL_SECONDS = 0.25
BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Timers have a resolution of a millisecond: below it there is nothing to see."""


class LoopLag:
    """Runs from when it is made until ``stop``."""

    def __init__(self) -> None:
        self.histogram = Histogram(BOUNDS)
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    def _arm(self) -> None:
        self._due = self._loop.time() + INTERVAL_SECONDS
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self.histogram.add(max(0.0, self._loop.time() - self._due))
        self._arm()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
