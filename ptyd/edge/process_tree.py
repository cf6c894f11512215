"""The processes of a session, wherever they have gone, and ending them.

A session's tree is more than a process group: Claude Code's tools run in sessions of their own without a terminal.
Whoever carries the session's mark in its environment belongs to it, and so do the descendants of its program. Signals
go through pidfds that were opened before the mark was read, so they never reach a recycled pid.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

SESSION_VARIABLE = "PTYD_SESSION"

KILL_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL)
"""One after the other, with a grace time between, to what is still there."""

KILL_LAST_WAIT_SECONDS = 5.0
"""After SIGKILL only a process stuck in the kernel remains."""


LivingRoot = Callable[[], int | None]
"""Gives the pid of a session's own program while it is alive."""


class ProcessTree:
    """The living processes of some sessions, each by a pidfd. Close it."""

    def __init__(self, sessions: Mapping[str, LivingRoot]) -> None:
        """Find them now.

        Raises:
            OSError: no descriptor is left to look with.
        """
        self.pidfds: dict[int, int] = {}
        try:
            marks = {f"{SESSION_VARIABLE}={session_id}".encode() for session_id in sessions}
            for pid in _all_pids():
                self._add(pid, lambda pid: _carries(pid, marks))
            for living_root in sessions.values():
                self._add_descendants(living_root)
        except OSError:
            self.close()
            raise

    def _add_descendants(self, living_root: LivingRoot) -> None:
        root_pid = living_root()
        if root_pid is not None:
            self._add(root_pid, lambda pid: living_root() == pid)
            with suppress(psutil.Error):
                for process in psutil.Process(root_pid).children(recursive=True):
                    self._add(process.pid, lambda pid, process=process: process.is_running())  # type: ignore[misc]

    def _add(self, pid: int, belongs: Callable[[int], bool]) -> None:
        if pid in self.pidfds:
            return
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        self.pidfds[pid] = fd
        if not belongs(pid) or _is_zombie(pid):
            os.close(self.pidfds.pop(pid))

    def signal(self, number: int) -> None:
        for fd in self.pidfds.values():
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(fd, number)

    async def wait_gone(self, timeout: float) -> None:
        """Wait until all of them have ended, ``timeout`` seconds at most."""
        loop = asyncio.get_running_loop()
        left = set(self.pidfds.values())
        gone = asyncio.Event()

        def note_end(fd: int) -> None:
            loop.remove_reader(fd)
            left.discard(fd)
            if not left:
                gone.set()

        for fd in list(left):
            loop.add_reader(fd, note_end, fd)
        with suppress(TimeoutError):
            if left:
                await asyncio.wait_for(gone.wait(), timeout)
        for fd in left:
            loop.remove_reader(fd)

    def close(self) -> None:
        for fd in self.pidfds.values():
            os.close(fd)
        self.pidfds.clear()


async def end_process_trees(sessions: Mapping[str, LivingRoot], grace_seconds: float) -> None:
    """HUP, TERM, KILL to every process of the sessions, ``grace_seconds`` between them; returns when none is left.

    Raises:
        OSError: no descriptor is left to look with.
    """
    for number in KILL_SIGNALS:
        tree = await asyncio.to_thread(ProcessTree, sessions)
        try:
            if not tree.pidfds:
                return
            tree.signal(number)
            if number != signal.SIGKILL:
                tree.signal(signal.SIGCONT)  # a stopped process hears nothing but KILL
            await tree.wait_gone(KILL_LAST_WAIT_SECONDS if number == signal.SIGKILL else grace_seconds)
        finally:
            tree.close()
    # Born between the last look and the last signal.
    tree = await asyncio.to_thread(ProcessTree, sessions)
    tree.signal(signal.SIGKILL)
    tree.close()


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - ten times as fast


def _carries(pid: int, marks: set[bytes]) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return not marks.isdisjoint(environment.split(b"\0"))


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True
    # The state follows the command's name, which may itself hold brackets.
    return stat.rpartition(b")")[2].split()[0] in b"ZX"
