"""Ends the holds of one session when their time has come."""

import asyncio
from collections.abc import Callable

from ptyd.core.log.holds import HoldEnd, HoldWatch
from ptyd.core.log.replay_log import ReplayLog


class HoldTimer:
    """A HoldWatch with a clock: one timer, for the next deadline."""

    def __init__(self, watch: HoldWatch, log: ReplayLog, on_end: Callable[[int, HoldEnd], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch = watch
        self._log = log
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None
        for key in log.hold_keys():  # left by a daemon before us: their clients have the grace time to come back
            watch.leave(key, self._loop.time())
        self._arm()

    def attach(self, key: int) -> None:
        self._watch.attach(key)

    def leave(self, key: int) -> None:
        if key in self._watch:
            self._watch.leave(key, self._loop.time())
            self._update()

    def begin_away(self, key: int) -> None:
        """A hold of somebody who is expected within the grace time."""
        self.attach(key)
        self.leave(key)

    def drop(self, key: int) -> None:
        self._watch.drop(key)
        self._log.drop_hold(key)

    def acknowledge(self, key: int) -> None:
        self._watch.acknowledge(key)

    def note_blocked(self) -> None:
        """The PTY is not read because a hold stands in the way."""
        self._update()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _update(self) -> None:
        blocking = [] if self._log.room else self._log.blocking_holds()
        self._watch.set_blocking(blocking, self._loop.time())
        self._arm()

    def _arm(self) -> None:
        self.close()
        deadline = self._watch.next_deadline()
        if deadline is not None and deadline != float("inf"):
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        for key, reason in self._watch.expire(self._loop.time()):
            self._log.drop_hold(key)
            self._on_end(key, reason)
        self._update()
