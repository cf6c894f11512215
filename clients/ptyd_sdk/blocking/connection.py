"""The blocking face of a connection."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from ptyd_protocol.access import Right, TicketResult, TokenCreated, TokenInfo
from ptyd_protocol.approvals import Approval
from ptyd_protocol.conversations import (
    ConversationSearchResult,
    ConversationsResult,
    CostGroup,
    CostResult,
    ExportFormat,
    KeepPolicy,
    KeptSession,
)
from ptyd_protocol.daemon import ListenResult, ShutdownResult, StatusResult
from ptyd_protocol.runs import RunInfo
from ptyd_protocol.session_limits import SessionLimits

from ptyd_sdk import connection as async_connection
from ptyd_sdk.blocking.loop_thread import Iteration, LoopThread, call
from ptyd_sdk.blocking.run import Run
from ptyd_sdk.blocking.session import Session
from ptyd_sdk.session_events import SessionEvent


class Connection:
    """See ``ptyd_sdk.Connection``."""

    def __init__(self, thread: LoopThread, inner: async_connection.Connection) -> None:
        self._thread = thread
        self._inner = inner

    @property
    def client_id(self) -> str:
        return self._inner.client_id

    @property
    def state(self) -> str:
        return self._inner.state

    def create(
        self,
        argv: Sequence[str] = (),
        *,
        name: str = "",
        cwd: str | Path = "",
        env: Mapping[str, str] | None = None,
        cols: int = 80,
        rows: int = 24,
        kind: str = "command",
        record: str | Path = "",
        record_input: bool = False,
        limits: SessionLimits | None = None,
        keep: KeepPolicy | None = None,
        restart_on_failure: bool = False,
    ) -> Session:
        inner = self._thread.run(
            self._inner.create(
                argv,
                name=name,
                cwd=cwd,
                env=env,
                cols=cols,
                rows=rows,
                kind=kind,
                record=record,
                record_input=record_input,
                limits=limits,
                keep=keep,
                restart_on_failure=restart_on_failure,
            )
        )
        return Session(self._thread, inner)

    def sessions(self) -> list[Session]:
        return [Session(self._thread, inner) for inner in self._thread.run(self._inner.sessions())]

    def get(self, ref: str = "") -> Session:
        return Session(self._thread, self._thread.run(self._inner.get(ref)))

    def run(
        self,
        prompt: str,
        *,
        model: str = "",
        cwd: str | Path = "",
        env: Mapping[str, str] | None = None,
        max_turns: int | None = None,
        timeout: float | None = None,
        resume: str = "",
        fork: bool = False,
        priority: int = 0,
        partial: bool = True,
        name: str = "",
        program: str | Path = "",
        label: str = "",
    ) -> Run:
        inner = self._inner.run(
            prompt,
            model=model,
            cwd=cwd,
            env=env,
            max_turns=max_turns,
            timeout=timeout,
            resume=resume,
            fork=fork,
            priority=priority,
            partial=partial,
            name=name,
            program=program,
            label=label,
        )
        return Run(self._thread, inner)

    def follow_run(self, ref: str) -> Run:
        return Run(self._thread, self._inner.follow_run(ref))

    def runs(self) -> list[RunInfo]:
        return self._thread.run(self._inner.runs())

    def events(self, since: int | None = None) -> Iterator[SessionEvent]:
        return Iteration(self._thread, self._thread.run(call(self._inner.events, since)))

    def approvals(self, session: str | None = None, *, closed: bool = False) -> list[Approval]:
        return self._thread.run(self._inner.approvals(session, closed=closed))

    def approve(
        self,
        approval: str = "",
        *,
        session: str | None = None,
        always: int | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> Approval:
        return self._thread.run(self._inner.approve(approval, session=session, always=always, answers=answers))

    def deny(
        self, approval: str = "", *, session: str | None = None, message: str = "", interrupt: bool = False
    ) -> Approval:
        return self._thread.run(self._inner.deny(approval, session=session, message=message, interrupt=interrupt))

    def status(self) -> StatusResult:
        return self._thread.run(self._inner.status())

    def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: bool = False,
        insecure: bool = False,
        tls_cert: str | Path = "",
        tls_key: str | Path = "",
    ) -> ListenResult:
        return self._thread.run(
            self._inner.listen(host, port, tls=tls, insecure=insecure, tls_cert=tls_cert, tls_key=tls_key)
        )

    def login_ticket(self) -> TicketResult:
        return self._thread.run(self._inner.login_ticket())

    @property
    def principal(self) -> str:
        return self._inner.principal

    @property
    def rights(self) -> frozenset[str]:
        return self._inner.rights

    def create_token(
        self,
        rights: Sequence[Right],
        *,
        session: str | None = None,
        name: str = "",
        expires_seconds: float | None = None,
        uses: int | None = None,
    ) -> TokenCreated:
        return self._thread.run(
            self._inner.create_token(rights, session=session, name=name, expires_seconds=expires_seconds, uses=uses)
        )

    def tokens(self) -> list[TokenInfo]:
        return self._thread.run(self._inner.tokens())

    def revoke_token(self, token: str) -> None:
        self._thread.run(self._inner.revoke_token(token))

    def restart(self) -> None:
        self._thread.run(self._inner.restart())

    def conversations(self, cwd: str | Path = "", *, limit: int = 200) -> ConversationsResult:
        return self._thread.run(self._inner.conversations(cwd, limit=limit))

    def search_conversations(self, text: str, cwd: str | Path = "", *, limit: int = 20) -> ConversationSearchResult:
        return self._thread.run(self._inner.search_conversations(text, cwd, limit=limit))

    def export_conversation(self, conversation: str, format: ExportFormat = "markdown") -> Iterator[bytes]:
        return Iteration(self._thread, self._inner.export_conversation(conversation, format))

    def resume(
        self,
        conversation: str,
        *,
        fork: bool = False,
        program: str | Path = "",
        name: str = "",
        env: Mapping[str, str] | None = None,
        cols: int = 80,
        rows: int = 24,
        keep: KeepPolicy | None = None,
        restart_on_failure: bool = False,
    ) -> Session:
        inner = self._thread.run(
            self._inner.resume(
                conversation,
                fork=fork,
                program=program,
                name=name,
                env=env,
                cols=cols,
                rows=rows,
                keep=keep,
                restart_on_failure=restart_on_failure,
            )
        )
        return Session(self._thread, inner)

    def kept(self) -> list[KeptSession]:
        return self._thread.run(self._inner.kept())

    def forget_kept(self, name: str) -> None:
        self._thread.run(self._inner.forget_kept(name))

    def cost(
        self, by: CostGroup = "day", *, since: date | str = "", cwd: str | Path = "", limit: int = 200
    ) -> CostResult:
        return self._thread.run(self._inner.cost(by, since=since, cwd=cwd, limit=limit))

    def shutdown(self, kill_sessions: bool = False) -> ShutdownResult:
        return self._thread.run(self._inner.shutdown(kill_sessions))

    def request(self, method: str, **params: Any) -> Any:
        return self._thread.run(self._inner.request(method, **params))


class connect:
    """``with connect() as ptyd``; the arguments are those of ``ptyd_sdk.connect``."""

    def __init__(
        self,
        host: str | None = None,
        *,
        token: str | None = None,
        client_id: str | None = None,
        client: str = async_connection.DEFAULT_CLIENT,
        start: bool = False,
        reconnect: bool | float = True,
        fingerprint: str | None = None,
        ca: str | Path | None = None,
        insecure: bool = False,
    ) -> None:
        self._inner = async_connection.connect(
            host,
            token=token,
            client_id=client_id,
            client=client,
            start=start,
            reconnect=reconnect,
            fingerprint=fingerprint,
            ca=ca,
            insecure=insecure,
        )
        self._thread: LoopThread | None = None

    def __enter__(self) -> Connection:
        self._thread = LoopThread()
        try:
            return Connection(self._thread, self._thread.run(self._inner.__aenter__()))
        except BaseException:
            self._thread.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            try:
                self._thread.run(self._inner.__aexit__(kind, error, trace))
            finally:
                self._thread.stop()
