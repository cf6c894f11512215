"""A recording shown in the outer terminal: output to it, the player's keys from it."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator

from ptyd_cli.attach.clipboard_filter import ClipboardFilter
from ptyd_cli.attach.outer_terminal import OuterTerminal, TerminalGone
from ptyd_cli.attach.query_filter import QueryFilter
from ptyd_cli.player.cast import Cast
from ptyd_cli.player.keys import KeyReader, Wish
from ptyd_cli.player.playback import Part, Playback

SEEK_SECONDS = 5.0
SPEED_STEP = 2.0

_BEGIN_UPDATE, _END_UPDATE = b"\x1b[?2026h", b"\x1b[?2026l"
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def play(terminal: OuterTerminal, cast: Cast, *, speed: float, start: float) -> int:
    """Play it to its end, or until the user has enough. The terminal is closed. Returns the exit code."""
    try:
        return asyncio.run(CastView(terminal, cast, speed, start).run())
    finally:
        terminal.leave()
        terminal.close()


class CastView:
    """One run of playing. What the recording asks of its terminal is left out: it was answered long ago."""

    def __init__(self, terminal: OuterTerminal, cast: Cast, speed: float, start: float) -> None:
        self._terminal = terminal
        self._cast = cast
        self._playback = Playback(cast, time.monotonic(), speed=speed, start=start)
        self._filter = QueryFilter()
        self._clipboard = ClipboardFilter()
        self._keys = KeyReader()
        self._wishes: list[Wish] = []
        self._changed = asyncio.Event()
        self._exit_code: int | None = None

    async def run(self) -> int:
        with self._signals():
            self._terminal.enter()
            self._terminal.start_reading(self._take_keys, self._note_hangup)
            try:
                with contextlib.suppress(TerminalGone):
                    await self._play()
            finally:
                self._terminal.stop_reading()
                self._terminal.leave()
        return self._exit_code or 0

    async def _play(self) -> None:
        await self._show(self._playback.begin(time.monotonic()))
        self._warn_of_size()
        while True:
            self._changed.clear()
            for wish in self._take_wishes():
                await self._obey(wish)
            if self._exit_code is not None:
                return
            await self._show(self._playback.take_due(time.monotonic()))
            if self._playback.is_at_end and not self._playback.is_paused and not self._wishes:
                return
            wait = self._playback.wait_seconds(time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _take_wishes(self) -> list[Wish]:
        wishes, self._wishes = self._wishes, []
        return wishes

    async def _obey(self, wish: Wish) -> None:
        playback, now = self._playback, time.monotonic()
        if wish is Wish.QUIT:
            self._exit_code = 0
        elif wish is Wish.PAUSE:
            playback.toggle(now)
            self._tell_state()
        elif wish in (Wish.BACK, Wish.FORWARD):
            seconds = SEEK_SECONDS if wish is Wish.FORWARD else -SEEK_SECONDS
            await self._show(playback.seek(playback.position(now) + seconds, now))
            self._tell_state()
        elif wish in (Wish.SLOWER, Wish.FASTER):
            playback.change_speed(SPEED_STEP if wish is Wish.FASTER else 1 / SPEED_STEP, now)
            self._tell_state()
        elif wish is Wish.STEP:
            await self._show(playback.step(now))
            self._tell_state()
        elif (found := playback.next_marker(now)) is not None:
            marker, part = found
            await self._show(part)
            self._tell_state(marker.data)

    async def _show(self, part: Part) -> None:
        if part.is_anew:
            self._filter.reset()
            self._clipboard.reset()
            await self._terminal.write(_BEGIN_UPDATE)
            await self._terminal.reset()
        data = self._filter.feed(self._clipboard.feed(part.text.encode(errors="replace")))
        await self._terminal.write(data + _END_UPDATE if part.is_anew else data)

    def _tell_state(self, label: str = "") -> None:
        """In the window's title, where it destroys nothing."""
        playback = self._playback
        words = [
            f"{_clock(playback.position(time.monotonic()))} / {_clock(self._cast.duration)}",
            "paused" if playback.is_paused else f"{playback.speed:g}x",
            "".join(character for character in label if character.isprintable()),
        ]
        self._terminal.show_notice(" · ".join(word for word in words if word))

    def _warn_of_size(self) -> None:
        cols, rows = self._terminal.size()
        if cols < self._cast.cols or rows < self._cast.rows:
            self._terminal.show_notice(f"recorded at {self._cast.cols}x{self._cast.rows}: this window is smaller")

    # --- what comes from outside ---

    def _take_keys(self, data: bytes) -> None:
        self._wishes += self._keys.feed(data)
        self._changed.set()

    def _note_hangup(self) -> None:
        self._end(128 + signal.SIGHUP)

    def _end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._changed.set()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            loop.add_signal_handler(number, self._end, 128 + number)
        loop.add_signal_handler(signal.SIGCONT, self._terminal.set_raw)
        try:
            yield
        finally:
            for number in (*_ENDING_SIGNALS, signal.SIGCONT):
                loop.remove_signal_handler(number)


def _clock(seconds: float) -> str:
    """``1:05``, ``1:00:05``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
