"""Keeps the daemon running: starts it, starts it again, and tells who waits for it whether it serves."""

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from ptyd.keeper.backoff import CRASH_BUDGET, Backoff
from ptyd.keeper.logs import measure_log, open_log, read_log_tail
from ptyd.keeper.loop import Loop, call_guarded
from ptyd.keeper.timers import Timer
from ptyd.keeper.watchdog import ALIVE_PER_WATCHDOG, Watchdog

MAX_FAILED_STARTS: Final = 3
"""So many deaths in a row before the daemon was ready, and whoever waits for it is told what its log says."""

DAEMON_STOP_SECONDS: Final = 10.0
"""A daemon that has said that it goes, or was told to, is killed after this."""

START_SECONDS: Final = 120.0
"""A daemon that does not serve by then never will: it is ended, and counts as one that died."""

ABORT_SECONDS: Final = 2.0
"""A hung daemon has so long to write down, at SIGABRT, where it hangs; then it is killed."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartResult:
    """``message`` is for a person and may have several lines; it is empty if the daemon serves."""

    daemon_pid: int
    message: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.message


@dataclass(frozen=True)
class Death:
    """How a daemon ended that was not told to: ``code`` or ``signal`` is set; ``at`` is a Unix time in seconds.

    ``reason``: why the keeper ended it; empty where it did not."""

    code: int | None
    signal: int | None
    at: float
    reason: str = ""

    def to_json(self) -> dict[str, object]:
        return {"code": self.code, "signal": self.signal, "at": self.at, "reason": self.reason}


Waiter: TypeAlias = Callable[[StartResult], None]


class Supervisor:
    """The life of the daemon's process. ``command`` is started with the keeper's environment, in ``/``.

    Args:
        crash_budget: so many deaths a minute are put up with (backoff.py).
        watchdog_seconds: a daemon that says nothing for so long is replaced; 0: it may be silent.
    """

    def __init__(
        self,
        loop: Loop,
        command: Sequence[str],
        log_path: Path,
        crash_budget: int = CRASH_BUDGET,
        watchdog_seconds: float = 0.0,
    ) -> None:
        self._loop = loop
        self._command = list(command)
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False
        self._is_leaving = False
        self._is_ready = False
        self._backoff = Backoff(time.monotonic, crash_budget)
        self.alive_seconds = watchdog_seconds / ALIVE_PER_WATCHDOG
        """So often the daemon is to say that it is alive; 0: never."""
        self._watchdog: Watchdog | None = None
        self._kill_reason = ""
        self._start_timer: Timer | None = None
        self._kill_timer: Timer | None = None
        self._started_at = 0.0
        self._log_start = 0
        self._failed_starts = 0
        self._waiters: list[Waiter] = []
        self._start_due: float | None = None
        self.starts = 0
        self.crashes = 0
        """Ends of a daemon that nobody had asked for."""
        self.last_death: Death | None = None
        self._predecessor_signal: int | None = None

    @property
    def pid(self) -> int | None:
        """The daemon's process, ready or not."""
        return self._process.pid if self._process is not None else None

    @property
    def restarts(self) -> int:
        return max(0, self.starts - 1)

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    def describe(self) -> dict[str, object]:
        """What there is to say of it, as JSON."""
        now = time.monotonic()
        return {
            "daemon_pid": self.pid,
            "is_ready": self._is_ready,
            "is_wanted": self._is_wanted,
            "restarts": self.restarts,
            "crashes": self.crashes,
            "recent_crashes": self._backoff.recent_deaths,
            "is_over_budget": self._backoff.is_over_budget,
            "next_start_seconds": None if self._start_due is None else max(0.0, self._start_due - now),
            "predecessor_signal": self._predecessor_signal,
            "last_death": None if self.last_death is None else self.last_death.to_json(),
        }

    def start(self, waiter: Waiter, *, is_linked: bool = True) -> None:
        """Want a daemon from now on; ``waiter`` is called once, when one serves or none seems to. One that has lost its
        link (not ``is_linked``) is as good as dead."""
        self._is_wanted = True
        if self._process is not None and self._is_ready and is_linked:
            waiter(StartResult(self._process.pid))
            return
        self._waiters.append(waiter)
        if self._process is None:
            self._launch()

    def note_ready(self) -> None:
        """The daemon says that it serves."""
        if self._process is None or self._is_leaving:
            return
        self._is_ready = True
        self._failed_starts = 0
        self._answer_waiters(StartResult(self._process.pid))

    def note_alive(self) -> None:
        """The daemon says that it works. From its first such word on it is watched."""
        if self._watchdog is None and self._process is not None and self.alive_seconds > 0:
            self._watchdog = Watchdog(time.monotonic, self.alive_seconds)
            self._tick(self._process.pid)
        elif self._watchdog is not None:
            self._watchdog.note_alive()

    def _tick(self, pid: int) -> None:
        if self._watchdog is None or self.pid != pid or self._is_leaving:
            return
        if self._watchdog.tick():
            self._abort(f"it hung: nothing was heard of it for {self.alive_seconds * ALIVE_PER_WATCHDOG:.0f} s")
            return
        self._loop.call_later(self.alive_seconds, lambda: self._tick(pid))

    def _abort(self, reason: str) -> None:
        """End a daemon that does not work. SIGABRT makes it say where it was; one that is stopped does not hear it."""
        if self._process is None or self._kill_reason:
            return
        pid, self._kill_reason = self._process.pid, reason
        logger.error("daemon %d is ended: %s", pid, reason)
        self.send_signal(signal.SIGABRT)

        def kill() -> None:
            if self.pid == pid:
                self.send_signal(signal.SIGKILL)

        self._loop.call_later(ABORT_SECONDS, kill)

    def _end_slow_start(self, pid: int) -> None:
        if self.pid == pid and not self._is_ready and not self._is_leaving:
            self._abort(f"it did not serve {START_SECONDS:.0f} s after its start")

    def note_restarting(self) -> None:
        """The daemon says that it makes way for its successor."""
        self._expect_end()

    def stop(self) -> None:
        """Want no daemon any more. One that runs is expected to end, and is made to after a while."""
        self._is_wanted = False
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None
        self._start_due = None
        self._answer_waiters(StartResult(0, "ptyd was told to stop while it was starting"))
        self._expect_end()

    def send_signal(self, number: signal.Signals) -> None:
        # The process is ours and not reaped as long as it is known here, so its id cannot be somebody else's.
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def note_death(self, status: int) -> None:
        """The daemon's process was reaped with this wait status. Starts the next one, if wanted."""
        process = self._process
        if process is None:
            return
        # Popen would otherwise go on looking for the process, and find another one of the same id.
        process.returncode = os.waitstatus_to_exitcode(status)
        lived_seconds = time.monotonic() - self._started_at
        logger.info("daemon %d ended with %d after %.1f s", process.pid, process.returncode, lived_seconds)
        on_purpose, was_ready = self._is_leaving, self._is_ready
        self._predecessor_signal = None
        if not on_purpose:
            self._note_crash(process.returncode)
        self._forget_process()
        if not was_ready and not on_purpose:
            self._count_failed_start(f"exit status {process.returncode}")
        if self._is_wanted:
            self._launch_after(0.0 if on_purpose else self._backoff.delay_after(lived_seconds, was_ready))

    def _note_crash(self, status: int) -> None:
        self.crashes += 1
        code, number = (status, None) if status >= 0 else (None, -status)
        self._predecessor_signal = number
        self.last_death = Death(code, number, time.time(), self._kill_reason)

    def _launch_after(self, seconds: float) -> None:
        if seconds == 0.0:
            self._launch()
        else:
            if self._backoff.is_over_budget:
                logger.error("the daemon has died %d times in a minute", self._backoff.recent_deaths)
            logger.warning("the daemon is started again in %.1f s", seconds)
            self._start_due = time.monotonic() + seconds
            self._start_timer = self._loop.call_later(seconds, self._launch)

    def _launch(self) -> None:
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None
        self._start_due = None
        if not self._is_wanted or self._process is not None:
            return
        self._started_at = time.monotonic()
        if self._failed_starts == 0:
            self._log_start = measure_log(self._log_path)
        try:
            self._process = self._spawn_daemon()
        except OSError as error:
            logger.error("the daemon cannot be started: %s", error)
            self._count_failed_start(str(error))
            self._launch_after(max(0.1, self._backoff.delay_after(0.0)))
            return
        self.starts += 1
        pid = self._process.pid
        logger.info("daemon %d started", pid)
        self._loop.call_later(START_SECONDS, lambda: self._end_slow_start(pid))

    def _spawn_daemon(self) -> subprocess.Popen[bytes]:
        log_fd = open_log(self._log_path)
        try:
            # A session of its own: keys typed at a keeper in the foreground are for the keeper.
            return subprocess.Popen(
                self._command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                start_new_session=True,
            )
        finally:
            os.close(log_fd)

    def _count_failed_start(self, reason: str) -> None:
        self._failed_starts += 1
        if self._failed_starts < MAX_FAILED_STARTS:
            return
        self._failed_starts = 0
        lines = read_log_tail(self._log_path, self._log_start) or [reason]
        text = f"the daemon died {MAX_FAILED_STARTS} times while starting; {self._log_path} ends with:"
        self._answer_waiters(StartResult(0, "\n".join([text, *lines])))

    def _answer_waiters(self, result: StartResult) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            call_guarded(partial(waiter, result))

    def _expect_end(self) -> None:
        if self._process is None:
            return
        self._is_leaving, self._is_ready = True, False
        if self._kill_timer is None:
            kill = signal.SIGKILL
            self._kill_timer = self._loop.call_later(DAEMON_STOP_SECONDS, lambda: self.send_signal(kill))

    def _forget_process(self) -> None:
        self._process = None
        self._watchdog = None
        self._kill_reason = ""
        self._is_ready = self._is_leaving = False
        if self._kill_timer is not None:
            self._kill_timer.cancel()
            self._kill_timer = None
