"""The thread that engines are fed in: it takes their turns one after the other, in the order in which they asked."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

CLOSE_SECONDS = 5.0


class EngineThread:
    """One thread for all sessions. It starts with the first turn."""

    def __init__(self) -> None:
        self._turns: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._turn_number = 0
        self._stuck_number = 0
        self._stuck_beats = 0
        self._is_working = False

    def submit(self, turn: Callable[[], None]) -> None:
        """Run ``turn``, which must not raise, in the thread, behind those that wait."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ptyd-engine", daemon=True)
            self._thread.start()
        self._turns.put(turn)

    def _work(self) -> None:
        while (turn := self._turns.get()) is not None:
            self._turn_number += 1
            self._is_working = True
            turn()
            self._is_working = False

    def count_stuck_beats(self) -> int:
        """Call it at each beat of a clock: for how many in a row the same turn has been running. Beats are
        counted and not seconds, which pass while the whole daemon is stopped, too."""
        if self._is_working and self._turn_number == self._stuck_number:
            self._stuck_beats += 1
        else:
            self._stuck_number, self._stuck_beats = self._turn_number, 0
        return self._stuck_beats

    def close(self) -> None:
        """Finish the turns asked for, and end; one that does not come back is left to the end of the process."""
        if self._thread is not None:
            self._turns.put(None)
            self._thread.join(CLOSE_SECONDS)
            self._thread = None
