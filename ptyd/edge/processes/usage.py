"""What sessions' processes use: out of their cgroups where there are some, else out of one look over /proc for all."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ptyd.edge.processes.proc_files import (
    TICKS_PER_SECOND,
    ProcessStat,
    count_open_files,
    list_pids,
    read_file,
    read_stat,
)
from ptyd.edge.processes.proc_files import read_proportional_bytes as read_pss
from ptyd.edge.processes.process_tree import read_mark
from ptyd.edge.processes.session_marks import Kin, SessionGroup

EXACT_FROM = 0.5
"""Resident memory counts what is shared once for each process, which is cheap and too much. When so much of the limit
seems to be used, it is counted exactly."""


@dataclass(frozen=True, slots=True)
class Sample:
    """``at``: monotonic seconds. ``cpu_seconds``: since the session began, or since it was first looked at.
    ``refused``: of which limits the kernel has refused more."""

    at: float
    memory_bytes: int
    cpu_seconds: float
    tasks: int
    open_files: int
    refused: frozenset[str] = frozenset()


class UsageReader:
    """Reads for one daemon; not by two threads at once."""

    def __init__(self) -> None:
        self._cpu = _CpuMeter()

    def read(self, kins: Collection[Kin], memory_limits: Mapping[str, int]) -> dict[str, Sample]:
        """What each session uses. ``memory_limits``: in bytes, by session, where memory is to be counted exactly."""
        now = time.monotonic()
        self._cpu.forget_others({kin.session_id for kin in kins})
        members = scan_members([kin for kin in kins if not _is_grouped(kin)])
        samples = {}
        for kin in kins:
            stats = members.get(kin.session_id)
            if stats is None:
                stats = [stat for pid in _list_grouped(kin) if (stat := read_stat(pid)) is not None]
            samples[kin.session_id] = self._sample(kin, stats, now, memory_limits.get(kin.session_id, 0))
        return samples

    def _sample(self, kin: Kin, stats: Sequence[ProcessStat], now: float, memory_limit: int) -> Sample:
        sample = Sample(
            at=now,
            memory_bytes=sum(stat.resident_bytes for stat in stats),
            cpu_seconds=self._cpu.measure(kin.session_id, stats),
            tasks=sum(stat.threads for stat in stats),
            open_files=max((count_open_files(stat.pid) for stat in stats), default=0),
        )
        memory = next((group for group in kin.marks.groups if "memory" in group.controllers), None)
        if memory is not None:
            return replace(sample, memory_bytes=read_memory(memory), refused=read_refusals(kin))
        if memory_limit and sample.memory_bytes > memory_limit * EXACT_FROM:
            exact = sum(stat.resident_bytes if (pss := read_pss(stat.pid)) is None else pss for stat in stats)
            sample = replace(sample, memory_bytes=exact)
        return replace(sample, refused=read_refusals(kin))


class _CpuMeter:
    """CPU time by processes that come and go: what each has used since it was last seen."""

    def __init__(self) -> None:
        self._total_ticks: dict[str, int] = {}
        self._seen: dict[str, dict[tuple[int, int], int]] = {}

    def measure(self, session_id: str, stats: Sequence[ProcessStat]) -> float:
        before = self._seen.get(session_id, {})
        now = {(stat.pid, stat.start_ticks): stat.cpu_ticks for stat in stats}
        total = self._total_ticks.get(session_id, 0)
        total += sum(max(0, ticks - before.get(key, 0)) for key, ticks in now.items())
        self._seen[session_id], self._total_ticks[session_id] = now, total
        return total / TICKS_PER_SECOND

    def forget_others(self, session_ids: set[str]) -> None:
        for session_id in set(self._seen) - session_ids:
            del self._seen[session_id], self._total_ticks[session_id]


def read_memory(group: SessionGroup) -> int:
    """Without what the kernel would give up first, files that were read long ago: else every copy of a large file would
    look like a full session."""
    name = "memory.current" if group.version == 2 else "memory.usage_in_bytes"
    field = "inactive_file" if group.version == 2 else "total_inactive_file"
    try:
        used = int(read_file(f"{group.path}/{name}"))
    except (OSError, ValueError):
        return 0
    return max(0, used - _read_count(f"{group.path}/memory.stat", field))


def read_refusals(kin: Kin) -> frozenset[str]:
    """Of which limits the kernel has refused more to the session's processes, ever."""
    refused = set()
    for group in kin.marks.groups:
        if "pids" in group.controllers and _read_count(f"{group.path}/pids.events", "max"):
            refused.add("processes")
        if "memory" in group.controllers and _has_run_out_of_memory(group):
            refused.add("memory_bytes")
    return frozenset(refused)


def _has_run_out_of_memory(group: SessionGroup) -> bool:
    """Whether a process was killed for the group's limit, and not for the whole machine's."""
    if group.version == 2:
        events = f"{group.path}/memory.events"
        return bool(_read_count(events, "oom_kill") and _read_count(events, "oom"))
    if not _read_count(f"{group.path}/memory.oom_control", "oom_kill"):
        return False
    with suppress(OSError, ValueError):
        return int(read_file(f"{group.path}/memory.failcnt")) > 0
    return False


def scan_members(kins: Collection[Kin]) -> dict[str, list[ProcessStat]]:
    """The living processes of each session that carry its mark; where that could not be set, what descends from its
    program."""
    if not kins:
        return {}
    by_mark, by_root = {}, {}
    for kin in kins:
        root = kin.living_root()
        if root is not None and (not kin.marks.number or read_mark(root) != kin.marks.number):
            by_root[root] = kin.session_id
        else:
            by_mark[kin.marks.number] = kin.session_id
    found: dict[str, list[ProcessStat]] = {kin.session_id: [] for kin in kins}
    rest: dict[int, list[ProcessStat]] = {}
    for pid in list_pids():
        session_id = by_mark.get(read_mark(pid))
        if session_id is None and not by_root:
            continue
        stat = read_stat(pid)
        if stat is None:
            continue
        if session_id is not None:
            found[session_id].append(stat)
        elif pid in by_root:
            found[by_root[pid]].append(stat)
        else:
            rest.setdefault(stat.parent, []).append(stat)
    for session_id in by_root.values():
        frontier = [stat.pid for stat in found[session_id]]
        while frontier:
            below = rest.get(frontier.pop(), [])
            found[session_id] += below
            frontier += [stat.pid for stat in below]
    return found


def _is_grouped(kin: Kin) -> bool:
    return bool(kin.marks.groups)


def _list_grouped(kin: Kin) -> set[int]:
    return kin.marks.groups[0].list_pids()


def _read_count(path: str, name: str) -> int:
    """The number behind ``name`` in a file of names and numbers; 0 if it is not there."""
    try:
        content = b"\n" + read_file(path)
    except OSError:
        return 0
    _, found, rest = content.partition(b"\n%s " % name.encode())
    return int(rest.split(None, 1)[0]) if found else 0
