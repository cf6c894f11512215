"""What a terminal engine has to offer a session: the exact screen, fed with the session's output.

An engine is no thread's friend: whoever uses it makes sure that one thread at a time does
(edge/screen/engine_reader.py).
"""

from typing import Protocol

from ptyd_protocol.capture import CellGrid
from ptyd_protocol.messages import Appearance


class EngineStateDamaged(Exception):
    """Bytes that ``restore`` was given are not what ``save`` of this version of the engine made."""


class Engine(Protocol):
    """One terminal."""

    @property
    def title(self) -> str:
        """What the program calls its window; empty where it never said."""

    @property
    def size(self) -> tuple[int, int]:
        """(cols, rows)."""

    @property
    def lines_to_fill(self) -> int:
        """So many lines push everything before them out of the screen and of the scrollback."""

    @property
    def brackets_pastes(self) -> bool:
        """The program wants to be told where a paste begins and ends (mode 2004)."""

    def is_in_plain_text(self) -> bool:
        """No sequence has begun, no link is open, and a line feed in the last row scrolls the whole screen."""

    def feed(self, data: bytes | memoryview) -> bytes:
        """Take output; any bytes will do, cut anywhere. Returns what the terminal answers to the questions in it.
        Releases the GIL."""

    def resize(self, cols: int, rows: int) -> bytes:
        """Take another size; lines of the main screen flow anew. Returns what the terminal has to report of it to a
        program that asked for that (mode 2048)."""

    def show(self, appearance: Appearance) -> bytes:
        """Answer questions after colours, sizes in pixels and the colour scheme with these from now on. Returns what
        ``resize`` does, for a cell of another size."""

    def snapshot(self, scrollback: int) -> bytes:
        """Control sequences that rebuild this terminal, with at most ``scrollback`` lines above the screen, in a
        fresh one of the same size. They ask no questions."""

    def text(self, scrollback: int, join: bool = False) -> str:
        """The screen as text with ``scrollback`` lines above it (-1: all); each line ends in a line feed. ``join``: a
        line that was wrapped is one line."""

    def vt(self, scrollback: int, join: bool = False) -> str:
        """Like ``text``, with SGR sequences and hyperlinks."""

    def html(self, scrollback: int) -> str:
        """One ``<pre>`` element whose spans carry their style."""

    def grid(self, scrollback: int) -> CellGrid:
        """Cell by cell."""

    def save(self, *, history: bool = True) -> bytes:
        """The whole state, for ``restore``; without ``history`` less the scrollback. Copes with output cut anywhere."""

    def compress(self) -> None:
        """Take less memory, at a price for the next ``feed``: for a terminal that is idle."""

    def close(self) -> None:
        """Free it; nothing may be called afterwards. May be repeated."""


class EngineMaker(Protocol):
    """Makes engines of one kind."""

    @property
    def name(self) -> str:
        """Library and version, for people."""

    def create(self, cols: int, rows: int, scrollback_lines: int) -> Engine:
        """A fresh terminal that keeps some ``scrollback_lines`` at least."""

    def restore(self, state: bytes) -> Engine:
        """The terminal that ``save`` was asked of, whatever process it lived in.

        Raises:
            EngineStateDamaged: it cannot be had from these bytes.
        """
