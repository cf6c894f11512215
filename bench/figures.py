"""What a benchmark finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Bar:
    """What a figure's value, or its ratio, has to reach."""

    of: Literal["value", "ratio"]
    sign: Literal[">=", "<="]
    limit: float

    def is_reached_by(self, value: float, ratio: float | None) -> bool:
        measured = value if self.of == "value" else ratio
        if measured is None:
            return False
        return measured >= self.limit if self.sign == ">=" else measured <= self.limit


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``ratio`` is to ``ratio_to``; ``samples`` are what ``value`` is made from."""

    scenario: str
    subject: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    ratio_to: str = ""
    bar: Bar | None = None
    samples: Sequence[float] = ()

    @property
    def reaches_bar(self) -> bool | None:
        """None where there is no bar."""
        return None if self.bar is None else self.bar.is_reached_by(self.value, self.ratio)


@dataclass(frozen=True)
class Skipped:
    """What could not be measured, and why."""

    scenario: str
    subject: str
    reason: str


Finding = Figure | Skipped


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all do not exceed."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
