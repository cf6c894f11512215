"""What a session shows, for a program that asks: out of its engine, or without one out of the log."""

import msgspec
from ptyd_protocol.capture import CaptureParams, CaptureResult
from ptyd_protocol.plain_text import plain_text

from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine import Engine
from ptyd.core.screen.screen_source import ScreenSource

BYTES_A_LINE = 4096
"""So much of the log is looked at for one line: dense colour needs some 30 bytes a cell."""


async def capture_screen(screen: ScreenSource, params: CaptureParams) -> CaptureResult:
    """The exact screen in the format that was asked for.

    Raises:
        EngineGone: the engine has failed.
    """

    def take(engine: Engine) -> CaptureResult:
        lines = params.scrollback
        match params.format:
            case "text":
                return CaptureResult(text=engine.text(lines, params.join), source="screen")
            case "vt":
                return CaptureResult(text=engine.vt(lines, params.join), source="screen")
            case "html":
                return CaptureResult(text=engine.html(lines), source="screen")
            case "cells":
                return CaptureResult(text="", source="screen", grid=engine.grid(lines))
            case "terminal":
                return CaptureResult(text="", source="screen", data=engine.snapshot(lines))

    offset, (result, (cols, rows)) = await screen.ask(lambda engine: (take(engine), engine.size))
    return msgspec.structs.replace(result, offset=offset, cols=cols, rows=rows)


def capture_log(log: ReplayLog, rows: int, scrollback: int) -> CaptureResult:
    """The last ``rows`` lines of the log with its control sequences removed, and ``scrollback`` lines above them (-1:
    all), each ended by a line feed."""
    wanted = log.capacity if scrollback < 0 else (rows + scrollback) * BYTES_A_LINE
    start = max(log.oldest, log.head - wanted)
    lines = plain_text(log.read(start, log.head - start)).rstrip("\n").split("\n")
    if scrollback >= 0:
        lines = lines[-(rows + scrollback) :]
    return CaptureResult(text="".join(f"{line.rstrip()}\n" for line in lines), source="log", offset=log.head)
