"""A peer's server as a child of ours, on a Unix socket in a directory of its own."""

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.peers.base import Unavailable

READY_LINE = b"ready\n"
START_TIMEOUT_SECONDS = 20
END_TIMEOUT_SECONDS = 10


@contextlib.contextmanager
def make_place() -> Iterator[Path]:
    """A short private directory: a socket's path is limited to 107 bytes."""
    place = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def serving(command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run ``command SOCKET_PATH`` until the block ends; the socket's path. The server says ``ready`` when it listens,
    and ends when its standard input does, so that it never outlives us.

    Raises:
        Unavailable: it does not start.
    """
    with make_place() as place:
        address = str(place / "socket")
        process = subprocess.Popen(
            [*command, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LANG": "C.UTF-8", **(env or {})},
        )
        try:
            wait_for_line(process, READY_LINE)
            yield address
        finally:
            end_process(process)


def wait_for_line(process: subprocess.Popen[bytes], line: bytes) -> None:
    """Wait until ``process`` prints ``line`` as its first.

    Raises:
        Unavailable: it prints something else, or nothing in time.
    """
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_SECONDS)
    said = process.stdout.readline() if readable else b""
    if said != line:
        raise Unavailable(f"{process.args!r} said {said!r}, not {line!r}")


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Close its standard input, which ends it; kill what has not ended in time."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
