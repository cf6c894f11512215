"""The processes of a session, wherever they have gone, and ending them.

A session's tree is more than a process group: Claude Code's tools run in sessions of their own without a terminal.
A process belongs to a session when any of these says so:

- it is in the session's cgroup, which it was born into;
- it has the session's mark for RLIMIT_LOCKS, which it was born with. It may lower that, but nothing does, and no
  program without privileges can raise it to another session's;
- it has the session's mark in its environment;
- its parent belongs to the session.

So one escapes only if it has left its group (which needs rights on another one), changed a limit that nothing uses,
cleared its environment and lost its parent. Signals go through pidfds that were opened before any of this was looked
at, so they never reach a recycled pid.
"""

import asyncio
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from ptyd.edge.processes.proc_files import ProcessStat, list_pids, read_stat
from ptyd.edge.processes.session_marks import Kin

SESSION_VARIABLE = "PTYD_SESSION"

MARK_RLIMIT = 10
"""RLIMIT_LOCKS; see ptyd/keeper/limits.py."""

MARK_PREFIX = 0x5054
MARK_BITS = 47
"""A mark is this prefix, and so many bits of chance."""

ASKING_SIGNALS = (signal.SIGHUP, signal.SIGTERM)
"""One after the other, with a grace time between, to what is still there; then it is not asked any more."""

KILL_LAST_WAIT_SECONDS = 5.0
"""After SIGKILL only a process stuck in the kernel remains."""

KILL_ROUNDS = 3
STOP_ROUNDS = 100
STOP_WAIT_SECONDS = 0.2
STOP_POLL_SECONDS = 0.001

GONE_STATES = "ZX"
STANDING_STATES = "TtZXDI"
"""Those in which a process to which SIGSTOP was sent runs no more code of its own. "D" will meet the signal first."""


class ProcessTree:
    """The living processes of some sessions, each by a pidfd. Close it."""

    def __init__(self, kins: Collection[Kin]) -> None:
        """Find them now.

        Raises:
            OSError: no descriptor is left to look with.
        """
        self.pidfds: dict[int, int] = {}
        try:
            self._add_grouped(kins)
            self._add_marked(kins)
            for kin in kins:
                root_pid = kin.living_root()
                if root_pid is not None:
                    self._add(root_pid, lambda pid, kin=kin: kin.living_root() == pid)  # type: ignore[misc]
            self._add_descendants()
        except OSError:
            self.close()
            raise

    def _add_grouped(self, kins: Collection[Kin]) -> None:
        for group in (group for kin in kins for group in kin.marks.groups):
            opened = {pid: fd for pid in group.list_pids() if (fd := self._open(pid)) is not None}
            still_in = group.list_pids()
            for pid, fd in opened.items():
                self._keep(pid, fd, lambda pid, still_in=still_in: pid in still_in)  # type: ignore[misc]

    def _add_marked(self, kins: Collection[Kin]) -> None:
        texts = {f"{SESSION_VARIABLE}={kin.session_id}".encode() for kin in kins}
        numbers = {kin.marks.number for kin in kins if kin.marks.number}

        def belongs(pid: int) -> bool:
            mark = read_mark(pid)
            # What bears another session's mark need not be looked into, which costs ten times as much.
            return mark in numbers or (mark >> MARK_BITS != MARK_PREFIX and _carries(pid, texts))

        for pid in list_pids():
            if belongs(pid):
                self._add(pid, belongs)

    def _add_descendants(self) -> None:
        """Whose parent belongs to it does, too."""
        children: dict[int, list[ProcessStat]] = {}
        for pid in list_pids():
            stat = read_stat(pid)
            if stat is not None:
                children.setdefault(stat.parent, []).append(stat)
        parents = list(self.pidfds)
        while parents:
            parent = parents.pop()
            if parent not in children or _has_ended(self.pidfds[parent]):
                continue  # if it has ended, its id in the list may have been another's
            for child in children[parent]:
                if child.pid not in self.pidfds:
                    self._add(child.pid, lambda pid, child=child: _is_same(pid, child))  # type: ignore[misc]
                    if child.pid in self.pidfds:
                        parents.append(child.pid)

    def _add(self, pid: int, belongs: Callable[[int], bool]) -> None:
        fd = self._open(pid)
        if fd is not None:
            self._keep(pid, fd, belongs)

    def _open(self, pid: int) -> int | None:
        """A pidfd of a process that is not known yet."""
        if pid in self.pidfds or pid == os.getpid():
            return None
        try:
            return os.pidfd_open(pid)
        except ProcessLookupError:
            return None

    def _keep(self, pid: int, fd: int, belongs: Callable[[int], bool]) -> None:
        self.pidfds[pid] = fd
        stat = read_stat(pid) if belongs(pid) else None
        if stat is None or stat.state in GONE_STATES:
            os.close(self.pidfds.pop(pid))

    def signal(self, number: int) -> set[int]:
        """Returns those that we may not signal: another user's."""
        forbidden = set()
        for pid, fd in self.pidfds.items():
            try:
                signal.pidfd_send_signal(fd, number)
            except PermissionError:
                forbidden.add(pid)
            except ProcessLookupError:
                pass
        return forbidden

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


