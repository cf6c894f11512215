"""The part of the day in which nobody wants to be told anything."""

from dataclasses import dataclass

MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begin`` up to ``end``, in minutes since midnight; over midnight where ``end`` is less. Both alike:
    never."""

    begin: int
    end: int

    def remaining_seconds(self, minute: float) -> float:
        """How long they go on at ``minute`` of the local day, with fractions; 0: they are not now."""
        if self.begin == self.end:
            return 0.0
        length = (self.end - self.begin) % MINUTES_PER_DAY
        passed = (minute - self.begin) % MINUTES_PER_DAY
        return max(0.0, (length - passed) * 60)


NEVER = QuietHours(0, 0)


def parse_quiet_hours(text: str) -> QuietHours:
    """``text``: HH:MM-HH:MM as NotifyOptions has it, or empty."""
    if not text:
        return NEVER
    begin, end = (_parse_minute(part) for part in text.split("-"))
    return QuietHours(begin, end)


def _parse_minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
