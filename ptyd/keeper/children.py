"""The sessions' children: their terminals, the daemon's opaque records, and how they ended."""

import logging
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ptyd.keeper.cgroups import Cgroups, Group
from ptyd.keeper.spawn import Terminal, spawn_terminal
from ptyd.keeper.spawn_errors import SpawnError
from ptyd.keeper.spawn_request import parse_request
from ptyd.keeper.wire import Message

MARK_PREFIX: Final = 0x5054 << 47
MARK_BITS: Final = 47

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
    """``mark``: what all its processes inherit, and nobody else's. ``groups``: theirs, and nobody else's."""

    session: str
    terminal: Terminal
    record: dict[str, Any]
    mark: int = 0
    groups: list[Group] = field(default_factory=list)
    exit: Exit | None = None


class Children:
    """Every child from its start until it is forgotten, by session and, while it runs, by process id."""

    def __init__(self, nofile_soft: int) -> None:
        self._nofile_soft = nofile_soft
        self.cgroups = Cgroups([], problem="no daemon has asked for any")
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
        request, mark = parse_request(message), make_mark()
        groups = self.cgroups.make(session if session.isalnum() else f"{mark:x}", request.limits)
        try:
            join = [str(group.path / "cgroup.procs") for group in groups]
            terminal = spawn_terminal(request, self._nofile_soft, mark, join)
        except BaseException:
            self.cgroups.remove(groups)
            raise
        child = Child(session, terminal, record, mark, groups)
        self._by_session[session] = child
        self._running[child.terminal.pid] = child
        logger.info("session %s: process %d started", session, child.terminal.pid)
        return child

    def find(self, session: object) -> Child | None:
        return self._by_session.get(session) if isinstance(session, str) else None

    def close(self, child: Child) -> None:
        """It has ended and was read empty: what stays is how it ended."""
        child.terminal.close()
        self.cgroups.remove(child.groups)
        child.groups = []

    def forget(self, session: object) -> None:
        """Close the descriptors of a session and drop it. If it still runs, its terminal hangs up."""
        child = self.find(session)
        if child is None:
            return
        del self._by_session[child.session]
        self._running.pop(child.terminal.pid, None)
        self.close(child)

    def note_end(self, pid: int, status: int) -> Child | None:
        """Keep the wait status of a reaped process; ``None``: it was no session's child."""
        child = self._running.pop(pid, None)
        if child is None:
            return None
        child.exit = _make_exit(status)
        logger.info("session %s: process %d ended: %s", child.session, pid, child.exit)
        return child


def make_mark() -> int:
    """A number that no other session on this machine has, and that can be taken for no limit that somebody wanted."""
    return MARK_PREFIX | secrets.randbits(MARK_BITS)


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
