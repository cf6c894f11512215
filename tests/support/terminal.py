"""A real terminal to put a program in: a PTY whose other side is drawn on a screen that tests look at.

with RealTerminal(["bash"], env) as terminal:
    terminal.type("echo hi\r")
    terminal.wait_for_text("hi")
"""

import fcntl
import os
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect

from tests.support.screen import XtermScreen
from tests.support.waiting import DeadlineExceeded, stretch_deadline

READ_BYTES = 64 * 1024
TEXT_DEADLINE_SECONDS = 20.0
END_DEADLINE_SECONDS = 20.0


class RealTerminal:
    """A program in a terminal of ``cols`` x ``rows``. A thread draws all that the program writes, on an XtermScreen or
    what else ``make_screen`` makes of the same arguments."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: Path | str | None = None,
        cols: int = 100,
        rows: int = 30,
        answers_queries: bool = True,
        make_screen: Callable[..., Any] = XtermScreen,
    ) -> None:
        self.screen: Any = make_screen(cols, rows, self._answer if answers_queries else None)
        self.raw = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._process: Any = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            env=dict(env),
            cwd=None if cwd is None else str(cwd),
            dimensions=(rows, cols),
            echo=True,
            timeout=None,
        )
        self._reader = threading.Thread(target=self._draw, name=f"terminal-{argv[0]}")
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(f"the terminal's screen:\n{self.text()}")
        self.close()

    @property
    def pid(self) -> int:
        pid: int = self._process.pid
        return pid

    def type(self, keys: str | bytes) -> None:
        """Send the keys in one write, as a paste of a fast typist."""
        data = keys.encode() if isinstance(keys, str) else keys
        self._process.send(data)

    def resize(self, cols: int, rows: int) -> None:
        """Change the window: the program gets SIGWINCH."""
        with self._changed:
            self.screen.resize(rows, cols)
        fcntl.ioctl(self._process.child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def text(self) -> str:
        """The screen's lines, without what is blank at their ends."""
        with self._changed:
            text: str = self.screen.text()
        return text

    def read_attributes(self) -> list[Any]:
        """The line discipline's settings (``termios.tcgetattr``): echo, canonical mode and so on."""
        return termios.tcgetattr(self._process.child_fd)

    def wait_for(
        self,
        predicate: Callable[[Any], object],
        what: str,
        deadline_seconds: float = TEXT_DEADLINE_SECONDS,
    ) -> None:
        """Wait until the screen is as ``predicate`` wants it; looks again whenever something was drawn."""
        deadline = time.monotonic() + stretch_deadline(deadline_seconds)
        with self._changed:
            while not predicate(self.screen):
                if self._ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    state = "has ended" if self._ended else "is running"
                    raise DeadlineExceeded(f"{what}: not on the screen; the program {state}:\n{self.screen.text()}")

    def wait_for_text(self, text: str, deadline_seconds: float = TEXT_DEADLINE_SECONDS) -> None:
        self.wait_for(lambda screen: text in screen.text(), f"{text!r}", deadline_seconds)

    def wait_until_gone(self, text: str, deadline_seconds: float = TEXT_DEADLINE_SECONDS) -> None:
        self.wait_for(lambda screen: text not in screen.text(), f"no {text!r}", deadline_seconds)

    def wait_for_bytes(self, data: bytes, deadline_seconds: float = TEXT_DEADLINE_SECONDS) -> None:
        """Wait until ``data`` has been written, whether it still shows or not."""
        self.wait_for(lambda screen: data in self.raw, f"{data!r} in the output", deadline_seconds)

    def wait_for_end(self, deadline_seconds: float = END_DEADLINE_SECONDS) -> int:
        """Wait for the program's end; its exit code, or minus the signal."""
        self._reader.join(stretch_deadline(deadline_seconds))
        if self._reader.is_alive():
            raise DeadlineExceeded("the program in the terminal has not ended")
        self._process.wait()
        if self._process.signalstatus is not None:
            return -int(self._process.signalstatus)
        return int(self._process.exitstatus)

    def close(self) -> None:
        """Close the window: the program gets SIGHUP, and SIGKILL if it stays."""
        if self._reader.is_alive():
            self._process.kill(signal.SIGHUP)
            self._reader.join(stretch_deadline(END_DEADLINE_SECONDS))
        if self._reader.is_alive():
            self._process.kill(signal.SIGKILL)
            self._reader.join()
        self._process.close(force=True)

    def _draw(self) -> None:
        while True:
            try:
                data = os.read(self._process.child_fd, READ_BYTES)
            except OSError:  # EIO: the last program has closed the terminal
                break
            with self._changed:
                self.raw += data
                self.screen.feed(data)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _answer(self, reply: bytes) -> None:
        self._process.send(reply)
