"""Where the hooks of a session's program leave what they are told, and wait for answers.

A folder of the session's own (0700), a file for each run of a hook: ``EVENT.PID``. A hook so costs a shell and ``cat``,
which are everywhere, waits for nobody, and fails at nothing where the daemon is away: the next one finds the files.

A hook that may decide something makes a FIFO ``EVENT.PID.reply`` first, writes its file, and reads a line from the
FIFO. The line ``answer`` means that its output is in ``EVENT.PID.answer``; any other, that nothing was decided.
"""

import errno
import logging
import os
import re
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ptyd.edge.watching.folder_watch import FolderWatch
from ptyd.edge.watching.inotify import CLOSE_WRITE, MOVED_TO, Inotify

logger = logging.getLogger("ptyd.hooks")

MAX_CALL_BYTES = 16 * 1024 * 1024
"""Of one more only its event is known. Tool inputs hold whole files at times."""

_NAME = re.compile(r"([A-Za-z]{1,64})\.(\d{1,20})")


class HookCall:
    """One run of a hook. ``content``: what it was given on its standard input."""

    def __init__(self, path: Path, event: str, content: bytes, at: float) -> None:
        self.event = event
        self.content = content
        self.at = at
        """When it was called, in Unix seconds."""
        self.id = path.name
        self._path = path
        self._reply = path.with_name(f"{path.name}.reply")

    @property
    def is_waiting(self) -> bool:
        """It waits for an answer: its process lives, and nobody has answered."""
        fd = self._open_reply()
        if fd is not None:
            os.close(fd)
        return fd is not None

    def answer(self, output: bytes | None) -> bool:
        """Let it go on: its output, or None to decide nothing. False: it was not there any more to be told."""
        fd = self._open_reply()
        try:
            if fd is None:
                return False
            if output is not None:
                _write_private(self._path.with_name(f"{self._path.name}.answer"), output)
            os.write(fd, b"nothing\n" if output is None else b"answer\n")
            return True
        except OSError as error:
            logger.error("a hook (%s) cannot be answered: %s", self.id, error)
            return False
        finally:
            if fd is not None:
                os.close(fd)
            self.forget()

    def forget(self) -> None:
        """It need not be found by the next daemon."""
        self._path.unlink(missing_ok=True)

    def _open_reply(self) -> int | None:
        if not self._path.exists():
            return None  # it was answered
        try:
            fd = os.open(self._reply, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno not in (errno.ENXIO, errno.ENOENT):
                logger.error("a hook (%s) cannot be answered: %s", self.id, error)
            return None
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        return None


class HookSpool:
    """One session's folder. ``on_call`` gets each run of a hook once, those of before first; one that may decide
    something (``deciding``) is kept until it is answered."""

    def __init__(
        self, inotify: Inotify, folder: Path, deciding: frozenset[str], on_call: Callable[[HookCall], None]
    ) -> None:
        self._folder = folder
        self._deciding = deciding
        self._on_call = on_call
        self._told: set[str] = set()
        """Those that wait for an answer."""
        self._watch = FolderWatch(inotify, folder, CLOSE_WRITE | MOVED_TO, self._note, self._look)

    def close(self) -> None:
        self._watch.close()

    def _look(self) -> None:
        """All that is there."""
        found = []
        for path in self._folder.iterdir():
            with suppress(OSError):
                found.append((path.stat().st_mtime, path.name))
        for at, name in sorted(found):
            self._take(name, at, is_whole=False)

    def _note(self, mask: int, name: str) -> None:
        self._told.discard(name)  # a hook writes once: this is another one, whose process has the same id
        self._take(name, time.time())

    def _take(self, name: str, at: float, *, is_whole: bool = True) -> None:
        match = _NAME.fullmatch(name)
        if match is None or name in self._told:
            return
        path = self._folder / name
        event = match[1]
        try:
            content = _read_bounded(path)
        except OSError:
            return  # it was removed meanwhile
        if not is_whole and not content.rstrip().endswith(b"}"):
            return  # it is being written, and we are told when that is done
        call = HookCall(path, event, content, at)
        if event in self._deciding and call.is_waiting:
            self._told = {one for one in self._told if (self._folder / one).exists()} | {name}
        else:
            call.forget()
        self._on_call(call)


def _read_bounded(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        return b"" if os.fstat(fd).st_size > MAX_CALL_BYTES else file.read()


def _write_private(path: Path, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
