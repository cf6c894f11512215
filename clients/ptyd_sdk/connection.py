"""The way in: ``connect()``, and what a connection to the daemon can do."""

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, overload

import msgspec
from ptyd_protocol.access import Right, TicketResult, TokenCreated, TokenInfo, TokenResult, TokenRevokeParams
from ptyd_protocol.capture import CaptureResult
from ptyd_protocol.client_connection import ClientConnection
from ptyd_protocol.conversations import KeepPolicy
from ptyd_protocol.daemon import ListenParams, ListenResult, ShutdownParams, ShutdownResult, StatusResult
from ptyd_protocol.environment import inherited_environment
from ptyd_protocol.methods import METHODS, NoParams
from ptyd_protocol.runs import RunInfo, RunParams
from ptyd_protocol.session_limits import SessionLimits
from ptyd_protocol.sessions import CreateParams, ReadLogResult, SessionInfo, SessionParams, SubscribeResult
from ptyd_protocol.version import __version__

from ptyd_sdk.address import Address, find_target
from ptyd_sdk.approvals import Approving
from ptyd_sdk.conversations import ConversationCalls
from ptyd_sdk.errors import BadRequest, DaemonUnreachable
from ptyd_sdk.link import Link, LinkState
from ptyd_sdk.run import Run
from ptyd_sdk.session import Session
from ptyd_sdk.session_events import EventHub, SessionEvents
from ptyd_sdk.starter import ensure_daemon

DEFAULT_CLIENT = f"ptyd-sdk/{__version__}"

CLIENT_ID_BYTES = 16
"""Random: the protocol asks for 96 bits at least."""

ALL_RIGHTS = ("observe", "control", "create", "admin")

SessionMethod = Literal["create", "get", "rename", "resize", "signal", "kill", "detach", "send", "wait"]


