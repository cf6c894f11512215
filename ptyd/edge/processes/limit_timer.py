"""The limits of one session that time reaches, with a clock."""

import asyncio
from collections.abc import Callable

from ptyd.core.limits.limit_watch import LimitWatch
from ptyd.core.limits.session_limits import Crossing
from ptyd.core.session import Session


class LimitTimer:
    """A LimitWatch with one timer, for the next look; none where nothing is limited."""

    def __init__(self, session: Session, on_crossing: Callable[[Session, Crossing], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._watch = LimitWatch(session.limits, session.began_at)
        self._on_crossing = on_crossing
        self._timer: asyncio.TimerHandle | None = None
        session.active_at = self._loop.time()
        self._arm()

    def note_left(self) -> None:
        """An attachment has gone."""
        if not self._session.attachments:
            self._session.active_at = self._loop.time()
            self._arm()

    def note_pacing(self, name: str) -> None:
        """The rate ``name`` has made somebody wait."""
        crossing = self._watch.note_pacing(name, self._loop.time())
        if crossing is not None:
            self._on_crossing(self._session, crossing)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        session = self._session
        due = self._watch.next_look(self._loop.time(), session.active_at, bool(session.attachments))
        if due is not None:
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        session = self._session
        crossings = self._watch.look(self._loop.time(), session.active_at, bool(session.attachments))
        if not any(crossing.is_hard for crossing in crossings):
            self._arm()
        for crossing in crossings:
            self._on_crossing(session, crossing)
