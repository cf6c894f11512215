"""The client's end of one channel: its cursor, credit and input, across any number of connections. No I/O."""

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from ptyd_protocol import limits
from ptyd_protocol.client_input import InputForgotten, InputQueue
from ptyd_protocol.client_snapshot import SnapshotParts
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    ClientMessage,
    ControlChanged,
    DaemonMessage,
    Detach,
    Detached,
    Exited,
    InputAck,
    Live,
    Output,
    Resize,
    Resized,
    Role,
    Snapshot,
    TakeControl,
    Visibility,
)


class ChannelState(Enum):
    WAITING = auto()
    """For a connection."""
    ATTACHING = auto()
    OPEN = auto()
    DETACHING = auto()
    CLOSED = auto()


class ClientChannel:
    """One attachment. It outlives connections: ``begin`` opens it on each new one, where it was on the last.

    ``epoch`` and ``received`` are its cursor (the next byte to come), ``consumed`` is the next byte that its
    user has not dealt with. They are None and 0 before the first Attached, unless the request named a place.
    ``generation`` counts the jumps of the cursor: an Attached at another place, a Snapshot. What its user has consumed
    of an earlier generation means nothing any more.
    """

    def __init__(self, request: Attach, post: Callable[[ClientMessage], None]) -> None:
        self.number = request.channel
        self.session = request.session
        self.lossless = request.lossless
        self.state = ChannelState.WAITING
        self.epoch = request.epoch
        self.received = request.offset
        self.consumed = request.offset or 0
        self.generation = 0
        self.pending_snapshot: int | None = None
        """The offset of a Snapshot that came over this connection and was not yet consumed."""
        self.has_control = False
        self.answers = False
        """The daemon answers what the program asks its terminal: nobody here may."""
        self.is_locked = False
        """Typing does not take control."""
        self.input = InputQueue(request.channel)
        self._post = post
        self._role: Role = request.role
        self._cols = request.cols
        self._rows = request.rows
        self._window = request.window
        self._history = request.history
        self._scrollback = request.scrollback
        self._hidden = request.hidden
        self._told_hidden = request.hidden
        self._appearance: Appearance | None = None
        self._snapshot = SnapshotParts(request.channel)
        self._credit_window = request.window
        self._acked = 0
        self._told_size = (request.cols, request.rows)
        self._takes_control_next = False

    @property
    def is_closed(self) -> bool:
        return self.state is ChannelState.CLOSED

    # --- connections ---

    def begin(self) -> None:
        """A connection is open: attach on it."""
        self.state = ChannelState.ATTACHING
        self._told_size = (self._cols, self._rows)
        self._told_hidden = self._hidden
        self._credit_window = self._affordable_window()
        self._post(
            Attach(
                channel=self.number,
                session=self.session,
                role=self._role,
                cols=self._cols,
                rows=self._rows,
                epoch=self.epoch if self.received is not None else None,
                offset=self.received if self.epoch is not None else None,
                window=self._credit_window,
                lossless=self.lossless,
                history=self._history,
                scrollback=self._scrollback,
                hidden=self._hidden,
            )
        )

    def _affordable_window(self) -> int:
        """The window to ask for: what waits here to be consumed costs memory on top of each connection's."""
        backlog = (self.received or 0) - self.consumed
        return min(self._window, max(limits.MIN_WINDOW_BYTES, 2 * self._window - backlog))

    def interrupt(self) -> None:
        """The connection is gone."""
        self.pending_snapshot = None
        if self._snapshot.is_due:
            # The terminal cannot go on from a screen that came in part: the next Attach asks for a whole one.
            self.received = None
            self._snapshot.forget()
        if self.state is ChannelState.DETACHING:
            self.state = ChannelState.CLOSED
        elif self.state is not ChannelState.CLOSED:
            self.state = ChannelState.WAITING

    # --- what the user does ---

    def write(self, data: bytes) -> int:
        """Number and send as much of ``data`` as there is room for; returns how many bytes that was."""
        accepted = 0
        for piece in self.input.add(data):
            accepted += len(piece.data)
            if self.state is ChannelState.OPEN:
                self._post(piece)
        return accepted

    def consume(self, offset: int, generation: int | None = None) -> None:
        """Everything before ``offset`` has been dealt with; acknowledges it where that is due. Without effect where
        ``generation`` (None: the present one) is over, or while a Snapshot waits to be consumed."""
        if generation not in (None, self.generation):
            return
        if self.pending_snapshot is not None:
            if offset <= self.pending_snapshot:
                return
            self._acknowledge_snapshot()
        self.consumed = max(self.consumed, offset)
        if self.state is not ChannelState.OPEN:
            return
        unacked = self.consumed - self._acked
        if unacked >= self._credit_window // limits.ACK_FRACTION or (unacked > 0 and self.consumed == self.received):
            self._acked = self.consumed
            self._post(Ack(self.number, self.consumed))

    def consume_snapshot(self, generation: int | None = None) -> None:
        """The Snapshot that began ``generation`` (None: the present one) has been dealt with, all of it; acknowledges
        it, once. An offset alone could not say so: it may be the one that was consumed before."""
        if generation in (None, self.generation) and self.pending_snapshot is not None:
            self._acknowledge_snapshot()

    def _acknowledge_snapshot(self) -> None:
        offset, self.pending_snapshot = self.pending_snapshot, None
        if offset is not None and self.state is ChannelState.OPEN:
            self._post(Ack(self.number, offset))

    def resize(self, cols: int, rows: int) -> None:
        """Tell the size that this attachment would like, now or as soon as it can be told."""
        self._cols, self._rows = cols, rows
        if self.state is ChannelState.OPEN:
            self._told_size = (cols, rows)
            self._post(Resize(self.number, cols, rows))

    def set_hidden(self, hidden: bool) -> None:
        """Tell whether anybody looks, now or as soon as it can be told, and again with every Attach."""
        self._hidden = hidden
        if self.state is ChannelState.OPEN and self._told_hidden != hidden:
            self._told_hidden = hidden
            self._post(Visibility(self.number, hidden))

    def set_appearance(self, appearance: Appearance) -> None:
        """Tell what the terminal looks like, now and behind every Attached; ``channel`` in it is of no account."""
        self._appearance = msgspec.structs.replace(appearance, channel=self.number)
        self._tell_appearance()

    def _tell_appearance(self) -> None:
        if self._appearance is not None and self.state is ChannelState.OPEN:
            self._post(self._appearance)

    def set_scrollback(self, lines: int) -> None:
        """How many lines above the screen the next Attach asks for."""
        self._scrollback = lines

    def take_control(self) -> None:
        """Ask to be the one who sizes the PTY, now or as soon as it can be asked."""
        self._takes_control_next = self.state is not ChannelState.OPEN
        if self.state is ChannelState.OPEN:
            self._post(TakeControl(self.number, self._cols, self._rows))

    def detach(self) -> None:
        """Close the channel: at once where there is no connection, otherwise Detached will follow."""
        if self.state is ChannelState.WAITING:
            self.state = ChannelState.CLOSED
        elif self.state in (ChannelState.ATTACHING, ChannelState.OPEN):
            self.state = ChannelState.DETACHING
            self._post(Detach(self.number))

    # --- what the daemon says ---

    def receive_output(self, message: Output) -> Output | None:
        """The part of ``message`` that is new, or None.

        Raises:
            ProtocolError: bytes are missing before it.
        """
        if self.state is not ChannelState.OPEN:
            if self.state is ChannelState.DETACHING:
                return None
            raise self._out_of_place(message)
        if self._snapshot.is_due:
            raise self._snapshot.is_missing_before(message)
        received = self.received or 0
        end = message.offset + len(message.data)
        if message.offset == received:
            self.received = end
            return message
        if message.offset > received:
            raise ProtocolError(
                CloseCode.BAD_MESSAGE,
                f"channel {self.number}: Output from {message.offset} came where {received} was due",
            )
        if end <= received:
            return None
        self.received = end
        return Output(self.number, received, message.data[received - message.offset :])

    def receive(self, message: DaemonMessage) -> DaemonMessage | None:
        """What the user has to know of ``message``; None: nothing.

        Raises:
            ProtocolError: it may not come in this state.
        """
        match message:
            case Exited() if self.state is ChannelState.OPEN and self._snapshot.is_due:
                raise self._snapshot.is_missing_before(message)
            case Detached() | Exited():
                self.state = ChannelState.CLOSED
                return message
            case _ if self.state is ChannelState.DETACHING:
                return None
            case Attached() if self.state is ChannelState.ATTACHING:
                return self._receive_attached(message)
            case _ if self.state is not ChannelState.OPEN:
                raise self._out_of_place(message)
            case Snapshot():
                if self.lossless:
                    raise self._out_of_place(message)
                return self._receive_snapshot(message)
            case InputAck(seq=seq):
                self.input.acknowledge(seq)
                return message
            case ControlChanged(yours=yours, locked=locked):
                self.has_control = yours
                self.is_locked = locked
                return message
            case Resized() | Live():
                if self._snapshot.is_due:
                    raise self._snapshot.is_missing_before(message)
                return message
            case _:
                raise self._out_of_place(message)

    def _receive_snapshot(self, part: Snapshot) -> Snapshot | None:
        """The whole Snapshot with the last of its parts."""
        whole = self._snapshot.add(part)
        if whole is not None:
            self._jump(whole.offset)
            self.pending_snapshot = whole.offset
        return whole

    def _jump(self, offset: int) -> None:
        """The output goes on somewhere else, which counts as acknowledged."""
        self.generation += 1
        self.pending_snapshot = None
        self.received = self.consumed = self._acked = offset

    def _receive_attached(self, message: Attached) -> Attached | Detached:
        if self.lossless and message.mode == "snapshot":
            raise self._out_of_place(message)
        try:
            pending_input = self.input.resume(message.input_seq)
        except InputForgotten as error:
            self.state = ChannelState.DETACHING
            self._post(Detach(self.number))
            return Detached(self.number, ErrorCode.INTERNAL, str(error))
        self.state = ChannelState.OPEN
        self.session = message.session
        self.has_control = message.yours
        self.answers = message.answers
        self.is_locked = message.locked
        if message.epoch != self.epoch or message.offset != self.received:
            self.epoch = message.epoch
            self._jump(message.offset)
        self._acked = message.offset
        if message.mode == "snapshot":
            self._snapshot.expect()
        self._tell_appearance()
        self.set_hidden(self._hidden)
        if self._told_size != (self._cols, self._rows):
            self.resize(self._cols, self._rows)
        if self._takes_control_next:
            self.take_control()
        for piece in pending_input:
            self._post(piece)
        return message

    def _out_of_place(self, message: DaemonMessage) -> ProtocolError:
        return ProtocolError(
            CloseCode.BAD_MESSAGE,
            f"channel {self.number}: {type(message).__name__} while {self.state.name.lower()}",
        )
