"""A session without I/O: its log in memory, its terminal a notebook, its clients' outlets too."""

from dataclasses import dataclass, field
from typing import Any

from ptyd_protocol.messages import Attach, DaemonMessage

from ptyd.core.log.input_ledger import InputLedger
from ptyd.core.log.replay_log import LogSpan, ReplayLog
from ptyd.core.screen.engine_feed import Answers
from ptyd.core.session import ExitStatus, Session
from ptyd.core.viewing.attachment import Attachment
from tests.core.memory import append, make_log

CLIENT_ID = "client-0123456789"
SESSION_ID = "1a2b3c4d"


class MemoryLog:
    """A log that has no file (LogFile)."""

    def __init__(self, log: ReplayLog) -> None:
        self.log = log
        self.inputs = InputLedger(log.words)
        self.is_shelved = False

    @property
    def span(self) -> LogSpan:
        return self.log.span

    def note_output(self, at: float) -> None:
        pass

    def shelve(self) -> None:
        self.is_shelved = True


@dataclass
class NotebookTerminal:
    """A terminal that writes down what it is asked for (Terminal)."""

    sizes: list[tuple[int, int]] = field(default_factory=list)
    written: list[tuple[Attachment | None, int, bytes]] = field(default_factory=list)
    left: list[Attachment] = field(default_factory=list)
    answered: list[Answers] = field(default_factory=list)
    resumed: int = 0

    def resize(self, cols: int, rows: int) -> None:
        self.sizes.append((cols, rows))

    def write(self, attachment: Attachment | None, seq: int, data: bytes) -> None:
        self.written.append((attachment, seq, data))

    def answer(self, answers: Answers) -> None:
        self.answered.append(answers)

    def drop_input(self, attachment: Attachment) -> None:
        self.left.append(attachment)

    def resume_reading(self) -> None:
        self.resumed += 1


class Client:
    """One client's end: what was sent to it, in order (Outlet)."""

    def __init__(self) -> None:
        self.is_local = True
        self.woken: list[Attachment] = []

    def wake(self, attachment: Attachment) -> None:
        self.woken.append(attachment)


def make_session(log: ReplayLog | None = None, **more: Any) -> Session:
    values: dict[str, Any] = {
        "id": SESSION_ID,
        "name": "build",
        "argv": ["make"],
        "cwd": "/",
        "kind": "command",
        "created_at": 1000.0,
        "pid": 4711,
        "log_file": MemoryLog(log or make_log()),
        "cols": 80,
        "rows": 24,
        "last_output_at": 1000.0,
        "terminal": NotebookTerminal(),
    }
    return Session(**values | more)


def terminal_of(session: Session) -> NotebookTerminal:
    assert isinstance(session.terminal, NotebookTerminal)
    return session.terminal


def attach(session: Session, channel: int = 1, client_id: str = CLIENT_ID, **more: Any) -> Attachment:
    """A controller at 80 x 24 unless ``more``, the fields of Attach, says otherwise."""
    values: dict[str, Any] = {"channel": channel, "session": SESSION_ID, "role": "control", "cols": 80, "rows": 24}
    return session.attach(Attach(**values | more), "test/1", client_id, Client())


def write_output(session: Session, data: bytes) -> None:
    """The program writes; all of it fits."""
    assert append(session.log, data) == len(data)


def end_program(session: Session, code: int | None = 0, signal: int | None = None) -> None:
    session.exit = ExitStatus(code, signal, 2000.0)
    session.drained = True


def take_messages(attachment: Attachment, now: float = 0.0) -> list[DaemonMessage]:
    """Everything due at ``now``. Output is copied, as encoding would."""
    messages: list[DaemonMessage] = []
    while not attachment.closed and (message := attachment.next_message(now)) is not None:
        if hasattr(message, "data"):
            message = type(message)(**{name: _copy(getattr(message, name)) for name in message.__struct_fields__})
        messages.append(message)
    return messages


def read_all(session: Session, attachment: Attachment, now: float = 0.0) -> list[DaemonMessage]:
    """Everything due at ``now`` to a client that acknowledges at once."""
    messages: list[DaemonMessage] = []
    while more := take_messages(attachment, now):
        messages += more
        session.acknowledge(attachment, attachment.cursor)
    return messages


def _copy(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
