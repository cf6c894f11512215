"""Clients that must not share the measuring client's process: started here, ended with their standard input."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from bench.peers.server_process import READY_LINE, end_process, wait_for_line


@contextlib.contextmanager
def running_helper(module: str, *arguments: str) -> Iterator[None]:
    """Run ``python -m module arguments...`` from when it says ``ready`` until the block ends.

    Raises:
        Unavailable: it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        wait_for_line(process, READY_LINE)
        yield
    finally:
        end_process(process)


def say_ready() -> None:
    print(READY_LINE.decode(), end="", flush=True)
