"""Asking the outer terminal what it looks like, beside everything else that goes on in it."""

import asyncio
import os
from collections.abc import Callable

from ptyd_protocol.messages import Appearance

from ptyd_cli.attach.inquiry import Inquiry
from ptyd_cli.attach.outer_terminal import OuterTerminal

TELL_SECONDS = 0.25
"""What is known by then is told; the rest follows when it comes."""

GIVE_UP_SECONDS = 10.0
"""A terminal that has not answered DA1 by then never does. Until then its replies are taken for what they are."""

SPLIT_REPLY_SECONDS = 0.05
"""A reply that a slow line has cut in two goes on within this; what does not was a key."""

_MUTE_TERMINALS = frozenset({"", "dumb", "linux", "vt52"})
"""They would show the questions, or never answer."""


class Asker:
    """``take`` is given what the terminal sends; ``on_keys`` gets what of it was typed, in order, ``on_appearance``
    what the terminal looks like, whenever that has changed."""

    def __init__(
        self,
        terminal: OuterTerminal,
        on_keys: Callable[[bytes], None],
        on_appearance: Callable[[Appearance], None],
    ) -> None:
        self._terminal = terminal
        self._on_keys = on_keys
        self._on_appearance = on_appearance
        self._inquiry = Inquiry()
        self._told: Appearance | None = None
        self._is_due = False
        self._closed = asyncio.Event()
        self._closed.set()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def ask(self) -> None:
        """Put the questions, or as soon as it may be: not in the middle of the session's sequence."""
        if os.environ.get("TERM", "") in _MUTE_TERMINALS or self._inquiry.is_open:
            return
        self._is_due = not self._terminal.ask(self._inquiry.begin())
        if self._is_due:
            self._inquiry.give_up()
            return
        self._closed.clear()
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(TELL_SECONDS, self._tell), loop.call_later(GIVE_UP_SECONDS, self._give_up)]

    def ask_what_is_due(self) -> None:
        """To be called when output was written: questions that had to wait may go now."""
        if self._is_due:
            self.ask()

    def take(self, data: bytes) -> None:
        """What the terminal has sent."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        was_open = self._inquiry.is_open
        keys = self._inquiry.feed(data)
        if was_open and not self._inquiry.is_open:
            self._finish()
        if self._inquiry.partial:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_later(SPLIT_REPLY_SECONDS, self._flush_partial)
        if self._inquiry.note_scheme_report(keys):
            self.ask()
        if keys:
            self._on_keys(keys)

    def follow_size(self) -> None:
        """The window has changed, perhaps by another size of its font."""
        if self._told is not None and not self._inquiry.is_open:
            self._tell()

    async def settle(self) -> None:
        """Before the terminal is left: wait a moment for replies that are still to come, or the shell would get
        them. What is typed meanwhile is dropped."""
        self._on_keys = lambda keys: None
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await self._closed.wait()
        except TimeoutError:
            pass

    def close(self) -> None:
        """Stop the timers."""
        for timer in (self._flush_timer, *self._timers):
            if timer is not None:
                timer.cancel()

    def _finish(self) -> None:
        self._closed.set()
        for timer in self._timers:
            timer.cancel()
        self._tell()

    def _give_up(self) -> None:
        keys = self._inquiry.give_up()
        self._finish()
        if keys:
            self._on_keys(keys)

    def _flush_partial(self) -> None:
        self._on_keys(self._inquiry.flush_partial())

    def _tell(self) -> None:
        cols, rows = self._terminal.size()
        appearance = self._inquiry.appearance(cols, rows, self._terminal.cell_pixels())
        if appearance != self._told:
            self._told = appearance
            self._on_appearance(appearance)
