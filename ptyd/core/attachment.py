"""One reader of one session's log: its cursor, its credit, and the messages it is due, in order.

There is no copy of output per client: an attachment reads the log at its own cursor when its connection can take
more. What is not output (acks, changes of control) waits in a short queue of its own.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.messages import (
    Attach,
    Attached,
    AttachMode,
    ControlChanged,
    DaemonMessage,
    Detached,
    Exited,
    InputAck,
    Live,
    Output,
    Resized,
    Role,
    Snapshot,
)

from ptyd.core.input_ledger import attachment_key
from ptyd.core.safe_boundary import SEARCH_BYTES, find_safe_boundary

if TYPE_CHECKING:
    from ptyd.core.session import Session

FLOOD_BYTES = 16 * 1024
FLOOD_SECONDS = 0.02
"""More than FLOOD_BYTES within FLOOD_SECONDS is a flood."""
COALESCE_SECONDS = 0.002
"""While output floods, what came since the last message waits so long for more. An echo never waits."""
COALESCE_BYTES = 64 * 1024
"""So much is sent without waiting."""
VIEWER_TURN_SECONDS = 0.005
"""While output floods, viewers take turns, each so long: twenty of them cost the program no more than one. Who falls
behind that way begins anew near the head, as a slow one does."""


class Outlet(Protocol):
    """Where an attachment's messages go: its connection."""

    def wake(self, attachment: "Attachment") -> None:
        """There may be something to send."""


