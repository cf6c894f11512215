"""The private folders of sessions: what was put into each, and how much of it there may be.

All of it runs in one thread, in the order in which it was asked for: what a slow disk keeps waiting is other files,
and not the loop. A file that is not complete is called ``.<upload>.part``; its length is how much of it has been
received, so a daemon that comes after this one goes on with it.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.limit_values import format_size

from ptyd.core.asking.pasted import numbered, safe_name

logger = logging.getLogger("ptyd.session_files")

FOLDER_SUFFIX = ".files"
PART_SUFFIX = ".part"

MAX_FILES = 1000
"""In one session's folder: it is looked through for each piece."""

STALE_SECONDS = 600.0
"""A part that has not grown for so long belongs to nobody any more."""

REMEMBERED_UPLOADS = 256
"""Of those that are complete: a client whose answer was lost asks again, and is told the same path."""

T = TypeVar("T")


class Piece(NamedTuple):
    """One of a file's pieces, as a client sent it."""

    upload: str
    name: str
    size: int
    offset: int
    data: bytes


class Received(NamedTuple):
    """``received``: so many bytes are there; ``path``: of the complete file, else None."""

    received: int
    path: Path | None


class SessionFiles:
    """One for the daemon. ``directory`` is that of the logs."""

    def __init__(self, directory: Path, max_file_bytes: int, max_session_bytes: int) -> None:
        self.max_file_bytes = max_file_bytes
        self._directory = directory
        self._max_session_bytes = max_session_bytes
        self._complete: OrderedDict[tuple[str, str], Path] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "files")

    def folder(self, session_id: str) -> Path:
        """Where the session's files are; there is none as long as nothing was put there."""
        return self._directory / f"{session_id}{FOLDER_SUFFIX}"

    async def put(self, session_id: str, piece: Piece) -> Received:
        """Take a piece of a file.

        Raises:
            Refusal: the file or the session's files are too large, or there is no room for them.
        """
        return await self._run(lambda: self._put(session_id, piece))

    def remove(self, session_id: str) -> None:
        """The session is forgotten, and its files with it. What was asked for before is done before."""
        self._thread.submit(_remove_tree, self.folder(session_id))

    def remove_others(self, session_ids: set[str]) -> None:
        """Remove the folders of sessions that nobody holds any more."""
        for path in self._directory.glob(f"*{FOLDER_SUFFIX}"):
            if path.stem not in session_ids:
                self._thread.submit(_remove_tree, path)

    def close(self) -> None:
        """The daemon ends: do what was asked for, and no more."""
        self._thread.shutdown()

    async def _run(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    # --- in the thread ---

    def _put(self, session_id: str, piece: Piece) -> Received:
        known = self._complete.get((session_id, piece.upload))
        if known is not None:
            return Received(piece.size, known)
        if piece.size > self.max_file_bytes:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"{safe_name(piece.name)} has {format_size(piece.size)}, and at most"
                f" {format_size(self.max_file_bytes)} are taken (max_file_bytes)",
            )
        if piece.offset + len(piece.data) > piece.size:
            raise Refusal(ErrorCode.BAD_REQUEST, "a piece reaches beyond the size that was named")
        try:
            with self._open_folder(session_id) as folder:
                return self._put_into(folder, session_id, piece)
        except OSError as error:
            raise Refusal(
                ErrorCode.NO_RESOURCES, f"{safe_name(piece.name)} cannot be stored: {error.strerror}"
            ) from error

    @contextlib.contextmanager
    def _open_folder(self, session_id: str) -> Iterator[int]:
        path = self.folder(session_id)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield folder
        finally:
            os.close(folder)

    def _put_into(self, folder: int, session_id: str, piece: Piece) -> Received:
        part = f".{piece.upload}{PART_SUFFIX}"
        self._check_room(folder, part, piece.size)
        fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            received = os.fstat(fd).st_size
            if piece.offset <= received:
                received = max(received, piece.offset + _write_all(fd, piece.data, piece.offset))
        except OSError:
            os.unlink(part, dir_fd=folder)  # what is there of it would keep the disk full
            raise
        finally:
            os.close(fd)
        if received < piece.size:
            return Received(received, None)
        path = self.folder(session_id) / _give_name(folder, part, safe_name(piece.name))
        self._complete[session_id, piece.upload] = path
        while len(self._complete) > REMEMBERED_UPLOADS:
            self._complete.popitem(last=False)
        return Received(received, path)

    def _check_room(self, folder: int, part: str, size: int) -> None:
        """Whether a file of ``size`` may come to those that there are. Raises Refusal."""
        used = count = 0
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == part:
                    continue
                # The program may remove them at any time: they are its own.
                with contextlib.suppress(FileNotFoundError):
                    used += 0 if _remove_stale(folder, entry) else _size_of(entry)
                count += 1
                if count >= MAX_FILES:
                    raise Refusal(ErrorCode.NO_RESOURCES, f"the session has {MAX_FILES} files already: remove some")
        if used + size > self._max_session_bytes:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"the session's files have {format_size(used)}, and {format_size(size)} more would be over"
                f" {format_size(self._max_session_bytes)} (max_session_files_bytes): remove some",
            )


def _remove_stale(folder: int, entry: os.DirEntry[str]) -> bool:
    """Whether it was the part of an upload that nobody goes on with."""
    if not entry.name.endswith(PART_SUFFIX) or not entry.name.startswith("."):
        return False
    if entry.stat(follow_symlinks=False).st_mtime > time.time() - STALE_SECONDS:
        return False
    os.unlink(entry.name, dir_fd=folder)
    return True


def _size_of(entry: os.DirEntry[str]) -> int:
    status = entry.stat(follow_symlinks=False)
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _write_all(fd: int, data: bytes, offset: int) -> int:
    view = memoryview(data)
    written = 0
    while written < len(data):
        written += os.pwrite(fd, view[written:], offset + written)
    return written


def _give_name(folder: int, part: str, name: str) -> str:
    """Nothing is written over: a link takes only a name that is free. Returns the name that it was."""
    number = 1
    wish = name
    while True:
        try:
            os.link(part, wish, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            number += 1
            wish = numbered(name, number)
        else:
            os.unlink(part, dir_fd=folder)
            return wish


def _remove_tree(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.error("the files in %s cannot be removed: %s", path, error)
