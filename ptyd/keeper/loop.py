"""The keeper's event loop: sockets, signals and timers, one call at a time, and no call can end it."""

import contextlib
import logging
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from ptyd.keeper.timers import Timer, Timers

Callback: TypeAlias = Callable[[], object]

logger = logging.getLogger(__name__)


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Loop:
    """Runs callbacks until ``stop``. An exception in one is logged, and the loop goes on."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers = Timers(time.monotonic)
        self._signal_callbacks: Mapping[signal.Signals, Callback] = {}
        self._running = False

    def watch(self, source: HasFileno, on_readable: Callback, on_writable: Callback | None = None) -> None:
        """Call back when ``source`` can be read and, if asked for, written. A second call replaces the first.

        A callback may come once after its source was closed by another callback of the same round.
        """
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if on_writable else 0)
        try:
            self._selector.modify(source, events, (on_readable, on_writable))
        except KeyError:
            self._selector.register(source, events, (on_readable, on_writable))

    def unwatch(self, source: HasFileno) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(source)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        return self._timers.call_later(seconds, callback)

    def handle_signals(self, callbacks: Mapping[signal.Signals, Callback]) -> None:
        """Turn these signals into callbacks of the loop. Several of a kind may be told as one."""
        self._signal_callbacks = callbacks
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._wakeup_pair = (reader, writer)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in callbacks:
            signal.signal(number, _wake_only)
        self.watch(reader, lambda: self._dispatch_signals(reader))

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        self._running = True
        while self._running:
            for key, events in self._selector.select(self._timers.seconds_to_next()):
                self._dispatch_events(key, events)
            self._run_due_timers()

    def _dispatch_events(self, key: selectors.SelectorKey, events: int) -> None:
        on_readable, on_writable = key.data
        if events & selectors.EVENT_READ:
            call_guarded(on_readable)
        if events & selectors.EVENT_WRITE and on_writable is not None:
            call_guarded(on_writable)

    def _run_due_timers(self) -> None:
        while (callback := self._timers.pop_due()) is not None:
            call_guarded(callback)

    def _dispatch_signals(self, reader: socket.socket) -> None:
        for number in set(reader.recv(4096)):
            callback = self._signal_callbacks.get(signal.Signals(number))
            if callback is not None:
                call_guarded(callback)


def call_guarded(callback: Callback) -> None:
    """Call; whatever it raises is logged and goes no further: a bug must not cost anybody a session."""
    try:
        callback()
    except Exception:
        logger.exception("a callback of the keeper failed")


def _wake_only(_number: int, _frame: Any) -> None:
    """The handler that Python needs to write to the wake-up socket; the loop does the work."""