@dataclass(eq=False, slots=True)
class Attachment:
    session: "Session"
    client: str
    client_id: str
    channel: int
    role: Role
    cols: int
    rows: int
    window: int
    lossless: bool
    outlet: Outlet
    key: int
    cursor: int = 0
    """The next byte to send."""
    acked: int = 0
    live_at: int = 0
    is_live: bool = False
    resumes_exactly: bool = False
    """It goes on at the very byte that its client asked for."""
    is_ending: bool = False
    """Detached is in the queue: what the client still says counts for nothing."""
    closed: bool = False
    output_not_before: float = 0.0
    """On the clock of ``next_message``: output less than COALESCE_BYTES waits until then."""
    input_queued_bytes: int = 0
    _burst_began: float = 0.0
    _burst_bytes: int = 0
    _mode: AttachMode = "exact"
    _size_number: int = 0
    _queue: deque[DaemonMessage] = field(default_factory=deque)

    @classmethod
    def open(cls, session: "Session", request: Attach, client: str, client_id: str, outlet: Outlet) -> "Attachment":
        """The attachment that ``request`` asks for. ``announce`` it when it has its place in the session."""
        attachment = cls(
            session=session,
            client=client,
            client_id=client_id,
            channel=request.channel,
            role=request.role,
            cols=request.cols,
            rows=request.rows,
            window=request.window,
            lossless=request.lossless,
            outlet=outlet,
            key=attachment_key(client_id, request.channel),
        )
        attachment._begin(request)
        return attachment

    def _begin(self, request: Attach) -> None:
        log = self.session.log
        start = log.oldest
        if request.epoch == log.epoch and request.offset is not None and start <= request.offset <= log.head:
            self.cursor = request.offset
            self.resumes_exactly = True
        else:
            self.cursor = max(start, log.head - request.history)
            if self.cursor > 0:
                self._mode = "tail"
                self.cursor = self._safe_boundary_from(self.cursor)
        self.acked = self.cursor
        self.live_at = log.head
        self._size_number = log.size_number_at(self.cursor)

    def announce(self) -> None:
        """Say that the channel is open. Whatever was due before is in it."""
        log = self.session.log
        _, cols, rows = log.size_record(self._size_number)
        self._queue.clear()
        self._queue.append(
            Attached(
                channel=self.channel,
                session=self.session.id,
                name=self.session.name,
                epoch=log.epoch,
                mode=self._mode,
                offset=self.cursor,
                cols=cols,
                rows=rows,
                controller=self.session.controller_id,
                yours=self.session.controller is self,
                input_seq=self.session.inputs.last_seq(self.key),
            )
        )

    def _safe_boundary_from(self, offset: int) -> int:
        return offset + find_safe_boundary(self.session.log.read(offset, SEARCH_BYTES))

    # --- what the client says ---

    def acknowledge(self, offset: int) -> None:
        """Everything before ``offset`` has been consumed."""
        self.acked = max(self.acked, offset)

    # --- what the client is due ---

    def acknowledge_input(self, seq: int) -> None:
        if self._queue and isinstance(last := self._queue[-1], InputAck):
            self._queue.pop()  # an InputAck covers those before it
            seq = max(seq, last.seq)
        self._queue.append(InputAck(self.channel, seq))

    def tell_control(self, controller_id: str | None, yours: bool) -> None:
        self._queue.append(ControlChanged(self.channel, controller_id, yours))

    def end(self, code: ErrorCode, message: str) -> None:
        """Close the channel from this end, with the reason, before any output still due. The first reason counts."""
        if self.is_ending:
            return
        self.is_ending = True
        self._queue.append(Detached(self.channel, code, message))
        self.outlet.wake(self)

    def next_message(self, now: float) -> DaemonMessage | None:
        """What to send now. None: nothing is due, or there is no credit, or it waits for ``output_not_before``."""
        if self._queue:
            message = self._queue.popleft()
            self.closed = isinstance(message, Detached)
            return message
        log = self.session.log
        if self.cursor < log.oldest:
            return None if self._has_to_wait(now) else self._recover_from_overrun()
        if self._size_number + 1 < log.size_count:
            resized = self._due_resize()
            if resized is not None:
                return resized
        if not self.is_live and self.cursor >= self.live_at:
            self.is_live = True
            return Live(self.channel, self.cursor)
        if self.cursor < log.head:
            return self._next_output(now)
        if self.session.exit is not None and self.session.drained:
            self.closed = True
            self.session.exit_seen = True
            return Exited(self.channel, self.cursor, self.session.exit.code, self.session.exit.signal)
        return None

    def waits_until(self) -> float | None:
        """When to ask again although nothing new has come; None where only an event can change the answer."""
        if self.closed or self.cursor >= self.session.log.head or self._credit() <= 0:
            return None
        return self.output_not_before

    def _credit(self) -> int:
        return self.window - (self.cursor - self.acked)

    def _next_output(self, now: float) -> Output | None:
        log = self.session.log
        length = min(self._credit(), limits.MAX_OUTPUT_BYTES, self._next_stop() - self.cursor)
        if length <= 0:
            return None
        if self._has_to_wait(now):
            return None
        data = log.view(self.cursor, length)
        message = Output(self.channel, self.cursor, data)  # type: ignore[arg-type]  # encoded at once, never kept
        self.cursor += len(data)
        if self._is_flooding(len(data), now):
            crowd = len(self.session.attachments)
            self.output_not_before = now + (VIEWER_TURN_SECONDS * crowd if self._takes_turns() else COALESCE_SECONDS)
        return message

    def _takes_turns(self) -> bool:
        return not self.lossless and len(self.session.attachments) > 1

    def _has_to_wait(self, now: float) -> bool:
        if now >= self.output_not_before or self.session.drained:
            return False
        return self._takes_turns() or self.session.log.head - self.cursor < COALESCE_BYTES

    def _is_flooding(self, sent_bytes: int, now: float) -> bool:
        if now - self._burst_began > FLOOD_SECONDS:
            self._burst_began, self._burst_bytes = now, 0
        self._burst_bytes += sent_bytes
        return self._burst_bytes > FLOOD_BYTES

    def _next_stop(self) -> int:
        """Output is cut where something else is due between two bytes: a new size, or Live."""
        log = self.session.log
        stop = log.head
        if not self.is_live:
            stop = min(stop, self.live_at)
        if self._size_number + 1 < log.size_count:
            stop = min(stop, max(self.cursor, log.size_record(self._size_number + 1)[0]))
        return stop

    def _due_resize(self) -> Resized | None:
        """The newest size recorded at or before the cursor, if the client has not been told it."""
        log = self.session.log
        due = None
        while self._size_number + 1 < log.size_count:
            offset, cols, rows = log.size_record(self._size_number + 1)
            if offset > self.cursor:
                break
            self._size_number += 1
            due = Resized(self.channel, self.cursor, cols, rows)
        return due

    def _recover_from_overrun(self) -> DaemonMessage | None:
        """The log has gone over our cursor: a viewer starts anew near the head once its client reads again."""
        if self.lossless:
            self.closed = True
            return Detached(self.channel, ErrorCode.OUTPUT_LOST, "output was overwritten before it was acknowledged")
        log = self.session.log
        if self._credit() <= 0 and self.acked < self.cursor:
            return None  # its client has not taken what it was sent last; there is no use in sending more
        self.cursor = self._safe_boundary_from(max(log.oldest, log.head - self.window // 2))
        self.acked = self.cursor
        self._size_number = log.size_number_at(self.cursor)
        _, cols, rows = log.size_record(self._size_number)
        return Snapshot(self.channel, self.cursor, cols, rows, b"", "tail")
