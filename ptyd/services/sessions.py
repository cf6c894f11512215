"""The requests about sessions."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ptyd_protocol.capture import CaptureParams, CaptureResult
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.sessions import (
    CreateParams,
    ExportParams,
    ExportResult,
    KillParams,
    LockParams,
    MarkParams,
    ReadLogParams,
    ReadLogResult,
    RenameParams,
    ResizeParams,
    SendParams,
    SessionInfo,
    SessionParams,
    SignalParams,
    WaitParams,
)

from ptyd.core.screen.capture import capture_log, capture_screen
from ptyd.core.screen.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager

SessionHandler = Callable[[Caller, Session, Any], Awaitable[Any]]


class SessionsService:
    def __init__(self, manager: PtyManager) -> None:
        self._manager = manager

    def observing(self) -> dict[str, SessionHandler]:
        return {
            "get": self.get,
            "capture": self.capture,
            "read_log": self.read_log,
            "wait": self.wait,
            "export": self.export,
        }

    def controlling(self) -> dict[str, SessionHandler]:
        return {
            "rename": self.rename,
            "resize": self.resize,
            "signal": self.signal,
            "kill": self.kill,
            "detach": self.detach,
            "send": self.send,
            "lock": self.lock,
            "mark": self.mark,
        }

    async def create(self, caller: Caller, params: CreateParams) -> SessionInfo:
        principal = caller.principal
        session = await self._manager.create(params, principal.name, is_capped=not principal.may("admin"))
        return session.info()

    async def get(self, caller: Caller, session: Session, params: SessionParams) -> SessionInfo:
        await self._manager.resources.refresh()
        return session.info()

    async def rename(self, caller: Caller, session: Session, params: RenameParams) -> SessionInfo:
        caller.principal.require_naming(session, f"rename session {session.name}")
        was = session.name
        self._manager.rename(session, params.name)
        audit.note("renamed", caller.principal, session, was=was)
        return session.info()

    async def resize(self, caller: Caller, session: Session, params: ResizeParams) -> SessionInfo:
        if session.exit is not None:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")
        session.set_size(params.cols, params.rows)
        return session.info()

    async def signal(self, caller: Caller, session: Session, params: SignalParams) -> SessionInfo:
        self._manager.signal(session, _signal_number(params.signal))
        return session.info()

    async def kill(self, caller: Caller, session: Session, params: KillParams) -> SessionInfo:
        await self._manager.kill(session, params.grace_seconds)
        return session.info()

    async def detach(self, caller: Caller, session: Session, params: SessionParams) -> SessionInfo:
        session.detach_all(ErrorCode.DETACHED, "detached by request")
        return session.info()

    async def send(self, caller: Caller, session: Session, params: SendParams) -> SessionInfo:
        await self._manager.send(session, params.data)
        return session.info()

    # --- reading ---

    async def capture(self, caller: Caller, session: Session, params: CaptureParams) -> CaptureResult:
        try:
            if session.screen is not None:
                return await capture_screen(session.screen, params)
        except EngineGone:
            pass  # the log has to do
        finally:
            session.shelve_unused_log()
        if params.format != "text":
            raise Refusal(
                ErrorCode.UNAVAILABLE, f"session {session.name} has no screen engine: only text can be captured"
            )
        result = capture_log(session.log, session.rows, params.scrollback)
        session.shelve_unused_log()
        return result

    async def lock(self, caller: Caller, session: Session, params: LockParams) -> SessionInfo:
        session.set_locked(params.locked)
        session.shelve_unused_log()
        return session.info()

    async def read_log(self, caller: Caller, session: Session, params: ReadLogParams) -> ReadLogResult:
        log = session.log
        offset = max(log.oldest, log.head - params.max_bytes) if params.offset is None else params.offset
        if not log.oldest <= offset <= log.head:
            raise Refusal(ErrorCode.OUTPUT_LOST, f"the log holds bytes {log.oldest} to {log.head}, and not {offset}")
        result = ReadLogResult(
            offset=offset,
            data=log.read(offset, params.max_bytes),
            epoch=log.epoch,
            log_start=log.oldest,
            log_head=log.head,
        )
        session.shelve_unused_log()
        return result

    async def wait(self, caller: Caller, session: Session, params: WaitParams) -> SessionInfo:
        try:
            async with asyncio.timeout(params.timeout_seconds):
                if params.until == "exit":
                    await self._manager.wait_exit(session)
                else:
                    await _wait_until_idle(session, params.idle_seconds)
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT,
                f"session {session.name}: no {params.until} within {params.timeout_seconds:g} s",
            ) from None
        return session.info()

    # --- recording ---

    async def mark(self, caller: Caller, session: Session, params: MarkParams) -> SessionInfo:
        self._manager.recordings.mark(session, params.label)
        return session.info()

    async def export(self, caller: Caller, session: Session, params: ExportParams) -> ExportResult:
        result = await self._manager.recordings.export(session, params.resume)
        session.shelve_unused_log()
        return result


async def _wait_until_idle(session: Session, idle_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    if not session.output_noted_at:  # a daemon before took it: only the wall clock knows when
        session.output_noted_at = loop.time() - max(0.0, time.time() - session.last_output_at)
    while not session.has_ended:
        remaining = session.output_noted_at + idle_seconds - loop.time()
        if remaining <= 0:
            return
        await asyncio.sleep(remaining)


def _signal_number(wish: str | int) -> int:
    try:
        if isinstance(wish, int) or wish.isdigit():
            return signal.Signals(int(wish))
        return signal.Signals["SIG" + wish.upper().removeprefix("SIG")]
    except (KeyError, ValueError):
        raise Refusal(ErrorCode.BAD_REQUEST, f"there is no signal {wish!r}") from None