class Connection(Approving, ConversationCalls):
    """A connection to a daemon, which comes back by itself. Made by ``connect``."""

    def __init__(self, link: Link, client_id: str) -> None:
        self.client_id = client_id
        self._link = link
        self._events = EventHub(link)

    @property
    def state(self) -> LinkState:
        """connecting, open, reconnecting or closed."""
        return self._link.state

    @property
    def principal(self) -> str:
        """Whom the daemon takes this program for."""
        welcome = self._link.welcome
        return "" if welcome is None else welcome.principal

    @property
    def rights(self) -> frozenset[str]:
        """What that one may: "observe", "control", "create", "admin"."""
        welcome = self._link.welcome
        return frozenset(ALL_RIGHTS if welcome is None or welcome.rights is None else welcome.rights)

    # --- sessions ----------------------------------------------------------------------------------------------------

    async def create(
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
        """Start a program in a new session.

        Args:
            argv: the command; empty: the user's login shell.
            name: unique among running sessions; empty: made from the command.
            cwd: an absolute path; empty: the home directory.
            env: added to what the session inherits: what the daemon has and, where the daemon is on this machine, what
                this program has of the variables that a user's programs share (PATH, LANG, EDITOR, ...).
            cols, rows: the terminal's size, in cells.
            kind: which program's knowledge applies: "command" or "claude".
            record: the absolute path of a file that does not exist yet; the session is recorded to it as asciicast v3.
            record_input: record what is typed, too, passwords and all.
            limits: what it may use (0: no limit); what is not said is as the daemon is configured.
            keep: what becomes of one of kind "claude" that was ended with the daemon or the machine: "never" (nothing),
                "ask" (offered again), "always" (started again); None: as the daemon is configured.
            restart_on_failure: likewise, start it again where it fails, some times and later and later.

        Raises:
            CommandNotFound, PermissionDenied, NoSuchDirectory, NameTaken, BadName, TooManySessions, NoPtys, NoResources
            ConnectionLost: whether it was started is unknown.
        """
        if isinstance(argv, str | bytes):
            raise TypeError("argv is a list of words; for a shell's line use ['sh', '-c', line]")
        inherited = inherited_environment(os.environ, kind) if self._link.is_local else {}
        params = CreateParams(
            argv=list(argv),
            name=name,
            cwd=str(cwd),
            env={**inherited, **(env or {})},
            cols=cols,
            rows=rows,
            kind=kind,
            record=str(record),
            record_input=record_input,
            limits=limits or SessionLimits(),
            keep=keep,
            restart_on_failure=restart_on_failure,
        )
        return Session(self._link, await self._link.request("create", params))

    async def sessions(self) -> list[Session]:
        """All sessions, running and ended."""
        infos: list[SessionInfo] = await self._link.request("list", NoParams())
        return [Session(self._link, info) for info in infos]

    async def get(self, ref: str = "") -> Session:
        """The session with this id or name, or whose name begins so; "": the latest.

        Raises:
            NoSuchSession, AmbiguousSession
        """
        return Session(self._link, await self._link.request("get", SessionParams(session=ref)))

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
        """A structured run of Claude Code: ``async for event in ptyd.run("...")``, or ``await ptyd.run("...")``.

        Args:
            prompt: what is asked.
            model: as the CLI knows it; empty: its default.
            cwd: an absolute path; empty: the home directory.
            env: added to what the run inherits, as with ``create``.
            max_turns: it ends after so many.
            timeout: in seconds from its start, then it is ended; None: as the daemon is configured.
            resume: the id of a conversation to go on with (``outcome.conversation``); ``fork``: in a new one.
            priority: -100 to 100; where runs have to wait, the highest is started first.
            partial: pieces of messages as they come (``RunPartial``), too.
            name: of its session; empty: made up.
            program: the CLI; empty: ``claude`` from the PATH.
            label: whatever you want to know it by.

        Raises:
            BadRequest: a value is out of range.
        """
        inherited = inherited_environment(os.environ, "run") if self._link.is_local else {}
        params = {
            "prompt": prompt,
            "model": model,
            "cwd": str(cwd),
            "env": {**inherited, **(env or {})},
            "max_turns": max_turns,
            "timeout_seconds": timeout,
            "resume": resume,
            "fork": fork,
            "priority": priority,
            "partial": partial,
            "name": name,
            "program": str(program),
            "label": label,
        }
        try:
            return Run(self._link, msgspec.convert(params, RunParams))
        except msgspec.ValidationError as error:
            raise BadRequest("bad_request", f"run: {error}") from None

    def follow_run(self, ref: str) -> Run:
        """A run that there is, by its id, or the name of its session. Who follows never slows it: a reader that is too
        slow is told what it missed (``RunGap``)."""
        return Run(self._link, ref, lossless=False)

    async def runs(self) -> list[RunInfo]:
        """All runs: those that wait, in the order in which they will start, then the others."""
        result: list[RunInfo] = await self._link.request("run_list", NoParams())
        return result

    def events(self, since: int | None = None) -> SessionEvents:
        """What happens to all sessions from now on: ``async for event in ptyd.events()``.

        Args:
            since: the ``seq`` of the last event known, of this connection or another: what has happened since then
                comes first, as far as the daemon keeps it (0: all that it keeps). Where that is not all an event
                "missed" comes before it.
        """
        return self._events.listen(since)

    # --- the daemon --------------------------------------------------------------------------------------------------

    async def status(self) -> StatusResult:
        """The daemon's own state."""
        result: StatusResult = await self._link.request("status", NoParams())
        return result

    async def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: bool = False,
        insecure: bool = False,
        tls_cert: str | Path = "",
        tls_key: str | Path = "",
    ) -> ListenResult:
        """Have the daemon listen on TCP too; ``port`` 0: any free one.

        ``tls``: with the certificate in these files (absolute paths, on the daemon's machine), else the one of the
        daemon's configuration, else one of its own making.
        """
        params = ListenParams(
            host=host, port=port, tls=tls, insecure=insecure, tls_cert=str(tls_cert), tls_key=str(tls_key)
        )
        result: ListenResult = await self._link.request("listen", params)
        return result

    async def login_ticket(self) -> TicketResult:
        """A ticket that logs one browser in."""
        result: TicketResult = await self._link.request("login_ticket", NoParams())
        return result

    async def create_token(
        self,
        rights: Sequence[Right],
        *,
        session: str | None = None,
        name: str = "",
        expires_seconds: float | None = None,
        uses: int | None = None,
    ) -> TokenCreated:
        """A token for ``connect(token=...)``: ``.token`` is the secret, which is not to be had again.

        Args:
            rights: of "observe", "control", "create", "admin".
            session: the one that they count for; None: all.
            name: of the principal that comes with it, unique among tokens; empty: made up.
            expires_seconds: None: never.
            uses: how often it may be shown, by a connection or a request; None: any number of times.
        """
        result: TokenCreated = await self.request(
            "token_create",
            rights=list(rights),
            session=session,
            name=name,
            expires_seconds=expires_seconds,
            uses=uses,
        )
        return result

    async def tokens(self) -> list[TokenInfo]:
        """All tokens and shares, without their secrets."""
        result: list[TokenInfo] = await self._link.request("token_list", NoParams())
        return result

    async def revoke_token(self, token: str) -> None:
        """End a token or share, by its id or name, and whatever is open by it.

        Raises:
            NoSuchToken
        """
        await self._link.request("token_revoke", TokenRevokeParams(token=token))

    async def restart(self) -> None:
        """Replace the daemon; sessions live on. Returns when this connection is back."""
        await self._link.request_restart()

    async def shutdown(self, kill_sessions: bool = False) -> ShutdownResult:
        """End the daemon. Without ``kill_sessions`` the programs live on and wait for the next one."""
        result: ShutdownResult = await self._link.request("shutdown", ShutdownParams(kill_sessions=kill_sessions))
        return result

    @overload
    async def request(self, method: SessionMethod, **params: Any) -> SessionInfo: ...
    @overload
    async def request(self, method: Literal["list"], **params: Any) -> list[SessionInfo]: ...
    @overload
    async def request(self, method: Literal["capture"], **params: Any) -> CaptureResult: ...
    @overload
    async def request(self, method: Literal["read_log"], **params: Any) -> ReadLogResult: ...
    @overload
    async def request(self, method: Literal["subscribe"], **params: Any) -> SubscribeResult: ...
    @overload
    async def request(self, method: Literal["status"], **params: Any) -> StatusResult: ...
    @overload
    async def request(self, method: Literal["listen"], **params: Any) -> ListenResult: ...
    @overload
    async def request(self, method: Literal["login_ticket"], **params: Any) -> TicketResult: ...
    @overload
    async def request(self, method: Literal["access_token"], **params: Any) -> TokenResult: ...
    @overload
    async def request(self, method: Literal["shutdown"], **params: Any) -> ShutdownResult: ...
    @overload
    async def request(self, method: Literal["restart", "unsubscribe"], **params: Any) -> None: ...
    @overload
    async def request(self, method: str, **params: Any) -> Any: ...
    async def request(self, method: str, **params: Any) -> Any:
        """Any method of the wire, with its parameters by name and its result typed.

        Raises:
            BadRequest: there is no such method, or a parameter does not fit.
        """
        row = METHODS.get(method)
        if row is None:
            raise BadRequest("bad_request", f"there is no method {method!r}")
        unknown = sorted(set(params) - set(row.params.__struct_fields__))
        if unknown:
            raise BadRequest("bad_request", f"{method} has no parameter {', '.join(unknown)}")
        try:
            typed = msgspec.convert(params, row.params)
        except msgspec.ValidationError as error:
            raise BadRequest("bad_request", f"{method}: {error}") from None
        return await self._link.request(method, typed)


