"""One session: a program in a PTY, its log, who is attached, who sizes it, how it ended. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach
from ptyd_protocol.methods import ClientInfo, SessionInfo

from ptyd.core.asciicast import CastSettings
from ptyd.core.attachment import Attachment, Outlet
from ptyd.core.events import EventKind
from ptyd.core.input_ledger import InputLedger
from ptyd.core.replay_log import LogSpan, ReplayLog


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How the program ended: one of code and signal, or neither where nobody could see it. ``at``: Unix seconds."""

    code: int | None
    signal: int | None
    at: float


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

    def drop_input(self, attachment: Attachment) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@dataclass(eq=False, slots=True)
class Session:
    id: str
    name: str
    argv: list[str]
    cwd: str
    kind: str
    created_at: float
    pid: int
    log_file: LogFile
    cols: int
    rows: int
    last_output_at: float
    terminal: Terminal = field(default_factory=NoTerminal)
    on_change: Callable[[EventKind], None] = lambda kind: None
    on_input: Callable[[bytes], None] = lambda data: None
    cast: CastSettings = field(default_factory=CastSettings)
    exit: ExitStatus | None = None
    drained: bool = False
    """All output there will ever be is in the log."""
    exit_seen: bool = False
    controller: Attachment | None = None
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def log(self) -> ReplayLog:
        return self.log_file.log

    @property
    def inputs(self) -> InputLedger:
        return self.log_file.inputs

    def shelve_unused_log(self) -> None:
        """An ended session that nobody looks at keeps nothing open."""
        if self.has_ended and not self.attachments:
            self.log_file.shelve()

    @property
    def controller_id(self) -> str | None:
        return self.controller.client_id if self.controller else None

    def info(self) -> SessionInfo:
        span = self.log_file.span
        return SessionInfo(
            id=self.id,
            name=self.name,
            state="exited" if self.has_ended else "running",
            pid=self.pid,
            argv=self.argv,
            cwd=self.cwd,
            cols=self.cols,
            rows=self.rows,
            created_at=self.created_at,
            last_output_at=self.last_output_at,
            clients=len(self.attachments),
            controller=self.controller_id,
            epoch=span.epoch,
            log_start=span.oldest,
            log_head=span.head,
            exit_code=self.exit.code if self.exit else None,
            exit_signal=self.exit.signal if self.exit else None,
            exited_at=self.exit.at if self.exit else None,
            kind=self.kind,
            recording=self.cast.path,
        )

    @property
    def has_ended(self) -> bool:
        return self.exit is not None and self.drained

    def client_infos(self) -> list[ClientInfo]:
        return [
            ClientInfo(
                session=self.id,
                client=one.client,
                client_id=one.client_id,
                role=one.role,
                lossless=one.lossless,
                cols=one.cols,
                rows=one.rows,
                epoch=self.log.epoch,
                sent=one.cursor,
                acked=one.acked,
                window=one.window,
            )
            for one in self.attachments
        ]

    # --- attachments ---

    def attach(self, request: Attach, client: str, client_id: str, outlet: Outlet) -> Attachment:
        """Add an attachment; its first message is Attached.

        Raises:
            Refusal: a lossless attachment cannot be promised its bytes.
        """
        attachment = Attachment.open(self, request, client, client_id, outlet)
        if request.lossless:
            if request.offset is not None and not attachment.resumes_exactly:
                raise Refusal(
                    ErrorCode.OUTPUT_LOST,
                    f"byte {request.offset} of epoch {request.epoch} is no longer in the log, which begins at"
                    f" {self.log.oldest} of epoch {self.log.epoch}",
                )
            if not self.log.set_hold(attachment.key, attachment.cursor):
                raise Refusal(ErrorCode.TOO_MANY_CLIENTS, f"session {self.name} has no place for another hold")
            self.terminal.resume_reading()  # its client may have consumed more than its hold was told
        self.attachments.append(attachment)
        if self.log.controller_key in (0, attachment.key):
            self.take_control(attachment, request.cols, request.rows)
        elif self.controller is None:
            self._lend_control(attachment, request.cols, request.rows)
        attachment.announce()
        return attachment

    def leave(self, attachment: Attachment, may_return: bool = False) -> None:
        """Forget an attachment. Its hold is the caller's to drop or to let outlive it. One that ``may_return`` finds
        its control again, unless somebody else has typed meanwhile."""
        self.attachments.remove(attachment)
        attachment.closed = True
        self.terminal.drop_input(attachment)
        if self.controller is not attachment:
            return
        heir = next((one for one in reversed(self.attachments) if one.role == "control"), None)
        if heir is None:
            self._set_controller(None)
            if not may_return:
                self.log.controller_key = 0
        elif may_return:
            self._lend_control(heir, heir.cols, heir.rows)
        else:
            self.take_control(heir, heir.cols, heir.rows)

    def acknowledge(self, attachment: Attachment, offset: int) -> None:
        attachment.acknowledge(offset)
        if attachment.lossless and not attachment.is_ending:
            self.log.set_hold(attachment.key, attachment.acked)
            self.terminal.resume_reading()

    # --- control ---

    def take_control(self, attachment: Attachment, cols: int, rows: int) -> None:
        """Make ``attachment`` the controller, with its size as the PTY's. Observers may not (ignored)."""
        if attachment.role != "control":
            return
        attachment.cols, attachment.rows = cols, rows
        self.log.controller_key = attachment.key
        self._set_controller(attachment)
        self.set_size(cols, rows)

    def _lend_control(self, attachment: Attachment, cols: int, rows: int) -> None:
        """Give control until the one who had it last comes back, or somebody types."""
        key = self.log.controller_key
        self.take_control(attachment, cols, rows)
        self.log.controller_key = key

    def claim_size(self, attachment: Attachment, cols: int, rows: int) -> None:
        """The size an attachment would like; the PTY takes the controller's."""
        attachment.cols, attachment.rows = cols, rows
        if attachment is self.controller:
            self.set_size(cols, rows)

    def set_size(self, cols: int, rows: int) -> None:
        if (cols, rows) == (self.cols, self.rows) or self.exit is not None:
            return
        self.cols, self.rows = cols, rows
        self.log.record_size(cols, rows)
        self.terminal.resize(cols, rows)
        self.wake_all()
        self.on_change("resized")

    def _set_controller(self, attachment: Attachment | None) -> None:
        if attachment is self.controller:
            return
        self.controller = attachment
        for one in self.attachments:
            one.tell_control(self.controller_id, one is attachment)
            one.outlet.wake(one)
        self.on_change("updated")

    # --- input ---

    def take_input(self, attachment: Attachment, seq: int, data: bytes) -> None:
        """A numbered Input from a client. Typing takes control."""
        if attachment.is_ending:
            return
        if attachment.role != "control":
            attachment.end(ErrorCode.NOT_ALLOWED, "an observer may not type")
            return
        if seq <= self.inputs.last_seq(attachment.key):
            attachment.acknowledge_input(seq)
            attachment.outlet.wake(attachment)
            return
        attachment.input_queued_bytes += len(data)
        if attachment.input_queued_bytes > limits.MAX_UNACKED_INPUT_BYTES:
            attachment.end(
                ErrorCode.INPUT_OVERFLOW,
                f"more than {limits.MAX_UNACKED_INPUT_BYTES} bytes of input wait for the program to read them",
            )
            return
        if self.controller is not attachment:
            self.take_control(attachment, attachment.cols, attachment.rows)
        self.log.controller_key = attachment.key
        self.terminal.write(attachment, seq, data)
        self.on_input(data)

    # --- output and end ---

    def note_output(self, at: float) -> None:
        """There is new output in the log."""
        self.last_output_at = at
        self.log_file.note_output(at)
        self.wake_all()

    def wake_all(self) -> None:
        for attachment in list(self.attachments):
            attachment.outlet.wake(attachment)

    def detach_all(self, code: ErrorCode, message: str) -> None:
        for attachment in list(self.attachments):
            attachment.end(code, message)
