"""The sessions' children: their terminals, the daemon's opaque records, and how they ended."""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ptyd.keeper.spawn import Terminal, spawn_terminal
from ptyd.keeper.spawn_errors import SpawnError
from ptyd.keeper.spawn_request import parse_request
from ptyd.keeper.wire import Message

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exit:
    """How a child ended: ``code`` or ``signal`` is set; ``at`` is a Unix time in seconds."""

    code: int | None
    signal: int | None
    at: float

    def to_json(self) -> Message:
        return {"code": self.code, "signal": self.signal, "at": self.at}


@dataclass
class Child:
    session: str
    terminal: Terminal
    record: dict[str, Any]
    exit: Exit | None = None


class Children:
    """Every child from its start until it is forgotten, by session and, while it runs, by process id."""

    def __init__(self, nofile_soft: int) -> None:
        self._nofile_soft = nofile_soft
        self._by_session: dict[str, Child] = {}
        self._running: dict[int, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._by_session.values()))

    @property
    def running_pids(self) -> list[int]:
        return list(self._running)

    def spawn(self, message: Message) -> Child:
        """Start the child that a spawn message asks for.

        Raises:
            SpawnError: it was not started.
        """
        session, record = message.get("session"), message.get("record", {})
        if not isinstance(session, str) or not session or not isinstance(record, dict):
            raise SpawnError("bad_request", "a session needs an id and a record")
        if session in self._by_session:
            raise SpawnError("bad_request", f"session {session} exists already")
        child = Child(session, spawn_terminal(parse_request(message), self._nofile_soft), record)
        self._by_session[session] = child
        self._running[child.terminal.pid] = child
        logger.info("session %s: process %d started", session, child.terminal.pid)
        return child

    def find(self, session: object) -> Child | None:
        return self._by_session.get(session) if isinstance(session, str) else None

    def forget(self, session: object) -> None:
        """Close the descriptors of a session and drop it. If it still runs, its terminal hangs up."""
        child = self.find(session)
        if child is None:
            return
        del self._by_session[child.session]
        self._running.pop(child.terminal.pid, None)
        child.terminal.close()

    def note_end(self, pid: int, status: int) -> Child | None:
        """Keep the wait status of a reaped process; ``None``: it was no session's child."""
        child = self._running.pop(pid, None)
        if child is None:
            return None
        child.exit = _make_exit(status)
        logger.info("session %s: process %d ended: %s", child.session, pid, child.exit)
        return child


def reap_processes() -> Iterator[tuple[int, int]]:
    """Process id and wait status of everything that has ended: children, the daemon and adopted orphans."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _make_exit(status: int) -> Exit:
    if os.WIFSIGNALED(status):
        return Exit(code=None, signal=os.WTERMSIG(status), at=time.time())
    return Exit(code=os.WEXITSTATUS(status), signal=None, at=time.time())