class connect:
    """``async with connect() as ptyd``: a connection to a daemon.

    Args:
        host: None: this user's own daemon; ``unix:///path``; ``http(s)://`` or ``ws(s)://host:port[/prefix]``.
        token: the bearer token that TCP asks for; None: the one that ``ptyd login`` has saved for the host.
        client_id: names this client over its reconnections (16 to 64 of ``A-Za-z0-9_-``); None: a random one.
        client: name and version of the program, for people.
        start: start the daemon if it does not run (this user's own only).
        reconnect: come back when the connection breaks: True: for ever, a number: for so many seconds, or False.
        fingerprint: ``sha256:...``, of the one certificate that is accepted; a host may also end in ``#sha256:...``.
        ca: a file of PEM certificates to trust in place of the system's.
        insecure: speak to another machine without TLS: the token and all that is typed can be read on the way.

    Raises:
        DaemonUnreachable: nobody answers there.
        NotAuthenticated: the token is missing or wrong.
        NotTrusted: the daemon's certificate is not the right one.
        ValueError: the address is none.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        token: str | None = None,
        client_id: str | None = None,
        client: str = DEFAULT_CLIENT,
        start: bool = False,
        reconnect: bool | float = True,
        fingerprint: str | None = None,
        ca: str | Path | None = None,
        insecure: bool = False,
    ) -> None:
        target = find_target(host, token, fingerprint, ca, insecure)
        self._address = target.address
        self._starts_daemon = start
        if start and self._address.path is None:
            raise ValueError("only a daemon on a Unix socket of this machine can be started")
        self._client_id = client_id or secrets.token_urlsafe(CLIENT_ID_BYTES)
        self._link = Link(ClientConnection(client, self._client_id), self._address, target.token, reconnect)

    async def __aenter__(self) -> Connection:
        if self._starts_daemon:
            await asyncio.to_thread(ensure_daemon, _runtime_dir_of(self._address))
        connection = Connection(self._link, self._client_id)
        await self._link.open()
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._link.close()


def _runtime_dir_of(address: Address) -> Path:
    if address.path is None:
        raise DaemonUnreachable(f"{address} is not on this machine")
    return address.path.parent
