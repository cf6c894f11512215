"""How an engine follows a session's log: piece by piece, taking each size where it took effect.

What the program asked is answered once in a session's life, whoever reads the log how often: ``answered`` is the offset
up to which a daemon before, or an engine before, has done so.
"""

from dataclasses import dataclass

from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine import Engine
from ptyd.core.screen.text_flood import PlainText, find_cut

PIECE_BYTES = 64 * 1024
ASKING_PIECE_BYTES = 1024
"""While a program asks, pieces are small: their answers fit one Input, which is taken whole or not at all."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the terminal answers to the questions in the output before ``offset``; with the offset 0 what it reports of
    itself, of a new size for instance, where a program wants that."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where an engine is: it has taken the output before ``offset``, and the size with this number."""

    offset: int
    size_number: int


class EngineFeed:
    """One engine and its cursor. No thread's friend, as the engine."""

    def __init__(self, engine: Engine, log: ReplayLog, state: FeedState, answered: int, plain: PlainText) -> None:
        self.engine = engine
        self.cursor = state.offset
        self.asked_at = 0
        """The offset of the newest answers."""
        self._plain = plain
        self._exact_at = state.offset
        """Before it the engine does not show what the screen was: text has been left out."""
        self._in_plain_text_at = -1
        """Where the engine was found to be in the midst of plain text."""
        self._log = log
        self._size_number = state.size_number
        self._answered = answered
        self._piece_bytes = PIECE_BYTES
        self._known_sizes = log.size_count
        """What there is of them has been reported by the engine before this one."""
        self._reports = b""

    @property
    def state(self) -> FeedState:
        return FeedState(self.cursor, self._size_number)

    @property
    def size(self) -> tuple[int, int]:
        """(cols, rows) of the engine."""
        _, cols, rows = self._log.size_record(self._size_number)
        return cols, rows

    @property
    def is_behind(self) -> bool:
        """There is output, or a size, that the engine has not taken."""
        return self.cursor < self._log.head or self._size_number + 1 < self._log.size_count

    @property
    def has_size_due(self) -> bool:
        """The log has a size that the engine has not taken."""
        return self._size_number + 1 < self._log.size_count

    def has_reached(self, offset: int, size_count: int) -> bool:
        """The engine has taken the output before ``offset`` and the first ``size_count`` sizes, but for those that the
        log has forgotten: it keeps only so many, and what is left may be due further on. It shows what it should."""
        if self.cursor < max(offset, self._exact_at):
            return False
        number = self._size_number + 1
        return number >= size_count or self._log.size_record(number)[0] > self.cursor

    def may_wait(self) -> bool:
        """All that the engine has not taken is plain text: nothing in it asks for an answer, and the more comes of it,
        the less of it needs to be taken."""
        return self._plain.span.since <= self.cursor >= self._answered and not self.has_size_due

    def skip_unseen(self) -> bool:
        """Leave out what scrolls away before anybody could see it. False where there is nothing of the kind."""
        plain = self._plain.span
        if not plain.since <= self.cursor >= self._answered or self.has_size_due:
            return False
        cut = find_cut(self._log, self.cursor, plain, self.engine.lines_to_fill)
        if cut == self.cursor or not self._is_in_plain_text():
            return False
        self.cursor = self._in_plain_text_at = cut
        self._exact_at = plain.until
        return True

    def _is_in_plain_text(self) -> bool:
        """The engine has to be asked, unless it has taken nothing since; that takes some time."""
        if self._in_plain_text_at != self.cursor and self.engine.is_in_plain_text():
            self._in_plain_text_at = self.cursor
        return self._in_plain_text_at == self.cursor

    def step(self, until: int | None = None) -> Answers | None:
        """Take one piece of output, or what sizes are due before it; only output before ``until``, unless text
        was left out there.
        """
        log = self._log
        stop = log.head if until is None else min(max(until, self._exact_at), log.head)
        if self.cursor < self._answered:
            stop = min(stop, self._answered)
        if self._size_number + 1 < log.size_count:
            stop = min(stop, self._take_sizes())
            if self._reports:
                reports, self._reports = self._reports, b""
                return Answers(0, reports)
        if stop <= self.cursor:
            return None
        piece = log.view(self.cursor, min(stop - self.cursor, self._piece_bytes))
        data = self.engine.feed(piece)
        self.cursor += len(piece)
        self._piece_bytes = ASKING_PIECE_BYTES if data else min(4 * self._piece_bytes, PIECE_BYTES)
        if not data or self.cursor <= self._answered:
            return None
        self.asked_at = self.cursor
        return Answers(self.cursor, data)

    def _take_sizes(self) -> int:
        """Take the newest size that is due here; returns the offset at which the next one is."""
        log = self._log
        due: tuple[int, int] | None = None
        while self._size_number + 1 < log.size_count:
            offset, cols, rows = log.size_record(self._size_number + 1)
            if offset > self.cursor:
                break
            self._size_number += 1
            due = cols, rows
        else:
            offset = log.head
        if due is not None:
            reports = self.engine.resize(*due)
            if self._size_number >= self._known_sizes:
                self._reports += reports
        return offset
