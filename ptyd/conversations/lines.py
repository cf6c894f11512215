"""Lines of a file that another program appends to, from any byte on, in pieces that hold the interpreter briefly."""

import os
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ptyd.conversations.transcript import MAX_LINE_BYTES

READ_BYTES = 256 * 1024

WORK_SECONDS = 0.001
PAUSE_SECONDS = 0.001
"""After so much work the reader rests for a moment: whoever else wants the interpreter then mostly finds it free, which
is quicker than to wait until it is taken away from us."""


class Stopped(Exception):
    """Nobody wants the result any more."""


def never() -> bool:
    return False


def read_lines(file: BinaryIO, offset: int, is_stopped: Callable[[], bool] = never) -> Iterator[tuple[bytes, int]]:
    """Each whole line without its end, and the offset behind it. A line over MAX_LINE_BYTES comes as b"", and one that
    has no end yet does not come.

    Raises:
        OSError: the file cannot be read.
        Stopped: ``is_stopped`` said so.
    """
    fd = file.fileno()
    rest, at, is_too_long = bytearray(), offset, False
    rested_at = time.perf_counter()
    while True:
        if is_stopped():
            raise Stopped
        data = os.pread(fd, READ_BYTES, at)
        if not data:
            return
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            piece = data[begin:end]
            line = b"" if is_too_long else bytes(rest) + piece if rest else piece
            rest.clear()
            is_too_long = False
            begin = end + 1
            yield line, at + begin
            if time.perf_counter() - rested_at > WORK_SECONDS:
                time.sleep(PAUSE_SECONDS)
                rested_at = time.perf_counter()
        at += len(data)
        if not is_too_long:
            rest += data[begin:]
        if len(rest) > MAX_LINE_BYTES:
            rest.clear()
            is_too_long = True
