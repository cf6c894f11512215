"""Keeps a session of another size on the outer terminal, by painting what fits of it (viewport.py), for as long as the
sizes differ."""

import asyncio
from collections.abc import Awaitable, Callable

from ptyd_protocol.messages import Output, Snapshot
from ptyd_sdk import PtydError, Session
from ptyd_sdk.errors import NotAllowed, Unavailable

from ptyd_cli.attach.outer_terminal import OuterTerminal
from ptyd_cli.attach.viewport import Viewport

PAINT_SECONDS = 0.05
"""Between two paintings at least."""

RETRY_SECONDS = 0.3
"""After the daemon could not be asked."""

SETTLE_SECONDS = 0.15
"""Who is in control has the session's size follow the window's: so long it may take."""


class Painter:
    """``shows_other_size`` says whether to paint; ``write`` passes output on as it is, once that is right again."""

    def __init__(
        self,
        terminal: OuterTerminal,
        session: Session,
        shows_other_size: Callable[[], bool],
        write: Callable[[Output | Snapshot], Awaitable[None]],
    ) -> None:
        self._terminal = terminal
        self._session = session
        self._shows_other_size = shows_other_size
        self._write = write
        self._viewport = Viewport()
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._is_painting = False
        self._kept: list[Output | Snapshot] | None = None
        """While the exact screen is being asked for: what has come meanwhile."""
        self.settles = False
        """Another size is no reason to paint before it has lasted SETTLE_SECONDS."""

    def look(self) -> None:
        """A size may have changed."""
        self._changed.set()

    async def show(self, event: Output | Snapshot) -> None:
        """Pass it on, or paint what has become of the screen.

        Raises:
            TerminalGone: the terminal has hung up.
        """
        async with self._lock:
            if not self._is_painting:
                await self._write(event)
                return
            self._changed.set()
            if self._kept is not None:
                self._kept.append(event)

    async def run(self) -> None:
        """Paint, until cancelled. Where the daemon cannot give the cells, everything is passed on.

        Raises:
            TerminalGone: the terminal has hung up.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._fit()
            except (Unavailable, NotAllowed):
                await self._pass_on(None)
                return
            except PtydError:  # as while the connection is away
                self._kept = None
                self._changed.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _fit(self) -> None:
        if not self._shows_other_size():
            if self._is_painting:
                await self._end_painting()
            return
        if not self._is_painting:
            if self.settles:
                await asyncio.sleep(SETTLE_SECONDS)
                if not self._shows_other_size():
                    return
            async with self._lock:
                self._is_painting = True
                self._viewport.forget()
                await self._terminal.reset()
        grid = await self._session.capture(format="cells")
        if self._shows_other_size():
            await self._terminal.write(self._viewport.paint(grid, self._terminal.size()))
            await asyncio.sleep(PAINT_SECONDS)

    async def _end_painting(self) -> None:
        self._kept = []
        screen = await self._session.capture(format="terminal")
        await self._pass_on(Snapshot(0, screen.offset, screen.cols, screen.rows, bytes(screen), "screen"))

    async def _pass_on(self, screen: Snapshot | None) -> None:
        """From ``screen`` on, everything is passed on again."""
        async with self._lock:
            self._is_painting = False
            kept, self._kept = self._kept or [], None
            if screen is not None:
                await self._write(screen)
            for event in kept:
                await self._write(event)
