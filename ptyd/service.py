"""The explicit table: request -> handler."""

import asyncio
import errno
import logging
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from ptyd_protocol import codec
from ptyd_protocol import methods as m
from ptyd_protocol.activity import SubscribeParams
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Failure, Reply, Request
from ptyd_protocol.notify import NotifyTestResult

from ptyd.activity_service import ActivityService
from ptyd.approvals_service import ApprovalsService
from ptyd.conversations_service import ConversationsService
from ptyd.core.access import Principal
from ptyd.core.audited import AUDITED
from ptyd.core.capture import capture_log, capture_screen
from ptyd.core.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.requests import Caller
from ptyd.files_service import FilesService
from ptyd.manager import PtyManager
from ptyd.miniatures import Miniatures
from ptyd.prompts_service import PromptsService
from ptyd.run_service import RunService
from ptyd.runs import Runs
from ptyd.session_maker import SHORTAGES

logger = logging.getLogger("ptyd.service")

SessionHandler = Callable[[Caller, Session, Any], Awaitable[Any]]


class DaemonControl(Protocol):
    """What requests may ask of the daemon as a whole."""

    def status(self) -> m.StatusResult: ...
    async def listen(self, params: m.ListenParams) -> m.ListenResult: ...
    def login_ticket(self, principal: Principal) -> m.TicketResult: ...
    def access_token(self) -> str: ...
    def restart(self) -> None: ...
    async def shutdown(self, kill_sessions: bool) -> int: ...
    def is_good(self, principal: Principal) -> bool:
        """Whether its credentials still are."""

    def token_create(self, params: m.TokenCreateParams, session_id: str) -> m.TokenCreated: ...
    def token_list(self) -> list[m.TokenInfo]: ...
    def token_revoke(self, token: str, session_id: str) -> list[m.TokenInfo]: ...
    def share(self, params: m.ShareParams, session_id: str) -> m.ShareResult: ...
    async def notify_test(self) -> NotifyTestResult: ...
    async def read_audit(self, position: int | None, max_bytes: int) -> m.AuditReadResult: ...


