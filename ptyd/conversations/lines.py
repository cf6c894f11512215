"""Lines of a file that another program appends to, from any byte on, in pieces that hold the interpreter briefly."""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ptyd.conversations.transcript import MAX_LINE_BYTES

READ_BYTES = 256 * 1024


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
        at += len(data)
        if not is_too_long:
            rest += data[begin:]
        if len(rest) > MAX_LINE_BYTES:
            rest.clear()
            is_too_long = True
