"""What 20 viewers, one of which has stopped reading, cost the program that floods.

The measure is the program's own: how long its 50 MB of writing took. The viewers are 20 connections of one other
process on this machine, so they also take their part of its cores.
"""

import asyncio
import contextlib
import os
import statistics

import uvloop

from bench.figures import Bar, Figure, Finding
from bench.helper_process import running_helper
from bench.peers.base import COLS, ROWS
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report

NAME = "viewers"
VIEWERS = 20
TIMEOUT_SECONDS = 120
BAR = Bar("ratio", ">=", 0.8)


def measure(plan: Plan) -> list[Finding]:
    alone: list[float] = []
    watched: list[float] = []
    with running_ptyd() as server:
        for number in range(plan.flood_rounds):
            report(f"viewers: round {number + 1} of {plan.flood_rounds}")
            alone.append(uvloop.run(time_flood(plan, server, 0)))
            watched.append(uvloop.run(time_flood(plan, server, VIEWERS)))
    speed = statistics.median(one / other for one, other in zip(alone, watched, strict=True))
    return [
        Figure(NAME, "ptyd", "nobody attached", statistics.median(alone), "s", samples=alone),
        Figure(
            NAME,
            "ptyd",
            f"{VIEWERS} viewers, one stopped",
            statistics.median(watched),
            "s",
            ratio=speed,
            ratio_to="the speed with none",
            bar=BAR,
            samples=watched,
        ),
    ]


async def time_flood(plan: Plan, server: PtydServer, viewers: int) -> float:
    """Seconds that the program's writing took."""
    time_file = server.runtime_dir.parent / "seconds"
    time_file.unlink(missing_ok=True)
    os.mkfifo(time_file)
    async with asyncio.timeout(TIMEOUT_SECONDS), server.connect() as ptyd:
        command = [plan.programs.flood, "-t", str(time_file), str(plan.flood_bytes)]
        session = await ptyd.create(command, cwd="/", cols=COLS, rows=ROWS)
        await session.wait_text("READY")
        with watching(server, session.id, viewers):
            await session.send(b"g")
            seconds = await asyncio.to_thread(time_file.read_text)
        await session.kill(grace_seconds=0)
    return float(seconds)


def watching(server: PtydServer, session: str, viewers: int) -> contextlib.AbstractContextManager[None]:
    if not viewers:
        return contextlib.nullcontext()
    return running_helper("bench.viewer_crowd", str(server.socket_path), session, str(viewers))
