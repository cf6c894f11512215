"""Files into a session and out of it, in pieces: a broken connection and a daemon that is replaced cost a piece."""

import asyncio
import os
import secrets
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

from ptyd_protocol import limits
from ptyd_protocol.files import FileGetParams, FileGetResult, FilePutParams, FilePutResult

from ptyd_sdk.errors import BadRequest, Unavailable
from ptyd_sdk.link import Link

UPLOAD_ID_BYTES = 16

MAX_BEGINNINGS = 5
"""An upload begins anew where the daemon has forgotten it, which it does after minutes; but not for ever."""

Progress = Callable[[int, int], None]
"""Is told how many bytes have been transferred, of how many."""

T = TypeVar("T")


async def put_file(link: Link, session: str, file: BinaryIO, size: int, name: str, progress: Progress) -> str:
    """Store a file of ``size`` bytes; its path on the daemon's machine.

    Raises:
        RequestFailed: the daemon refused.
        ConnectionLost: the connection is gone for good.
    """
    upload = secrets.token_urlsafe(UPLOAD_ID_BYTES)
    offset, beginnings = 0, 0
    while True:
        beginnings += offset == 0
        if beginnings > MAX_BEGINNINGS:
            raise Unavailable("unavailable", f"the daemon forgets what it was sent of {name}")
        data = await asyncio.to_thread(_read_at, file, offset, min(limits.MAX_FILE_PIECE_BYTES, size - offset))
        if len(data) < min(limits.MAX_FILE_PIECE_BYTES, size - offset):
            raise BadRequest("bad_request", f"{name} became shorter while it was read")
        params = FilePutParams(session=session, upload=upload, name=name, size=size, offset=offset, data=data)
        result: FilePutResult = await link.request("file_put", params)
        progress(result.received, size)
        if result.path:
            return result.path
        offset = result.received


async def get_file(link: Link, session: str, path: str, write: Callable[[bytes], object], progress: Progress) -> int:
    """Hand the file ``path`` piece by piece to ``write``, in a thread; returns how many bytes there were.

    Raises:
        RequestFailed: the daemon refused.
    """
    offset, version = 0, ""
    end: int | None = None
    while end is None or offset < end:
        wanted = limits.MAX_FILE_PIECE_BYTES if end is None else min(limits.MAX_FILE_PIECE_BYTES, end - offset)
        params = FileGetParams(session=session, path=path, offset=offset, max_bytes=wanted, version=version)
        result: FileGetResult = await link.request("file_get", params)
        if end is None:
            end, version = result.size, result.version  # what is added meanwhile is for the next time
        elif not result.data:
            raise Unavailable("unavailable", f"{path} became shorter while it was read: get it again")
        if result.data:
            await asyncio.to_thread(write, result.data)
        offset += len(result.data)
        progress(offset, end)
        if not result.data:
            break
    return offset


async def save_file(link: Link, session: str, path: str, target: Path, progress: Progress) -> int:
    """As ``get_file``, into a file that is whole or not there: it replaces ``target`` when it is complete."""
    descriptor, half = await asyncio.to_thread(_begin_file, target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            size = await get_file(link, session, path, file.write, progress)
        await asyncio.to_thread(os.replace, half, target)
    except BaseException:
        await asyncio.to_thread(os.unlink, half)
        raise
    return size


def _begin_file(target: Path) -> tuple[int, str]:
    half = str(target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}"))
    return os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), half


def _read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def no_progress(done: int, total: int) -> None:
    """For those who do not want to know."""


def words_of(paths: Iterable[str]) -> str:
    """Paths as they are pasted: words of a shell, which Claude Code takes too, and a space so that one can type on."""
    return "".join(f"{_escape(path)} " for path in paths)


def _escape(path: str) -> str:
    """With backslashes, as terminals do it with files that are dropped onto them."""
    if shlex.quote(path) == path:
        return path
    return "".join(char if char.isalnum() or char in "/._-+@=,:%" else f"\\{char}" for char in path)
