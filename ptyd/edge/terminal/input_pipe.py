"""The way of keys into a PTY: a pipe that the keeper holds too, then spliced to the master.

A ``write`` to a PTY leaves a killed daemon's successor in doubt whether the bytes went through. A pipe can be looked
into: a key is taken when it is in the pipe, ``splice`` moves it on in the kernel, and whatever a killed daemon
left in the pipe its successor sends on. See core/log/input_ledger.py for the bookkeeping.
"""

import array
import asyncio
import fcntl
import os
import termios
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ptyd_protocol.limits import MAX_INPUT_BYTES

from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.core.log.input_ledger import ENGINE_KEY, InputLedger
from ptyd.core.viewing.attachment import Attachment

MAX_WAITING = 256
"""Where so much waits, a program that asks and never reads gets no more answers: they would wait without end."""


@dataclass(slots=True)
class PendingInput:
    """Bytes not yet in the pipe: nothing was promised about them."""

    data: bytes
    attachment: Attachment | None
    seq: int
    on_taken: Callable[[], None]
    on_void: Callable[[], None] = lambda: None
    """The program has ended first."""
    key: int = 0
    """Whose number ``seq`` is in the ledger, where no attachment says it; 0: it has none."""


class InputPipe:
    """Delivers input in order; one Input is in the pipe at a time, so that it always fits whole."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, read_fd: int, write_fd: int, master: int, ledger: InputLedger
    ) -> None:
        self._loop = loop
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._master = master
        self._ledger = ledger
        self._waiting: deque[PendingInput] = deque()
        self._watching_master = False
        self._closed = False
        self._pace: TokenBucket | None = None
        self._on_paced: Callable[[], None] = lambda: None
        self._pace_timer: asyncio.TimerHandle | None = None
        self._level = bytes_readable(read_fd)
        ledger.recover(self._level)
        self._move_on()

    def deliver(self, pending: PendingInput) -> None:
        """Take ``pending`` when those before it have gone through; ``on_taken`` is then called."""
        assert len(pending.data) <= MAX_INPUT_BYTES
        if self._closed or (pending.key == ENGINE_KEY and len(self._waiting) >= MAX_WAITING):
            pending.on_void()
            return
        self._waiting.append(pending)
        if not self._watching_master:
            self._move_on()

    def pace(self, bucket: TokenBucket, on_paced: Callable[[], None]) -> None:
        """Keep what is typed to a rate: beyond it an Input waits, and with it its acknowledgement. ``on_paced``: one
        does. What the engine answers is not counted, but keeps its place behind what was typed before."""
        self._pace, self._on_paced = bucket, on_paced

    def drop(self, attachment: Attachment) -> None:
        """Its client has left: what waits of it will not be taken."""
        if any(pending.attachment is attachment for pending in self._waiting):
            self._waiting = deque(pending for pending in self._waiting if pending.attachment is not attachment)

    def close(self) -> None:
        self._unwatch_master()
        if self._pace_timer is not None:
            self._pace_timer.cancel()
        self._closed = True
        while self._waiting:
            self._waiting.popleft().on_void()

    def _move_on(self) -> None:
        while not self._closed:
            if self._level and not self._splice():
                return
            if not self._waiting:
                self._unwatch_master()
                return
            if self._pace is not None and self._has_to_wait(self._pace, self._waiting[0]):
                return
            self._take(self._waiting.popleft())

    def _has_to_wait(self, pace: TokenBucket, pending: PendingInput) -> bool:
        if pending.key == ENGINE_KEY:
            return False
        if pace.available(self._loop.time()):
            pace.take(len(pending.data))
            return False
        if self._pace_timer is None:
            self._pace_timer = self._loop.call_later(pace.wait_seconds(), self._end_pause)
            self._on_paced()
        return True

    def _end_pause(self) -> None:
        self._pace_timer = None
        if not self._watching_master:
            self._move_on()

    def _take(self, pending: PendingInput) -> None:
        attachment = pending.attachment
        if attachment is not None and attachment.closed:
            return  # its client has left, and sends it again when it comes back
        key = attachment.key if attachment is not None else pending.key
        if not key:
            self._level += os.write(self._write_fd, pending.data)
        elif pending.seq > self._ledger.last_seq(key):
            self._ledger.announce(key, pending.seq, self._level)
            self._level += os.write(self._write_fd, pending.data)
            self._ledger.settle(taken=True)
        # The key goes on its way before its acknowledgement does: the program can already be at work on it.
        self._splice()
        pending.on_taken()

    def _splice(self) -> bool:
        """Move the pipe's bytes into the PTY. False: it takes no more now, or it is gone."""
        try:
            while self._level:
                self._level -= os.splice(self._read_fd, self._master, self._level)
        except BlockingIOError:
            if not self._watching_master:
                self._watching_master = True
                self._loop.add_writer(self._master, self._move_on)
            return False
        except OSError:
            self.close()  # the program is gone; the reader of the PTY notices, too, and ends the session
            return False
        return True

    def _unwatch_master(self) -> None:
        if self._watching_master:
            self._watching_master = False
            self._loop.remove_writer(self._master)


def bytes_readable(fd: int) -> int:
    """How many bytes a read would find (FIONREAD)."""
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]
