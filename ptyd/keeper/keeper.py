"""The keeper at work: who connects, what a daemon asks for, and when it is all over."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from ptyd.keeper import descendants
from ptyd.keeper.backoff import CRASH_BUDGET
from ptyd.keeper.cgroups import Cgroups
from ptyd.keeper.children import Child, Children, reap_processes
from ptyd.keeper.held import HeldFds
from ptyd.keeper.link import Link, peer_credentials
from ptyd.keeper.loop import Loop
from ptyd.keeper.presence import Presence
from ptyd.keeper.service_manager import ServiceManager, name_socket
from ptyd.keeper.spawn_errors import SpawnError
from ptyd.keeper.supervisor import StartResult, Supervisor, Waiter
from ptyd.keeper.wire import Message
from ptyd.log_lines import set_up_logging

MAX_LINKS: Final = 32
"""One daemon, and starters that come and go."""

ACCEPT_PAUSE_SECONDS: Final = 1.0
"""After a failed accept (no descriptor left): the waiting connection would keep the loop spinning."""

PRESENCE_SECONDS: Final = 2.0
"""So often the keeper looks whether its socket and its lock are still where they belong."""

ORPHANED_DAEMON_SECONDS: Final = 5.0
"""A daemon that has lost its link can do no good; it is killed if it does not end by itself."""

HANG_UP_SECONDS: Final = 2.0
"""Between SIGHUP and SIGKILL for the children of a keeper that ends."""

KILL_AGAIN_SECONDS: Final = 0.05

Handler: TypeAlias = Callable[[Link, Message, list[int]], None]

logger = logging.getLogger(__name__)


class Keeper:
    """Owns the children, the held descriptors, the daemon's process and its link.

    Args:
        presence: where it is to be found.
        manager: who started it, and wants to know.
        listener: bound and listening SEQPACKET socket.
        daemon_command: what to start and to keep running.
        nofile_soft: soft limit of open files for children.
        crash_budget, watchdog_seconds: as the Supervisor's.
    """

    def __init__(
        self,
        loop: Loop,
        presence: Presence,
        manager: ServiceManager,
        listener: socket.socket,
        daemon_command: Sequence[str],
        log_path: Path,
        nofile_soft: int,
        crash_budget: int = CRASH_BUDGET,
        watchdog_seconds: float = 0.0,
    ) -> None:
        self._loop = loop
        self._presence = presence
        self._manager = manager
        self._listener = listener
        self._links: set[Link] = set()
        self._daemon_link: Link | None = None
        self._children = Children(nofile_soft)
        self._held = HeldFds()
        self._activated: dict[str, int] = {}
        """Sockets that the service manager made, by name; never closed here."""
        self._supervisor = Supervisor(loop, daemon_command, log_path, crash_budget, watchdog_seconds)
        self._is_stopping = False
        self._is_killing = False
        self._uses_cgroups: bool | None = None
        self._past_cgroups: list[Cgroups] = []
        self.exit_status = 0
        self._first_handlers: dict[str, Handler] = {
            "start": self._on_start,
            "hello": self._on_hello,
            "status": self._on_status,
        }
        self._daemon_handlers: dict[str, Handler] = {
            "spawn": self._on_spawn,
            "record": self._on_record,
            "close": self._on_close,
            "forget": self._on_forget,
            "hold": self._on_hold,
            "release": self._on_release,
            "ready": self._on_ready,
            "alive": lambda _link, _message, _fds: self._supervisor.note_alive(),
            "restarting": self._on_restarting,
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

        self._loop.call_later(PRESENCE_SECONDS, self._look_after_presence)
        self._take_activated_sockets()
        self._tell_manager_alive()
        self._supervisor.start(note_first_start)
        self._loop.run()
        for cgroups in (self._children.cgroups, *self._past_cgroups):
            cgroups.close()
        return self.exit_status

    def _take_activated_sockets(self) -> None:
        """The service manager's sockets are held for the daemon as if a daemon before had left them."""
        for fd in self._manager.listen_fds:
            os.set_inheritable(fd, False)
            name = name_socket(fd)
            if name is None:
                logger.warning("the service manager's socket %d is of no use here", fd)
                os.close(fd)
                continue
            logger.info("the service manager listens for us: %s", name)
            self._held.hold(name, fd)
            self._activated[name] = fd

    def _watch_activated_sockets(self) -> None:
        """No daemon is wanted, and yet somebody may come: then one is. The service manager's sockets stay open."""

        def wake() -> None:
            for fd in self._activated.values():
                self._loop.unwatch(_Fd(fd))
            if not self._is_killing and self._supervisor.pid is None:
                logger.info("somebody has come to a socket of the service manager")
                self._is_stopping = False
                self._supervisor.start(lambda result: None)

        for fd in self._activated.values():
            self._loop.watch(_Fd(fd), wake)

    def _tell_manager_alive(self) -> None:
        if self._manager.watchdog_seconds:
            self._manager.tell_alive()
            self._loop.call_later(self._manager.watchdog_seconds, self._tell_manager_alive)

    def _look_after_presence(self) -> None:
        self._restore_presence()
        self._loop.call_later(PRESENCE_SECONDS, self._look_after_presence)

    def _restore_presence(self) -> None:
        listener = self._presence.restore()
        if listener is None:
            return
        self._loop.unwatch(self._listener)
        self._listener.close()
        self._listener = listener
        listener.setblocking(False)
        self._loop.watch(listener, self._accept)

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
        self._supervisor.start(answer, is_linked=self._daemon_link is not None)

    def _on_status(self, link: Link, _message: Message, _fds: list[int]) -> None:
        link.send(
            {
                "ok": True,
                "keeper_pid": os.getpid(),
                "is_stopping": self._is_stopping,
                "sessions_running": len(self._children.running_pids),
                **self._supervisor.describe(),
            }
        )

    def _on_hello(self, link: Link, message: Message, _fds: list[int]) -> None:
        if self._daemon_link is not None:
            link.send({"event": "refused"})
            link.close()
            return
        self._daemon_link = link
        logger.info("daemon %s is linked", message.get("pid"))
        self._use_cgroups(message.get("cgroups") != "none")
        about = self._supervisor.describe()
        activated = sorted(self._activated)
        told = ("restarts", "crashes", "recent_crashes", "is_over_budget", "last_death", "predecessor_signal")
        link.send(
            {
                "event": "welcome",
                "keeper_pid": os.getpid(),
                "alive_seconds": self._supervisor.alive_seconds,
                "activated": activated,
                "means": self._children.cgroups.describe(),
                "means_problem": self._children.cgroups.problem,
                **{name: about[name] for name in told},
            }
        )
        for child in self._children:
            link.send(_describe_child(child), child.terminal.fds)
        for name, fd in self._held:
            link.send({"event": "held", "name": name}, [fd])
        link.send({"event": "synced"})

    def _use_cgroups(self, is_wanted: bool) -> None:
        """For sessions to come, as the new daemon's configuration has it."""
        if is_wanted == self._uses_cgroups:
            return
        self._uses_cgroups = is_wanted
        self._past_cgroups.append(self._children.cgroups)
        self._children.cgroups = Cgroups() if is_wanted else Cgroups([], problem="cgroups = none")

    # The daemon's messages

    def _on_ready(self, _link: Link, message: Message, _fds: list[int]) -> None:
        if {"log_format", "log_level"} <= message.keys():
            set_up_logging(str(message["log_format"]), str(message["log_level"]))
        self._supervisor.note_ready()
        count = len(self._children.running_pids)
        self._manager.tell_ready(f"the daemon serves; {count} sessions ran when it started")

    def _on_restarting(self, _link: Link, _message: Message, _fds: list[int]) -> None:
        self._supervisor.note_restarting()
        self._manager.tell_reloading("the daemon is being replaced; the sessions go on")

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
            _reply(link, message, {"ok": True, **_describe_processes(child)}, child.terminal.fds)

    def _on_record(self, _link: Link, message: Message, _fds: list[int]) -> None:
        child, record = self._children.find(message.get("session")), message.get("record")
        if child is not None and isinstance(record, dict):
            child.record = record

    def _on_close(self, _link: Link, message: Message, _fds: list[int]) -> None:
        """The daemon has read an ended session empty: its exit status stays, its descriptors go."""
        child = self._children.find(message.get("session"))
        if child is not None and child.exit is not None:
            self._children.close(child)

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
        if isinstance(name, str) and name not in self._activated:
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
        self._children.cgroups.sweep()
        self._end_if_over()

    def _note_daemon_death(self, status: int) -> None:
        self._restore_presence()  # the next one has to find us
        # What it said last still counts, and its link must be gone before its successor says hello.
        if self._daemon_link is not None:
            self._daemon_link.drain()
        self._supervisor.note_death(status)
        if self._is_stopping and not self._is_killing:
            self._watch_activated_sockets()
        elif not self._is_stopping:
            self._manager.tell_status("the daemon has ended and is started again; the sessions go on")

    # The end

    def _end_orderly(self) -> None:
        logger.info("told to end by a signal")
        self._supervisor.send_signal(signal.SIGTERM)
        self._stop(kill=True)

    def _stop(self, *, kill: bool) -> None:
        """No daemon is wanted any more; with ``kill`` no child either."""
        self._is_stopping = True
        self._supervisor.stop()
        if kill:
            self._manager.tell_stopping()
        else:
            self._manager.tell_status("the daemon is down; the sessions go on until their programs end")
        if kill and not self._is_killing:
            self._is_killing = True
            descendants.hang_up(self._list_others())
            self._loop.call_later(HANG_UP_SECONDS, self._kill_others)
        self._end_if_over()

    def _kill_others(self) -> None:
        # Killed processes are reaped within moments, and that ends the keeper. One that the kernel cannot
        # end must not keep the keeper either.
        self._loop.call_later(HANG_UP_SECONDS, self._end_regardless)
        self._kill_again()

    def _kill_again(self) -> None:
        """Until none is left: one may have been born while the others were looked for."""
        for cgroups in (self._children.cgroups, *self._past_cgroups):
            cgroups.kill()
        descendants.kill(self._list_others())
        self._loop.call_later(KILL_AGAIN_SECONDS, self._kill_again)
        self._end_if_over()

    def _end_regardless(self) -> None:
        self._supervisor.send_signal(signal.SIGKILL)
        self._loop.stop()

    def _list_others(self) -> list[descendants.Process]:
        """All living descendants but the daemon."""
        daemon_pid = self._supervisor.pid
        return descendants.list_descendants(os.getpid(), without=() if daemon_pid is None else (daemon_pid,))

    def _end_if_over(self) -> None:
        """Not at once: whoever is just asking for a daemon, in the same round of the loop, is heard first."""
        if self._is_over():
            self._loop.call_later(0.0, lambda: self._loop.stop() if self._is_over() else None)

    def _is_over(self) -> bool:
        if not self._is_stopping or self._supervisor.pid is not None:
            return False
        return not (self._list_others() if self._is_killing else self._children.running_pids)


class _Fd:
    """A descriptor to be watched that belongs to somebody else."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd


def _describe_child(child: Child) -> Message:
    return {
        "event": "session",
        "session": child.session,
        **_describe_processes(child),
        "record": child.record,
        "exit": child.exit.to_json() if child.exit is not None else None,
    }


def _describe_processes(child: Child) -> Message:
    groups = [group.to_json() for group in child.groups]
    return {"pid": child.terminal.pid, "mark": child.mark, "groups": groups}


def _reply(link: Link, request: Message, answer: Message, fds: Sequence[int] = ()) -> None:
    """Answer a request that wants an answer, that is, one with an id."""
    if "id" in request:
        link.send({"id": request["id"], **answer}, fds)
