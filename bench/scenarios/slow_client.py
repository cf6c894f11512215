"""How old the screen is that a client on a link of 64 kbit/s sees, while its session floods.

Each line of the flood says when it was written. The client is the SDK's with what a browser asks for (its window, its
scrollback), on TCP through a proxy that passes 8,000 bytes a second each way. Looked at all the time: how long ago the
newest line was written that has come. The first 5 s are not counted.
"""

import asyncio
import re
import socket
import time
from collections.abc import Sequence

import uvloop
from ptyd_protocol import limits
from ptyd_protocol.messages import Output, Snapshot
from ptyd_sdk import Attachment, Session, connect

from bench.figures import Bar, Figure, Finding, percentile
from bench.peers.base import COLS, ROWS, EngineGone
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report
from bench.slow_link import LOOPBACK, open_door, slow_link

NAME = "slow client"
BYTES_PER_SECOND = 8_000
NOT_COUNTED_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.05
HISTORY_BYTES = 10_000_000
CONNECT_TIMEOUT_SECONDS = 30
AGE_BAR = Bar("value", "<=", 2.0)
TIME = re.compile(rb"T(\d{16})")
TIME_BYTES = 17
MICROSECONDS = 1e6


class NewestLine:
    """Finds the time of the newest line in what has come."""

    def __init__(self) -> None:
        self.written_at: float | None = None
        """Seconds of the machine's monotonic clock."""
        self._tail = b""

    def take(self, data: bytes, *, is_screen: bool = False) -> None:
        """More output, or a whole screen, which has nothing to do with what came before."""
        text = data if is_screen else self._tail + data
        times = TIME.findall(text)
        if times:
            self.written_at = int(times[-1]) / MICROSECONDS
        self._tail = text[-(TIME_BYTES - 1) :]


def measure(plan: Plan) -> list[Finding]:
    figures: list[Finding] = []
    for scrollback in (limits.DEFAULT_SCROLLBACK_LINES, 0):
        report(f"slow client: {scrollback} lines of scrollback, {NOT_COUNTED_SECONDS + plan.slow_seconds:g} s")
        with open_door() as door:
            host = f"{LOOPBACK}:{door.getsockname()[1]}"
            with running_ptyd({"PTYD_ALLOWED_HOSTS": host}) as server:
                ages = uvloop.run(flood_and_watch(plan, server, door, scrollback))
        figures += make_figures(scrollback, ages)
    return figures


async def flood_and_watch(plan: Plan, server: PtydServer, door: socket.socket, scrollback: int) -> list[float]:
    """Start the flood, and look at it through the link."""
    async with server.connect() as ptyd:
        listening = await ptyd.listen(LOOPBACK)
        session = await ptyd.create([plan.programs.clock], cwd="/", cols=COLS, rows=ROWS)
        await session.wait_text("READY")
        await session.send(b"g")
        await wait_for_history(session)
        token = (await ptyd.request("access_token")).token
        host, port = door.getsockname()
        async with slow_link(door, listening.port, BYTES_PER_SECOND):
            return await watch_slowly(plan, f"http://{host}:{port}", token, session.id, scrollback)


async def wait_for_history(session: Session) -> None:
    """The client comes to a flood that has filled everything there is to fill."""
    while (await session.refresh()).log_head < HISTORY_BYTES:
        pass


async def watch_slowly(plan: Plan, address: str, token: str, session_id: str, scrollback: int) -> list[float]:
    """The age of what is seen, in seconds, looked at again and again."""
    async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS + NOT_COUNTED_SECONDS + plan.slow_seconds):
        async with connect(address, token=token, reconnect=False) as ptyd:
            session = await ptyd.get(session_id)
            has_engine = (await ptyd.status()).engine != "none"
            attaching = session.attach(
                "observe", lossless=False, window=limits.DEFAULT_WINDOW_BYTES, scrollback=scrollback
            )
            began_at = time.monotonic()
            newest = NewestLine()
            async with attaching as attachment, asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(read_lines(attachment, newest, has_engine=has_engine))
                ages = await look(newest, began_at, plan.slow_seconds)
                reading.cancel()
    return ages


async def read_lines(attachment: Attachment, newest: NewestLine, *, has_engine: bool) -> None:
    async for event in attachment.events():
        match event:
            case Snapshot(kind="tail") if has_engine:
                raise EngineGone("output was left out, and no screen came instead")
            case Snapshot(data=data):
                newest.take(data, is_screen=True)
            case Output(data=data):
                newest.take(data)
            case _:
                pass


async def look(newest: NewestLine, began_at: float, seconds: float) -> list[float]:
    """Who has seen nothing yet sees a screen as old as its wait."""
    ages: list[float] = []
    counted_from = began_at + NOT_COUNTED_SECONDS
    while (now := time.monotonic()) < counted_from + seconds:
        if now >= counted_from:
            ages.append(now - (newest.written_at or began_at))
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return ages


def make_figures(scrollback: int, ages: Sequence[float]) -> list[Finding]:
    what = f"age of the screen, {scrollback} lines of scrollback"
    return [
        Figure(NAME, "ptyd (SDK)", f"{what}, p50", percentile(ages, 50), "s", bar=AGE_BAR, samples=ages),
        Figure(NAME, "ptyd (SDK)", f"{what}, max", max(ages), "s", bar=AGE_BAR),
    ]
