"""What a snapshot costs: its own time, and for how long an event loop beside it stands still.

The engine alone is asked in a thread of this process while the loop ticks: the longest time between two ticks, beyond
what was asked for, is what the GIL and the machine took. Then the same in the daemon: keys are typed into one session
while a client attaches to another, again and again, with all that is above its screen.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import uvloop

from bench.figures import Bar, Figure, Finding, Skipped, percentile
from bench.helper_process import running_helper
from bench.history import make_colour_history, start_with_history
from bench.peers import PTYD
from bench.peers.base import Size
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report
from bench.scenarios.echo import WARM_UP_KEYS, type_key
from bench.streams import make_colour_lines
from ptyd.core.screen.engine import Engine, EngineMaker
from ptyd.daemon import SWITCH_SECONDS
from ptyd.engine import find_engine_maker

NAME = "snapshots"
TICK_SECONDS = 0.001
QUIET_SECONDS = 1.0
BETWEEN_SECONDS = 0.01
STALL_BAR = Bar("value", "<=", 5.0)
KEY_EVERY_SECONDS = 0.005
TIMEOUT_SECONDS = 120
MS = 1000


class Case(NamedTuple):
    size: Size
    scrollback: int
    bar_ms: float

    def __str__(self) -> str:
        return f"{self.size.cols}x{self.size.rows} + {self.scrollback} lines"


CASES = (Case(Size(80, 24), 0, 2), Case(Size(80, 24), 1_000, 10), Case(Size(200, 50), 10_000, 80))
DEEPEST = CASES[-1]


class Ticks:
    """Watches the loop it runs in."""

    def __init__(self) -> None:
        self._last_at = time.perf_counter()
        self._longest = 0.0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self._longest = max(self._longest, now - self._last_at - TICK_SECONDS)
            self._last_at = now

    def take_longest(self) -> float:
        """Milliseconds of the longest stall since the last call, one that still lasts included."""
        longest = max(self._longest, time.perf_counter() - self._last_at - TICK_SECONDS)
        self._longest = 0.0
        return max(0.0, longest) * MS


def measure(plan: Plan) -> list[Finding]:
    maker = find_engine_maker()
    if maker is None:
        return [Skipped(NAME, "engine", "its library is not installed")]
    report(f"snapshots: {plan.snapshot_runs} of each size")
    sys.setswitchinterval(SWITCH_SECONDS)  # as in the daemon
    figures = uvloop.run(measure_engine(plan, maker))
    with running_ptyd() as server:
        return [*figures, *uvloop.run(measure_daemon(plan, server))]


async def measure_engine(plan: Plan, maker: EngineMaker) -> list[Finding]:
    figures: list[Finding] = []
    ticks = Ticks()
    async with asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(ticks.run())
        await asyncio.sleep(QUIET_SECONDS)
        quiet = ticks.take_longest()
        figures.append(Figure(NAME, "engine", f"longest stall of a loop, {QUIET_SECONDS:g} s of quiet", quiet, "ms"))
        for case in CASES:
            engine = maker.create(case.size.cols, case.size.rows, case.scrollback)
            engine.feed(make_colour_lines(case.scrollback + case.size.rows).replace(b"\n", b"\r\n"))
            times, stalls = await take_snapshots(plan, engine, case, ticks)
            engine.close()
            figures += make_figures(case, times, stalls)
        ticking.cancel()
    return figures


async def take_snapshots(
    plan: Plan, engine: Engine, case: Case, ticks: Ticks
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds that each took, and that the loop stood still meanwhile."""

    def take() -> float:
        begin = time.perf_counter()
        engine.snapshot(case.scrollback)
        return (time.perf_counter() - begin) * MS

    times, stalls = [], []
    for _ in range(plan.snapshot_runs):
        await asyncio.sleep(BETWEEN_SECONDS)
        ticks.take_longest()
        times.append(await asyncio.to_thread(take))
        stalls.append(ticks.take_longest())
    return times, stalls


def make_figures(case: Case, times: Sequence[float], stalls: Sequence[float]) -> list[Finding]:
    bar = Bar("value", "<=", case.bar_ms)
    return [
        Figure(NAME, "engine", f"{case}, median", statistics.median(times), "ms", bar=bar, samples=times),
        Figure(NAME, "engine", f"{case}, p90", percentile(times, 90), "ms"),
        Figure(NAME, "engine", f"{case}, longest stall of the loop, median", statistics.median(stalls), "ms"),
        Figure(
            NAME, "engine", f"{case}, longest stall of the loop, max", max(stalls), "ms", None, "", STALL_BAR, stalls
        ),
    ]


async def measure_daemon(plan: Plan, server: PtydServer) -> list[Finding]:
    """A key's echo, alone and beside snapshots."""
    history = make_colour_history(DEEPEST.scrollback)._replace(size=DEEPEST.size)
    async with asyncio.timeout(TIMEOUT_SECONDS), server.connect() as ptyd:
        if (await ptyd.status()).engine == "none":
            return [Skipped(NAME, "ptyd", "the daemon runs without an engine")]
        session = await start_with_history(plan, ptyd, history)
        alone = await type_keys(plan, server)
        report("snapshots: keys beside a client that attaches again and again")
        with running_helper("bench.attaching_client", str(server.socket_path), session.id, str(DEEPEST.scrollback)):
            beside = await type_keys(plan, server)
    return [
        Figure(NAME, PTYD.name, f"echo {condition}, {what}", value, "ms")
        for condition, times in (("alone", alone), (f"beside snapshots of {DEEPEST}", beside))
        for what, value in (("p50", percentile(times, 50)), ("p99", percentile(times, 99)), ("max", max(times)))
    ]


async def type_keys(plan: Plan, server: PtydServer) -> list[float]:
    """Milliseconds from when each key was due until it was back. They are due in a fixed rhythm, so that a stall
    delays all that were due in it, as it would delay those who type."""
    async with PTYD.opened(str(server.socket_path), [plan.programs.echo]) as terminal:
        await terminal.read_until(b"READY")
        for _ in range(WARM_UP_KEYS):
            await type_key(terminal)
        times = []
        due = time.perf_counter()
        end = due + plan.snapshot_echo_seconds
        while due < end:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
                due = time.perf_counter()  # our own timer's lateness is nobody's latency
            await type_key(terminal)
            times.append((time.perf_counter() - due) * MS)
            due += KEY_EVERY_SECONDS
    return times
