"""Saved states of engines, beside the replay logs: where the next daemon begins to read a log again.

A file is written anew and renamed, so it is whole or the one before.
"""

import logging
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ptyd.core.screen.engine_feed import FeedState

logger = logging.getLogger("ptyd.screen_store")

_HEADER = struct.Struct("<8s64sQQQ")
"""Magic, the engine's name, the log's epoch, offset, number of the size."""
_MAGIC = b"PTYDSCR1"


@dataclass(frozen=True, slots=True)
class SavedScreen:
    """An engine's state as it was at ``at``."""

    at: FeedState
    state: bytes


class ScreenFile:
    """``sessions/<id>.screen``, 0600: the newest saved state of one session's engine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, engine_name: str, epoch: int, saved: SavedScreen) -> bool:
        """Replace the file. False where the disk does not take it."""
        new = self._path.with_suffix(".screen-new")
        header = _HEADER.pack(_MAGIC, _pad(engine_name), epoch, saved.at.offset, saved.at.size_number)
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(header)
                file.write(saved.state)
            new.replace(self._path)
        except OSError as error:
            logger.error("the screen %s cannot be saved: %s", self._path, error)
            with suppress(OSError):
                new.unlink(missing_ok=True)
            return False
        return True

    def load(self, engine_name: str, epoch: int) -> SavedScreen | None:
        """What was saved by this version of the engine from this log; None where there is nothing of the kind."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.error("the saved screen %s cannot be read: %s", self._path, error)
            return None
        if len(content) < _HEADER.size:
            return None
        magic, name, saved_epoch, offset, size_number = _HEADER.unpack_from(content)
        if magic != _MAGIC or name != _pad(engine_name) or saved_epoch != epoch:
            return None
        return SavedScreen(FeedState(offset, size_number), content[_HEADER.size :])

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def _pad(name: str) -> bytes:
    return name.encode()[:64].ljust(64, b"\0")
