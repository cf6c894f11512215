"""What a session shows, as text.

``Screen`` is the place of a terminal engine that keeps the exact screen. Until a session has one, its text is read
from the log, and says so in ``source``.
"""

from typing import Literal, Protocol

from ptyd_protocol.plain_text import plain_text

from ptyd.core.replay_log import ReplayLog

BYTES_A_LINE = 4096
"""So much of the log is looked at for one line: dense colour needs some 30 bytes a cell."""


class Screen(Protocol):
    """The text of a session."""

    source: Literal["log", "screen"]

    def text(self, rows: int, scrollback: int) -> str:
        """The last ``rows`` lines and ``scrollback`` lines above them (-1: all), each ended by a line feed."""


class LogScreen:
    """The log with its control sequences removed."""

    source: Literal["log", "screen"] = "log"

    def __init__(self, log: ReplayLog) -> None:
        self._log = log

    def text(self, rows: int, scrollback: int) -> str:
        log = self._log
        wanted = log.capacity if scrollback < 0 else (rows + scrollback) * BYTES_A_LINE
        start = max(log.oldest, log.head - wanted)
        lines = plain_text(log.read(start, log.head - start)).rstrip("\n").split("\n")
        if scrollback >= 0:
            lines = lines[-(rows + scrollback) :]
        return "".join(f"{line.rstrip()}\n" for line in lines)
