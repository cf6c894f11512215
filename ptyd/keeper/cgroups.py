"""One cgroup for each session, in every hierarchy where the system lets us make one.

``<our own group>/ptyd-<pid>.<start>/<session>``: below our own group, so that whatever bounds us bounds the sessions,
and under a name that tells later keepers whether its maker still lives.
"""

import contextlib
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ptyd.keeper.descendants import list_descendants, read_start_ticks
from ptyd.keeper.hierarchies import WANTED, Hierarchy, find_hierarchies, read_words
from ptyd.keeper.limits import Limits
from ptyd.keeper.spawn_errors import SpawnError

PREFIX: Final = "ptyd-"
CPU_PERIOD_US: Final = 100_000
LEAST_CPU_QUOTA_US: Final = 1_000
"""The kernel takes no smaller one."""

KEPT_BY: Final = {"memory_bytes": "memory", "processes": "pids", "cpus": "cpu"}
"""The controller that keeps each limit."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Group:
    """A session's group in one hierarchy. ``controllers``: those in force in it."""

    version: int
    controllers: frozenset[str]
    path: Path

    def to_json(self) -> dict[str, Any]:
        return {"version": self.version, "controllers": sorted(self.controllers), "path": str(self.path)}


class Cgroups:
    """The groups of one keeper. Where nothing can be made it makes nothing, and ``problem`` says why."""

    def __init__(self, hierarchies: Sequence[Hierarchy] | None = None, problem: str = "") -> None:
        """Make our own groups. ``hierarchies`` None: those of this machine."""
        self.problem = problem
        self._roots: list[Group] = []
        self._lingering: list[Path] = []
        self._name = f"{PREFIX}{os.getpid()}.{read_start_ticks(os.getpid())}"
        has_v2 = False
        for hierarchy in find_hierarchies() if hierarchies is None else hierarchies:
            if has_v2 and hierarchy.controllers == {"cpuacct"}:
                continue  # only measures, which v2 does too
            remove_abandoned(hierarchy.base)
            root = self._make_root(hierarchy)
            if root is not None:
                has_v2 |= root.version == 2
                self._roots.append(root)
        if not self._roots and not self.problem:
            self.problem = "there are no cgroups here"

    def _make_root(self, hierarchy: Hierarchy) -> Group | None:
        path = hierarchy.base / self._name
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            self.problem = f"no cgroup can be made in {hierarchy.base}: {error.strerror}"
            return None
        controllers = hierarchy.controllers
        if hierarchy.version == 2:
            controllers = self._hand_on(hierarchy.base, path)
        return Group(hierarchy.version, controllers, path)

    def _hand_on(self, base: Path, path: Path) -> frozenset[str]:
        """Give our group's children the controllers that there are. A group that has processes of its own may hand on
        none, so those that are ours make room."""
        wanted = read_words(base / "cgroup.controllers") & frozenset(WANTED)
        if not wanted <= read_words(base / "cgroup.subtree_control"):
            _enable(base, wanted)
            if not wanted <= read_words(base / "cgroup.subtree_control"):
                self._make_room(base)
                _enable(base, wanted)
        _enable(path, wanted)
        return wanted & read_words(path / "cgroup.subtree_control")

    def _make_room(self, base: Path) -> None:
        ours = {os.getpid(), *(process.pid for process in list_descendants(os.getpid()))}
        inside = {int(word) for word in read_words(base / "cgroup.procs")}
        if not inside <= ours:
            return  # a group that was not given to us alone
        with contextlib.suppress(OSError):
            room = base / f"{self._name}-keeper"
            room.mkdir(exist_ok=True)
            for pid in inside:
                (room / "cgroup.procs").write_text(str(pid))

    # Sessions

    def make(self, session: str, limits: Limits) -> list[Group]:
        """The groups of a new session, empty, with its limits set.

        Raises:
            SpawnError: ``no_resources``: a limit could not be set. None of the groups is left.
        """
        self.sweep()
        groups: list[Group] = []
        for root in self._roots:
            group = Group(root.version, root.controllers, root.path / session)
            try:
                group.path.mkdir()
                groups.append(group)
                _set_limits(group, limits)
            except OSError as error:
                if group not in groups and not any(_is_for(group, name, limits) for name in KEPT_BY):
                    logger.warning("session %s goes without a cgroup: %s", session, error)
                    continue
                self.remove(groups)
                raise SpawnError("no_resources", f"a limit could not be set: {error}") from error
        return groups

    def remove(self, groups: Iterable[Group]) -> None:
        """Remove a session's groups as soon as nothing is in them any more."""
        self._lingering += [group.path for group in groups]
        self.sweep()

    def sweep(self) -> None:
        self._lingering = [path for path in self._lingering if not _remove(path)]

    def kill(self) -> None:
        """End everything in every session's group, where the kernel does so at one word."""
        for root in self._roots:
            if root.version == 2:
                with contextlib.suppress(OSError):
                    (root.path / "cgroup.kill").write_text("1")

    def close(self) -> None:
        """Remove all that is empty."""
        for root in self._roots:
            _remove_with_children(root.path)

    def describe(self) -> dict[str, str]:
        """Which limits a cgroup keeps, and how trees end: for ``status``."""
        means = {
            limit: f"cgroup v{root.version}"
            for limit, controller in KEPT_BY.items()
            for root in self._roots
            if controller in root.controllers
        }
        if any((root.path / "cgroup.kill").exists() for root in self._roots):
            means["end"] = "cgroup.kill"
        return means


