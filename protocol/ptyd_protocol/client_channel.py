"""The client's end of one channel: its cursor, credit and input, across any number of connections. No I/O."""

from collections.abc import Callable
from enum import Enum, auto

from ptyd_protocol import limits
from ptyd_protocol.client_input import InputForgotten, InputQueue
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError
from ptyd_protocol.messages import (
    Ack,
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
    """

    def __init__(self, request: Attach, post: Callable[[ClientMessage], None]) -> None:
        self.number = request.channel
        self.session = request.session
        self.lossless = request.lossless
        self.state = ChannelState.WAITING
        self.epoch = request.epoch
        self.received = request.offset
        self.consumed = request.offset or 0
        self.has_control = False
        self.input = InputQueue(request.channel)
        self._post = post
        self._role: Role = request.role
        self._cols = request.cols
        self._rows = request.rows
        self._window = request.window
        self._history = request.history
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
            )
        )

    def _affordable_window(self) -> int:
        """The window to ask for: what waits here to be consumed costs memory on top of each connection's."""
        backlog = (self.received or 0) - self.consumed
        return min(self._window, max(limits.MIN_WINDOW_BYTES, 2 * self._window - backlog))

    def interrupt(self) -> None:
        """The connection is gone."""
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

    def consume(self, offset: int) -> None:
        """Everything before ``offset`` has been dealt with; acknowledges it where that is due."""
        self.consumed = max(self.consumed, offset)
        if self.state is not ChannelState.OPEN:
            return
        unacked = self.consumed - self._acked
        if unacked >= self._credit_window // limits.ACK_FRACTION or (unacked > 0 and self.consumed == self.received):
            self._acked = self.consumed
            self._post(Ack(self.number, self.consumed))

    def resize(self, cols: int, rows: int) -> None:
        """Tell the size that this attachment would like, now or as soon as it can be told."""
        self._cols, self._rows = cols, rows
        if self.state is ChannelState.OPEN:
            self._told_size = (cols, rows)
            self._post(Resize(self.number, cols, rows))

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
            case Detached() | Exited():
                self.state = ChannelState.CLOSED
                return message
            case _ if self.state is ChannelState.DETACHING:
                return None
            case Attached() if self.state is ChannelState.ATTACHING:
                return self._receive_attached(message)
            case _ if self.state is not ChannelState.OPEN:
                raise self._out_of_place(message)
            case Snapshot(offset=offset):
                if self.lossless:
                    raise self._out_of_place(message)
                self.received = offset
                self._acked = max(self._acked, offset)
                return message
            case InputAck(seq=seq):
                self.input.acknowledge(seq)
                return message
            case ControlChanged(yours=yours):
                self.has_control = yours
                return message
            case Resized() | Live():
                return message
            case _:
                raise self._out_of_place(message)

    def _receive_attached(self, message: Attached) -> Attached | Detached:
        try:
            pending_input = self.input.resume(message.input_seq)
        except InputForgotten as error:
            self.state = ChannelState.DETACHING
            self._post(Detach(self.number))
            return Detached(self.number, ErrorCode.INTERNAL, str(error))
        self.state = ChannelState.OPEN
        self.session = message.session
        self.has_control = message.yours
        if message.epoch != self.epoch or message.offset != self.received:
            self.epoch = message.epoch
            self.received = message.offset
            self.consumed = message.offset
        self._acked = message.offset
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
