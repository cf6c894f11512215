"""What every peer can do: be installed, serve, and open a session with one client on it."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, NamedTuple

COLS, ROWS = 80, 24
"""The size of every terminal, but where a scenario says another."""


class Size(NamedTuple):
    """Of a terminal, in cells."""

    cols: int
    rows: int


DEFAULT_SIZE = Size(COLS, ROWS)

SEARCHED_BYTES = 1024
"""So near to the end of what has come a marker is looked for; the bytes before it cost the client nothing."""


class Unavailable(Exception):
    """The peer cannot be measured on this machine; the message says why."""


class OutputEnded(Exception):
    """The terminal's output came to an end where more was expected."""


class EngineGone(Exception):
    """ptyd has an engine, but no longer for this session: its figures would be those of less work."""


class Terminal(ABC):
    """One client on one session."""

    @abstractmethod
    async def send(self, data: bytes) -> None:
        """Type ``data``."""

    @abstractmethod
    async def receive(self) -> bytes:
        """The next output, at least one byte.

        Raises:
            OutputEnded: there will be none.
        """

    @abstractmethod
    async def close(self) -> None:
        """Leave, and end the session's program."""

    async def read_until(self, marker: bytes) -> int:
        """Read until ``marker`` has come as the last, or nearly the last, of the output; returns the bytes read."""
        count = 0
        tail = b""
        while True:
            data = await self.receive()
            count += len(data)
            tail = (tail + data[-SEARCHED_BYTES:])[-SEARCHED_BYTES:]
            if marker in tail:
                return count


class Peer(ABC):
    """A program that serves terminals."""

    name: ClassVar[str]
    """As the table and the command line call it."""

    sends_every_byte: ClassVar[bool] = True
    """False: its client gets what the screen shows in the end, not all that was written."""

    @abstractmethod
    def install(self) -> None:
        """Put what is missing into the cache.

        Raises:
            Unavailable: it cannot be had here.
        """

    @abstractmethod
    def running(self) -> AbstractContextManager[str]:
        """Serve; the address to give to ``open_terminal``."""

    @abstractmethod
    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        """Start ``argv`` in a session of this size and be its client."""

    @contextlib.asynccontextmanager
    async def opened(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> AsyncIterator[Terminal]:
        """``open_terminal``, and ``close`` in the end."""
        terminal = await self.open_terminal(address, argv, size)
        try:
            yield terminal
        finally:
            await terminal.close()
