"""What a session stands on: its PTY and the file of its log, as the edge makes them."""

from typing import Protocol

from ptyd.core.log.input_ledger import InputLedger
from ptyd.core.log.replay_log import LogSpan, ReplayLog
from ptyd.core.screen.engine_feed import Answers
from ptyd.core.viewing.attachment import Attachment


class LogFile(Protocol):
    """Where a session's log lives. An ended session's is shelved, and so keeps no descriptor, until somebody asks."""

    @property
    def log(self) -> ReplayLog:
        """The log, taken from the shelf if need be."""

    @property
    def inputs(self) -> InputLedger:
        """The ledger in the log's header, likewise."""

    @property
    def span(self) -> LogSpan:
        """What the log holds, without taking it from the shelf."""

    def note_output(self, at: float) -> None:
        """Output came at ``at``, in Unix seconds."""

    def shelve(self) -> None:
        """Nobody uses it for now."""


class Terminal(Protocol):
    """The PTY of a session, as its session needs it."""

    def resize(self, cols: int, rows: int) -> None:
        """Give the PTY this size; the program gets SIGWINCH."""

    def write(self, attachment: Attachment | None, seq: int, data: bytes) -> None:
        """Deliver ``data`` to the program in order; acknowledge ``seq`` to the attachment once that is certain."""

    def answer(self, answers: Answers) -> None:
        """Deliver what the engine answers to the program's questions."""

    def drop_input(self, attachment: Attachment) -> None:
        """Forget what this attachment wrote and the program has not yet taken: its client sends it again."""

    def resume_reading(self) -> None:
        """The log may have room again."""


class NoTerminal:
    """The terminal of a session that has none any more (or not yet)."""

    def resize(self, cols: int, rows: int) -> None:
        pass

    def write(self, attachment: Attachment | None, seq: int, data: bytes) -> None:
        pass

    def answer(self, answers: Answers) -> None:
        pass

    def drop_input(self, attachment: Attachment) -> None:
        pass

    def resume_reading(self) -> None:
        pass
