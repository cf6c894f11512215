"""The daemon's link to the keeper: JSON datagrams with file descriptors over a SEQPACKET socket."""

import asyncio
import json
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ptyd_protocol.errors import ErrorCode, Refusal

DATAGRAM_BYTES = 256 * 1024
MAX_FDS = 8

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


@dataclass(slots=True)
class Kept:
    """Everything the keeper held for us."""

    keeper_pid: int
    restarts: int
    sessions: list[KeptSession]
    held: dict[str, int]


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
    async def connect(cls, path: Path) -> tuple["KeeperLink", Kept]:
        """Say hello and receive what the keeper holds.

        Raises:
            KeeperGone: there is no keeper, or it serves another daemon.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * DATAGRAM_BYTES)
        try:
            sock.connect(str(path))
            sock.send(json.dumps({"op": "hello", "pid": os.getpid()}).encode())
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
    ) -> tuple[int, SessionFds]:
        """Start a program in a new PTY. Returns its pid and descriptors.

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
        }
        reply, fds = await self._call(request)
        if not reply["ok"]:
            raise Refusal(_error_code(reply["error"]), reply["message"])
        return reply["pid"], SessionFds(*fds)

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
            kept.keeper_pid, kept.restarts = message["keeper_pid"], message["restarts"]
        case "session":
            exit_status = _kept_exit(message["exit"]) if message["exit"] else None
            session_fds = SessionFds(*fds) if fds else None
            kept.sessions.append(
                KeptSession(message["session"], message["pid"], message["record"], exit_status, session_fds)
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


def _kept_exit(message: dict[str, Any]) -> KeptExit:
    return KeptExit(message["code"], message["signal"], message["at"])


def _error_code(word: str) -> ErrorCode:
    with suppress(ValueError):
        return ErrorCode(word)
    return ErrorCode.INTERNAL
