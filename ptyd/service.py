"""The explicit table: request -> handler."""

import asyncio
import logging
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ptyd_protocol import codec
from ptyd_protocol import methods as m
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Failure, Reply, Request

from ptyd.core.access import Right
from ptyd.core.audited import AUDITED
from ptyd.core.capture import capture_log, capture_screen
from ptyd.core.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.requests import Caller
from ptyd.manager import PtyManager

logger = logging.getLogger("ptyd.service")


class DaemonControl(Protocol):
    """What requests may ask of the daemon as a whole."""

    def status(self) -> m.StatusResult: ...
    async def listen(self, params: m.ListenParams) -> m.ListenResult: ...
    def login_ticket(self) -> m.TicketResult: ...
    def access_token(self) -> str: ...
    def restart(self) -> None: ...
    async def shutdown(self, kill_sessions: bool) -> int: ...
    async def read_audit(self, position: int | None, max_bytes: int) -> m.AuditReadResult: ...


class Service:
    """Carries requests out. One for the daemon."""

    def __init__(self, manager: PtyManager, control: DaemonControl) -> None:
        self._manager = manager
        self._control = control
        self.refusals: Counter[str] = Counter()
        """How many requests were refused, by code."""
        self._table: dict[str, tuple[Right, Callable[[Caller, Any], Awaitable[Any]]]] = {
            "create": ("create", self._create),
            "list": ("observe", self._list),
            "get": ("observe", self._get),
            "rename": ("control", self._rename),
            "resize": ("control", self._resize),
            "signal": ("control", self._signal),
            "kill": ("control", self._kill),
            "detach": ("control", self._detach),
            "send": ("control", self._send),
            "capture": ("observe", self._capture),
            "lock": ("control", self._lock),
            "read_log": ("observe", self._read_log),
            "wait": ("observe", self._wait),
            "subscribe": ("observe", self._subscribe),
            "unsubscribe": ("observe", self._unsubscribe),
            "status": ("observe", self._status),
            "listen": ("admin", self._listen),
            "login_ticket": ("admin", self._login_ticket),
            "access_token": ("admin", self._access_token),
            "restart": ("admin", self._restart),
            "shutdown": ("admin", self._shutdown),
            "mark": ("control", self._mark),
            "export": ("observe", self._export),
            "audit_read": ("admin", self._audit_read),
        }

    async def answer(self, caller: Caller, request: Request) -> Reply | Failure:
        """Carry out one request; every refusal and every error of ours becomes a Failure."""
        try:
            params = codec.decode_params(request.method, request.params)
            right, handler = self._table[request.method]
            if not caller.principal.may(right):
                raise Refusal(ErrorCode.NOT_ALLOWED, f"{caller.principal.name} may not {request.method}")
            result = await handler(caller, params)
            self._note_done(caller, request.method, params, result)
            return Reply(request.id, result)
        except Refusal as refusal:
            self.refusals[refusal.code.value] += 1
            audit.note("refused", caller.principal, asked=request.method[:40], code=refusal.code.value)
            return Failure(request.id, refusal.code, refusal.message)
        except Exception:
            logger.exception("request %s failed", request.method)
            return Failure(request.id, ErrorCode.INTERNAL, f"{request.method} failed; see the daemon's log")

    def _note_done(self, caller: Caller, method: str, params: Any, result: Any) -> None:
        row = AUDITED.get(method)
        if row is not None:
            session = result if isinstance(result, m.SessionInfo) else self._try_find(params)
            audit.note(row.event, caller.principal, session, **row.facts(params, result))

    def _try_find(self, params: Any) -> Session | None:
        """The session that a request was about, where it was about one."""
        try:
            return self._find(params) if hasattr(params, "session") else None
        except Refusal:
            return None

    def _find(self, params: Any) -> Session:
        return self._manager.registry.resolve(params.session)

    # --- sessions ---

    async def _create(self, caller: Caller, params: m.CreateParams) -> m.SessionInfo:
        return (await self._manager.create(params, caller.principal.name)).info()

    async def _list(self, caller: Caller, params: m.NoParams) -> list[m.SessionInfo]:
        return [session.info() for session in self._manager.registry]

    async def _get(self, caller: Caller, params: m.SessionParams) -> m.SessionInfo:
        return self._find(params).info()

    async def _rename(self, caller: Caller, params: m.RenameParams) -> m.SessionInfo:
        session = self._find(params)
        was = session.name
        self._manager.rename(session, params.name)
        audit.note("renamed", caller.principal, session, was=was)
        return session.info()

    async def _resize(self, caller: Caller, params: m.ResizeParams) -> m.SessionInfo:
        session = self._find(params)
        if session.exit is not None:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")
        session.set_size(params.cols, params.rows)
        return session.info()

    async def _signal(self, caller: Caller, params: m.SignalParams) -> m.SessionInfo:
        session = self._find(params)
        self._manager.signal(session, _signal_number(params.signal))
        return session.info()

    async def _kill(self, caller: Caller, params: m.KillParams) -> m.SessionInfo:
        session = self._find(params)
        await self._manager.kill(session, params.grace_seconds)
        return session.info()

    async def _detach(self, caller: Caller, params: m.SessionParams) -> m.SessionInfo:
        session = self._find(params)
        session.detach_all(ErrorCode.DETACHED, "detached by request")
        return session.info()

    async def _send(self, caller: Caller, params: m.SendParams) -> m.SessionInfo:
        session = self._find(params)
        await self._manager.send(session, params.data)
        return session.info()

    # --- reading ---

    async def _capture(self, caller: Caller, params: m.CaptureParams) -> m.CaptureResult:
        session = self._find(params)
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

    async def _lock(self, caller: Caller, params: m.LockParams) -> m.SessionInfo:
        session = self._find(params)
        session.set_locked(params.locked)
        session.shelve_unused_log()
        return session.info()

    async def _read_log(self, caller: Caller, params: m.ReadLogParams) -> m.ReadLogResult:
        session = self._find(params)
        log = session.log
        offset = max(log.oldest, log.head - params.max_bytes) if params.offset is None else params.offset
        if not log.oldest <= offset <= log.head:
            raise Refusal(ErrorCode.OUTPUT_LOST, f"the log holds bytes {log.oldest} to {log.head}, and not {offset}")
        result = m.ReadLogResult(
            offset=offset,
            data=log.read(offset, params.max_bytes),
            epoch=log.epoch,
            log_start=log.oldest,
            log_head=log.head,
        )
        session.shelve_unused_log()
        return result

    async def _wait(self, caller: Caller, params: m.WaitParams) -> m.SessionInfo:
        session = self._find(params)
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

    async def _subscribe(self, caller: Caller, params: m.NoParams) -> m.SubscribeResult:
        if not caller.takes_events:
            raise Refusal(ErrorCode.BAD_REQUEST, "events need a WebSocket connection")
        self._manager.events.subscribe(caller.tell_event)
        return m.SubscribeResult(seq=self._manager.events.seq, sessions=await self._list(caller, params))

    async def _unsubscribe(self, caller: Caller, params: m.NoParams) -> None:
        self._manager.events.unsubscribe(caller.tell_event)

    # --- recording ---

    async def _mark(self, caller: Caller, params: m.MarkParams) -> m.SessionInfo:
        session = self._find(params)
        self._manager.recordings.mark(session, params.label)
        return session.info()

    async def _export(self, caller: Caller, params: m.ExportParams) -> m.ExportResult:
        session = self._find(params)
        result = await self._manager.recordings.export(session, params.resume)
        session.shelve_unused_log()
        return result

    # --- the daemon ---

    async def _status(self, caller: Caller, params: m.NoParams) -> m.StatusResult:
        return self._control.status()

    async def _listen(self, caller: Caller, params: m.ListenParams) -> m.ListenResult:
        return await self._control.listen(params)

    async def _login_ticket(self, caller: Caller, params: m.NoParams) -> m.TicketResult:
        return self._control.login_ticket()

    async def _access_token(self, caller: Caller, params: m.NoParams) -> m.TokenResult:
        return m.TokenResult(token=self._control.access_token())

    async def _restart(self, caller: Caller, params: m.NoParams) -> None:
        self._control.restart()

    async def _audit_read(self, caller: Caller, params: m.AuditReadParams) -> m.AuditReadResult:
        return await self._control.read_audit(params.position, params.max_bytes)

    async def _shutdown(self, caller: Caller, params: m.ShutdownParams) -> m.ShutdownResult:
        return m.ShutdownResult(sessions_left=await self._control.shutdown(params.kill_sessions))


async def _wait_until_idle(session: Session, idle_seconds: float) -> None:
    while not session.has_ended:
        remaining = session.last_output_at + idle_seconds - time.time()
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
