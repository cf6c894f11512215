"""How fast one connection may be: more is not refused but slowed down, and given up only if it goes on for long."""

from dataclasses import dataclass


class TokenBucket:
    """So many units a second on the long run, and a burst at once."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._level = burst
        self._filled_at: float | None = None

    def take(self, units: float, now: float) -> float:
        """Take what has already come; returns for how many seconds no more should come."""
        if self._filled_at is not None:
            self._level = min(self._burst, self._level + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        self._level -= units
        return max(0.0, -self._level / self._per_second)

    @property
    def is_rested(self) -> bool:
        """As of the last ``take``: half of a burst could come at once."""
        return self._level >= self._burst / 2


@dataclass(frozen=True, slots=True)
class Pause:
    """``seconds``: read nothing for so long. ``is_hopeless``: it has been too fast for too long."""

    seconds: float
    is_hopeless: bool


NO_PAUSE = Pause(0.0, False)


class Throttle:
    """Messages and bytes of one connection."""

    MOST_SECONDS = 5.0
    """Of one pause: the heartbeat must get through."""
    PATIENCE_SECONDS = 60.0
    """Who has been slowed down for so long, without ever being quiet in between, is given up."""
    BURST_SECONDS = 2.0

    def __init__(self, messages_per_second: float, bytes_per_second: float) -> None:
        burst = self.BURST_SECONDS
        self._messages = TokenBucket(messages_per_second, messages_per_second * burst)
        self._bytes = TokenBucket(bytes_per_second, bytes_per_second * burst)
        self._slowed_since: float | None = None

    def note(self, messages: int, size: int, now: float) -> Pause:
        """So many messages have come, of so many bytes together."""
        seconds = max(self._messages.take(messages, now), self._bytes.take(size, now))
        if seconds <= 0:
            if self._slowed_since is not None and self._messages.is_rested and self._bytes.is_rested:
                self._slowed_since = None
            return NO_PAUSE
        if self._slowed_since is None:
            self._slowed_since = now
        return Pause(min(seconds, self.MOST_SECONDS), now - self._slowed_since > self.PATIENCE_SECONDS)
