"""The SDK without async: the same names, each call returns when it is done.

    from ptyd_sdk.blocking import connect

    with connect() as ptyd:
        session = ptyd.create(["make"])
        with session.attach() as term:
            for chunk in term:
                ...

A thin face: an event loop in one background thread per connection does the work. The objects may be used from any
thread.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, overload

from ptyd_protocol import limits
from ptyd_protocol.activity import Activity, ActivityState, ExplainResult
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
from ptyd_protocol.messages import Role
from ptyd_protocol.methods import (
    CaptureFormat,
    CellGrid,
    ListenResult,
    ReadLogResult,
    Right,
    SessionInfo,
    SessionLimits,
    ShareResult,
    ShutdownResult,
    StatusResult,
    TicketResult,
    TokenCreated,
    TokenInfo,
)
from ptyd_protocol.prompts import Prompt
from ptyd_protocol.run_events import AnyRunEvent
from ptyd_protocol.runs import RunInfo, RunOutcome

from ptyd_sdk import attachment as async_attachment
from ptyd_sdk import connection as async_connection
from ptyd_sdk import run as async_run
from ptyd_sdk import session as async_session
from ptyd_sdk.attachment import AttachmentEvent, ConnectionState, ExitStatus, Screen
from ptyd_sdk.errors import ConnectionLost
from ptyd_sdk.files import Progress, no_progress
from ptyd_sdk.session_events import SessionEvent

__all__ = [
    "Attachment",
    "AttachmentEvent",
    "Connection",
    "ConnectionState",
    "ExitStatus",
    "Run",
    "Screen",
    "Session",
    "SessionEvent",
    "connect",
]

T = TypeVar("T")


class _LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ptyd connection", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do it there, wait for it here. Whatever interrupts the waiting (Ctrl-C) cancels it there."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise ConnectionLost("this connection was closed") from None
        try:
            return future.result()
        except CancelledError:
            raise ConnectionLost("this connection was closed") from None
        finally:
            future.cancel()

    def stop(self) -> None:
        """End what still runs there, and the thread."""
        self.run(_cancel_other_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_other_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Iteration(Generic[T]):
    """An async iteration, step by step from outside."""

    def __init__(self, thread: _LoopThread, steps: AsyncIterator[T]) -> None:
        self._thread = thread
        self._steps = steps

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return self._thread.run(self._step())
        except StopAsyncIteration:
            raise StopIteration from None

    async def _step(self) -> T:
        return await anext(self._steps)


class Attachment:
    """``with session.attach() as term``; see ``ptyd_sdk.Attachment``."""

    def __init__(self, thread: _LoopThread, inner: async_attachment.Attachment) -> None:
        self._thread = thread
        self._inner = inner

    def __enter__(self) -> "Attachment":
        self._thread.run(self._inner.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._inner.__aexit__(kind, error, trace))

    @property
    def exit_status(self) -> ExitStatus | None:
        return self._inner.exit_status

    @property
    def epoch(self) -> int | None:
        return self._inner.epoch

    @property
    def offset(self) -> int:
        return self._inner.offset

    @property
    def has_control(self) -> bool:
        return self._inner.has_control

    def __iter__(self) -> Iterator[bytes]:
        return _Iteration(self._thread, aiter(self._inner))

    def events(self) -> Iterator[AttachmentEvent]:
        return _Iteration(self._thread, self._inner.events())

    def write(self, data: bytes) -> None:
        self._thread.run(self._inner.write(data))

    def drain_input(self) -> None:
        self._thread.run(self._inner.drain_input())

    def resize(self, cols: int, rows: int) -> None:
        self._thread.run(_call(self._inner.resize, cols, rows))

    @property
    def answers(self) -> bool:
        return self._inner.answers

    @property
    def is_locked(self) -> bool:
        return self._inner.is_locked

    @property
    def is_hidden(self) -> bool:
        return self._inner.is_hidden

    def set_hidden(self, hidden: bool) -> None:
        self._thread.run(_call(self._inner.set_hidden, hidden))

    def set_appearance(
        self,
        *,
        foreground: int | None = None,
        background: int | None = None,
        cursor: int | None = None,
        palette: Sequence[int] = (),
        cell_width: int = 0,
        cell_height: int = 0,
        dark: bool | None = None,
    ) -> None:
        self._thread.run(
            _call(
                self._inner.set_appearance,
                foreground=foreground,
                background=background,
                cursor=cursor,
                palette=palette,
                cell_width=cell_width,
                cell_height=cell_height,
                dark=dark,
            )
        )

    def lock(self, locked: bool = True) -> None:
        self._thread.run(self._inner.lock(locked))

    def take_control(self) -> None:
        self._thread.run(_call(self._inner.take_control))

    def detach(self) -> None:
        self._thread.run(self._inner.detach())


class Session:
    """See ``ptyd_sdk.Session``."""

    def __init__(self, thread: _LoopThread, inner: async_session.Session) -> None:
        self._thread = thread
        self._inner = inner

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def id(self) -> str:
        return self._inner.id

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def info(self) -> SessionInfo:
        return self._inner.info

    def attach(
        self,
        role: Role = "control",
        cols: int | None = None,
        rows: int | None = None,
        *,
        lossless: bool = True,
        history: int | None = None,
        scrollback: int | None = None,
        hidden: bool = False,
        window: int = async_session.PROGRAM_WINDOW_BYTES,
        epoch: int | None = None,
        offset: int | None = None,
    ) -> Attachment:
        inner = self._inner.attach(
            role,
            cols,
            rows,
            lossless=lossless,
            history=history,
            scrollback=scrollback,
            hidden=hidden,
            window=window,
            epoch=epoch,
            offset=offset,
        )
        return Attachment(self._thread, inner)

    def wait_exit(self, timeout: float | None = None) -> ExitStatus:
        return self._thread.run(self._inner.wait_exit(timeout))

    def wait_idle(self, seconds: float = 1.0, timeout: float | None = None) -> None:
        self._thread.run(self._inner.wait_idle(seconds, timeout))

    def wait_state(self, *states: ActivityState, timeout: float | None = None) -> Activity:
        return self._thread.run(self._inner.wait_state(*states, timeout=timeout))

    def explain(self) -> ExplainResult:
        return self._thread.run(self._inner.explain())

    def ask(self, text: str, *, wait: bool = True, timeout: float | None = None, or_waiting: bool = True) -> Prompt:
        return self._thread.run(self._inner.ask(text, wait=wait, timeout=timeout, or_waiting=or_waiting))

    def prompts(self, *, closed: bool = False) -> list[Prompt]:
        return self._thread.run(self._inner.prompts(closed=closed))

    def edit_prompt(self, prompt: str, text: str) -> Prompt:
        return self._thread.run(self._inner.edit_prompt(prompt, text))

    def drop_prompt(self, prompt: str) -> Prompt:
        return self._thread.run(self._inner.drop_prompt(prompt))

    def wait_prompt(self, prompt: str, *, timeout: float | None = None, or_waiting: bool = True) -> Prompt:
        return self._thread.run(self._inner.wait_prompt(prompt, timeout=timeout, or_waiting=or_waiting))

    def wait_text(
        self, pattern: str | re.Pattern[str], timeout: float | None = None, *, since: int | None = None
    ) -> re.Match[str]:
        return self._thread.run(self._inner.wait_text(pattern, timeout, since=since))

    def send(self, data: bytes) -> None:
        self._thread.run(self._inner.send(data))

    def paste(self, text: str) -> None:
        self._thread.run(self._inner.paste(text))

    def put(
        self, source: str | Path | bytes, name: str = "", *, paste: bool = False, progress: Progress = no_progress
    ) -> str:
        return self._thread.run(self._inner.put(source, name, paste=paste, progress=progress))

    def get(self, path: str | Path) -> bytes:
        return self._thread.run(self._inner.get(path))

    def get_to(self, path: str | Path, target: str | Path, *, progress: Progress = no_progress) -> int:
        return self._thread.run(self._inner.get_to(path, target, progress=progress))

    def signal(self, signal: str | int) -> None:
        self._thread.run(self._inner.signal(signal))

    def kill(self, grace_seconds: float = 2.0) -> ExitStatus:
        return self._thread.run(self._inner.kill(grace_seconds))

    def rename(self, name: str) -> None:
        self._thread.run(self._inner.rename(name))

    def resize(self, cols: int, rows: int) -> None:
        self._thread.run(self._inner.resize(cols, rows))

    def detach(self) -> None:
        self._thread.run(self._inner.detach())

    def refresh(self) -> SessionInfo:
        return self._thread.run(self._inner.refresh())

    def lock(self, locked: bool = True) -> None:
        self._thread.run(self._inner.lock(locked))

    @overload
    def capture(
        self, scrollback: int = 0, *, format: Literal["text", "vt", "html"] = "text", join: bool = False
    ) -> str: ...

    @overload
    def capture(self, scrollback: int = 0, *, format: Literal["cells"], join: bool = False) -> CellGrid: ...

    @overload
    def capture(self, scrollback: int = 0, *, format: Literal["terminal"], join: bool = False) -> Screen: ...

    def capture(
        self, scrollback: int = 0, *, format: CaptureFormat = "text", join: bool = False
    ) -> str | CellGrid | Screen:
        return self._thread.run(self._inner.capture(scrollback, format=format, join=join))

    def read_log(self, offset: int | None = None, max_bytes: int = 8 * limits.MIB) -> ReadLogResult:
        return self._thread.run(self._inner.read_log(offset, max_bytes))

    def mark(self, label: str = "") -> None:
        self._thread.run(self._inner.mark(label))

    def export(self) -> Iterator[bytes]:
        return _Iteration(self._thread, self._inner.export())

    def share(
        self, control: bool = False, *, expires_seconds: float | None = 7200.0, uses: int | None = None
    ) -> ShareResult:
        return self._thread.run(self._inner.share(control, expires_seconds=expires_seconds, uses=uses))

    def unshare(self) -> None:
        self._thread.run(self._inner.unshare())

    def keep(self, keep: KeepPolicy | None = None, *, restart_on_failure: bool | None = None) -> None:
        self._thread.run(self._inner.keep(keep, restart_on_failure=restart_on_failure))


class Run:
    """``for event in ptyd.run("...")``, or ``ptyd.run("...").wait()``; see ``ptyd_sdk.Run``."""

    def __init__(self, thread: _LoopThread, inner: async_run.Run) -> None:
        self._thread = thread
        self._inner = inner

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def id(self) -> str:
        return self._inner.id

    @property
    def info(self) -> RunInfo | None:
        return self._inner.info

    @property
    def outcome(self) -> RunOutcome | None:
        return self._inner.outcome

    def start(self) -> RunInfo:
        return self._thread.run(self._inner.start())

    def wait_started(self, timeout: float | None = None) -> Session:
        return Session(self._thread, self._thread.run(self._inner.wait_started(timeout)))

    def wait(self, timeout: float | None = None) -> RunOutcome:
        return self._thread.run(self._inner.wait(timeout))

    def stop(self) -> None:
        self._thread.run(self._inner.stop())

    def __iter__(self) -> Iterator[AnyRunEvent]:
        return _Iteration(self._thread, aiter(self._inner))


class Connection:
    """See ``ptyd_sdk.Connection``."""

    def __init__(self, thread: _LoopThread, inner: async_connection.Connection) -> None:
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
        return _Iteration(self._thread, self._thread.run(_call(self._inner.events, since)))

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
        return _Iteration(self._thread, self._inner.export_conversation(conversation, format))

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
        self._thread: _LoopThread | None = None

    def __enter__(self) -> Connection:
        self._thread = _LoopThread()
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


async def _call(function: Any, *arguments: Any, **named: Any) -> Any:
    """Call a plain function of the SDK where it must be called: in the loop's thread."""
    return function(*arguments, **named)
