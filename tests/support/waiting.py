"""Waiting for things to happen: always for a condition, never for a time, and always with a deadline.

``PTYD_TEST_PATIENCE`` (a factor, default 1) stretches every deadline, for machines slower than the authors'.
"""

import asyncio
import os
import select
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

DEFAULT_DEADLINE_SECONDS = 15.0
POLL_INTERVAL_SECONDS = 0.01
"""For conditions that nobody announces (a file's content, a process' state)."""


class DeadlineExceeded(AssertionError):
    """What was waited for did not happen in time."""


def stretch_deadline(seconds: float) -> float:
    """``seconds``, times this machine's ``PTYD_TEST_PATIENCE``."""
    return seconds * float(os.environ.get("PTYD_TEST_PATIENCE", "1"))


def wait_until(
    predicate: Callable[[], Result],
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
    what: str | Callable[[], str] = "",
) -> Result:
    """Call ``predicate`` until it returns something true, and return that.

    ``what`` (a text, or a function that makes one when it is needed) goes into DeadlineExceeded.
    """
    pause = threading.Event()
    deadline = time.monotonic() + stretch_deadline(deadline_seconds)
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise DeadlineExceeded(describe_wait(predicate, deadline_seconds, what))
        pause.wait(POLL_INTERVAL_SECONDS)
    return result


async def wait_until_async(
    predicate: Callable[[], object],
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
    what: str | Callable[[], str] = "",
) -> Any:
    """As ``wait_until``, on the running event loop; ``predicate`` may be a coroutine function."""
    deadline = time.monotonic() + stretch_deadline(deadline_seconds)
    while True:
        outcome = predicate()
        result = await outcome if isinstance(outcome, Awaitable) else outcome
        if result:
            return result
        if time.monotonic() > deadline:
            raise DeadlineExceeded(describe_wait(predicate, deadline_seconds, what))
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


def wait_for_event(event: threading.Event, deadline_seconds: float = DEFAULT_DEADLINE_SECONDS, what: str = "") -> None:
    """Wait until somebody sets ``event``."""
    if not event.wait(stretch_deadline(deadline_seconds)):
        raise DeadlineExceeded(describe_wait(event, deadline_seconds, what))


def wait_readable(fd: int, deadline_seconds: float = DEFAULT_DEADLINE_SECONDS, what: str = "") -> None:
    """Wait until ``fd`` has something to read (or has ended)."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    if not poller.poll(stretch_deadline(deadline_seconds) * 1000):
        raise DeadlineExceeded(describe_wait(f"fd {fd}", deadline_seconds, what))


def wait_for_process_end(pid: int, deadline_seconds: float = DEFAULT_DEADLINE_SECONDS) -> None:
    """Wait until process ``pid``, anybody's child, has ended (a zombie has, and so has who is gone)."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        wait_readable(pidfd, deadline_seconds, f"the end of process {pid}")
    finally:
        os.close(pidfd)


def kill_process(pid: int, deadline_seconds: float = DEFAULT_DEADLINE_SECONDS) -> None:
    """SIGKILL ``pid`` and wait until it is dead."""
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        wait_readable(pidfd, deadline_seconds, f"the end of process {pid}")
    finally:
        os.close(pidfd)


def describe_wait(subject: object, deadline_seconds: float, what: str | Callable[[], str]) -> str:
    text = what if isinstance(what, str) else what()
    return f"not within {stretch_deadline(deadline_seconds):g} s: {text or subject}"