class Service:
    """Carries requests out. One for the daemon."""

    def __init__(
        self,
        manager: PtyManager,
        control: DaemonControl,
        runs: Runs,
        conversations: ConversationsService | None = None,
        audit_seconds: float = 300.0,
    ) -> None:
        self._manager = manager
        self._control = control
        self._activity = ActivityService(manager)
        self._files = FilesService(manager)
        self._miniatures = Miniatures(manager.registry, audit_seconds)
        self._approvals = ApprovalsService(manager)
        self._prompts = PromptsService(manager)
        self.refusals: Counter[str] = Counter()
        """How many requests were refused, by code."""
        run_service = RunService(runs)
        self._table: dict[str, Callable[[Caller, Any], Awaitable[Any]]] = {
            **{name: self._on_session(handler) for name, handler in self._observing().items()},
            **{name: self._on_session(handler, control=True) for name, handler in self._controlling().items()},
            **{name: self._with_right("admin", handler) for name, handler in self._governing().items()},
            "create": self._with_right("create", self._create),
            "list": self._list,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "events": self._activity.read_events,
            "status": self._status,
            "login_ticket": self._login_ticket,
            "run": run_service.run,
            "run_list": run_service.list_runs,
            "run_wait": run_service.wait,
            "run_stop": run_service.stop,
            "miniatures": self._miniatures.collect,
            "approvals": self._approvals.listed,
            "answer_approval": self._approvals.answer,
        }
        if conversations is not None:
            self._add_conversations(conversations)

    def _add_conversations(self, conversations: ConversationsService) -> None:
        controlling = conversations.on_controlled_session().items()
        self._table |= conversations.for_everybody()
        self._table |= {
            name: self._with_right("create", handler) for name, handler in conversations.for_creators().items()
        }
        self._table |= {name: self._on_session(handler, control=True) for name, handler in controlling}

    # --- who may what: each method is in one of these, or is for everybody and minds who asks ---

    def _observing(self) -> dict[str, SessionHandler]:
        return {
            "get": self._get,
            "capture": self._capture,
            "read_log": self._read_log,
            "wait": self._wait,
            "export": self._export,
            "explain": self._activity.explain,
            "wait_state": self._activity.wait_state,
            "prompt_list": self._prompts.listed,
            "prompt_wait": self._prompts.wait,
        }

    def _controlling(self) -> dict[str, SessionHandler]:
        return {
            "rename": self._rename,
            "resize": self._resize,
            "signal": self._signal,
            "kill": self._kill,
            "detach": self._detach,
            "send": self._send,
            "lock": self._lock,
            "mark": self._mark,
            **self._files.handlers(),
            "prompt_add": self._prompts.add,
            "prompt_edit": self._prompts.edit,
            "prompt_drop": self._prompts.drop,
        }

    def _governing(self) -> dict[str, Callable[[Caller, Any], Awaitable[Any]]]:
        return {
            "listen": self._listen,
            "access_token": self._access_token,
            "restart": self._restart,
            "shutdown": self._shutdown,
            "token_create": self._token_create,
            "token_list": self._token_list,
            "token_revoke": self._token_revoke,
            "share": self._share,
            "audit_read": self._audit_read,
            "notify_test": self._notify_test,
        }

    def _on_session(self, handler: SessionHandler, control: bool = False) -> Callable[[Caller, Any], Awaitable[Any]]:
        """For those who see the session, and may ``control`` it; to others it is not there."""

        async def handle(caller: Caller, params: Any) -> Any:
            session = self._find(caller, params)
            if control:
                caller.principal.require_control(session, f"change session {session.name}")
            return await handler(caller, session, params)

        return handle

    def _with_right(
        self, right: m.Right, handler: Callable[[Caller, Any], Awaitable[Any]]
    ) -> Callable[[Caller, Any], Awaitable[Any]]:
        async def handle(caller: Caller, params: Any) -> Any:
            caller.principal.require(right, "do this")
            return await handler(caller, params)

        return handle

    async def answer(self, caller: Caller, request: Request) -> Reply | Failure:
        """Carry out one request; every refusal and every error of ours becomes a Failure."""
        try:
            params = codec.decode_params(request.method, request.params)
            result = await self._table[request.method](caller, params)
            self._note_done(caller, request.method, params, result)
            if not self._control.is_good(caller.principal):
                raise Refusal(ErrorCode.NOT_ALLOWED, "the credentials are no longer good")
            return Reply(request.id, result)
        except Refusal as refusal:
            self.refusals[refusal.code.value] += 1
            audit.note("refused", caller.principal, asked=request.method[:40], code=refusal.code.value)
            return Failure(request.id, refusal.code, refusal.message)
        except Exception as error:
            logger.exception("request %s failed", request.method)
            if isinstance(error, OSError) and error.errno in (*SHORTAGES, errno.ENOSPC):
                return Failure(request.id, ErrorCode.NO_RESOURCES, f"{request.method} failed: {error.strerror}")
            return Failure(request.id, ErrorCode.INTERNAL, f"{request.method} failed; see the daemon's log")

    def _note_done(self, caller: Caller, method: str, params: Any, result: Any) -> None:
        row = AUDITED.get(method)
        if row is not None:
            session = result if isinstance(result, m.SessionInfo) else self._try_find(caller, params)
            audit.note(row.event, caller.principal, session, **row.facts(params, result))

    def _try_find(self, caller: Caller, params: Any) -> Session | None:
        """The session that a request was about, where it was about one."""
        try:
            return self._find(caller, params) if getattr(params, "session", None) is not None else None
        except Refusal:
            return None

    def _find(self, caller: Caller, params: Any) -> Session:
        return self._manager.registry.resolve(params.session, caller.principal.sees)

    # --- sessions ---

    async def _create(self, caller: Caller, params: m.CreateParams) -> m.SessionInfo:
        principal = caller.principal
        session = await self._manager.create(params, principal.name, is_capped=not principal.may("admin"))
        return session.info()

    async def _list(self, caller: Caller, params: m.NoParams) -> list[m.SessionInfo]:
        await self._manager.resources.refresh()
        return self._seen_by(caller)

    def _seen_by(self, caller: Caller) -> list[m.SessionInfo]:
        return [session.info() for session in self._manager.registry if caller.principal.sees(session)]

    async def _get(self, caller: Caller, session: Session, params: m.SessionParams) -> m.SessionInfo:
        await self._manager.resources.refresh()
        return session.info()

    async def _rename(self, caller: Caller, session: Session, params: m.RenameParams) -> m.SessionInfo:
        caller.principal.require_naming(session, f"rename session {session.name}")
        was = session.name
        self._manager.rename(session, params.name)
        audit.note("renamed", caller.principal, session, was=was)
        return session.info()

    async def _resize(self, caller: Caller, session: Session, params: m.ResizeParams) -> m.SessionInfo:
        if session.exit is not None:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")
        session.set_size(params.cols, params.rows)
        return session.info()

    async def _signal(self, caller: Caller, session: Session, params: m.SignalParams) -> m.SessionInfo:
        self._manager.signal(session, _signal_number(params.signal))
        return session.info()

    async def _kill(self, caller: Caller, session: Session, params: m.KillParams) -> m.SessionInfo:
        await self._manager.kill(session, params.grace_seconds)
        return session.info()

    async def _detach(self, caller: Caller, session: Session, params: m.SessionParams) -> m.SessionInfo:
        session.detach_all(ErrorCode.DETACHED, "detached by request")
        return session.info()

    async def _send(self, caller: Caller, session: Session, params: m.SendParams) -> m.SessionInfo:
        await self._manager.send(session, params.data)
        return session.info()

    # --- reading ---

    async def _capture(self, caller: Caller, session: Session, params: m.CaptureParams) -> m.CaptureResult:
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

    async def _lock(self, caller: Caller, session: Session, params: m.LockParams) -> m.SessionInfo:
        session.set_locked(params.locked)
        session.shelve_unused_log()
        return session.info()

    async def _read_log(self, caller: Caller, session: Session, params: m.ReadLogParams) -> m.ReadLogResult:
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

    async def _wait(self, caller: Caller, session: Session, params: m.WaitParams) -> m.SessionInfo:
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

    async def _subscribe(self, caller: Caller, params: SubscribeParams) -> m.SubscribeResult:
        if not caller.takes_events:
            raise Refusal(ErrorCode.BAD_REQUEST, "events need a WebSocket connection")
        begun = self._activity.subscribe(caller, params.since)
        return m.SubscribeResult(seq=begun.seq, sessions=self._seen_by(caller), is_late=begun.is_late)

    async def _unsubscribe(self, caller: Caller, params: m.NoParams) -> None:
        self._manager.events.unsubscribe(caller.tell_event)

    # --- recording ---

    async def _mark(self, caller: Caller, session: Session, params: m.MarkParams) -> m.SessionInfo:
        self._manager.recordings.mark(session, params.label)
        return session.info()

    async def _export(self, caller: Caller, session: Session, params: m.ExportParams) -> m.ExportResult:
        result = await self._manager.recordings.export(session, params.resume)
        session.shelve_unused_log()
        return result

    # --- the daemon ---

    async def _status(self, caller: Caller, params: m.NoParams) -> m.StatusResult:
        status = msgspec.structs.replace(
            self._control.status(),
            capacities=self._manager.admission.capacities(caller.principal.name),
            limits=self._manager.limiter.default_limits,
        )
        if caller.principal.sees_all:
            return status
        seen = [session for session in self._manager.registry if caller.principal.sees(session)]
        seen_ids = {session.id for session in seen}
        return msgspec.structs.replace(
            status,
            daemon_pid=0,
            keeper_pid=0,
            sessions=len(seen),
            sessions_running=sum(not session.has_ended for session in seen),
            runtime_dir="",
            listeners=[],
            clients=[client for client in status.clients if client.session in seen_ids],
        )

    async def _listen(self, caller: Caller, params: m.ListenParams) -> m.ListenResult:
        return await self._control.listen(params)

    async def _login_ticket(self, caller: Caller, params: m.NoParams) -> m.TicketResult:
        return self._control.login_ticket(caller.principal)

    async def _access_token(self, caller: Caller, params: m.NoParams) -> m.TokenResult:
        return m.TokenResult(token=self._control.access_token())

    async def _restart(self, caller: Caller, params: m.NoParams) -> None:
        self._control.restart()

    async def _audit_read(self, caller: Caller, params: m.AuditReadParams) -> m.AuditReadResult:
        return await self._control.read_audit(params.position, params.max_bytes)

    async def _notify_test(self, caller: Caller, params: m.NoParams) -> NotifyTestResult:
        return await self._control.notify_test()

    async def _shutdown(self, caller: Caller, params: m.ShutdownParams) -> m.ShutdownResult:
        return m.ShutdownResult(sessions_left=await self._control.shutdown(params.kill_sessions))

    # --- tokens ---

    async def _token_create(self, caller: Caller, params: m.TokenCreateParams) -> m.TokenCreated:
        return self._control.token_create(params, self._id_of(caller, params.session))

    async def _token_list(self, caller: Caller, params: m.NoParams) -> list[m.TokenInfo]:
        return self._control.token_list()

    async def _token_revoke(self, caller: Caller, params: m.TokenRevokeParams) -> list[m.TokenInfo]:
        if bool(params.token) == (params.session is not None):
            raise Refusal(ErrorCode.BAD_REQUEST, "say either which token, or the shares of which session")
        return self._control.token_revoke(params.token, self._id_of(caller, params.session))

    async def _share(self, caller: Caller, params: m.ShareParams) -> m.ShareResult:
        return self._control.share(params, self._find(caller, params).id)

    def _id_of(self, caller: Caller, ref: str | None) -> str:
        """The session's id; empty: none is meant."""
        return "" if ref is None else self._manager.registry.resolve(ref, caller.principal.sees).id


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
