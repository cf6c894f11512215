"""A PTY whose output is kept to a rate: it is read more slowly, so that the program waits. Nothing is cut."""

import asyncio
from collections.abc import Callable

from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.edge.terminal.pty import Pty


class PacedPty(Pty):
    """A subclass, because a session without such a limit is to pay nothing for it."""

    _bucket: TokenBucket | None = None
    _on_paced: Callable[[], None]
    _pace_timer: asyncio.TimerHandle | None = None

    def pace_output(self, bytes_per_second: int, on_paced: Callable[[], None]) -> None:
        """To be called before reading begins. ``on_paced``: the program has to wait."""
        self._bucket = TokenBucket(bytes_per_second, self._loop.time())
        self._on_paced = on_paced

    def resume_reading(self) -> None:
        if self._pace_timer is None:
            super().resume_reading()

    def _read_once(self, room: int) -> bool:
        bucket = self._bucket
        if bucket is None:
            return super()._read_once(room)
        allowed = bucket.available(self._loop.time())
        if not allowed:
            self._wait_for_tokens(bucket)
            return False
        before = self._log.head
        has_more = super()._read_once(min(room, allowed))
        bucket.take(self._log.head - before)
        return has_more

    def _wait_for_tokens(self, bucket: TokenBucket) -> None:
        self._pause_reading()
        self._pace_timer = self._loop.call_later(bucket.wait_seconds(), self._read_on)
        self._on_paced()

    def _read_on(self) -> None:
        self._pace_timer = None
        self.resume_reading()

    def drain(self) -> None:
        """The child is gone: what is left is no flood any more, and the end does not wait for it."""
        self._bucket = None
        self._cancel_pace()
        super().drain()

    def close(self) -> None:
        self._cancel_pace()
        super().close()

    def _cancel_pace(self) -> None:
        if self._pace_timer is not None:
            self._pace_timer.cancel()
            self._pace_timer = None
