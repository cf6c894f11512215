"""The file of a session's time index (core/log/time_index.py): ``sessions/<id>.times``, 0600.

It is appended to and not mapped: a full disk then costs times, and not the daemon. What was appended outlives the
daemon's death in the page cache, as the replay log does.
"""

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from ptyd.core.log.time_index import (
    MAX_PAYLOAD_BYTES,
    Entry,
    IndexDamaged,
    Kind,
    compact_index,
    decode_index,
    encode_entry,
    encode_header,
    encode_size,
)

logger = logging.getLogger("ptyd.time_file")

RESOLUTION_MS = 10
"""Output less than so long after the last entry has no entry of its own: a flood adds 1.6 kB a second."""
MAX_INDEX_BYTES = 1024 * 1024
"""Then it is compacted to half of it: 32,768 times for what the replay log holds."""


class TimeFile:
    """The index of one running session, open for appending."""

    def __init__(self, path: Path, head: int, keep_from: Callable[[], int]) -> None:
        """``head``: the log's; ``keep_from`` says the oldest offset that times are wanted for.

        Raises:
            OSError: there is none. IndexDamaged: it cannot be used.
        """
        self._path = path
        self._keep_from = keep_from
        self._head = head
        self._fd = -1
        entries, self._length = read_index(path)
        if not entries or max(entry.offset for entry in entries) > head:
            raise IndexDamaged("it is of another log")
        self._last_ms = 0
        self._number = entries[-1].number + (entries[-1].kind is not Kind.TIME)
        self.last_size = next((entry.size for entry in reversed(entries) if entry.kind is Kind.SIZE), (0, 0))
        self.on_entry: Callable[[Entry], None] = lambda entry: None
        """Told of each new entry."""
        self._fd = _open_file(path)
        os.ftruncate(self._fd, self._length)

    @classmethod
    def create(cls, path: Path, offset: int, at_ms: int, size: tuple[int, int]) -> None:
        """Begin an index at ``offset`` of the log, in place of whatever was there.

        Raises:
            OSError: no space, no permission.
        """
        write_whole(path, encode_header() + encode_entry(Kind.SIZE, offset, at_ms, encode_size(*size)))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def note_output(self, head: int, at_ms: int) -> None:
        """The log's head has moved on to ``head``."""
        begin, self._head = self._head, head
        if not 0 <= at_ms - self._last_ms < RESOLUTION_MS:
            self._append(Kind.TIME, begin, at_ms, b"")

    def note_size(self, cols: int, rows: int, at_ms: int) -> None:
        self.last_size = cols, rows
        self._append(Kind.SIZE, self._head, at_ms, encode_size(cols, rows))

    def note_mark(self, label: str, at_ms: int) -> None:
        self._append(Kind.MARK, self._head, at_ms, label.encode(errors="replace"))

    def note_input(self, data: bytes, at_ms: int) -> None:
        for begin in range(0, len(data), MAX_PAYLOAD_BYTES):
            self._append(Kind.INPUT, self._head, at_ms, data[begin : begin + MAX_PAYLOAD_BYTES])

    def _append(self, kind: Kind, offset: int, at_ms: int, payload: bytes) -> None:
        self._last_ms = at_ms
        entry = Entry(kind, offset, at_ms, payload, self._number)
        self._number += kind is not Kind.TIME
        self.on_entry(entry)
        if self._fd < 0:
            return
        record = encode_entry(kind, offset, at_ms, payload)
        try:
            if os.write(self._fd, record) != len(record):
                raise OSError("cut short")
            self._length += len(record)
            if self._length > MAX_INDEX_BYTES:
                self._compact()
        except OSError as error:
            logger.error("no more times are noted in %s: %s", self._path, error)
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._length)
            self.close()

    def _compact(self) -> None:
        entries, _ = read_index(self._path)
        compacted = compact_index(entries, self._keep_from(), MAX_INDEX_BYTES // 2)
        write_whole(self._path, compacted)
        self.close()
        self._fd = _open_file(self._path)
        self._length = len(compacted)


def read_index(path: Path) -> tuple[list[Entry], int]:
    """The entries of an index, and its length in bytes without an unfinished one.

    Raises:
        OSError: there is none. IndexDamaged: it cannot be used.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(fd, "rb") as file:
        return decode_index(file.read())


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place of what was there, at once.

    Raises:
        OSError: no space, no permission.
    """
    new = path.with_name(path.name + ".new")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
    new.replace(path)


def _open_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
