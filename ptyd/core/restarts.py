"""When a session that has failed is started again: later each time, and not for ever. Told the time."""

from collections.abc import Sequence

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 60.0

BUDGET = 5
BUDGET_SECONDS = 600.0
"""More failures than BUDGET in so long are no accident: somebody has to look."""


def recent_failures(failures: Sequence[float], now: float) -> list[float]:
    """Those that count still. Times are Unix seconds; of a clock that was set back, none is lost."""
    return [at for at in failures if now - at < BUDGET_SECONDS]


def restart_delay(failures: Sequence[float]) -> float | None:
    """Seconds to wait after the last of these recent failures; None: it is not started again."""
    if len(failures) > BUDGET:
        return None
    doublings = max(0, len(failures) - 1)
    return min(FIRST_DELAY_SECONDS * 2.0**doublings, MAX_DELAY_SECONDS)
