"""The log files of keeper and daemon: ours alone, appended to, put aside before they grow without end."""

import contextlib
import os
from pathlib import Path
from typing import Final

LOG_MODE: Final = 0o600
MAX_LOG_BYTES: Final = 8 * 1024 * 1024
"""A longer one becomes ``<name>.1`` the next time it is opened."""

TAIL_LINES: Final = 5
TAIL_BYTES: Final = 4096


def open_log(path: Path) -> int:
    """A descriptor that appends, close-on-exec. A file that has grown long is put aside as ``<name>.1``.

    Raises:
        OSError: it cannot be opened.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, LOG_MODE)
    os.fchmod(fd, LOG_MODE)
    return fd


def measure_log(path: Path) -> int:
    """Its length in bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_log_tail(path: Path, start: int) -> list[str]:
    """The last lines written at or beyond byte ``start``, without empty ones."""
    try:
        with path.open("rb") as log:
            length = log.seek(0, os.SEEK_END)
            log.seek(max(start if start <= length else 0, length - TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]
