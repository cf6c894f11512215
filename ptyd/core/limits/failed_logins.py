"""Who guesses credentials waits, longer each time."""

from collections import OrderedDict

WINDOW_SECONDS = 600.0
"""A mistake is forgotten after so long, if no other follows."""
FIRST_DELAY_SECONDS = 1.0
MOST_DELAY_SECONDS = 300.0
MOST_ADDRESSES = 4096
"""Remembered; the ones whose last mistake is the longest ago give way."""


class FailedLogins:
    """Failed logins by address. Times in seconds, of any steady clock."""

    def __init__(self, free_failures: int) -> None:
        """``free_failures``: so many mistakes cost nothing: old cookies, a token pasted wrongly."""
        self._free_failures = free_failures
        self._by_address: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_address)

    def wait_seconds(self, address: str, now: float) -> float:
        """How long this address has to wait before its next try is looked at; 0 for not at all."""
        count, at = self._by_address.get(address, (0, 0.0))
        if count < self._free_failures or now - at > WINDOW_SECONDS:
            return 0.0
        delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(count - self._free_failures, 30), MOST_DELAY_SECONDS)
        return max(0.0, at + delay - now)

    def note_failure(self, address: str, now: float) -> None:
        count, at = self._by_address.pop(address, (0, now))
        self._by_address[address] = (1 if now - at > WINDOW_SECONDS else count + 1, now)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)

    def note_success(self, address: str) -> None:
        self._by_address.pop(address, None)
