"""``ptyd tail``."""

import asyncio
import sys

import click
from ptyd_protocol import limits
from ptyd_protocol.messages import Attached, Output, Snapshot
from ptyd_protocol.sessions import ReadLogParams, ReadLogResult
from ptyd_sdk import connect
from ptyd_sdk.attachment import AttachmentEvent

from ptyd_cli.attach.clipboard_filter import ClipboardFilter
from ptyd_cli.attach.query_filter import QueryFilter
from ptyd_cli.attach.terminal_modes import TerminalModes
from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import say
from ptyd_cli.options import session_argument

DEFAULT_TAIL_BYTES = 64 * limits.KIB
MAX_TAIL_BYTES = 8 * limits.MIB


@click.command("tail")
@session_argument
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what comes, until the program ends.")
@click.option(
    "--bytes",
    "byte_count",
    type=click.IntRange(0, MAX_TAIL_BYTES),
    default=DEFAULT_TAIL_BYTES,
    show_default=True,
    metavar="N",
    help="How much of the end.",
)
def command(session: str, is_followed: bool, byte_count: int) -> None:
    """Print the end of session NAME's output as the program wrote it, control sequences and all.

    On a terminal, questions to the terminal and what would fill its clipboard are left out, and modes are put back
    at the end; a file or a pipe gets every byte. A reader who is slower than the program for so long that the log is
    overwritten misses a part, and is told so on standard error: following never slows the program.
    """
    result: ReadLogResult = ask_about_session("read_log", ReadLogParams(session=session, max_bytes=byte_count))
    with RawOutput() as output:
        output.write(result.data)
        if is_followed:
            asyncio.run(follow(session, result, output))


class RawOutput:
    """Standard output for a program's bytes."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._filter = QueryFilter(passing=not self._is_terminal)
        self._clipboard = ClipboardFilter()
        self._modes = TerminalModes()

    def __enter__(self) -> "RawOutput":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:
            sys.stdout.buffer.write(self._modes.leave())
        sys.stdout.buffer.flush()

    def write(self, data: bytes) -> None:
        if self._is_terminal:
            data = self._clipboard.feed(data)
        data = self._filter.feed(data)
        if self._is_terminal:
            self._modes.observe(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


async def follow(session: str, start: ReadLogResult, output: RawOutput) -> None:
    """Go on behind what was read, until the program has ended."""
    async with connect() as ptyd:
        found = await ptyd.get(session)
        place = start.offset + len(start.data)
        attachment = found.attach("observe", lossless=False, epoch=start.epoch, offset=place)
        async with attachment:
            async for event in attachment.events():
                place = show(event, place, output)


def show(event: AttachmentEvent, place: int, output: RawOutput) -> int:
    """Write what an event brings, tell what is missing before it, and return the next byte's place."""
    match event:
        case Output():
            output.write(event.data)
            return event.offset + len(event.data)
        case Attached() | Snapshot():
            if event.offset > place:
                say(f"{event.offset - place} bytes were overwritten before they could be printed")
            return event.offset
        case _:
            return place
