"""The daemon's link to the keeper: JSON datagrams with file descriptors over a SEQPACKET socket."""

import asyncio
import json
import logging
import os
import resource
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.edge.processes.session_marks import SessionMarks

DATAGRAM_BYTES = 256 * 1024
MAX_FDS = 8
SESSION_FDS = 4
"""Fewer than were sent come out of the kernel where the process may open no more."""

MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What a datagram that is not as agreed raises. The keeper may be of another version: no session pays for that."""

logger = logging.getLogger("ptyd.keeper_link")


@dataclass(slots=True)
class SessionFds:
    """The daemon's own duplicates of a session's descriptors."""

    master: int
    input_read: int
    input_write: int
    pidfd: int

    def close(self) -> None:
        for fd in (self.master, self.input_read, self.input_write, self.pidfd):
            os.close(fd)


@dataclass(slots=True)
class KeptExit:
    """How a child ended; ``at`` in Unix seconds."""

    code: int | None
    signal: int | None
    at: float


@dataclass(slots=True)
class KeptSession:
    """A session as the keeper hands it to a new daemon. ``fds`` is None where it was closed after its end."""

    id: str
    pid: int
    record: dict[str, Any]
    exit: KeptExit | None
    fds: SessionFds | None
    marks: SessionMarks = field(default_factory=SessionMarks)


@dataclass(frozen=True, slots=True)
class KeptDeath:
    """How a daemon before us ended unasked; ``at`` in Unix seconds. ``reason``: why the keeper ended it, if it did."""

    code: int | None
    signal: int | None
    at: float
    reason: str

    def describe(self) -> str:
        how = f"exit status {self.code}" if self.signal is None else f"killed by {_signal_name(self.signal)}"
        return f"{how} ({self.reason})" if self.reason else how


@dataclass(slots=True)
class Kept:
    """Everything the keeper held for us. ``means``: which limits a cgroup keeps; ``means_problem``: why not all."""

    keeper_pid: int
    restarts: int
    sessions: list[KeptSession]
    held: dict[str, int]
    crashes: int = 0
    recent_crashes: int = 0
    is_over_budget: bool = False
    last_death: "KeptDeath | None" = None
    predecessor_signal: int | None = None
    """What ended the daemon just before us, unless it was told to go."""
    activated: list[str] = field(default_factory=list)
    """Held sockets that the service manager made: their files are its own."""
    alive_seconds: float = 0.0
    """So often it wants to hear that we are alive; 0: never."""
    means: dict[str, str] = field(default_factory=dict)
    means_problem: str = ""


class KeeperGone(Exception):
    """The keeper has ended, or does not want us."""


class KeeperLink:
    """One connection to the keeper. Make it with ``connect``; then ``start`` once events can be handled."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[tuple[bytes, list[int]]] = deque()
        self._calls: dict[int, asyncio.Future[tuple[dict[str, Any], list[int]]]] = {}
        self._flushed = asyncio.Event()
        self._flushed.set()
        self._next_id = 1
        self._on_exit: Callable[[str, KeptExit], None] = lambda session_id, status: None
        self._on_gone: Callable[[], None] = lambda: None
        self.is_gone = False

    @classmethod
    async def connect(cls, path: Path, cgroups: str = "auto") -> tuple["KeeperLink", Kept]:
        """Say hello and receive what the keeper holds. ``cgroups``: as in the configuration.

        Raises:
            KeeperGone: there is no keeper, or it serves another daemon.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * DATAGRAM_BYTES)
        try:
            sock.connect(str(path))
            sock.send(json.dumps({"op": "hello", "pid": os.getpid(), "cgroups": cgroups}).encode())
            kept = _receive_kept(sock)
        except OSError as error:
            sock.close()
            raise KeeperGone(f"no keeper at {path}: {error}") from error
        sock.setblocking(False)
        return cls(sock), kept

    def start(self, on_exit: Callable[[str, KeptExit], None], on_gone: Callable[[], None]) -> None:
        """Begin to receive. ``on_exit`` is called for each child that ends, ``on_gone`` once if the keeper does."""
        self._on_exit = on_exit
        self._on_gone = on_gone
        self._loop.add_reader(self._sock.fileno(), self._receive)

    def close(self) -> None:
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock.close()

    # --- what the daemon asks ---

    async def spawn(
        self,
        session_id: str,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        size: tuple[int, int],
        record: dict[str, Any],
        limits: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> tuple[int, SessionFds, SessionMarks]:
        """Start a program in a new PTY, within ``limits``; with ``files`` ("stdin", "stderr") on a pipe instead.
        Returns its pid, descriptors and marks.

        Raises:
            Refusal: it cannot be started; the message says why.
        """
        request = {
            "op": "spawn",
            "session": session_id,
            "argv": argv,
            "env": env,
            "cwd": cwd,
            "cols": size[0],
            "rows": size[1],
            "record": record,
            "limits": dict(limits or {}),
        }
        if files is not None:
            request["files"] = dict(files)
        reply, fds = await self._call(request)
        if not reply["ok"]:
            raise Refusal(_error_code(reply["error"]), reply["message"])
        if len(fds) != SESSION_FDS:
            for fd in fds:
                os.close(fd)
            self.forget_session(session_id)  # its terminal hangs up, and it with it
            raise Refusal(
                ErrorCode.NO_RESOURCES, f"no file descriptor is left: the daemon may open {_fd_limit()} files"
            )
        return reply["pid"], SessionFds(*fds), SessionMarks.from_json(reply)

    def update_record(self, session_id: str, record: dict[str, Any]) -> None:
        self._send({"op": "record", "session": session_id, "record": record})

    def close_session(self, session_id: str) -> None:
        """The session has ended and was read empty: its descriptors may go, its exit status stays."""
        self._send({"op": "close", "session": session_id})

    def forget_session(self, session_id: str) -> None:
        self._send({"op": "forget", "session": session_id})

    def hold(self, name: str, fd: int) -> None:
        """Keep a descriptor for the next daemon."""
        self._send({"op": "hold", "name": name}, [fd])

    def release(self, name: str) -> None:
        """No daemon will want that descriptor any more."""
        self._send({"op": "release", "name": name})

    def tell_ready(self, log_format: str, log_level: str) -> None:
        """We serve. The keeper, which reads no configuration, is to log as we do."""
        self._send({"op": "ready", "log_format": log_format, "log_level": log_level})

    def tell_alive(self) -> None:
        """Say that we work, unless what was said before has not left yet."""
        if not self._outbox:
            self._send({"op": "alive"})

    def tell_restarting(self) -> None:
        self._send({"op": "restarting"})

    def tell_stopping(self, kill: bool) -> None:
        self._send({"op": "stop", "kill": kill})

    async def flush(self) -> None:
        """Wait until everything said has left."""
        await self._flushed.wait()

    # --- the socket ---

    async def _call(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        if self.is_gone:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                "the keeper has ended, so no new session can be made; those that run go on."
                " `ptyd down` and `ptyd up` begin anew",
            )
        call_id = self._next_id
        self._next_id += 1
        future: asyncio.Future[tuple[dict[str, Any], list[int]]] = self._loop.create_future()
        self._send(request | {"id": call_id})
        self._calls[call_id] = future
        return await future

    def _send(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        data = json.dumps(message).encode()
        if len(data) > DATAGRAM_BYTES:
            raise Refusal(ErrorCode.BAD_REQUEST, f"command and environment are over {DATAGRAM_BYTES} bytes together")
        if self.is_gone:
            return
        # Duplicated, because the caller may close its own before the socket has room.
        self._outbox.append((data, [os.dup(fd) for fd in fds or []]))
        self._flush()

    def _flush(self) -> None:
        while self._outbox and not self.is_gone:
            data, fds = self._outbox[0]
            try:
                socket.send_fds(self._sock, [data], fds)
            except BlockingIOError:
                self._flushed.clear()
                self._loop.add_writer(self._sock.fileno(), self._flush)
                return
            except OSError:
                self._lose()
                return
            self._outbox.popleft()
            for fd in fds:
                os.close(fd)
        self._flushed.set()
        if self._sock.fileno() >= 0:
            self._loop.remove_writer(self._sock.fileno())

    def _receive(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._sock, DATAGRAM_BYTES, MAX_FDS)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        if not data:
            self._lose()
            return
        try:
            self._hear(json.loads(data), fds)
        except MALFORMED as error:
            logger.error("a datagram of the keeper was ignored: %r", error)
            for fd in fds:
                os.close(fd)

    def _hear(self, message: Any, fds: list[int]) -> None:
        if message.get("event") == "exit":
            session_id, status = message["session"], _kept_exit(message)
            self._on_exit(session_id, status)
            return
        reply = _reply(message)
        future = self._calls.pop(message["id"])
        if not future.done():  # whoever asked may have been cancelled
            future.set_result((reply, fds))

    def _lose(self) -> None:
        if self.is_gone:
            return
        self.is_gone = True
        self._flushed.set()
        self.close()
        for future in self._calls.values():
            future.set_exception(Refusal(ErrorCode.UNAVAILABLE, "the keeper has ended"))
        self._calls.clear()
        self._on_gone()


def _receive_kept(sock: socket.socket) -> Kept:
    kept = Kept(0, 0, [], {})
    while True:
        data, fds, _, _ = socket.recv_fds(sock, DATAGRAM_BYTES, MAX_FDS)
        if not data:
            raise OSError("the keeper hung up")
        try:
            if _note_kept(kept, json.loads(data), fds):
                return kept
        except MALFORMED as error:
            raise OSError(f"the keeper says what nobody understands: {error!r}") from error


def _note_kept(kept: Kept, message: Any, fds: list[int]) -> bool:
    """Take one datagram of the keeper's welcome into ``kept``. Whether it was the last."""
    match message["event"]:
        case "welcome":
            _note_welcome(kept, message)
        case "session":
            exit_status = _kept_exit(message["exit"]) if message["exit"] else None
            if fds and len(fds) != SESSION_FDS:
                raise OSError(f"no file descriptor is left: the daemon may open {_fd_limit()} files")
            session_fds = SessionFds(*fds) if fds else None
            marks = SessionMarks.from_json(message)
            kept.sessions.append(
                KeptSession(message["session"], message["pid"], message["record"], exit_status, session_fds, marks)
            )
        case "held":
            kept.held[message["name"]] = fds[0]
        case "synced":
            return True
        case event:
            raise OSError(f"the keeper says {event}")
    return False


