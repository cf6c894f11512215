"""A PTY at the event loop: its output goes straight into the replay log, input through the input pipe.

A program without a terminal has a pipe in the master's place, from which its output comes in the same way. It has no
size, nothing in front, and takes no input.
"""

import array
import asyncio
import errno
import fcntl
import os
import select
import signal
import termios
from collections.abc import Callable
from functools import partial

from ptyd_protocol.limits import MAX_INPUT_BYTES

from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.core.log.input_ledger import ENGINE_KEY, InputLedger
from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine_feed import Answers
from ptyd.core.viewing.attachment import Attachment
from ptyd.edge.keeper_link import SessionFds
from ptyd.edge.terminal.input_pipe import InputPipe, PendingInput

READS_A_TURN = 8
"""The kernel gives 4 KiB a read; after so many the other sessions have their turn."""

SHORT_READ_BYTES = 2048
"""After less than this there is hardly more: to ask again would only delay what is there."""

EXACT_READS = 2048
"""Reads that note their exact length, which costs an ioctl and slows a flood by some 5 %. So many are made at first,
and again whenever output ends in the log's guard byte: random bytes do in one read of 256, and so are always read
exactly, while text, which never does, soon need not be (see core/log/replay_log.py)."""

DRAIN_QUIET_SECONDS = 0.05
"""The child is gone, but something else has the terminal open: silent for so long means it has been read empty."""
DRAIN_LIMIT_SECONDS = 1.0
ROOM_RETRY_SECONDS = 1.0
HANGUP_RETRY_SECONDS = 0.25
"""A living child may close its terminal and open it again."""


