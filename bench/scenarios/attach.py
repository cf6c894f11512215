"""How long it takes until a client has the screen of a session with 10,000 lines behind it.

From sending Attach, on a connection that is there, until the whole snapshot has come by the SDK over the Unix socket.
Outside of the measured time the snapshot is painted on a fresh terminal of the engine, and compared cell by cell with
one that was fed all that the program ever wrote.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

import uvloop
from ptyd_protocol import limits
from ptyd_protocol.messages import Live, Snapshot
from ptyd_sdk import Session

from bench.figures import Bar, Figure, Finding, Skipped, percentile
from bench.history import make_colour_history, make_plain_history, start_with_history
from bench.peers.base import Unavailable
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report
from bench.streams import Stream
from ptyd.engine import find_engine_maker

NAME = "attach"
HISTORY_LINES = 10_000
DEPTHS = (limits.DEFAULT_SCROLLBACK_LINES, 0, HISTORY_LINES)
PAINT_BAR = Bar("value", "<=", 30.0)
REST_SECONDS = 4.0
"""The daemon has then put the engine to rest, as it is when somebody comes back."""
TIMEOUT_SECONDS = 60
MS = 1000


class NotExact(Exception):
    """What a client was given does not show what the program wrote."""


def measure(plan: Plan) -> list[Finding]:
    histories = {"plain": make_plain_history(HISTORY_LINES), "coloured": make_colour_history(HISTORY_LINES)}
    try:
        with running_ptyd() as server:
            return [
                finding
                for kind, stream in histories.items()
                for finding in uvloop.run(measure_history(plan, server, kind, stream))
            ]
    except Unavailable as reason:
        return [Skipped(NAME, "ptyd (SDK)", str(reason))]


async def measure_history(plan: Plan, server: PtydServer, kind: str, stream: Stream) -> list[Finding]:
    figures: list[Finding] = []
    async with asyncio.timeout(TIMEOUT_SECONDS), server.connect() as ptyd:
        if (await ptyd.status()).engine == "none":
            raise Unavailable("the daemon runs without an engine")
        session = await start_with_history(plan, ptyd, stream)
        for depth in DEPTHS:
            report(f"attach: {kind} history, {depth} lines of scrollback, {plan.attach_runs} times")
            await asyncio.sleep(REST_SECONDS)
            times = []
            for _ in range(plan.attach_runs):
                seconds, snapshot = await attach(session, depth)
                times.append(seconds * MS)
            await check_exactness(session, snapshot, depth)
            figures += make_figures(f"{kind}, {depth} lines of scrollback", times, is_default=depth == DEPTHS[0])
        await session.kill(grace_seconds=0)
    return figures


async def attach(session: Session, depth: int) -> tuple[float, Snapshot]:
    """Seconds until the screen was there, and the screen."""
    begin = time.perf_counter()
    async with session.attach("observe", lossless=False, scrollback=depth) as attachment:
        async for event in attachment.events():
            match event:
                case Snapshot(kind="screen"):
                    return time.perf_counter() - begin, event
                case Live():
                    break
                case _:
                    pass
    raise NotExact("no snapshot came")


async def check_exactness(session: Session, snapshot: Snapshot, depth: int) -> None:
    """Compare the terminal that the snapshot rebuilds with one that has seen everything.

    Raises:
        NotExact
    """
    maker = find_engine_maker()
    if maker is None:
        raise Unavailable("the engine's library is not installed")
    log = await session.read_log(0)
    if log.offset != 0 or log.offset + len(log.data) != snapshot.offset:
        raise NotExact(f"the snapshot is of byte {snapshot.offset}, the log of {log.offset} to {log.log_head}")
    truth = maker.create(snapshot.cols, snapshot.rows, 2 * HISTORY_LINES)
    painted = maker.create(snapshot.cols, snapshot.rows, 2 * HISTORY_LINES)
    try:
        truth.feed(log.data)
        painted.feed(snapshot.data)
        if truth.grid(depth) != painted.grid(depth):
            raise NotExact(f"the snapshot with {depth} lines of scrollback shows something else")
    finally:
        truth.close()
        painted.close()


def make_figures(what: str, times: Sequence[float], *, is_default: bool) -> list[Finding]:
    bar = PAINT_BAR if is_default else None
    return [
        Figure(NAME, "ptyd (SDK)", f"{what}, p50", statistics.median(times), "ms", bar=bar, samples=times),
        Figure(NAME, "ptyd (SDK)", f"{what}, p90", percentile(times, 90), "ms"),
    ]
