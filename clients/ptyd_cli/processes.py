"""Waiting for processes that are not our children."""

import contextlib
import os
import select
import time
from collections.abc import Iterator, Sequence

from ptyd_cli.errors import CliError, ExitCode

END_TIMEOUT_SECONDS = 20.0


@contextlib.contextmanager
def wait_for_ends(pids: Sequence[int]) -> Iterator[None]:
    """Take hold of the processes, run the block that makes them end, and wait until they have.

    Raises:
        CliError: one of them has not ended in time.
    """
    with contextlib.ExitStack() as stack:
        pidfds: dict[int, int] = {}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                pidfds[os.pidfd_open(pid)] = pid
        for pidfd in pidfds:
            stack.callback(os.close, pidfd)
        yield
        deadline = time.monotonic() + END_TIMEOUT_SECONDS
        for pidfd, pid in pidfds.items():
            poller = select.poll()
            poller.register(pidfd, select.POLLIN)
            if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise CliError(ExitCode.TIMEOUT, f"process {pid} has not ended within {END_TIMEOUT_SECONDS:g} s")