class Pty:
    """One session's PTY master, or the pipe in its place (core/session.py's Terminal)."""

    def __init__(
        self,
        pid: int,
        fds: SessionFds,
        log: ReplayLog,
        inputs: InputLedger,
        on_piece: Callable[[int], None],
        on_output: Callable[[int], None],
        on_blocked: Callable[[], None],
        on_drained: Callable[[], None],
    ) -> None:
        """``on_piece`` and ``on_output`` are told from which offset on there is output that they were not told of;
        ``on_output`` after each turn, ``on_piece`` before it, between two reads. ``on_blocked``: the log has no room.
        ``on_drained``: the end has been read.
        """
        self._loop = asyncio.get_running_loop()
        self._pid = pid
        self._fds = fds
        self._master = fds.master
        self._is_terminal = os.isatty(fds.master)
        self._log = log
        self._on_piece = on_piece
        self._on_output = on_output
        self._on_blocked = on_blocked
        self._on_drained = on_drained
        self._available = array.array("i", [0])
        self._poll = select.poll()
        self._poll.register(fds.master, select.POLLIN)
        self._exact_reads_left = EXACT_READS
        self._reading = False
        self._is_hung_up = False
        self._child_is_gone = False
        self._drain_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False
        self._input = InputPipe(self._loop, fds.input_read, fds.input_write, fds.master, inputs)

    # --- output ---

    def resume_reading(self) -> None:
        """Read when there is output: at the start, and when a hold has moved on."""
        if not self._reading and not self.closed and not self._is_hung_up and self._log.room:
            self._cancel_timer()
            self._reading = True
            self._loop.add_reader(self._master, self._read_output)

    def stop_reading(self) -> None:
        """For good: what comes is left to the next daemon."""
        self._cancel_timer()
        self._pause_reading()
        self._is_hung_up = True

    def _pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._master)

    def _read_output(self) -> None:
        log = self._log
        before = told = log.head
        for _ in range(READS_A_TURN):
            room = log.room
            if not room:
                self._wait_for_room()
                break
            if not self._read_once(room):
                break
            # The kernel has a thread fetch the next 4 KiB: who asks before they are there falls asleep, and that costs
            # more than what there is to do with those that have come.
            self._on_piece(told)
            told = log.head
        if log.head != before:
            self._on_output(told)
        if self._is_hung_up:
            self._meet_hangup()  # which may be the end, so it comes last

    def _wait_for_room(self) -> None:
        """The log is full up to a hold, or the disk is. A hold says when it has moved; the disk has to be asked."""
        self._pause_reading()
        self._on_blocked()
        self._timer = self._loop.call_later(ROOM_RETRY_SECONDS, self._retry)

    def _read_once(self, room: int) -> bool:
        """Read what there is, straight into the log. False: hardly anything more for now."""
        log = self._log
        try:
            if self._exact_reads_left:
                self._exact_reads_left -= 1
                waiting = self._bytes_waiting()
                if not waiting and not self._is_at_hangup():
                    return False
                count = os.readv(self._master, log.reserve(min(waiting, room) or 1))
            else:
                count = os.readv(self._master, log.reserve(room, is_exact=False))
        except BlockingIOError:
            log.commit(0)
            return False
        except OSError as error:
            log.commit(0)
            if error.errno != errno.EIO:
                raise
            self._is_hung_up = True
            return False
        log.commit(count)
        if not count:  # the end of a pipe; a PTY says it by EIO
            self._is_hung_up = True
            return False
        if log.ends_like_guard():
            self._exact_reads_left = EXACT_READS
        return count >= SHORT_READ_BYTES

    def _bytes_waiting(self) -> int:
        """What a read would bring. The kernel does not count what it has not passed on yet, but a read would bring
        that, too: polling makes it pass it on."""
        fcntl.ioctl(self._master, termios.FIONREAD, self._available)
        if not self._available[0]:
            self._poll.poll(0)
            fcntl.ioctl(self._master, termios.FIONREAD, self._available)
        return self._available[0]

    def _is_at_hangup(self) -> bool:
        """Whether only the end is left to be read."""
        return any(event & select.POLLHUP for _, event in self._poll.poll(0))

    def _meet_hangup(self) -> None:
        """Nobody has the terminal open: the end, or a child that may open it again."""
        self._pause_reading()
        if self._child_is_gone:
            self._finish()
        else:
            self._timer = self._loop.call_later(HANGUP_RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._timer = None
        self._is_hung_up = False
        self.resume_reading()
        if not self._reading and not self.closed:
            self._timer = self._loop.call_later(ROOM_RETRY_SECONDS, self._retry)

    # --- the end ---

    def drain(self) -> None:
        """The child is gone: read what it left, then call ``on_drained``."""
        self._child_is_gone = True
        self._is_hung_up = False
        self._drain_until = self._loop.time() + DRAIN_LIMIT_SECONDS
        self.resume_reading()
        self._watch_drain(-1)

    def _watch_drain(self, head_before: int) -> None:
        """Something else may keep the terminal open, so that the hangup never comes: look whether it is quiet."""
        if self.closed:
            return
        if self._reading and (head_before == self._log.head or self._loop.time() > self._drain_until):
            self._finish()
        else:
            self._loop.call_later(DRAIN_QUIET_SECONDS, self._watch_drain, self._log.head)

    def _finish(self) -> None:
        self.close()
        self._on_drained()

    def close(self) -> None:
        """Stop and close every descriptor. The children live on only where the keeper holds the PTY too."""
        if self.closed:
            return
        self._cancel_timer()
        self._pause_reading()
        self._input.close()
        self._loop.remove_reader(self._fds.pidfd)
        self.closed = True
        self._fds.close()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- input, size, signals ---

    def write(self, attachment: Attachment | None, seq: int, data: bytes) -> None:
        """Deliver one Input of an attachment."""

        def acknowledge() -> None:
            if attachment is not None:
                attachment.input_queued_bytes -= len(data)
                attachment.acknowledge_input(seq)
                attachment.outlet.wake(attachment)

        self._input.deliver(PendingInput(data, attachment, seq, acknowledge))

    def pace_input(self, bytes_per_second: int, on_paced: Callable[[], None]) -> None:
        """Keep what is typed to a rate. ``on_paced``: some of it has to wait."""
        self._input.pace(TokenBucket(bytes_per_second, self._loop.time()), on_paced)

    def drop_input(self, attachment: Attachment) -> None:
        self._input.drop(attachment)

    def answer(self, answers: Answers) -> None:
        """Deliver what the terminal answers to the program's questions, each once whatever happens to the daemon.

        Answers fit one Input as good as always. Of more, a daemon killed between two parts would repeat the first.
        """
        data = answers.data
        while len(data) > MAX_INPUT_BYTES:
            self._input.deliver(PendingInput(data[:MAX_INPUT_BYTES], None, 0, _nothing))
            data = data[MAX_INPUT_BYTES:]
        key = ENGINE_KEY if answers.offset else 0
        self._input.deliver(PendingInput(data, None, answers.offset, _nothing, key=key))

    async def send(self, data: bytes) -> None:
        """Deliver input that no attachment numbers; returns when all of it was taken.

        Raises:
            BrokenPipeError: the program has ended first.
        """
        for begin in range(0, len(data), MAX_INPUT_BYTES):
            part = data[begin : begin + MAX_INPUT_BYTES]
            taken: asyncio.Future[bool] = self._loop.create_future()
            self._input.deliver(
                PendingInput(part, None, 0, partial(_settle, taken, True), partial(_settle, taken, False))
            )
            if not await taken:
                raise BrokenPipeError

    def resize(self, cols: int, rows: int) -> None:
        if not self.closed and self._is_terminal:
            termios.tcsetwinsize(self._master, (rows, cols))

    def watch_child(self, on_end: Callable[[], None]) -> None:
        """Call ``on_end`` when the child ends: for when the keeper is not there to say so."""
        if not self.closed and not self._child_is_gone:
            self._loop.add_reader(self._fds.pidfd, self._note_child_end, on_end)

    def _note_child_end(self, on_end: Callable[[], None]) -> None:
        self._loop.remove_reader(self._fds.pidfd)
        on_end()

    def living_child(self) -> int | None:
        """The pid of the session's own program, None when it has ended."""
        if self.closed or self._child_is_gone:
            return None
        poll = select.poll()
        poll.register(self._fds.pidfd, select.POLLIN)
        return None if poll.poll(0) else self._pid

    def signal_foreground(self, number: int) -> None:
        """Send a signal to the foreground process group; without a terminal to the program.

        Raises:
            ProcessLookupError: there is none.
        """
        if not self._is_terminal and not self.closed:
            signal.pidfd_send_signal(self._fds.pidfd, signal.Signals(number))
            return
        group = 0 if self.closed else os.tcgetpgrp(self._master)
        if group <= 0:
            raise ProcessLookupError("no foreground process group")
        os.killpg(group, signal.Signals(number))


def terminal_size(master: int) -> tuple[int, int]:
    """(cols, rows) as the program sees them; of a program without a terminal (80, 24)."""
    if not os.isatty(master):
        return 80, 24
    rows, cols = termios.tcgetwinsize(master)
    return cols, rows


def _nothing() -> None:
    """Nobody waits for it."""


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    """Whoever waited may have been cancelled."""
    if not future.done():
        future.set_result(result)
