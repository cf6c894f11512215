"""Runs cases of a target one after the other: the mutations of the good ones, and of those that did something new."""

import hashlib
import random
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.in_memory import trapped_errors
from tests.fuzz.target import Target

MOST_KEPT = 4000
"""Cases to mutate further."""
BATCH_CASES = 64
BATCH_SECONDS = 60
"""Cases that take longer hang: the one that was under way is a finding."""
ROOT = str(Path(__file__).parents[2])
WORST_PILED_UP = 6
"""Mutations on top of each other."""


@dataclass
class Campaign:
    """One target's cases; always the same for the same seed and corpus."""

    target: Target
    seed: int
    extra: list[bytes] = field(default_factory=list)
    cases: int = 0
    findings: dict[str, bytes] = field(default_factory=dict)
    """By what was raised, and where: one case each."""
    outcomes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._good = list(self.target.seeds)
        self._pool = [*self._good, *self.extra]
        self._fresh: list[bytes] = list(self._pool)

    def run(self, most_cases: int, seconds: float = float("inf")) -> None:
        """So many cases, or as many as fit into the time."""
        deadline = time.monotonic() + seconds
        done = 0
        while done < most_cases and time.monotonic() < deadline:
            batch = min(BATCH_CASES, most_cases - done)
            done += batch
            with no_hang(), trapped_errors():
                for _ in range(batch):
                    self.try_case(self._fresh.pop() if self._fresh else self._draw())

    def replay(self, cases: Iterable[bytes]) -> None:
        """These and no others."""
        with no_hang(), trapped_errors():
            for case in cases:
                self.try_case(case)

    def _draw(self) -> bytes:
        case = self._chance.choice(self._pool)
        for _ in range(self._chance.choice((1, 1, 1, 2, 3, WORST_PILED_UP))):
            case = self.target.mutate(self._chance, case, self._good)
        return case

    def try_case(self, case: bytes) -> None:
        self.cases += 1
        try:
            outcome = self.target.run(case)
        except Exception as error:
            self.findings.setdefault(describe_error(error), case)
            return
        if outcome not in self.outcomes:
            self.outcomes.add(outcome)
            if len(self._pool) < MOST_KEPT:
                self._pool.append(case)
            else:
                self._pool[self._chance.randrange(len(self._good), MOST_KEPT)] = case


class Hung(Exception):
    """A case that did not come to its end."""


@contextmanager
def no_hang() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _raise_hung)
    signal.alarm(BATCH_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _raise_hung(number: int, frame: Any) -> None:
    raise Hung(f"not done within {BATCH_SECONDS} s")


def describe_error(error: BaseException) -> str:
    """What was raised, and the innermost line of the project's own: the same for the same fault."""
    cause = error.__cause__ if error.__cause__ is not None else error
    place, trace = "", cause.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(ROOT) and "site-packages" not in file:
            place = f"{Path(file).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(cause).__name__} at {place}"


def case_name(case: bytes) -> str:
    return hashlib.sha256(case).hexdigest()[:16]
