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

from ptyd.keeper.backoff import Backoff
from ptyd.keeper.logs import measure_log, open_log, read_log_tail
from ptyd.keeper.loop import Loop, call_guarded
from ptyd.keeper.timers import Timer

MAX_FAILED_STARTS: Final = 3
"""So many deaths in a row before the daemon was ready, and whoever waits for it is told what its log says."""

DAEMON_STOP_SECONDS: Final = 10.0
"""A daemon that has said that it goes, or was told to, is killed after this."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartResult:
    """``message`` is for a person and may have several lines; it is empty if the daemon serves."""

    daemon_pid: int
    message: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.message


Waiter: TypeAlias = Callable[[StartResult], None]


class Supervisor:
    """The life of the daemon's process. ``command`` is started with the keeper's environment, in ``/``."""

    def __init__(self, loop: Loop, command: Sequence[str], log_path: Path) -> None:
        self._loop = loop
        self._command = list(command)
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False
        self._is_leaving = False
        self._is_ready = False
        self._backoff = Backoff()
        self._start_timer: Timer | None = None
        self._kill_timer: Timer | None = None
        self._started_at = 0.0
        self._log_start = 0
        self._failed_starts = 0
        self._waiters: list[Waiter] = []
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The daemon's process, ready or not."""
        return self._process.pid if self._process is not None else None

    @property
    def restarts(self) -> int:
        return max(0, self.starts - 1)

    def start(self, waiter: Waiter) -> None:
        """Want a daemon from now on; ``waiter`` is called once, when one serves or none seems to."""
        self._is_wanted = True
        if self._process is not None and self._is_ready:
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

    def note_restarting(self) -> None:
        """The daemon says that it makes way for its successor."""
        self._expect_end()

    def stop(self) -> None:
        """Want no daemon any more. One that runs is expected to end, and is made to after a while."""
        self._is_wanted = False
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None
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
        self._forget_process()
        if not was_ready and not on_purpose:
            self._count_failed_start(f"exit status {process.returncode}")
        if self._is_wanted:
            self._launch_after(0.0 if on_purpose else self._backoff.delay_after(lived_seconds, was_ready))

    def _launch_after(self, seconds: float) -> None:
        if seconds == 0.0:
            self._launch()
        else:
            logger.warning("the daemon is started again in %.1f s", seconds)
            self._start_timer = self._loop.call_later(seconds, self._launch)

    def _launch(self) -> None:
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None
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
        logger.info("daemon %d started", self._process.pid)

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
        self._is_ready = self._is_leaving = False
        if self._kill_timer is not None:
            self._kill_timer.cancel()
            self._kill_timer = None
