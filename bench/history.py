"""Sessions that have something behind them."""

from ptyd_sdk import Connection, Session

from bench.peers.base import ROWS
from bench.plan import Plan
from bench.streams import Stream, make_colour_lines, make_plain_lines, store

END = "FLOOD-END"


def make_plain_history(lines: int) -> Stream:
    """So many lines above a screen of the default size; a few more where some are wider than it."""
    return store(f"plain-history-{lines}", make_plain_lines(lines + ROWS))


def make_colour_history(lines: int) -> Stream:
    """The like, with a colour on every word."""
    return store(f"colour-history-{lines}", make_colour_lines(lines + ROWS))


async def start_with_history(plan: Plan, ptyd: Connection, stream: Stream) -> Session:
    """A session whose program has written ``stream`` and now waits."""
    argv = [plan.programs.flood, "-s", str(stream.path), str(stream.length)]
    session = await ptyd.create(argv, cwd="/", cols=stream.size.cols, rows=stream.size.rows)
    await session.wait_text("READY")
    await session.send(b"g")
    await session.wait_text(END)
    return session
