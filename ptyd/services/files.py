"""Handlers of the requests about files and pasting. All of them take the right to control."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from ptyd_protocol import files as f
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.sessions import SessionInfo

from ptyd.core.asking.pasted import encode_paste, wants_brackets
from ptyd.core.screen.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.files.file_reader import find_relative, read_piece
from ptyd.edge.files.session_files import Piece
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager

READING_THREADS = 2
"""A file system that hangs holds these, and nothing else."""


class FilesService:
    """One for the daemon."""

    def __init__(self, manager: PtyManager) -> None:
        self._manager = manager
        self._readers = ThreadPoolExecutor(READING_THREADS, "file reader")

    def handlers(self) -> dict[str, Callable[[Caller, Session, Any], Awaitable[Any]]]:
        return {"file_put": self._put, "file_get": self._get, "paste": self._paste}

    async def _put(self, caller: Caller, session: Session, params: f.FilePutParams) -> f.FilePutResult:
        _require_running(session)
        piece = Piece(params.upload, params.name, params.size, params.offset, params.data)
        received, path = await self._manager.files.put(session.id, piece)
        if path is None:
            return f.FilePutResult(received=received)
        audit.note("file_put", caller.principal, session, file=path.name, bytes=received)
        return f.FilePutResult(received=received, path=str(path))

    async def _get(self, caller: Caller, session: Session, params: f.FileGetParams) -> f.FileGetResult:
        base, relative = find_relative(params.path, [Path(session.cwd), self._manager.files.folder(session.id)])
        read = partial(
            read_piece,
            base,
            relative,
            params.offset,
            params.max_bytes,
            params.version,
            self._manager.files.max_file_bytes,
        )
        data, size, version = await asyncio.get_running_loop().run_in_executor(self._readers, read)
        audit.note("read", caller.principal, session, by="file_get", file=relative.name, bytes=len(data))
        return f.FileGetResult(data=data, size=size, version=version)

    async def _paste(self, caller: Caller, session: Session, params: f.PasteParams) -> SessionInfo:
        _require_running(session)
        await self._manager.send(session, encode_paste(params.text, await _is_bracketed(session)))
        return session.info()


def _require_running(session: Session) -> None:
    if session.exit is not None:
        raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")


async def _is_bracketed(session: Session) -> bool:
    """Whether the program wants to be told where a paste begins and ends."""
    if session.screen is not None:
        try:
            _, answer = await session.screen.ask(lambda engine: engine.brackets_pastes)
        except EngineGone:
            pass  # the log has to do
        else:
            return answer
    log = session.log
    return wants_brackets(bytes(log.read(log.oldest, log.head - log.oldest)))
