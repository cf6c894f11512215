"""Looks at what sessions use: when somebody asks, and now and then where there is a limit to be kept.

Without either it does nothing. Where a session is quiet it looks seldom; a look is taken in a thread.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ptyd_protocol.session_limits import SessionUsage

from ptyd.core.limits.resource_judge import ResourceJudge
from ptyd.core.limits.session_limits import Crossing
from ptyd.core.session import Session
from ptyd.edge.processes.session_marks import Kin, SessionGroup
from ptyd.edge.processes.usage import Sample, UsageReader, read_refusals
from ptyd.edge.tasks import Tasks

logger = logging.getLogger("ptyd.resources")

FRESH_SECONDS = 1.0
"""Whoever asks is shown figures that are not older."""

QUICK_SECONDS = 1.0
"""Between looks while something is going on."""

SLOW_SECONDS = 30.0
SLOW_WATCH_SECONDS = 5.0
"""Between looks while nothing is: where the kernel keeps the limits, and where only we do."""

IDLE_CPUS = 0.02
"""A session that uses no more is quiet."""


@dataclass(slots=True)
class _Watched:
    session: Session
    kin: Kin
    judge: ResourceJudge
    is_kept: bool
    """By the kernel, as far as it can be."""
    last: Sample | None = None
    oom_fd: int | None = None
    on_oom: Callable[[], None] = field(default=lambda: None)


class ResourceWatch:
    """Of all running sessions."""

    def __init__(self, tasks: Tasks, on_crossing: Callable[[Session, Crossing], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks = tasks
        self._on_crossing = on_crossing
        self._watched: dict[str, _Watched] = {}
        self._reader = UsageReader()
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")
        self._interval = QUICK_SECONDS

    def start(self, session: Session, kin: Kin) -> None:
        controllers = {name for group in kin.marks.groups for name in group.controllers}
        kept = {limit for limit, name in KEEPERS.items() if name in controllers}
        judge = ResourceJudge(session.limits, frozenset(kept))
        watched = _Watched(session, kin, judge, is_kept={"memory_bytes", "processes"} <= kept)
        self._watched[session.id] = watched
        if judge.has_work:
            self._listen_for_oom(watched)
            self.note_activity()
            self._arm()

    def stop(self, session: Session) -> None:
        watched = self._watched.pop(session.id, None)
        if watched is not None and watched.oom_fd is not None:
            self._loop.remove_reader(watched.oom_fd)
            os.close(watched.oom_fd)

    def explain_end(self, session: Session, exit_signal: int | None) -> str:
        """Which limit has ended a session's program; empty: none."""
        watched = self._watched.get(session.id)
        if watched is None:
            return ""
        limits = session.limits
        if exit_signal == signal.SIGKILL and limits.memory_bytes and "memory_bytes" in read_refusals(watched.kin):
            return Crossing("memory_bytes", limits.memory_bytes, limits.memory_bytes, is_hard=True).reason
        if exit_signal == signal.SIGXFSZ and limits.file_bytes:
            return Crossing("file_bytes", limits.file_bytes, limits.file_bytes, is_hard=True).reason
        return ""

    def note_activity(self) -> None:
        """There was output: what is used may change."""
        if self._interval > QUICK_SECONDS:
            self._interval = QUICK_SECONDS
            if self._timer is not None and self._timer.when() > self._loop.time() + QUICK_SECONDS:
                self._timer.cancel()
                self._timer = None
                self._arm()

    async def refresh(self) -> None:
        """Have figures that are fresh enough to be shown."""
        for _ in range(2):  # a look under way may have begun before the newest session did
            is_stale = self._looked_at + FRESH_SECONDS < self._loop.time()
            if any(is_stale or watched.session.usage is None for watched in self._watched.values()):
                await asyncio.shield(self._look())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for watched in list(self._watched.values()):
            self.stop(watched.session)

    # --- looking ---

    def _arm(self) -> None:
        if self._timer is None and any(watched.judge.has_work for watched in self._watched.values()):
            self._timer = self._loop.call_later(self._interval, self._look_due)

    def _look_due(self) -> None:
        self._timer = None
        self._look()

    def _look(self) -> asyncio.Task[None]:
        """The look under way, or a new one."""
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.start(self._take_look(), "look at what sessions use")
        return self._looking

    async def _take_look(self) -> None:
        watched = dict(self._watched)
        limits = {session_id: one.session.limits.memory_bytes or 0 for session_id, one in watched.items()}
        try:
            samples = await asyncio.to_thread(self._reader.read, [one.kin for one in watched.values()], limits)
        except (OSError, RuntimeError) as error:
            # No descriptor or thread is left to look with. Who asks is shown older figures; the next look does better.
            logger.warning("what sessions use cannot be looked at: %s", error)
            samples = {}
        finally:
            self._looked_at = self._loop.time()
        is_busy = False
        for session_id, sample in samples.items():
            one = watched[session_id]
            is_busy |= self._note(one, sample)
        self._slow_down(is_busy, all(one.is_kept for one in watched.values() if one.judge.has_work))
        self._arm()

    def _note(self, watched: _Watched, sample: Sample) -> bool:
        """Whether the session is busy."""
        before, watched.last = watched.last, sample
        cpus = 0.0
        if before is not None and sample.at > before.at:
            cpus = max(0.0, sample.cpu_seconds - before.cpu_seconds) / (sample.at - before.at)
        session = watched.session
        session.usage = SessionUsage(
            memory_bytes=sample.memory_bytes,
            cpus=round(cpus, 3),
            processes=sample.tasks,
            open_files=sample.open_files,
            at=time.time(),
        )
        if session.id in self._watched:  # it may have ended meanwhile
            for crossing in watched.judge.judge(session.usage, sample.refused):
                self._on_crossing(session, crossing)
        return watched.judge.has_work and cpus > IDLE_CPUS

    def _slow_down(self, is_busy: bool, is_kept: bool) -> None:
        slowest = SLOW_SECONDS if is_kept else SLOW_WATCH_SECONDS
        self._interval = QUICK_SECONDS if is_busy else min(slowest, self._interval * 2)

    # --- out of memory ---

    def _listen_for_oom(self, watched: _Watched) -> None:
        """Cgroup v1 tells at once. In v2 the whole group is killed, and its end tells."""
        for group in watched.kin.marks.groups:
            if group.version == 1 and "memory" in group.controllers:
                with suppress(OSError):
                    watched.oom_fd = open_oom_events(group)
                    self._loop.add_reader(watched.oom_fd, self._note_oom, watched.oom_fd)

    def _note_oom(self, fd: int) -> None:
        with suppress(OSError):
            os.eventfd_read(fd)
        self._interval = QUICK_SECONDS
        if self._timer is not None:
            self._timer.cancel()
        # The event comes before the kernel has killed: it is counted a moment later.
        self._timer = self._loop.call_later(OOM_SETTLE_SECONDS, self._look_due)


KEEPERS = {"memory_bytes": "memory", "processes": "pids", "cpus": "cpu"}
"""The controller that keeps each limit."""

OOM_SETTLE_SECONDS = 0.05


def open_oom_events(group: SessionGroup) -> int:
    """An eventfd that counts how often a v1 group has run out of memory.

    Raises:
        OSError
    """
    events = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    try:
        control = os.open(group.path / "memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        try:
            (group.path / "cgroup.event_control").write_text(f"{events} {control}")
        finally:
            os.close(control)
    except OSError:
        os.close(events)
        raise
    return events
