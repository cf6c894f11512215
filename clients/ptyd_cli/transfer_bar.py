"""How far a transfer is, for whoever sits at a terminal."""

import sys
import time
from types import TracebackType
from typing import Self

from ptyd_cli.output import format_bytes, printable

QUIET_SECONDS = 0.5
"""What is done by then needs no telling."""

REDRAW_SECONDS = 0.1


class TransferBar:
    """One line of standard error, removed at the end. Says nothing where that is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = printable(name)
        self._is_shown = False
        self._next_at = time.monotonic() + QUIET_SECONDS if sys.stderr.isatty() else float("inf")

    def __enter__(self) -> Self:
        return self

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + REDRAW_SECONDS
        self._is_shown = True
        share = f"{100 * done // total if total else 100} %"
        sys.stderr.write(f"\r\x1b[K{self._name}: {format_bytes(done)} of {format_bytes(total)} ({share})")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
