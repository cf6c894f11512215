"""One reader of one session's log: its cursor, its credit, and the messages it is due, in order.

There is no copy of output per client: an attachment reads the log at its own cursor when its connection can take
more. What is not output (acks, changes of control) waits in a short queue of its own, and so does a snapshot, which is
the only thing of size that is kept for one client alone.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.messages import (
    Appearance,
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

from ptyd.core.access.audit import Tally
from ptyd.core.access.principal import OWNER, Principal
from ptyd.core.log.input_ledger import attachment_key
from ptyd.core.screen.screen_source import ScreenSnapshot
from ptyd.core.viewing.pace import Pace
from ptyd.core.viewing.safe_boundary import SEARCH_BYTES, find_safe_boundary
from ptyd.core.viewing.screen_delivery import ScreenDelivery

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
RESYNC_SECONDS = 0.25
"""A viewer is given the screen anew at most so often."""
LATE_SECONDS = 1.0
"""A viewer that would need longer to catch up is given the screen instead of the past."""


DEEPENING_SECONDS = 1.0
"""At rest a viewer that was given fewer lines above the screen than it wants is given as many as its link carries in
this time, and ..."""
DEEPENING_GAIN = 2
"""... if that is all it wants, or so many times what it has."""


class Outlet(Protocol):
    """Where an attachment's messages go: its connection."""

    is_local: bool
    """On the same machine: there is no link that could be slow."""

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
    principal: Principal = OWNER
    scrollback: int = limits.DEFAULT_SCROLLBACK_LINES
    hidden: bool = False
    """Nobody looks at it."""
    appearance: Appearance | None = None
    """What its client's terminal looks like, where it has said so."""
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
    resyncs: int = 0
    """How often it fell behind and was given the screen anew."""
    output_not_before: float = 0.0
    """On the clock of ``next_message``: output less than COALESCE_BYTES waits until then."""
    input_queued_bytes: int = 0
    typed: Tally = field(default_factory=Tally)
    """What was typed here and is not yet in the audit."""
    screen: ScreenDelivery = field(default_factory=ScreenDelivery)
    _pace: Pace = field(init=False)
    _is_announced: bool = False
    _sent_bytes: int = 0
    """Of output and of snapshots, in all."""
    _lines_given: int | None = None
    """How many lines above the screen the last snapshot was asked for with; None where there was none."""
    _resync_not_before: float = 0.0
    _burst_began: float = 0.0
    _burst_bytes: int = 0
    _mode: AttachMode = "exact"
    _size_number: int = 0
    _queue: deque[DaemonMessage] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._pace = Pace(self.window)

    @classmethod
    def open(
        cls, session: "Session", request: Attach, client: str, client_id: str, outlet: Outlet, principal: Principal
    ) -> "Attachment":
        """The attachment that ``request`` asks for. ``begin`` it when it has its place in the session."""
        # Client ids can be seen by others: what one principal left behind under its own is no other's to take up.
        holder = f"{principal.grant_id}/{client_id}" if principal.grant_id else client_id
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
            key=attachment_key(holder, request.channel),
            principal=principal,
            scrollback=request.scrollback,
            hidden=request.hidden,
        )
        attachment._find_place(request)
        return attachment

    # --- where it begins ---

    def _find_place(self, request: Attach) -> None:
        log = self.session.log
        if request.epoch == log.epoch and request.offset is not None and log.oldest <= request.offset <= log.head:
            self.resumes_exactly = True
            self._move_to(request.offset, "exact")
        elif request.history is None and not self.lossless and self.session.screen is not None:
            self.screen.is_awaited = True
        else:
            self._begin_in_log(limits.DEFAULT_HISTORY_BYTES if request.history is None else request.history)
        self.live_at = log.head

    def _begin_in_log(self, history: int) -> None:
        log = self.session.log
        start = max(log.oldest, log.head - history)
        if start > 0:
            start += find_safe_boundary(log.read(start, SEARCH_BYTES))
        self._move_to(start, "tail" if start > 0 else "exact")

    def _move_to(self, offset: int, mode: AttachMode) -> None:
        self.cursor = self.acked = offset
        self._mode = mode
        self._size_number = self.session.log.size_number_at(offset)

    def begin(self) -> None:
        """It has its place in the session, and the session its size: say that the channel is open; where it begins
        with the screen, as soon as that is there."""
        if self.screen.is_awaited:
            self._request_screen(self.scrollback if self.outlet.is_local else 0)
        else:
            self._announce()

    def _announce(self) -> None:
        """Whatever was due before is in it."""
        log = self.session.log
        _, cols, rows = log.size_record(self._size_number)
        self._is_announced = True
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
                answers=self.session.screen is not None,
                locked=self.session.locked,
            )
        )

    # --- the screen ---

    def _request_screen(self, scrollback: int) -> None:
        self.screen.is_awaited = True
        self._lines_given = scrollback
        if self.session.screen is None:
            self._take_screen(None)
        else:
            self.session.screen.request_snapshot(scrollback, self._take_screen)

    def _take_screen(self, snapshot: ScreenSnapshot | None) -> None:
        """Here is the screen that was asked for; None: there is no engine any more, so the log has to do."""
        if self.closed or self.is_ending or not self.screen.is_awaited:
            return
        self.screen.is_awaited = False
        if snapshot is not None:
            self.cursor = self.acked = snapshot.offset
            self._size_number = snapshot.size_number
            self._mode = "snapshot"
            self.screen.begin(self.channel, snapshot)
        elif self._is_announced:
            self._queue.append(self._start_anew_in_log())
        else:
            self._begin_in_log(limits.DEFAULT_HISTORY_BYTES)
        if not self._is_announced:
            self.live_at = self.cursor if snapshot is not None else self.session.log.head
            self._announce()
        self.outlet.wake(self)

    def _start_anew_in_log(self) -> Snapshot:
        self._begin_in_log(self.window // 2)
        _, cols, rows = self.session.log.size_record(self._size_number)
        return Snapshot(self.channel, self.cursor, cols, rows, b"", "tail")

    def _deepen(self) -> None:
        """There is nothing else to send: more of the lines above the screen, where it has fewer than it wants."""
        given = self._lines_given
        if given is None or given >= self.scrollback or self.unacked_bytes or self.session.screen is None:
            return
        line_bytes = max(1.0, self.screen.size_bytes / (given + self.session.rows))
        lines = min(self.scrollback, int(self._pace.last_rate * DEEPENING_SECONDS / line_bytes))
        if lines == self.scrollback or lines >= max(DEEPENING_GAIN * given, self.session.rows):
            self._request_screen(lines)

    # --- what the client says ---

    def acknowledge(self, offset: int) -> None:
        """Everything before ``offset`` has been consumed."""
        self.acked = max(self.acked, offset)
        self.screen.acknowledge(offset)

    # --- what the client is due ---

    def acknowledge_input(self, seq: int) -> None:
        if self._queue and isinstance(last := self._queue[-1], InputAck):
            self._queue.pop()  # an InputAck covers those before it
            seq = max(seq, last.seq)
        self._queue.append(InputAck(self.channel, seq))

    def tell_control(self) -> None:
        session = self.session
        self._queue.append(
            ControlChanged(self.channel, session.controller_id, session.controller is self, session.locked)
        )

    def end(self, code: ErrorCode, message: str) -> None:
        """Close the channel from this end, with the reason, before any output still due. The first reason counts."""
        if self.is_ending:
            return
        self.is_ending = True
        if not self._is_announced:
            self._queue.clear()
            self._is_announced = True
        self._queue.append(Detached(self.channel, code, message))
        self.outlet.wake(self)

    def next_message(self, now: float) -> DaemonMessage | None:
        """What to send now. None: nothing is due, or there is no credit, or it waits for ``waits_until``."""
        if not self._is_announced:
            return None
        # What of a screen is not sent yet is in nobody's way.
        self._pace.look(self._sent_bytes, self.unacked_bytes - self.screen.held_bytes, now)
        if self._queue and not self.screen.is_half_sent:
            message = self._queue.popleft()
            self.closed = isinstance(message, Detached)
            return message
        if self.screen.is_due:
            part = self.screen.pop_message()
            self._sent_bytes += len(part.data)
            return part
        if self.screen.is_awaited:
            return None
        log = self.session.log
        if self._is_behind():
            return self._catch_up(now)
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
            status = self.session.exit
            return Exited(self.channel, self.cursor, status.code, status.signal, self.session.end_reason)
        self._deepen()
        return None

    def waits_until(self) -> float | None:
        """When to ask again although nothing new has come; None where only an event can change the answer."""
        if self.closed or self.screen.is_awaited or self.cursor >= self.session.log.head:
            return None
        if self._is_behind():
            return max(self._resync_not_before, self.output_not_before) if self._may_start_anew() else None
        if self._credit() <= 0:
            return None
        frame = self.session.frames.holds_until(self.cursor, self.session.log.head)
        return self.output_not_before if frame is None else max(frame, self.output_not_before)

    # --- credit ---

    @property
    def sent_bytes(self) -> int:
        """Of output and of snapshots, in all."""
        return self._sent_bytes

    @property
    def unacked_bytes(self) -> int:
        """What is on its way, or in the client's hands and not consumed."""
        return self.cursor - self.acked + self.screen.unacked_bytes

    @property
    def allowed_bytes(self) -> int:
        """How much may be: the window, and for a viewer on a slow link less."""
        return self.window if self.lossless else self._pace.allowed

    def _credit(self) -> int:
        return self.allowed_bytes - self.unacked_bytes

    # --- output ---

    def _next_output(self, now: float) -> Output | None:
        log = self.session.log
        length = min(self._credit(), limits.MAX_OUTPUT_BYTES, self._next_stop(now) - self.cursor)
        if length <= 0:
            return None
        if self._has_to_wait(now):
            return None
        data = log.view(self.cursor, length)
        message = Output(self.channel, self.cursor, data)  # type: ignore[arg-type]  # encoded at once, never kept
        self.cursor += len(data)
        self._sent_bytes += len(data)
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

    def _next_stop(self, now: float) -> int:
        """Output is cut where something else is due between two bytes: a new size, or Live; and before a frame that
        the program has not finished."""
        log = self.session.log
        stop = log.head if self.session.drained else self.session.frames.stop_before(log.head, now)
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

    # --- falling behind ---

    def _is_behind(self) -> bool:
        """The log has gone over the cursor, or a viewer's link is so slow that it would see the past."""
        log = self.session.log
        if self.cursor < log.oldest:
            return True
        rate = self._pace.bytes_per_second
        if rate is None or self.lossless or self.session.screen is None:
            return False
        lag = log.head - self.cursor
        return lag > self._pace.allowed and lag > rate * LATE_SECONDS

    def _may_start_anew(self) -> bool:
        """Its client has taken what it was sent last; otherwise there is no use in sending more."""
        if self.session.screen is None:
            return self._credit() > 0 or self.acked >= self.cursor
        return not self.screen.unacked_bytes and self.unacked_bytes <= self.allowed_bytes // 4

    def _catch_up(self, now: float) -> DaemonMessage | None:
        """A viewer starts anew near the head once its client reads again."""
        if self.lossless:
            self.closed = True
            return Detached(self.channel, ErrorCode.OUTPUT_LOST, "output was overwritten before it was acknowledged")
        if now < self._resync_not_before or not self._may_start_anew() or self._has_to_wait(now):
            return None
        self.resyncs += 1
        self._resync_not_before = now + RESYNC_SECONDS
        if self.session.screen is None:
            return self._start_anew_in_log()
        # On a slow link the lines above the screen would make the screen late.
        self._request_screen(self.scrollback if self._pace.bytes_per_second is None else 0)
        return None
