"""A terminal with ``ptyd`` in it, run by a plain shell that tells what the terminal was before and is after."""

import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import psutil

from tests.support.daemon import PTYD_COMMAND
from tests.support.screen import INITIAL_MODES
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_until

# A shell without line editing: it neither changes the terminal nor puts it back.
SCRIPT = 'echo "before=$(stty -g)"; "$@"; echo "rc=$? after=$(stty -g)"; read -r _'

RESULT = re.compile(rb"rc=(\d+) after=(\S+)")
TITLE_PUSHES = re.compile(rb"\x1b\[(2[23])(?:;\d+)*t")


class Outer:
    """``terminal`` is what the user sees. ``check_restored`` waits for ptyd's end and compares."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], *, cols: int, rows: int) -> None:
        self.terminal = RealTerminal(
            ["/bin/sh", "-c", SCRIPT, "sh", PTYD_COMMAND, *arguments], env, cols=cols, rows=rows
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminal.__exit__(kind, error, trace)

    def ptyd_pid(self) -> int:
        """The process of the command itself."""
        return wait_until(self._find_ptyd, what="the ptyd process in the terminal")

    def _find_ptyd(self) -> int:
        for child in psutil.Process(self.terminal.pid).children():
            if "stty" not in child.name():
                return child.pid
        return 0

    def type(self, keys: str | bytes) -> None:
        self.terminal.type(keys)

    def wait_for_text(self, text: str) -> None:
        self.terminal.wait_for_text(text)

    def wait_for_result(self) -> int:
        """Wait until ptyd has ended; its exit code."""
        self.terminal.wait_for(lambda _: RESULT.search(self.terminal.raw), "the end of ptyd")
        found = RESULT.search(self.terminal.raw)
        assert found is not None
        return int(found[1])

    def check_restored(self) -> int:
        """Wait for ptyd's end, check that nothing of the terminal has changed, and return the exit code."""
        code = self.wait_for_result()
        raw = bytes(self.terminal.raw)
        before = re.search(rb"before=(\S+)", raw)
        after = RESULT.search(raw)
        assert before is not None and after is not None
        assert after[2] == before[1], "the line discipline is not as it was"
        screen = self.terminal.screen
        assert screen.modes == INITIAL_MODES
        assert not screen.in_alternate
        assert screen.kitty_flags == 0
        pushes = [kind for kind in TITLE_PUSHES.findall(raw) if kind in (b"22", b"23")]
        assert pushes.count(b"22") == pushes.count(b"23"), "the title's stack is not as it was"
        return code
