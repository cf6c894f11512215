"""How fast one connection may be: more is not refused but slowed down, and given up only if it goes on for long."""

from dataclasses import dataclass

from ptyd.core.limits.token_bucket import TokenBucket


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
        self._messages = TokenBucket(messages_per_second, burst_seconds=self.BURST_SECONDS)
        self._bytes = TokenBucket(bytes_per_second, burst_seconds=self.BURST_SECONDS)
        self._slowed_since: float | None = None

    def note(self, messages: int, size: int, now: float) -> Pause:
        """So many messages have come, of so many bytes together."""
        seconds = max(self._messages.spend(messages, now), self._bytes.spend(size, now))
        if seconds <= 0:
            if self._slowed_since is not None and self._messages.is_rested and self._bytes.is_rested:
                self._slowed_since = None
            return NO_PAUSE
        if self._slowed_since is None:
            self._slowed_since = now
        return Pause(min(seconds, self.MOST_SECONDS), now - self._slowed_since > self.PATIENCE_SECONDS)
