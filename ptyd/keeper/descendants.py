"""Everything that descends from the keeper, as the kernel tells it, and the end of all of it."""

import contextlib
import logging
import os
import signal
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

logger = logging.getLogger(__name__)

DEAD_STATES: Final = frozenset({"Z", "X"})


class Process(NamedTuple):
    """A process id, and when it was given to the process (clock ticks since boot), which tells two of them apart."""

    pid: int
    start_ticks: int


def list_descendants(ancestor: int, without: Collection[int] = ()) -> list[Process]:
    """Living processes below ``ancestor``, except ``without`` and what is below those.

    The keeper is the subreaper of its children, so no descendant escapes it by losing its parent or by
    leading a session of its own.
    """
    children: dict[int, list[Process]] = defaultdict(list)
    zombies = set()
    for pid in _list_pids():
        fields = _read_stat(pid)
        if fields is None:
            continue
        process = Process(pid, fields.start_ticks)
        children[fields.parent].append(process)
        if fields.state in DEAD_STATES:
            zombies.add(process)
    found: list[Process] = []
    frontier = [ancestor]
    while frontier:
        below = [process for process in children[frontier.pop()] if process.pid not in without]
        found += below
        frontier += [process.pid for process in below]
    return [process for process in found if process not in zombies]


def hang_up(processes: Collection[Process]) -> None:
    """As the loss of a terminal would; SIGCONT lets a stopped process hear it."""
    logger.info("hanging up %d processes", len(processes))
    for process in processes:
        _send(process, (signal.SIGHUP, signal.SIGCONT))


def kill(processes: Collection[Process]) -> None:
    logger.info("killing %d processes", len(processes))
    for process in processes:
        _send(process, (signal.SIGKILL,))


def read_start_ticks(pid: int) -> int | None:
    """When a process was started; None: there is none."""
    fields = _read_stat(pid)
    return None if fields is None else fields.start_ticks


def _send(process: Process, numbers: Collection[signal.Signals]) -> None:
    """The pidfd comes first, and then the look whose it is: so the id cannot be another process's meanwhile."""
    with contextlib.suppress(OSError):
        pidfd = os.pidfd_open(process.pid)
        try:
            if read_start_ticks(process.pid) == process.start_ticks:
                for number in numbers:
                    signal.pidfd_send_signal(pidfd, number)
        finally:
            os.close(pidfd)


class _Stat(NamedTuple):
    state: str
    parent: int
    start_ticks: int


def _list_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _read_stat(pid: int) -> _Stat | None:
    try:
        # "pid (name) state parent ...": the name may contain anything, so the last parenthesis counts.
        words = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return _Stat(state=words[0], parent=int(words[1]), start_ticks=int(words[19]))
