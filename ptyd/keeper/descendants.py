"""Everything that descends from the keeper, as the kernel tells it, and the end of all of it."""

import contextlib
import logging
import os
import signal
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

DEAD_STATES: Final = frozenset({"Z", "X"})


def list_descendants(ancestor: int, without: Collection[int] = ()) -> list[int]:
    """Living processes below ``ancestor``, except ``without`` and what is below those.

    The keeper is the subreaper of its children, so no descendant escapes it by losing its parent or by
    leading a session of its own.
    """
    children: dict[int, list[int]] = defaultdict(list)
    zombies = set()
    for pid, parent, state in _list_processes():
        children[parent].append(pid)
        if state in DEAD_STATES:
            zombies.add(pid)
    found: list[int] = []
    frontier = [ancestor]
    while frontier:
        below = [pid for pid in children[frontier.pop()] if pid not in without]
        found += below
        frontier += below
    return [pid for pid in found if pid not in zombies]


def hang_up(pids: Collection[int]) -> None:
    """As the loss of a terminal would; SIGCONT lets a stopped process hear it."""
    logger.info("hanging up %d processes", len(pids))
    _send(pids, signal.SIGHUP)
    _send(pids, signal.SIGCONT)


def kill(pids: Collection[int]) -> None:
    logger.info("killing %d processes", len(pids))
    _send(pids, signal.SIGKILL)


def _send(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _list_processes() -> list[tuple[int, int, str]]:
    """Process id, parent's id and state of all processes that can be seen."""
    processes = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            # "pid (name) state parent ...": the name may contain anything, so the last parenthesis counts.
            state, parent = (directory / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[:2]
            processes.append((int(directory.name), int(parent), state))
    return processes
