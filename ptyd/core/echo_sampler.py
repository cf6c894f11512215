"""How long a key takes to its echo: measured for one Input in EVERY, from its being taken to the session's next output.

What comes next need not be the echo, but for somebody who types it nearly always is. A program that says nothing within
GIVE_UP_SECONDS was not going to.
"""

from ptyd.core.histogram import Histogram

EVERY = 16
GIVE_UP_SECONDS = 5.0
BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class EchoSampler:
    """One for the daemon. ``waiting``: since when, by session id; a caller with output looks at it before it calls."""

    def __init__(self) -> None:
        self.histogram = Histogram(BOUNDS)
        self.waiting: dict[str, float] = {}
        self._until_next = 1

    def is_due(self) -> bool:
        """An Input was taken: is it one to measure?"""
        self._until_next -= 1
        if self._until_next:
            return False
        self._until_next = EVERY
        return True

    def note_input(self, session_id: str, now: float) -> None:
        """``now``: any clock, the same for both."""
        if now - self.waiting.get(session_id, float("-inf")) > GIVE_UP_SECONDS:
            self.waiting[session_id] = now

    def note_output(self, session_id: str, now: float) -> None:
        began = self.waiting.pop(session_id, None)
        if began is not None and now - began <= GIVE_UP_SECONDS:
            self.histogram.add(now - began)