async def end_process_trees(
    kins: Collection[Kin], grace_seconds: float, asking: Collection[int] = ASKING_SIGNALS
) -> None:
    """HUP, TERM (or what else is ``asking``), KILL to every process of the sessions, ``grace_seconds`` between them;
    returns when none is left.

    Raises:
        OSError: no descriptor is left to look with.
    """
    for number in asking:
        tree = await asyncio.to_thread(ProcessTree, kins)
        try:
            if not tree.pidfds:
                return
            tree.signal(number)
            tree.signal(signal.SIGCONT)  # a stopped process hears nothing but KILL
            await tree.wait_gone(grace_seconds)
        finally:
            tree.close()
    for kin in kins:
        kill_groups(kin)
    for _ in range(KILL_ROUNDS):
        tree = await asyncio.to_thread(stop_process_trees, kins)
        try:
            if not tree.pidfds:
                return
            tree.signal(signal.SIGKILL)
            await tree.wait_gone(KILL_LAST_WAIT_SECONDS)
        finally:
            tree.close()


def is_empty(kin: Kin) -> bool:
    """Whether a session certainly has no process any more; a look at its cgroups, where it has some, is cheap."""
    groups = kin.marks.groups
    return bool(groups) and not any(group.list_pids() for group in groups)


def kill_groups(kin: Kin) -> None:
    """Where the kernel ends a whole cgroup at one word, and lets nothing in it be born meanwhile, have it do so."""
    for group in kin.marks.groups:
        if group.version == 2:
            with suppress(OSError):
                (group.path / "cgroup.kill").write_text("1")


def stop_process_trees(kins: Collection[Kin]) -> ProcessTree:
    """Stop every process of the sessions, so that none bears another while the tree is looked at; all of it.

    A look in which only such processes were found as stood still before it began has missed none: nobody was there to
    bear one.

    Raises:
        OSError: no descriptor is left to look with.
    """
    standing: set[int] = set()
    for _ in range(STOP_ROUNDS):
        tree = ProcessTree(kins)
        if standing.issuperset(tree.pidfds):
            return tree
        forbidden = tree.signal(signal.SIGSTOP)
        standing = forbidden | _wait_standing(set(tree.pidfds) - forbidden)
        tree.close()
    return ProcessTree(kins)


def _wait_standing(pids: set[int]) -> set[int]:
    deadline = time.monotonic() + STOP_WAIT_SECONDS
    while True:
        standing = {pid for pid in pids if (stat := read_stat(pid)) is None or stat.state in STANDING_STATES}
        if standing == pids or time.monotonic() > deadline:
            return standing
        time.sleep(STOP_POLL_SECONDS)


def read_mark(pid: int) -> int:
    """The number that a process was born with; 0 where there is none to be seen."""
    try:
        return resource.prlimit(pid, MARK_RLIMIT)[1]
    except (OSError, ValueError):
        return 0


def _carries(pid: int, texts: set[bytes]) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return not texts.isdisjoint(environment.split(b"\0"))


def _is_same(pid: int, known: ProcessStat) -> bool:
    stat = read_stat(pid)
    return stat is not None and stat.start_ticks == known.start_ticks


def _has_ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
