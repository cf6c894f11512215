"""When a session that has ended is forgotten: soon after somebody has seen how, late where nobody has."""

import asyncio
from collections.abc import Callable

from ptyd.config import Config
from ptyd.core.registry import Registry
from ptyd.core.session import Session


class Removals:
    """``remove`` is called when a session's time is over."""

    def __init__(self, config: Config, registry: Registry, remove: Callable[[Session], None]) -> None:
        self._config = config
        self._registry = registry
        self._remove = remove
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def note_seen(self, session: Session) -> None:
        """Somebody knows how the session ended: it need not be kept long any more."""
        session.exit_seen = True
        self.schedule(session)

    def schedule(self, session: Session) -> None:
        """Its time begins anew."""
        self.cancel(session)
        if session.id not in self._registry:
            return
        config = self._config
        if session.run is not None:
            delay = config.run_kept_seconds
        else:
            delay = config.exited_seen_seconds if session.exit_seen else config.exited_unseen_seconds
        self._timers[session.id] = self._loop.call_later(delay, self._end, session)

    def cancel(self, session: Session) -> None:
        timer = self._timers.pop(session.id, None)
        if timer is not None:
            timer.cancel()

    def _end(self, session: Session) -> None:
        """Who is still reading it reads on, and its leaving begins the time anew."""
        del self._timers[session.id]
        if not session.attachments:
            self._remove(session)
