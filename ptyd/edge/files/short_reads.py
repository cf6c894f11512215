"""Bounded looks into files that programs write; each blocks, and so belongs in a thread."""

import os
import stat
from pathlib import Path

MAX_WHOLE_BYTES = 1024 * 1024
MAX_TAIL_BYTES = 512 * 1024


def read_text_file(path: Path) -> str | None:
    """A whole small file; None: it is not there, larger than MAX_WHOLE_BYTES, or no text."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_WHOLE_BYTES:
            return None
        try:
            return file.read(MAX_WHOLE_BYTES + 1).decode()
        except (OSError, UnicodeDecodeError):
            return None


def read_last_lines(path: Path) -> list[bytes]:
    """The whole lines at the end of a file, within MAX_TAIL_BYTES, the last first; none where it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return []
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return []
        begin = max(0, status.st_size - MAX_TAIL_BYTES)
        file.seek(begin)
        lines = file.read(MAX_TAIL_BYTES).split(b"\n")
    return lines[-2 : 0 if begin else None : -1]
