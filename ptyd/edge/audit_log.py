"""The audit's files: ``audit.log`` in the runtime directory, and older ones as ``audit.log.1``, ``.2`` and so on.

A thread of its own writes them. A line would be one append to the page cache, which takes microseconds, until a disk is
full, slow or gone: then the event loop must not be what waits. What cannot be written is counted and said later.

The lines form one stream, and each has its position in it for good. A file begins with a line that says the position of
its first byte, so that a reader goes on where it was, over rotations and restarts.
"""

import asyncio
import contextlib
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ptyd.core.access.audit import NOBODY, format_line

logger = logging.getLogger("ptyd.audit")

T = TypeVar("T")

AUDIT_LOG_NAME = "audit.log"
MAX_WAITING_LINES = 10_000
"""What waits for a disk; beyond it lines are lost, and counted."""
MAX_BATCH_LINES = 256
CLOSE_SECONDS = 2.0
"""The daemon's end waits so long for the last lines."""


@dataclass(frozen=True, slots=True)
class AuditPiece:
    """Whole lines from ``start`` on; ``position`` is where the next piece begins."""

    data: bytes
    start: int
    position: int


class AuditLog:
    """``max_bytes`` of one file, ``max_files`` of them in all."""

    def __init__(self, directory: Path, max_bytes: int, max_files: int) -> None:
        self._path = directory / AUDIT_LOG_NAME
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._queue: queue.SimpleQueue[bytes | Callable[[], None] | None] = queue.SimpleQueue()
        self._fd = -1
        self._size = 0
        self._end = 0
        """The position behind the last line."""
        self._lost_unsaid = 0
        self.lost = 0
        """Lines that could not be written."""
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()

    # --- the loop's side ---

    def put(self, line: bytes) -> None:
        """Write a line soon. Never waits."""
        if self._queue.qsize() >= MAX_WAITING_LINES:
            self._lose(1)
        else:
            self._queue.put(line)

    async def read(self, position: int | None, max_bytes: int) -> AuditPiece:
        """Whole lines from ``position`` on, with everything in them that was put before. None: from the oldest on."""
        return await self._in_thread(lambda: self._read(position, max_bytes))

    async def _in_thread(self, function: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            result, error = None, None
            try:
                result = function()
            except OSError as caught:
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, result, error)

        self._queue.put(run)
        return await future

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join(CLOSE_SECONDS)

    # --- the thread's side ---

    def _work(self) -> None:
        while True:
            item = self._queue.get()
            lines: list[bytes] = []
            while isinstance(item, bytes):
                lines.append(item)
                try:
                    item = self._queue.get_nowait() if len(lines) < MAX_BATCH_LINES else b""
                except queue.Empty:
                    item = b""
                if not item:
                    break
            if lines:
                self._write(lines)
            if item is None:
                self._close_file()
                return
            if not isinstance(item, bytes):
                item()

    def _write(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        try:
            self._make_ready(len(data))
            if self._lost_unsaid:
                data = _own_line("lines_lost", lines=self._lost_unsaid) + data
            written = os.write(self._fd, data)
            if written < len(data):
                os.ftruncate(self._fd, self._size)  # no half lines
                raise OSError(f"{written} of {len(data)} bytes were written")
        except OSError as error:
            if not self._lost_unsaid:
                logger.error("the audit cannot be written to %s: %s", self._path, error)
            self._lose(len(lines))
            return
        self._lost_unsaid = 0
        self._size += written
        self._end += written

    def _lose(self, count: int) -> None:
        self.lost += count
        self._lost_unsaid += count

    def _make_ready(self, byte_count: int) -> None:
        """A file that is ours, at its name, and with room."""
        if self._fd >= 0 and not self._is_in_place():
            self._close_file()
        if self._fd < 0:
            self._open()
        if self._size + byte_count > self._max_bytes and self._size > len(_head(self._end - self._size)):
            self._close_file()
            self._rotate()
            self._open()

    def _is_in_place(self) -> bool:
        """Nobody has removed or replaced it."""
        try:
            return os.path.samestat(os.fstat(self._fd), self._path.lstat())
        except FileNotFoundError:
            return False

    def _open(self) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(fd, 0o600)
            size = os.fstat(fd).st_size
            if size == 0:
                base = max(self._end, _end_of(self._path.with_name(f"{AUDIT_LOG_NAME}.1")))
                head = _head(base)
                size = os.write(fd, head)
                if size < len(head):
                    os.ftruncate(fd, 0)
                    raise OSError("not even the first line can be written")
            else:
                base = _base_of(self._path)
                if os.pread(fd, 1, size - 1) != b"\n":
                    size += os.write(fd, b"\n")
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size, self._end = fd, size, base + size

    def _rotate(self) -> None:
        for number in range(self._max_files - 1, 0, -1):
            older = self._path.with_name(f"{AUDIT_LOG_NAME}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{AUDIT_LOG_NAME}.{number - 1}")
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        if self._max_files == 1:
            self._path.unlink(missing_ok=True)

    def _close_file(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read(self, position: int | None, max_bytes: int) -> AuditPiece:
        wanted = -1 if position is None else position
        oldest_first = [self._path.with_name(f"{AUDIT_LOG_NAME}.{n}") for n in range(self._max_files - 1, 0, -1)]
        start = self._end if position is None else position
        for path in [*oldest_first, self._path]:
            end = _end_of(path)
            if end <= wanted or not path.is_file():
                continue
            base = _base_of(path)
            start = max(base, wanted)
            with path.open("rb") as file:
                file.seek(start - base)
                data = file.read(max_bytes)
            data = data[: data.rfind(b"\n") + 1]
            if data:
                return AuditPiece(data, start, start + len(data))
        return AuditPiece(b"", start, start)


def _head(position: int) -> bytes:
    return _own_line("file_begins", position=position)


def _own_line(event: str, **facts: int) -> bytes:
    return format_line(time.time(), event, NOBODY, None, facts)


def _base_of(path: Path) -> int:
    """The position of a file's first byte; 0 where it does not say."""
    try:
        with path.open("rb") as file:
            return int(json.loads(file.readline(4096))["facts"]["position"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _end_of(path: Path) -> int:
    try:
        return _base_of(path) + path.stat().st_size
    except OSError:
        return 0