def remove_abandoned(base: Path) -> None:
    """Remove the empty groups of keepers that are gone. Others' and those with processes in them stay."""
    with contextlib.suppress(OSError):
        for path in base.glob(f"{PREFIX}*"):
            pid, _, ticks = path.name.removeprefix(PREFIX).removesuffix("-keeper").partition(".")
            if pid.isdecimal() and str(read_start_ticks(int(pid))) != ticks:
                _remove_with_children(path)


def _set_limits(group: Group, limits: Limits) -> None:
    write = _Writer(group)
    if _is_for(group, "memory_bytes", limits):
        swap = limits.memory_bytes * 2
        if group.version == 2:
            write("memory.max", limits.memory_bytes)
            write("memory.swap.max", limits.memory_bytes, is_optional=True)
            write("memory.oom.group", 1, is_optional=True)
        else:
            write("memory.limit_in_bytes", limits.memory_bytes)
            write("memory.memsw.limit_in_bytes", swap, is_optional=True)
    if _is_for(group, "processes", limits):
        write("pids.max", limits.processes)
    if _is_for(group, "cpus", limits):
        quota = max(LEAST_CPU_QUOTA_US, int(limits.cpus * CPU_PERIOD_US))
        if group.version == 2:
            write("cpu.max", f"{quota} {CPU_PERIOD_US}")
        else:
            write("cpu.cfs_period_us", CPU_PERIOD_US)
            write("cpu.cfs_quota_us", quota)


class _Writer:
    def __init__(self, group: Group) -> None:
        self._group = group

    def __call__(self, name: str, value: object, *, is_optional: bool = False) -> None:
        """``is_optional``: depends on how the kernel was built."""
        path = self._group.path / name
        if not is_optional or path.exists():
            path.write_text(str(value))


def _is_for(group: Group, limit: str, limits: Limits) -> bool:
    return bool(getattr(limits, limit)) and KEPT_BY[limit] in group.controllers


def _enable(path: Path, controllers: Iterable[str]) -> None:
    """One by one: of some the kernel may think otherwise."""
    for controller in controllers:
        with contextlib.suppress(OSError):
            (path / "cgroup.subtree_control").write_text(f"+{controller}")


def _remove(path: Path) -> bool:
    """Whether it is gone."""
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _remove_with_children(path: Path) -> None:
    with contextlib.suppress(OSError):
        for child in path.iterdir():
            if child.is_dir():
                _remove(child)
    _remove(path)
