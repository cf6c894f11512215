"""The engines of all sessions: one thread for them, their files, and what is done when they are at rest."""

import asyncio
from collections.abc import Callable

from ptyd.core.screen.engine import EngineMaker
from ptyd.core.screen.engine_feed import Answers
from ptyd.core.session import Session
from ptyd.edge.screen.engine_reader import EngineReader
from ptyd.edge.screen.engine_thread import EngineThread
from ptyd.edge.screen.screen_store import ScreenFile

SWEEP_SECONDS = 1.0
"""So often those that were fed are looked at: for a new title, and whether they have come to rest."""
REST_SECONDS = 2.0
HANG_BEATS = 12
"""A turn takes milliseconds, the worst that could be made up some seconds. At 5 s a beat this is a minute."""


class Engines:
    """Opens an engine for each session."""

    def __init__(self, maker: EngineMaker, scrollback_lines: int, on_new_title: Callable[[Session], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._maker = maker
        self._scrollback_lines = scrollback_lines
        self._on_new_title = on_new_title
        self._thread = EngineThread()
        self._fed: dict[Session, EngineReader] = {}
        """Those that were fed and have not come to rest."""
        self._sweep_timer: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return self._maker.name

    def open_reader(self, session: Session, screen_file: ScreenFile) -> EngineReader:
        """The engine of a session, which is then to be its ``screen``."""

        def deliver(answers: Answers) -> None:
            session.terminal.answer(answers)

        def go_on() -> None:
            session.terminal.resume_reading()

        def give_up() -> None:
            session.screen = None

        lines = session.limits.scrollback_lines
        reader = EngineReader(
            self._thread,
            self._maker,
            session.log_file,
            screen_file,
            self._scrollback_lines if lines is None else lines,
            on_fed=lambda: self._note_fed(session, reader),
            on_answers=deliver,
            on_room=go_on,
            on_failure=give_up,
        )
        return reader

    def has_hung(self) -> bool:
        """Call it at each beat (Daemon): whether an engine has not come back for HANG_BEATS of them."""
        return self._thread.count_stuck_beats() >= HANG_BEATS

    def close(self) -> None:
        """The daemon ends."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        self._thread.close()

    def _note_fed(self, session: Session, reader: EngineReader) -> None:
        self._fed[session] = reader
        if self._sweep_timer is None:
            self._sweep_timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweep_timer = None
        for session, reader in list(self._fed.items()):
            if reader.refresh_title():
                self._on_new_title(session)
            if self._loop.time() - session.output_noted_at >= REST_SECONDS:
                del self._fed[session]
                reader.rest()
        if self._fed and self._sweep_timer is None:
            self._sweep_timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)