def _reply(message: Any) -> dict[str, Any]:
    """What ``spawn`` reads of a reply is there."""
    if message["ok"] is True:
        message["pid"] + 0
    else:
        message["error"], message["message"]
    return cast(dict[str, Any], message)


def _note_welcome(kept: Kept, message: dict[str, Any]) -> None:
    """A keeper older than this daemon does not say all of it."""
    kept.keeper_pid, kept.restarts = message["keeper_pid"], message["restarts"]
    kept.crashes = message.get("crashes", 0)
    kept.recent_crashes = message.get("recent_crashes", 0)
    kept.is_over_budget = message.get("is_over_budget", False)
    kept.activated = message.get("activated", [])
    kept.alive_seconds = message.get("alive_seconds", 0.0)
    kept.predecessor_signal = message.get("predecessor_signal")
    kept.means, kept.means_problem = message.get("means", {}), message.get("means_problem", "")
    death = message.get("last_death")
    if death:
        kept.last_death = KeptDeath(death["code"], death["signal"], death["at"], death["reason"])


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _fd_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _kept_exit(message: dict[str, Any]) -> KeptExit:
    return KeptExit(message["code"], message["signal"], message["at"])


def _error_code(word: str) -> ErrorCode:
    with suppress(ValueError):
        return ErrorCode(word)
    return ErrorCode.INTERNAL
