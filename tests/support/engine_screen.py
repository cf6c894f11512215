"""A terminal as fast as a flood: the daemon's own engine as a client's screen, with the GIL released.

Where another judge is wanted there is XtermScreen, and xterm.js in the browser.
"""

import threading
from collections.abc import Callable

from ptyd.engine import find_engine_maker

SCROLLBACK_LINES = 100


class EngineScreen:
    """Feed it what a terminal is given. From any thread."""

    def __init__(self, cols: int, rows: int, answer: Callable[[bytes], None] | None = None) -> None:
        maker = find_engine_maker()
        assert maker is not None, "pyghostty is not installed"
        self._maker = maker
        self._answer = answer
        self._lock = threading.Lock()
        self._start(cols, rows)

    def _start(self, cols: int, rows: int) -> None:
        self.size = (cols, rows)
        self._engine = self._maker.create(cols, rows, SCROLLBACK_LINES)

    def feed(self, data: bytes) -> None:
        with self._lock:
            reply = self._engine.feed(data)
        if reply and self._answer is not None:
            self._answer(reply)

    def resize(self, rows: int, cols: int) -> None:
        with self._lock:
            if (cols, rows) != self.size:
                self.size = (cols, rows)
                self._engine.resize(cols, rows)

    def reset(self, cols: int, rows: int) -> None:
        """A fresh terminal."""
        with self._lock:
            self._engine.close()
            self._start(cols, rows)

    def text(self) -> str:
        """The lines, without the blanks at their ends and below them."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._engine.text(0).splitlines()).rstrip()
