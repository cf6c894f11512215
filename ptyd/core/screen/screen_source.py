"""Where a session's attachments get its exact screen from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ptyd_protocol.messages import Appearance

from ptyd.core.screen.engine import Engine

T = TypeVar("T")


class EngineGone(Exception):
    """The session has no engine any more."""


@dataclass(frozen=True, slots=True)
class ScreenSnapshot:
    """``data`` rebuilds the screen as it is at ``offset``, in a fresh terminal of ``cols`` x ``rows``."""

    offset: int
    size_number: int
    cols: int
    rows: int
    data: bytes


class ScreenSource(Protocol):
    """A session's engine, as the session and its attachments see it."""

    title: str
    """What the program calls its window, as far as has been looked."""

    def look_at_output(self, offset: int, data: bytes, *, has_sequences: bool) -> None:
        """``data`` has come into the log, at ``offset``; ``note_output`` follows. ``has_sequences`` False: there are
        no others in it (text_flood.py)."""

    def note_output(self) -> None:
        """The log has something new: output that was looked at, or a size."""

    def request_snapshot(self, scrollback: int, on_ready: Callable[[ScreenSnapshot | None], None]) -> None:
        """Have the screen taken at the head of the log, or later, and call ``on_ready`` with it; with None where there
        is no engine any more."""

    async def ask(self, question: Callable[[Engine], T]) -> tuple[int, T]:
        """What ``question`` finds when the engine has taken all output there is now, and at which offset.

        Raises:
            EngineGone: the engine has failed.
        """

    def show(self, appearance: Appearance) -> None:
        """Answer the program's questions with what the controller's terminal looks like."""

    def let_go(self, then: Callable[[], None]) -> None:
        """Nobody needs the screen for now: call ``then`` when nothing touches the log any more."""
