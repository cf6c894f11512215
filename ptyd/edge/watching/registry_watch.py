"""The files that programs keep of their own state: ``PID.json`` in a folder of their user's.

One watch a folder for all sessions; a file is its session's if the process is the session's program or descends from it
(a wrapper was started), and still is the process that wrote it.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from ptyd.edge.processes.proc_files import TICKS_PER_SECOND, read_stat
from ptyd.edge.watching.folder_watch import FolderWatch
from ptyd.edge.watching.inotify import CLOSE_WRITE, CREATE, DELETE, MODIFY, MOVED_FROM, MOVED_TO, Inotify

MAX_FILE_BYTES = 64 * 1024
MAX_ANCESTORS = 16
CLOCK_SLACK_SECONDS = 1.0
WRITING_SECONDS = 0.02
"""A file that is being written is read when it is closed or, where that does not come, after so long."""

OnContent = Callable[[bytes | None], None]
"""Called with what the file holds; None: it has been removed."""


class RegistryWatch:
    """All followed files of the daemon."""

    def __init__(self, inotify: Inotify) -> None:
        self._inotify = inotify
        self._folders: dict[Path, _Folder] = {}

    def follow(self, folder: Path, pid: int, on_content: OnContent) -> None:
        """``pid``: of the session's program. What the file holds already is told at once."""
        if folder not in self._folders:
            self._folders[folder] = _Folder(self._inotify, folder)
        self._folders[folder].add(pid, on_content)

    def unfollow(self, folder: Path, pid: int) -> None:
        place = self._folders.get(folder)
        if place is not None and place.remove(pid):
            place.close()
            del self._folders[folder]


class _Folder:
    def __init__(self, inotify: Inotify, path: Path) -> None:
        self._path = path
        self._followers: dict[int, OnContent] = {}
        self._owners: dict[int, int] = {}
        """Whose file it is: the session's program, by the process that writes it; 0: nobody's of ours."""
        self._told: dict[int, bytes] = {}
        """By the process that writes it: a file that is written tells of itself more than once."""
        self._looks_soon = False
        self._being_written: dict[str, asyncio.TimerHandle] = {}
        """By the file's name."""
        mask = MODIFY | CLOSE_WRITE | CREATE | MOVED_TO | MOVED_FROM | DELETE
        self._watch = FolderWatch(inotify, path, mask, self._note, self._look)

    def add(self, pid: int, on_content: OnContent) -> None:
        self._followers[pid] = on_content
        self._told.pop(pid, None)
        self._owners.pop(pid, None)
        self._note(0, f"{pid}.json")
        if not self._looks_soon:
            self._looks_soon = True  # once for all that a new daemon takes over
            asyncio.get_running_loop().call_soon(self._look_for_descendants)

    def _look_for_descendants(self) -> None:
        """The files that were nobody's may be of those who have come."""
        self._looks_soon = False
        self._owners = {writer: owner for writer, owner in self._owners.items() if owner}
        known = set(map(str, self._owners))
        for name in self._list():
            if name.partition(".")[0] not in known:
                self._note(0, name)

    def remove(self, pid: int) -> bool:
        """True: nobody follows anything here any more."""
        self._followers.pop(pid, None)
        self._owners = {writer: owner for writer, owner in self._owners.items() if owner != pid}
        return not self._followers

    def close(self) -> None:
        for timer in self._being_written.values():
            timer.cancel()
        self._watch.close()

    def _look(self) -> None:
        for name in self._list():
            self._note(0, name)

    def _list(self) -> list[str]:
        try:
            return [path.name for path in self._path.iterdir()]
        except OSError:
            return []  # it is not there yet

    def _note(self, mask: int, name: str) -> None:
        stem, dot, suffix = name.partition(".")
        if suffix != "json" or not dot or not stem.isdecimal():
            return
        writer = int(stem)
        owner = self._find_owner(writer)
        if not owner:
            return
        if mask & MODIFY:
            self._read_soon(name)
            return
        timer = self._being_written.pop(name, None)
        if timer is not None:
            timer.cancel()
        if mask & (DELETE | MOVED_FROM):
            self._owners.pop(writer, None)
            self._told.pop(writer, None)
            self._followers[owner](None)
            return
        if not mask and _is_left_over(self._path / name, writer):
            return
        content = _read(self._path / name)
        if content and content != self._told.get(writer):  # empty: it is being rewritten, and there is more to come
            self._told[writer] = content
            self._followers[owner](content)

    def _read_soon(self, name: str) -> None:
        if name not in self._being_written:
            loop = asyncio.get_running_loop()
            self._being_written[name] = loop.call_later(WRITING_SECONDS, self._note, CLOSE_WRITE, name)

    def _find_owner(self, writer: int) -> int:
        owner = self._owners.get(writer)
        if owner is None:
            owner = writer if writer in self._followers else self._find_ancestor(writer)
            self._owners[writer] = owner
        return owner

    def _find_ancestor(self, pid: int) -> int:
        for _ in range(MAX_ANCESTORS):
            stat = read_stat(pid)
            pid = 0 if stat is None else stat.parent
            if pid in self._followers:
                return pid
            if pid <= 1:
                return 0
        return 0


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(fd, MAX_FILE_BYTES)
    finally:
        os.close(fd)


def _is_left_over(path: Path, writer: int) -> bool:
    """A process wrote it that was killed, and had this id before the one that has it now."""
    stat = read_stat(writer)
    if stat is None:
        return True
    began_at = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + stat.start_ticks / TICKS_PER_SECOND
    try:
        return path.stat().st_mtime < began_at - CLOCK_SLACK_SECONDS
    except OSError:
        return True
