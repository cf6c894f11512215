"""The kernel's word for changes in folders (inotify), at the event loop.

By ctypes: the libraries for it start a process (ldconfig) to find libc when they are imported, and the daemon never
forks. Source: inotify(7).
"""

import asyncio
import ctypes
import logging
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("ptyd.inotify")

MODIFY, CLOSE_WRITE, MOVED_FROM, MOVED_TO = 0x2, 0x8, 0x40, 0x80
CREATE, DELETE, MOVE_SELF = 0x100, 0x200, 0x800
OVERFLOW, IGNORED = 0x4000, 0x8000
_ONLYDIR, _MASK_ADD = 0x1000000, 0x20000000

_HEAD = struct.Struct("iIII")
_READ_BYTES = 64 * 1024

OnChange = Callable[[int, str], None]
"""Called with the mask, and the name of the entry in the folder; OVERFLOW: look at everything anew."""


class FolderGone(Exception):
    """There is no such folder, or it cannot be watched."""


class Inotify:
    """All watched folders of the daemon, by one descriptor. Several may watch the same folder. Where the system has no
    descriptor left for that (``fs.inotify.max_user_instances``), no folder can be watched."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watchers: dict[int, list[OnChange]] = {}
        self._fd = -1
        try:
            self._fd = self._call(self._libc.inotify_init1, os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            logger.error(
                "no folder can be watched (%s): what programs do is known by their output alone", error.strerror
            )
        else:
            self._loop.add_reader(self._fd, self._read)

    def watch(self, folder: Path, mask: int, on_change: OnChange) -> int:
        """Watch a folder; returns what ``unwatch`` wants.

        Raises:
            FolderGone: there is none, or the system lets us watch no more.
        """
        if self._fd < 0:
            raise FolderGone(f"{folder} cannot be watched")
        try:
            number = self._call(
                self._libc.inotify_add_watch,
                self._fd,
                os.fsencode(folder),
                ctypes.c_uint32(mask | _ONLYDIR | _MASK_ADD),
            )
        except OSError as error:
            raise FolderGone(f"{folder} cannot be watched: {error.strerror}") from error
        self._watchers.setdefault(number, []).append(on_change)
        return number

    def unwatch(self, number: int, on_change: OnChange) -> None:
        watchers = self._watchers.get(number, [])
        if on_change in watchers:
            watchers.remove(on_change)
        if not watchers and self._watchers.pop(number, None) is not None:
            with suppress(OSError):  # the folder has gone, and the watch with it
                self._call(self._libc.inotify_rm_watch, self._fd, number)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _call(self, function: Callable[..., int], *arguments: object) -> int:
        result = function(*arguments)
        if result == -1:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, mask, _, length = _HEAD.unpack_from(data, at)
            name = os.fsdecode(data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0"))
            at += _HEAD.size + length
            self._tell(number, mask, name)

    def _tell(self, number: int, mask: int, name: str) -> None:
        if mask & OVERFLOW:
            logger.warning("changes in watched folders were lost: all are looked at anew")
            watchers = [one for some in self._watchers.values() for one in some]
        elif mask & IGNORED:
            watchers = self._watchers.pop(number, [])
        else:
            watchers = list(self._watchers.get(number, []))
        for on_change in watchers:
            try:
                on_change(mask, name)
            except Exception:
                logger.exception("a change in a watched folder could not be acted on")
