"""An engine that notes what it takes, and a source of screens that a test answers by hand."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ptyd_protocol.capture import CellGrid
from ptyd_protocol.messages import Appearance

from ptyd.core.screen.engine import Engine, EngineStateDamaged
from ptyd.core.screen.screen_source import ScreenSnapshot
from ptyd.core.session import Session

T = TypeVar("T")

QUESTION = b"?"
"""Is answered with the number of questions so far: 1; 2; ..."""
POISON = b"\xfe"
"""Makes the engine fail."""


class FakeEngine:
    """Its screen is the sum of all it was fed and every size it took (Engine)."""

    def __init__(self, cols: int, rows: int) -> None:
        self.taken = b""
        self.sizes = [(cols, rows)]
        self.appearances: list[Appearance] = []
        self.shown_at: list[int] = []
        """How much it had taken when it was given each of them."""
        self.title = ""
        self.compressed = 0
        self.is_closed = False
        self.lines_to_fill = 1_000_000
        self.in_plain_text = True

    @property
    def size(self) -> tuple[int, int]:
        return self.sizes[-1]

    @property
    def brackets_pastes(self) -> bool:
        return b"\x1b[?2004h" in self.taken

    def is_in_plain_text(self) -> bool:
        return self.in_plain_text

    def feed(self, data: bytes | memoryview) -> bytes:
        assert not self.is_closed
        piece = bytes(data)
        if POISON in piece:
            raise RuntimeError("poison")
        before = self.taken.count(QUESTION)
        self.taken += piece
        return b"".join(b"%d;" % number for number in range(before + 1, self.taken.count(QUESTION) + 1))

    def resize(self, cols: int, rows: int) -> bytes:
        self.sizes.append((cols, rows))
        return b""

    def show(self, appearance: Appearance) -> bytes:
        self.appearances.append(appearance)
        self.shown_at.append(len(self.taken))
        return b""

    def snapshot(self, scrollback: int) -> bytes:
        return self.taken

    def text(self, scrollback: int, join: bool = False) -> str:
        return self.taken.decode(errors="replace")

    def vt(self, scrollback: int, join: bool = False) -> str:
        return self.text(scrollback)

    def html(self, scrollback: int) -> str:
        return f"<pre>{self.text(scrollback)}</pre>"

    def grid(self, scrollback: int) -> CellGrid:
        raise NotImplementedError

    def save(self, *, history: bool = True) -> bytes:
        return json.dumps([self.taken.decode("latin-1"), self.sizes]).encode()

    def compress(self) -> None:
        self.compressed += 1

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakeEngineMaker:
    """Keeps what it has made (EngineMaker)."""

    name: str = "fake 1"
    created: list[FakeEngine] = field(default_factory=list)
    restored: list[FakeEngine] = field(default_factory=list)

    def create(self, cols: int, rows: int, scrollback_lines: int) -> FakeEngine:
        self.created.append(FakeEngine(cols, rows))
        return self.created[-1]

    def restore(self, state: bytes) -> FakeEngine:
        try:
            taken, sizes = json.loads(state)
        except ValueError as error:
            raise EngineStateDamaged("not what save has made") from error
        engine = FakeEngine(*sizes[-1])
        engine.taken = taken.encode("latin-1")
        engine.sizes = [tuple(size) for size in sizes]
        self.restored.append(engine)
        return engine


class FakeScreen:
    """Notes what it is asked for; the test gives the answers (ScreenSource)."""

    def __init__(self) -> None:
        self.title = "fake"
        self.noted = 0
        self.looked_at = b""
        self.asked: list[tuple[int, Callable[[ScreenSnapshot | None], None]]] = []
        self.shown: list[Appearance] = []
        self.let_go_of: list[Callable[[], None]] = []

    def look_at_output(self, offset: int, data: bytes, *, has_sequences: bool) -> None:
        self.looked_at += data

    def note_output(self) -> None:
        self.noted += 1

    def request_snapshot(self, scrollback: int, on_ready: Callable[[ScreenSnapshot | None], None]) -> None:
        self.asked.append((scrollback, on_ready))

    async def ask(self, question: Callable[[Engine], T]) -> tuple[int, T]:
        raise NotImplementedError

    def show(self, appearance: Appearance) -> None:
        self.shown.append(appearance)

    def let_go(self, then: Callable[[], None]) -> None:
        self.let_go_of.append(then)

    def give(self, session: Session, data: bytes) -> ScreenSnapshot:
        """Answer the oldest request with the screen at the head of the log."""
        log = session.log
        number = log.size_count - 1
        _, cols, rows = log.size_record(number)
        snapshot = ScreenSnapshot(log.head, number, cols, rows, data)
        _, on_ready = self.asked.pop(0)
        on_ready(snapshot)
        return snapshot

    def fail(self, session: Session) -> None:
        """As an engine does that has failed."""
        session.screen = None
        while self.asked:
            self.asked.pop(0)[1](None)


def screen_of(session: Session) -> Any:
    assert isinstance(session.screen, FakeScreen)
    return session.screen
