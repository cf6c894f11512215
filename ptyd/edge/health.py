"""Whether the daemon can do its work, for those who watch over it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

MIN_FREE_BYTES = 1024 * 1024
"""With less no session could be made: a log begins with a piece of 64 KiB, and its neighbours want some, too."""
KEPT_SECONDS = 1.0
"""An answer holds for so long: whoever asks without a break costs next to nothing."""


class Health:
    """``checks``: what each of them says is wrong, or "" for nothing."""

    def __init__(self, *checks: Callable[[], str]) -> None:
        self._checks = checks
        self._problems: list[str] = []
        self._asked_at = float("-inf")

    def find_problems(self) -> list[str]:
        """Why the daemon is not ready, for people; nothing: it is."""
        now = time.monotonic()
        if now - self._asked_at >= KEPT_SECONDS:
            self._problems = [problem for check in self._checks if (problem := check())]
            self._asked_at = now
        return self._problems


def find_disk_problem(directory: Path) -> str:
    """Whether something can be written to ``directory``."""
    try:
        place = os.statvfs(directory)
    except OSError as error:
        return f"{directory}: {error.strerror}"
    if place.f_flag & os.ST_RDONLY:
        return f"{directory} is on a file system that is read-only"
    if place.f_bavail * place.f_frsize < MIN_FREE_BYTES:
        return f"{directory} has less than {MIN_FREE_BYTES} bytes left"
    return "" if os.access(directory, os.W_OK) else f"{directory} cannot be written to"
