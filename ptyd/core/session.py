"""One session: a program in a PTY, its log, who is attached, who sizes it, how it ended. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ptyd_protocol import limits
from ptyd_protocol.activity import Activity
from ptyd_protocol.daemon import ClientInfo
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Appearance, Attach
from ptyd_protocol.runs import RunOutcome
from ptyd_protocol.session_limits import SessionLimits, SessionUsage
from ptyd_protocol.sessions import SessionInfo

from ptyd.core.access.principal import OWNER, Principal
from ptyd.core.conversation import ConversationState
from ptyd.core.events import EventKind
from ptyd.core.log.asciicast import CastSettings
from ptyd.core.log.input_ledger import InputLedger
from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.runs.run import RunRecord, describe_run
from ptyd.core.screen.output_signals import OutputSignal, SignalScanner
from ptyd.core.screen.screen_source import ScreenSource
from ptyd.core.screen.text_flood import has_other_sequences
from ptyd.core.terminal import LogFile, NoTerminal, Terminal
from ptyd.core.viewing.attachment import Attachment, Outlet
from ptyd.core.viewing.frames import FrameWatch


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How the program ended: one of code and signal, or neither where nobody could see it. ``at``: Unix seconds."""

    code: int | None
    signal: int | None
    at: float


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
    screen: ScreenSource | None = None
    """Its engine; None where there is none to be had, or where it has failed."""
    output_noted_at: float = 0.0
    """When output came last, on the clock of the attachments, which nobody sets; 0: not since this daemon began."""
    is_quarantined: bool = False
    """It has no engine because its output made one crash."""
    frames: FrameWatch = field(default_factory=FrameWatch)
    locked: bool = False
    """Typing does not take control."""
    on_change: Callable[[EventKind], None] = lambda kind: None
    on_input: Callable[[bytes], None] = lambda data: None
    signals: SignalScanner = field(default_factory=SignalScanner)
    on_signals: Callable[[list[OutputSignal]], None] = lambda signals: None
    """Called with what the program says to its terminal beside the screen."""
    activity: Activity | None = None
    """What the program is doing; None: nobody looks."""
    registry_folder: str = ""
    """Where the program keeps a file of its own state; empty: it does not."""
    cast: CastSettings = field(default_factory=CastSettings)
    owner: str = ""
    """The name of the principal that created it."""
    limits: SessionLimits = field(default_factory=SessionLimits)
    usage: SessionUsage | None = None
    end_reason: str = ""
    """Why the daemon ended it, for a person; empty: it did not."""
    end_is_asked: bool = False
    """Somebody has asked for its end: how it ends is no surprise."""
    began_at: float = 0.0
    """On a clock that is never set, and that the daemons of one run of the machine share."""
    active_at: float = 0.0
    """When output came, or the last attachment went, on that clock."""
    exit: ExitStatus | None = None
    drained: bool = False
    """All output there will ever be is in the log."""
    exit_seen: bool = False
    run: RunRecord | None = None
    """Where it is a structured run: its output is lines of JSON, and there is no terminal."""
    outcome: RunOutcome | None = None
    """Of the run that has ended."""
    conversation: ConversationState | None = None
    """Of one of kind "claude"."""
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
            self.release_log()

    def release_log(self) -> None:
        """Unmap the log as soon as the engine does not read it."""
        if self.screen is None:
            self.log_file.shelve()
        else:
            self.screen.let_go(self.log_file.shelve)

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
            title=self.title,
            locked=self.locked,
            recording=self.cast.path,
            owner=self.owner,
            limits=self.limits,
            usage=self.usage,
            end_reason=self.end_reason,
            engine="quarantined" if self.is_quarantined else "none" if self.screen is None else "exact",
            activity=self.activity,
            run=describe_run(self),
            conversation=None if self.conversation is None else self.conversation.info(),
        )

    @property
    def title(self) -> str:
        """What the program calls its window; of a run what it was asked."""
        if self.run is not None:
            return self.run.prompt
        return "" if self.screen is None else self.screen.title

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
                hidden=one.hidden,
                unacked=one.unacked_bytes,
                allowed=one.allowed_bytes,
                held=one.screen.held_bytes,
                resyncs=one.resyncs,
                principal=one.principal.name,
            )
            for one in self.attachments
        ]

    # --- attachments ---

    def attach(
        self, request: Attach, client: str, client_id: str, outlet: Outlet, principal: Principal = OWNER
    ) -> Attachment:
        """Add an attachment; its first message is Attached.

        Raises:
            Refusal: a lossless attachment cannot be promised its bytes.
        """
        attachment = Attachment.open(self, request, client, client_id, outlet, principal)
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
        if self.log.controller_key in (0, attachment.key) and not self._has_to_yield(attachment):
            self.take_control(attachment, request.cols, request.rows)
        else:
            self._offer_control(attachment)
        attachment.begin()
        return attachment

    def _has_to_yield(self, attachment: Attachment) -> bool:
        """Nobody looks at it, and another that is looked at has control."""
        return attachment.hidden and self.controller is not None and not self.controller.hidden

    def _offer_control(self, attachment: Attachment) -> None:
        """Lend it control where nobody else that is looked at has it."""
        if self.controller is None or (self.controller.hidden and not attachment.hidden):
            self._lend_control(attachment, attachment.cols, attachment.rows)

    def leave(self, attachment: Attachment, may_return: bool = False) -> None:
        """Forget an attachment. Its hold is the caller's to drop or to let outlive it. One that ``may_return`` finds
        its control again, unless somebody else has typed meanwhile."""
        self.attachments.remove(attachment)
        attachment.closed = True
        self.terminal.drop_input(attachment)
        if self.controller is not attachment:
            return
        heir = self._find_heir()
        is_lent = self.log.controller_key != attachment.key  # whose it is may still come back
        if heir is None:
            self._set_controller(None)
            if not may_return and not is_lent:
                self.log.controller_key = 0
        elif may_return or is_lent:
            self._lend_control(heir, heir.cols, heir.rows)
        else:
            self.take_control(heir, heir.cols, heir.rows)

    def _find_heir(self) -> Attachment | None:
        """Who would have control without the controller: the newest that somebody looks at, else the newest."""
        heirs = [one for one in reversed(self.attachments) if one.role == "control" and one is not self.controller]
        return next((one for one in heirs if not one.hidden), heirs[0] if heirs else None)

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

    def set_hidden(self, attachment: Attachment, hidden: bool) -> None:
        """Whether anybody looks at an attachment. A hidden one lends its control to one that is not."""
        attachment.hidden = hidden
        if not hidden:
            if self.log.controller_key == attachment.key and self.controller is not attachment:
                self.take_control(attachment, attachment.cols, attachment.rows)
            else:
                self._offer_control(attachment)
        elif attachment is self.controller:
            heir = self._find_heir()
            if heir is not None and not heir.hidden:
                self._lend_control(heir, heir.cols, heir.rows)

    def set_appearance(self, attachment: Attachment, appearance: Appearance) -> None:
        """What a client's terminal looks like; the controller's is what the program is told."""
        attachment.appearance = appearance
        if attachment is self.controller:
            self._show_appearance(attachment)

    def _show_appearance(self, attachment: Attachment) -> None:
        if self.screen is not None and attachment.appearance is not None:
            self.screen.show(attachment.appearance)

    def set_locked(self, locked: bool) -> None:
        if locked == self.locked:
            return
        self.locked = self.log.is_locked = locked
        self._tell_control()

    def set_size(self, cols: int, rows: int) -> None:
        if (cols, rows) == (self.cols, self.rows) or self.exit is not None:
            return
        self.cols, self.rows = cols, rows
        self.log.record_size(cols, rows)
        self.terminal.resize(cols, rows)
        if self.screen is not None:
            self.screen.note_output()
        self.wake_all()
        self.on_change("resized")

    def _set_controller(self, attachment: Attachment | None) -> None:
        if attachment is self.controller:
            return
        self.controller = attachment
        if attachment is not None:
            self._show_appearance(attachment)
        self._tell_control()

    def _tell_control(self) -> None:
        for one in self.attachments:
            one.tell_control()
            one.outlet.wake(one)
        self.on_change("updated")

    # --- input ---

    def take_input(self, attachment: Attachment, seq: int, data: bytes) -> None:
        """A numbered Input from a client. Typing takes control, unless the session is locked."""
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
        if not self.locked:
            if self.controller is not attachment:
                self.take_control(attachment, attachment.cols, attachment.rows)
            self.log.controller_key = attachment.key
        attachment.typed.messages += 1
        attachment.typed.bytes += len(data)
        self.terminal.write(attachment, seq, data)
        self.on_input(data)

    # --- output and end ---

    def note_output(self, at: float, offset: int, now: float) -> None:
        """There is new output in the log, from ``offset`` on. ``at``: Unix seconds; ``now``: on the clock of the
        attachments."""
        self.last_output_at = at
        self.output_noted_at = now
        self.active_at = now
        self.log_file.note_output(at)
        data, has_sequences = self._find_frames(offset, now)
        self.wake_all()  # an echo waits for no more than that
        self._find_signals(offset, data, has_sequences)
        if self.screen is not None:
            self.screen.note_output()

    def look_at_output(self, offset: int, now: float) -> None:
        """There is new output in the log, from ``offset`` on; ``note_output`` follows, of what comes after it."""
        data, has_sequences = self._find_frames(offset, now)
        self._find_signals(offset, data, has_sequences)

    def _find_frames(self, offset: int, now: float) -> tuple[bytes, bool]:
        """Where the output may be cut; returns it, and whether there are sequences in it that are not of mere text."""
        data = self.log.read(offset, self.log.head - offset)
        has_sequences = has_other_sequences(data)
        self.frames.feed(offset, data, now, has_sequences=has_sequences)
        return data, has_sequences

    def _find_signals(self, offset: int, data: bytes, has_sequences: bool) -> None:
        if self.screen is not None:
            self.screen.look_at_output(offset, data, has_sequences=has_sequences)
        signals = self.signals.feed(data, has_sequences=has_sequences)
        if signals:
            self.on_signals(signals)

    def wake_all(self) -> None:
        for attachment in list(self.attachments):
            attachment.outlet.wake(attachment)

    def detach_all(self, code: ErrorCode, message: str) -> None:
        for attachment in list(self.attachments):
            attachment.end(code, message)
