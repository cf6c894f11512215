"""Calls that are due later, for a loop that sleeps in ``select``."""

import heapq
import itertools
from collections.abc import Callable


class Timer:
    """One call that is due; ``cancel`` takes it back."""

    def __init__(self, due: float, callback: Callable[[], object]) -> None:
        self.due = due
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Timers:
    """A heap of timers. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._heap: list[tuple[float, int, Timer]] = []

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        timer = Timer(self._clock() + seconds, callback)
        heapq.heappush(self._heap, (timer.due, next(self._order), timer))
        return timer

    def seconds_to_next(self) -> float | None:
        """How long ``select`` may sleep; ``None``: nothing is due."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        if not self._heap:
            return None
        return max(0.0, self._heap[0][0] - self._clock())

    def pop_due(self) -> Callable[[], object] | None:
        """The next call that is due by now, taken from the heap."""
        while self._heap and self._heap[0][0] <= self._clock():
            timer = heapq.heappop(self._heap)[2]
            if timer.callback is not None:
                return timer.callback
        return None
