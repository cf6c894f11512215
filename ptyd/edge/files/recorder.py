"""Records one session to a file as it runs: one more reader of the log, which must not miss a byte.

Its cursor is a hold on the log. Each piece is converted and appended in a thread, so that a slow disk keeps nobody
waiting but, at last, the recorded program. After each piece a note beside the log says how far the recording is, and
how long the file was then: the next daemon cuts off what came after, and goes on from there.
"""

import asyncio
import contextlib
import logging
import os
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ptyd.core.log.asciicast import CastState, convert_piece, format_exit
from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.log.time_index import Entry
from ptyd.core.session import ExitStatus

logger = logging.getLogger("ptyd.recorder")

GATHER_SECONDS = 0.1
"""So long output waits for more before it is written: the log keeps it safe."""
PIECE_BYTES = 256 * 1024
BUSY_BYTES = 64 * 1024
"""So much waits no longer."""

_NOTE = struct.Struct("<5Q")


class RecordingFailed(Exception):
    """The recording cannot be begun or gone on with; the message says why."""


@dataclass(frozen=True, slots=True)
class _Note:
    """How far a recording is."""

    state: CastState
    file_bytes: int

    def encode(self) -> bytes:
        state = self.state
        return _NOTE.pack(state.offset, state.events, state.written_ms, state.now_ms, self.file_bytes)

    @classmethod
    def decode(cls, data: bytes) -> "_Note":
        offset, events, written_ms, now_ms, file_bytes = _NOTE.unpack(data)
        return cls(CastState(offset, events, written_ms, now_ms), file_bytes)


class CastFile:
    """The file, and the note beside the log. Used by one thread at a time."""

    def __init__(self, path: Path, note_path: Path, fd: int, note: _Note) -> None:
        self.path = path
        self._note_path = note_path
        self._fd = fd
        self._note_fd = -1
        self._note = note

    @property
    def state(self) -> CastState:
        return self._note.state

    @classmethod
    def create(cls, path: Path, note_path: Path, header: bytes, state: CastState) -> "CastFile":
        """Begin a recording.

        Raises:
            OSError: the file exists, or cannot be made.
        """
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        file = cls(path, note_path, fd, _Note(state, 0))
        try:
            file._open_note(os.O_CREAT | os.O_TRUNC)
            file.append(header, state)
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        return file

    @classmethod
    def resume(cls, path: Path, note_path: Path) -> "CastFile":
        """Go on with a recording where the daemon before us was.

        Raises:
            FileNotFoundError: there is no note: it was finished. OSError, RecordingFailed: it cannot be gone on with.
        """
        with note_path.open("rb") as note_file:
            data = note_file.read(_NOTE.size)
        if len(data) != _NOTE.size:
            raise RecordingFailed("the note of how far it was is damaged")
        note = _Note.decode(data)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise RecordingFailed("the file is gone") from None
        file = cls(path, note_path, fd, note)
        try:
            if os.fstat(fd).st_size < note.file_bytes:
                raise RecordingFailed("the file is shorter than it was")
            os.ftruncate(fd, note.file_bytes)
            file._open_note(0)
        except BaseException:
            file.close()
            raise
        return file

    def _open_note(self, flags: int) -> None:
        self._note_fd = os.open(self._note_path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)

    def append(self, lines: bytes, state: CastState) -> None:
        """Whole lines, and then the note that they are there.

        Raises:
            OSError: the disk is full, say; the file ends with a whole line then.
        """
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            note = _Note(state, self._note.file_bytes + len(lines))
            os.pwrite(self._note_fd, note.encode(), 0)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._note.file_bytes)
            raise
        self._note = note

    def finish(self) -> None:
        """It is complete, or will never be: nobody goes on with it."""
        self._note_path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        for fd in (self._fd, self._note_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._note_fd = -1


class Recorder:
    """One session's recording at the event loop. ``wake`` it when there is output."""

    def __init__(
        self,
        file: CastFile,
        read_log: Callable[[], ReplayLog],
        entries: list[Entry],
        with_input: bool,
        on_progress: Callable[[int], None],
        on_end: Callable[[str | None], None],
    ) -> None:
        """``entries``: those of the time index so far. ``on_progress`` is told how far the log is recorded, ``on_end``
        once, with the reason where the recording is not complete."""
        self._loop = asyncio.get_running_loop()
        self._file = file
        self._read_log = read_log
        self._entries = deque(entries)
        self._with_input = with_input
        self._on_progress = on_progress
        self._on_end = on_end
        self._state = file.state
        self._timer: asyncio.TimerHandle | None = None
        self._exit: ExitStatus | None = None
        self._is_writing = False
        self._seen = file.state.offset
        """The log's head when it was last looked at."""
        self.done = asyncio.Event()

    def note_entry(self, entry: Entry) -> None:
        """The time index has a new entry."""
        if not self.done.is_set():
            self._entries.append(entry)

    def wake(self) -> None:
        """There is output, or an event, to record."""
        if self._is_writing or self.done.is_set():
            return
        if self._exit is not None or self._read_log().head - self._seen >= BUSY_BYTES:
            self._write()
        elif self._timer is None:
            self._timer = self._loop.call_later(GATHER_SECONDS, self._write)

    def finish(self, status: ExitStatus) -> None:
        """The program has ended, and all its output is in the log."""
        self._exit = status
        self.wake()

    def stop(self, reason: str) -> None:
        """Give up, with what there is."""
        if self.done.is_set():
            return
        self._cancel_timer()
        self.done.set()
        if not self._is_writing:
            self._file.finish()
        self._on_end(reason)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self) -> None:
        self._cancel_timer()
        log, offset = self._read_log(), self._state.offset
        if not log.oldest <= offset <= log.head:
            self.stop("output was overwritten before it was recorded")
            return
        data = log.read(offset, PIECE_BYTES)
        self._seen = offset + len(data)
        entries: list[Entry] = []
        while self._entries and self._entries[0].offset <= self._seen:
            entries.append(self._entries.popleft())
        is_end = self._exit is not None and self._seen == log.head
        self._is_writing = True
        future = self._loop.run_in_executor(None, self._write_piece, entries, data, is_end)
        future.add_done_callback(self._note_written)

    def _write_piece(self, entries: list[Entry], data: bytes, is_end: bool) -> tuple[CastState, bool]:
        """In a thread."""
        lines, state = convert_piece(self._state, entries, data, with_input=self._with_input, is_end=is_end)
        if is_end and self._exit is not None:
            lines += format_exit(state, self._exit.code, self._exit.signal, self._exit.at)
        self._file.append(lines, state)
        if is_end:
            self._file.finish()
        return state, is_end

    def _note_written(self, future: "asyncio.Future[tuple[CastState, bool]]") -> None:
        self._is_writing = False
        if self.done.is_set():
            self._file.finish()
            return
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            if not isinstance(error, OSError):
                logger.error("recording %s failed", self._file.path, exc_info=error)
            self.stop(str(error))
            return
        self._state, is_end = future.result()
        self._on_progress(self._state.offset)
        if is_end:
            self.done.set()
            self._on_end(None)
        elif self._exit is not None or self._entries or self._read_log().head > self._seen:
            self.wake()
