"""How much may pass at a rate: tokens come with time, what passes takes them. Told the time; any clock will do."""

BURST_SECONDS = 1.0
"""After a pause so much passes at once: a screen that is redrawn, a paste."""

WORTH_SECONDS = 0.05
"""Who finds the bucket empty comes back when there is so much in it again, and not for every byte."""


class TokenBucket:
    """``rate``: tokens a second, ``burst_seconds``: how much of it may pass at once. It may be overdrawn by one taking,
    which those after it wait for."""

    def __init__(self, rate: float, now: float = 0.0, burst_seconds: float = BURST_SECONDS) -> None:
        self._rate = rate
        self._burst = max(rate * burst_seconds, 1.0)
        self._tokens = self._burst
        self._filled_at = now

    def available(self, now: float) -> int:
        """How much may pass now; 0: nothing."""
        self._fill(now)
        return max(0, int(self._tokens))

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = now

    def take(self, amount: int) -> None:
        """So much has passed."""
        self._tokens -= amount

    def spend(self, amount: float, now: float) -> float:
        """So much has come already; returns for how many seconds no more should come."""
        self._fill(now)
        self._tokens -= amount
        return max(0.0, -self._tokens / self._rate)

    @property
    def is_rested(self) -> bool:
        """As of the last look: half of a burst could come at once."""
        return self._tokens >= self._burst / 2

    def wait_seconds(self) -> float:
        """How long after the last look until it is worth to look again."""
        worth = min(self._burst, max(1.0, self._rate * WORTH_SECONDS))
        return max(0.0, worth - self._tokens) / self._rate
