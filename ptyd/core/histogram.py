"""Counts of durations by size."""

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """``bounds``: upper bounds of the buckets in seconds, ascending; one without a bound is added."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0
        """The sum of all durations."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """(upper bound, how many were no longer), as Prometheus has it."""
        pairs: list[tuple[str, float]] = []
        so_far = 0
        for bound, count in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            so_far += count
            pairs.append((bound, so_far))
        return pairs
