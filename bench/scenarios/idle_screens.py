"""What an idle session costs that has something on its screen: 1,000 lines with a colour on every word above it.

Memory of the daemon for each, once it has put the engines to rest: it is looked at until it shrinks no more. The
written part of the replay log is in it.
"""

import asyncio
from typing import NamedTuple

import psutil
import uvloop

from bench.figures import Bar, Figure, Finding, Skipped
from bench.history import make_colour_history, start_with_history
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report

NAME = "idle screens"
LINES = 1_000
MEMORY_BAR = Bar("value", "<=", 1.5)
SETTLED_SECONDS = 5
"""Nothing has shrunk for so long."""
LOOK_EVERY_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60
MIB = 1024 * 1024


class Memory(NamedTuple):
    """Of a process, in bytes."""

    pss: int
    rss: int


def look_at(process: psutil.Process) -> Memory:
    info = process.memory_full_info()
    return Memory(info.pss, info.rss)


def measure(plan: Plan) -> list[Finding]:
    with running_ptyd() as server:
        return uvloop.run(measure_server(plan, server))


async def measure_server(plan: Plan, server: PtydServer) -> list[Finding]:
    stream = make_colour_history(LINES)
    async with server.connect() as ptyd:
        status = await ptyd.status()
        if status.engine == "none":
            return [Skipped(NAME, "daemon", "it runs without an engine")]
        daemon = psutil.Process(status.daemon_pid)
        await start_with_history(plan, ptyd, stream)  # what the first one costs is the daemon's own
        before = await settle(daemon)
        report(f"idle screens: {plan.screen_sessions} sessions")
        for _ in range(plan.screen_sessions):
            await start_with_history(plan, ptyd, stream)
        busy = look_at(daemon)
        after = await settle(daemon)
    what = f"a session with {LINES} coloured lines"
    return [
        Figure(
            NAME,
            "daemon",
            f"{kind.upper()} {what}{when}",
            (getattr(then, kind) - getattr(before, kind)) / plan.screen_sessions / MIB,
            "MiB",
            bar=bar,
        )
        for then, when, bar in ((after, "", MEMORY_BAR), (busy, ", before it rests", None))
        for kind in ("pss", "rss")
    ]


async def settle(process: psutil.Process) -> Memory:
    """Its memory when it has not shrunk for a while, or in the end."""
    least = look_at(process)
    unchanged = 0
    for _ in range(LONGEST_WAIT_SECONDS):
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        now = look_at(process)
        unchanged = 0 if now.pss < least.pss else unchanged + 1
        least = min(least, now)
        if unchanged >= SETTLED_SECONDS:
            break
    return least
