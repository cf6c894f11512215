"""How long a client waits before it comes back (PROTOCOL.md, section 9). Randomness is passed in."""

from ptyd_protocol import limits
from ptyd_protocol.close_codes import RETRY_CLOSE_CODES, CloseCode

JITTER_FRACTION = 0.5
"""Up to so much of a delay is added at random, so that a daemon's clients do not all come back at once."""


class Backoff:
    """The delays between a client's attempts; a new one after each Welcome."""

    def __init__(self) -> None:
        self._next_seconds = limits.RECONNECT_FIRST_SECONDS

    def next_delay(self, randomness: float) -> float:
        """Seconds to wait now; ``randomness`` is evenly distributed in [0, 1)."""
        delay = self._next_seconds
        self._next_seconds = min(delay * 2, limits.RECONNECT_MAX_SECONDS)
        return delay * (1 + JITTER_FRACTION * randomness)


def may_come_back(close_code: int) -> bool:
    """Whether a client reconnects by itself after this close code; unknown ones count as no."""
    return close_code in RETRY_CLOSE_CODES


def may_come_back_at_once(close_code: int) -> bool:
    return close_code == CloseCode.RESTARTING
