"""The keeper at work: who connects, what a daemon asks for, and when it is all over."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from ptyd.keeper import descendants
from ptyd.keeper.children import Child, Children, reap_processes
from ptyd.keeper.held import HeldFds
from ptyd.keeper.link import Link, peer_credentials
from ptyd.keeper.loop import Loop
from ptyd.keeper.spawn_errors import SpawnError
from ptyd.keeper.supervisor import StartResult, Supervisor, Waiter
from ptyd.keeper.wire import Message
from ptyd.log_lines import set_up_logging

MAX_LINKS: Final = 32
"""One daemon, and starters that come and go."""

ACCEPT_PAUSE_SECONDS: Final = 1.0
"""After a failed accept (no descriptor left): the waiting connection would keep the loop spinning."""

ORPHANED_DAEMON_SECONDS: Final = 5.0
"""A daemon that has lost its link can do no good; it is killed if it does not end by itself."""

HANG_UP_SECONDS: Final = 2.0
"""Between SIGHUP and SIGKILL for the children of a keeper that ends."""

Handler: TypeAlias = Callable[[Link, Message, list[int]], None]

logger = logging.getLogger(__name__)


class Keeper:
    """Owns the children, the held descriptors, the daemon's process and its link.

    Args:
        listener: bound and listening SEQPACKET socket.
        daemon_command: what to start and to keep running.
        nofile_soft: soft limit of open files for children.
    """

    def __init__(
        self,
        loop: Loop,
        listener: socket.socket,
        daemon_command: Sequence[str],
        log_path: Path,
        nofile_soft: int,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._links: set[Link] = set()
        self._daemon_link: Link | None = None
        self._children = Children(nofile_soft)
        self._held = HeldFds()
        self._supervisor = Supervisor(loop, daemon_command, log_path)
        self._is_stopping = False
        self._is_killing = False
        self.exit_status = 0
        self._first_handlers: dict[str, Handler] = {"start": self._on_start, "hello": self._on_hello}
        self._daemon_handlers: dict[str, Handler] = {
            "spawn": self._on_spawn,
            "record": self._on_record,
            "close": self._on_close,
            "forget": self._on_forget,
            "hold": self._on_hold,
            "release": self._on_release,
            "ready": lambda _link, message, _fds: self._on_ready(message),
            "restarting": lambda _link, _message, _fds: self._supervisor.note_restarting(),
            "stop": lambda _link, message, _fds: self._stop(kill=message.get("kill") is True),
        }

    def run(self, on_started: Waiter) -> int:
        """Start the daemon, serve until it is all over, and return the exit status.

        ``on_started`` is called once, when the daemon serves or will not.
        """
        listener = self._listener
        listener.setblocking(False)
        self._loop.watch(listener, self._accept)
        self._loop.handle_signals(
            {signal.SIGCHLD: self._reap, signal.SIGTERM: self._end_orderly, signal.SIGINT: self._end_orderly}
        )

        def note_first_start(result: StartResult) -> None:
            on_started(result)
            if not result.is_ok and not self._is_stopping and not self._children.running_pids:
                self.exit_status = 1
                self._stop(kill=False)

        self._supervisor.start(note_first_start)
        self._loop.run()
        return self.exit_status

    # Connections

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            logger.error("cannot accept a connection: %s", error)
            self._loop.unwatch(self._listener)
            self._loop.call_later(ACCEPT_PAUSE_SECONDS, lambda: self._loop.watch(self._listener, self._accept))
            return
        pid, uid, _ = peer_credentials(sock)
        # The daemon is let in however many others have come: they must not lock it out.
        is_crowd = len(self._links) >= MAX_LINKS and pid != self._supervisor.pid
        if uid != os.geteuid() or is_crowd:
            logger.warning("refused process %d of user %d", pid, uid)
            sock.close()
            return
        self._links.add(Link(self._loop, sock, self._on_message, self._on_closed))

    def _on_message(self, link: Link, message: Message, fds: list[int]) -> None:
        is_daemon = link is self._daemon_link
        op = message.get("op")
        handlers = self._daemon_handlers if is_daemon else self._first_handlers
        handler = handlers.get(op) if isinstance(op, str) else None
        if handler is not None:
            handler(link, message, fds)
            return
        logger.warning("ignored a message that means nothing here: op %.100r", op)
        if not is_daemon:
            link.close()

    def _on_closed(self, link: Link) -> None:
        self._links.discard(link)
        if link is not self._daemon_link:
            return
        self._daemon_link = None
        lost_pid = self._supervisor.pid
        logger.info("the daemon's link has closed")

        def kill_lost_daemon() -> None:
            if self._daemon_link is None and self._supervisor.pid == lost_pid:
                self._supervisor.send_signal(signal.SIGKILL)

        if lost_pid is not None:
            self._loop.call_later(ORPHANED_DAEMON_SECONDS, kill_lost_daemon)

    # A connection's first message

    def _on_start(self, link: Link, _message: Message, _fds: list[int]) -> None:
        def answer(result: StartResult) -> None:
            if result.is_ok:
                link.send({"ok": True, "daemon_pid": result.daemon_pid})
            else:
                link.send({"ok": False, "message": result.message})

        if self._is_killing:
            # Left without an answer: the link ends with this keeper, and the starter begins anew.
            return
        self._is_stopping = False
        self._supervisor.start(answer)

    def _on_hello(self, link: Link, message: Message, _fds: list[int]) -> None:
        if self._daemon_link is not None:
            link.send({"event": "refused"})
            link.close()
            return
        self._daemon_link = link
        logger.info("daemon %s is linked", message.get("pid"))
        link.send({"event": "welcome", "keeper_pid": os.getpid(), "restarts": self._supervisor.restarts})
        for child in self._children:
            link.send(_describe_child(child), child.terminal.fds)
        for name, fd in self._held:
            link.send({"event": "held", "name": name}, [fd])
        link.send({"event": "synced"})

    # The daemon's messages

    def _on_ready(self, message: Message) -> None:
        if {"log_format", "log_level"} <= message.keys():
            set_up_logging(str(message["log_format"]), str(message["log_level"]))
        self._supervisor.note_ready()

    def _on_spawn(self, link: Link, message: Message, _fds: list[int]) -> None:
        try:
            if self._is_stopping:
                raise SpawnError("no_resources", "ptyd is just ending")
            child = self._children.spawn(message)
        except SpawnError as error:
            _reply(link, message, {"ok": False, "error": error.code, "message": error.message})
        except Exception as error:
            logger.exception("a spawn failed unforeseen")
            _reply(link, message, {"ok": False, "error": "internal", "message": f"cannot start it: {error}"})
        else:
            _reply(link, message, {"ok": True, "pid": child.terminal.pid}, child.terminal.fds)

    def _on_record(self, _link: Link, message: Message, _fds: list[int]) -> None:
        child, record = self._children.find(message.get("session")), message.get("record")
        if child is not None and isinstance(record, dict):
            child.record = record

    def _on_close(self, _link: Link, message: Message, _fds: list[int]) -> None:
        """The daemon has read an ended session empty: its exit status stays, its descriptors go."""
        child = self._children.find(message.get("session"))
        if child is not None and child.exit is not None:
            child.terminal.close()

    def _on_forget(self, _link: Link, message: Message, _fds: list[int]) -> None:
        self._children.forget(message.get("session"))
        self._end_if_over()

    def _on_hold(self, _link: Link, message: Message, fds: list[int]) -> None:
        name = message.get("name")
        if isinstance(name, str) and fds:
            self._held.hold(name, fds.pop(0))
        else:
            logger.warning("nothing to hold: name %.100r, %d descriptors", name, len(fds))

    def _on_release(self, _link: Link, message: Message, _fds: list[int]) -> None:
        name = message.get("name")
        if isinstance(name, str):
            self._held.release(name)

    # Processes that end

    def _reap(self) -> None:
        for pid, status in reap_processes():
            if pid == self._supervisor.pid:
                self._note_daemon_death(status)
                continue
            child = self._children.note_end(pid, status)
            if child is not None and child.exit is not None and self._daemon_link is not None:
                self._daemon_link.send({"event": "exit", "session": child.session, **child.exit.to_json()})
        self._end_if_over()

    def _note_daemon_death(self, status: int) -> None:
        # What it said last still counts, and its link must be gone before its successor says hello.
        if self._daemon_link is not None:
            self._daemon_link.drain()
        self._supervisor.note_death(status)

    # The end

    def _end_orderly(self) -> None:
        logger.info("told to end by a signal")
        self._supervisor.send_signal(signal.SIGTERM)
        self._stop(kill=True)

    def _stop(self, *, kill: bool) -> None:
        """No daemon is wanted any more; with ``kill`` no child either."""
        self._is_stopping = True
        self._supervisor.stop()
        if kill and not self._is_killing:
            self._is_killing = True
            descendants.hang_up(self._list_others())
            self._loop.call_later(HANG_UP_SECONDS, self._kill_others)
        self._end_if_over()

    def _kill_others(self) -> None:
        descendants.kill(self._list_others())
        # Killed processes are reaped within moments, and that ends the keeper. One that the kernel cannot
        # end must not keep the keeper either.
        self._loop.call_later(HANG_UP_SECONDS, self._end_regardless)
        self._end_if_over()

    def _end_regardless(self) -> None:
        self._supervisor.send_signal(signal.SIGKILL)
        self._loop.stop()

    def _list_others(self) -> list[int]:
        """All living descendants but the daemon."""
        daemon_pid = self._supervisor.pid
        return descendants.list_descendants(os.getpid(), without=() if daemon_pid is None else (daemon_pid,))

    def _end_if_over(self) -> None:
        if not self._is_stopping or self._supervisor.pid is not None:
            return
        if self._list_others() if self._is_killing else self._children.running_pids:
            return
        self._loop.stop()


def _describe_child(child: Child) -> Message:
    return {
        "event": "session",
        "session": child.session,
        "pid": child.terminal.pid,
        "record": child.record,
        "exit": child.exit.to_json() if child.exit is not None else None,
    }


def _reply(link: Link, request: Message, answer: Message, fds: Sequence[int] = ()) -> None:
    """Answer a request that wants an answer, that is, one with an id."""
    if "id" in request:
        link.send({"id": request["id"], **answer}, fds)
