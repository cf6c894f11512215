"""When the state of a session's engine is saved, and from where on its log is kept for the next daemon.

With the newest state and the log from there on the next daemon comes to the same screen. A state is written a good
while after it was taken: while output floods states are taken without their scrollback, and the part of the log behind
them, at least a quarter, has scrollback enough.
"""

from collections import deque
from collections.abc import Callable

from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine_feed import EngineFeed
from ptyd.core.terminal import LogFile
from ptyd.edge.screen.screen_store import SavedScreen, ScreenFile

FULL_SAVE_SECONDS = 30.0
"""While output floods, states are taken with their scrollback only so often: without it they are much smaller."""


class SavedStates:
    """Those of one session. ``engine_name``: of the maker; ``clock``: in seconds, any will do."""

    def __init__(
        self, screen_file: ScreenFile, log_file: LogFile, engine_name: str, clock: Callable[[], float]
    ) -> None:
        self._screen_file = screen_file
        self._log_file = log_file
        self._engine_name = engine_name
        self._clock = clock
        self._full_save_at = 0.0
        self._is_whole = True
        """The newest that was taken has its scrollback."""
        self._taken: deque[SavedScreen] = deque()
        """States that are not written yet, oldest first."""
        self.is_damaged = False
        """What is in the file cannot be used."""
        self.hold = 0
        """From here on the engine needs the log, to come to this state again."""

    def load(self) -> SavedScreen | None:
        """The one that the log can go on from."""
        if self.is_damaged:
            return None
        log = self._log_file.log
        saved = self._screen_file.load(self._engine_name, log.epoch)
        return saved if saved is not None and log.oldest <= saved.at.offset <= log.head else None

    def find_hold(self) -> None:
        """Hold the log from where the engine has to read it again."""
        log = self._log_file.log
        saved = self.load()
        self.hold = saved.at.offset if saved is not None else log.oldest
        log.engine_hold = self.hold

    def move_hold(self, log: ReplayLog) -> bool:
        """Let go of what a newer state has made dispensable. False where there is nothing of the kind."""
        if log.engine_hold == self.hold:
            return False
        log.engine_hold = self.hold
        return True

    def save_in_time(self, feed: EngineFeed) -> None:
        """Take a state each eighth of the log. When the hold is half a log behind, move it to the newest state that has
        a quarter of the log behind it."""
        capacity = self._log_file.log.capacity
        newest = self._taken[-1].at.offset if self._taken else self.hold
        if feed.cursor - newest >= capacity // 8:
            now = self._clock()
            self._is_whole = now - self._full_save_at >= FULL_SAVE_SECONDS
            if self._is_whole:
                self._full_save_at = now
            self._taken.append(SavedScreen(feed.state, feed.engine.save(history=self._is_whole)))
        if feed.cursor - self.hold >= capacity // 2:
            old = None
            while self._taken and feed.cursor - self._taken[0].at.offset >= capacity // 4:
                old = self._taken.popleft()
            if old is not None:
                self._write(old)

    def save_at_rest(self, feed: EngineFeed) -> None:
        """Nothing more comes for now: save the whole of it, where much has come since the last time."""
        if self._is_whole and feed.cursor - self.hold <= self._log_file.log.capacity // 4:
            return
        self._is_whole = True
        self._taken.clear()
        self._write(SavedScreen(feed.state, feed.engine.save()))

    def _write(self, saved: SavedScreen) -> None:
        # Where the disk is full the program must not wait for it: the next daemon then begins somewhere in the log.
        self._screen_file.save(self._engine_name, self._log_file.log.epoch, saved)
        self.hold = saved.at.offset
