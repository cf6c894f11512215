"""The explicit table: request -> handler."""

import errno
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from ptyd_protocol import codec
from ptyd_protocol.access import Right
from ptyd_protocol.activity import SubscribeParams
from ptyd_protocol.daemon import ListenParams, ListenResult, ShutdownParams, ShutdownResult, StatusResult
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Failure, Reply, Request
from ptyd_protocol.methods import NoParams
from ptyd_protocol.notify import NotifyTestResult
from ptyd_protocol.sessions import SessionInfo, SubscribeResult

from ptyd.core.access.audited import AUDITED
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager
from ptyd.runs import Runs
from ptyd.services.access import AccessService
from ptyd.services.activity import ActivityService
from ptyd.services.approvals import ApprovalsService
from ptyd.services.conversations import ConversationsService
from ptyd.services.files import FilesService
from ptyd.services.miniatures import Miniatures
from ptyd.services.prompts import PromptsService
from ptyd.services.runs import RunService
from ptyd.services.sessions import SessionHandler, SessionsService
from ptyd.session_maker import SHORTAGES

logger = logging.getLogger("ptyd.service")


class DaemonControl(Protocol):
    """What requests may ask of the daemon as a whole."""

    def status(self) -> StatusResult: ...
    async def listen(self, params: ListenParams) -> ListenResult: ...
    def restart(self) -> None: ...
    async def shutdown(self, kill_sessions: bool) -> int: ...
    async def notify_test(self) -> NotifyTestResult: ...


class Service:
    """Carries requests out. One for the daemon."""

    def __init__(
        self,
        manager: PtyManager,
        control: DaemonControl,
        access: AccessService,
        runs: Runs,
        conversations: ConversationsService | None = None,
        audit_seconds: float = 300.0,
    ) -> None:
        self._manager = manager
        self._control = control
        self._access = access
        self._sessions = SessionsService(manager)
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
            "create": self._with_right("create", self._sessions.create),
            "list": self._list,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "events": self._activity.read_events,
            "status": self._status,
            "login_ticket": self._access.login_ticket,
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
            **self._sessions.observing(),
            "explain": self._activity.explain,
            "wait_state": self._activity.wait_state,
            "prompt_list": self._prompts.listed,
            "prompt_wait": self._prompts.wait,
        }

    def _controlling(self) -> dict[str, SessionHandler]:
        return {
            **self._sessions.controlling(),
            **self._files.handlers(),
            "prompt_add": self._prompts.add,
            "prompt_edit": self._prompts.edit,
            "prompt_drop": self._prompts.drop,
        }

    def _governing(self) -> dict[str, Callable[[Caller, Any], Awaitable[Any]]]:
        return {
            "listen": self._listen,
            "restart": self._restart,
            "shutdown": self._shutdown,
            **self._access.governing(),
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
        self, right: Right, handler: Callable[[Caller, Any], Awaitable[Any]]
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
            if not self._access.is_good(caller.principal):
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
            session = result if isinstance(result, SessionInfo) else self._try_find(caller, params)
            audit.note(row.event, caller.principal, session, **row.facts(params, result))

    def _try_find(self, caller: Caller, params: Any) -> Session | None:
        """The session that a request was about, where it was about one."""
        try:
            return self._find(caller, params) if getattr(params, "session", None) is not None else None
        except Refusal:
            return None

    def _find(self, caller: Caller, params: Any) -> Session:
        return self._manager.registry.resolve(params.session, caller.principal.sees)

    # --- what there is ---

    async def _list(self, caller: Caller, params: NoParams) -> list[SessionInfo]:
        await self._manager.resources.refresh()
        return self._seen_by(caller)

    def _seen_by(self, caller: Caller) -> list[SessionInfo]:
        return [session.info() for session in self._manager.registry if caller.principal.sees(session)]

    async def _subscribe(self, caller: Caller, params: SubscribeParams) -> SubscribeResult:
        if not caller.takes_events:
            raise Refusal(ErrorCode.BAD_REQUEST, "events need a WebSocket connection")
        begun = self._activity.subscribe(caller, params.since)
        return SubscribeResult(seq=begun.seq, sessions=self._seen_by(caller), is_late=begun.is_late)

    async def _unsubscribe(self, caller: Caller, params: NoParams) -> None:
        self._manager.events.unsubscribe(caller.tell_event)

    # --- the daemon ---

    async def _status(self, caller: Caller, params: NoParams) -> StatusResult:
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

    async def _listen(self, caller: Caller, params: ListenParams) -> ListenResult:
        return await self._control.listen(params)

    async def _restart(self, caller: Caller, params: NoParams) -> None:
        self._control.restart()

    async def _notify_test(self, caller: Caller, params: NoParams) -> NotifyTestResult:
        return await self._control.notify_test()

    async def _shutdown(self, caller: Caller, params: ShutdownParams) -> ShutdownResult:
        return ShutdownResult(sessions_left=await self._control.shutdown(params.kill_sessions))
