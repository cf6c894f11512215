"""How much may be on its way to a viewer: what its link and its terminal digest in half a second. Time is passed in.

A window of 256 KiB is half a minute of a link of 64 kbit/s: a viewer behind one would see the past. The rate is taken
from how long it takes until what was on its way is acknowledged. Single keys say nothing about a link, so only what
filled the allowance counts.
"""

from ptyd_protocol.limits import MIN_WINDOW_BYTES

FIRST_ALLOWED_BYTES = 16 * 1024
TARGET_SECONDS = 0.5


class Pace:
    """The allowance of one viewer, in bytes between MIN_WINDOW_BYTES and its window."""

    def __init__(self, window: int) -> None:
        self._window = window
        self.allowed = min(window, FIRST_ALLOWED_BYTES)
        self.bytes_per_second: float | None = None
        """What a slow viewer digests; None for one that keeps up."""
        self.last_rate = 0.0
        """Bytes a second of what was acknowledged last, however little it was: the least that the link can do."""
        self._began_at: float | None = None
        self._bytes = 0
        self._until = 0

    def look(self, sent: int, unacked: int, now: float) -> None:
        """``sent`` bytes were sent in all, of which ``unacked`` are still on their way."""
        if self._began_at is not None and sent - unacked >= self._until:
            self._measure(now - self._began_at)
            self._began_at = None
        if self._began_at is None and unacked > 0:
            self._began_at, self._bytes, self._until = now, unacked, sent

    def _measure(self, seconds: float) -> None:
        self.last_rate = self._bytes / max(seconds, 1e-6)
        if seconds > TARGET_SECONDS:
            if self._bytes >= MIN_WINDOW_BYTES // 2:
                self.bytes_per_second = self._bytes / seconds
                self.allowed = self._clamp(self.bytes_per_second * TARGET_SECONDS)
        elif self._bytes >= self.allowed // 2:
            self.allowed = self._clamp(2 * self.allowed)
            if self.allowed >= min(self._window, FIRST_ALLOWED_BYTES):
                self.bytes_per_second = None

    def _clamp(self, wish: float) -> int:
        return int(min(self._window, max(MIN_WINDOW_BYTES, wish)))
