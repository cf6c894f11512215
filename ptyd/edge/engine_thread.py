"""The thread that engines are fed in: it takes their turns one after the other, in the order in which they asked."""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class EngineThread:
    """One thread for all sessions. It starts with the first turn."""

    def __init__(self) -> None:
        self._turns: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, turn: Callable[[], None]) -> None:
        """Run ``turn``, which must not raise, in the thread, behind those that wait."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ptyd-engine", daemon=True)
            self._thread.start()
        self._turns.put(turn)

    def _work(self) -> None:
        while (turn := self._turns.get()) is not None:
            turn()

    def close(self) -> None:
        """Finish the turns asked for, and end."""
        if self._thread is not None:
            self._turns.put(None)
            self._thread.join()
            self._thread = None
