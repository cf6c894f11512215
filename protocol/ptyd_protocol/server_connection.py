"""The daemon's end of one connection: takes bytes, gives messages, and says when the peer broke the rules. No I/O.

What the rules are, PROTOCOL.md says; this module is where the daemon holds its clients (and itself) to them.
"""

from enum import Enum, auto

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_client_message, encode, encode_output_head
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    ClientMessage,
    DaemonMessage,
    Detach,
    Detached,
    Exited,
    Failure,
    Hello,
    Input,
    Live,
    Output,
    Ping,
    Reply,
    Request,
    Resize,
    Resized,
    Snapshot,
    TakeControl,
    Visibility,
    Welcome,
)
from ptyd_protocol.snapshot_parts import continues_snapshot
from ptyd_protocol.version import PROTOCOL_VERSION

_OnChannel = Input | Ack | Resize | TakeControl | Detach | Visibility | Appearance


class ConnectionState(Enum):
    AWAIT_HELLO = auto()
    AWAIT_WELCOME = auto()
    OPEN = auto()


class _Channel:
    """What the daemon has to remember of a channel to judge the client's messages."""

    __slots__ = ("next_seq", "open", "sent", "unfinished")

    def __init__(self) -> None:
        self.open = False  # an Attach was received, Attached not yet sent
        self.sent = 0
        self.next_seq = 1
        self.unfinished: Snapshot | None = None  # the last part of a Snapshot, where more have to follow


class ServerConnection:
    """State of one connection, seen from the daemon. One instance a socket."""

    def __init__(self) -> None:
        self.state = ConnectionState.AWAIT_HELLO
        self.hello: Hello | None = None
        self._pending_requests: set[int] = set()
        self._channels: dict[int, _Channel] = {}
        self._highest_channel = 0

    def receive(self, data: bytes) -> ClientMessage | None:
        """The message in ``data``, or None where there is nothing to act on: an unknown code, or a message that
        crossed the closing of its channel.

        Raises:
            ProtocolError: malformed, or not allowed in this state.
        """
        if len(data) > limits.MAX_CLIENT_MESSAGE_BYTES:
            raise ProtocolError(
                CloseCode.TOO_BIG, f"a message may have {limits.MAX_CLIENT_MESSAGE_BYTES} bytes at most"
            )
        message = decode_client_message(data)
        if message is None:
            if self.state is ConnectionState.AWAIT_HELLO:
                raise ProtocolError(CloseCode.BAD_MESSAGE, "the first message must be Hello")
            return None
        if self.state is ConnectionState.AWAIT_HELLO:
            return self._receive_hello(message)
        match message:
            case Hello():
                raise ProtocolError(CloseCode.BAD_MESSAGE, "a second Hello")
            case Request(id=request_id):
                if request_id in self._pending_requests:
                    raise ProtocolError(CloseCode.BAD_MESSAGE, f"request id {request_id} is still pending")
                self._pending_requests.add(request_id)
                return message
            case Attach(channel=number):
                return self._receive_attach(message, number)
            case Ping():
                return message
            case Input() | Ack() | Resize() | TakeControl() | Detach() | Visibility() | Appearance():
                return self._receive_on_channel(message)

    def _receive_hello(self, message: ClientMessage) -> Hello:
        if not isinstance(message, Hello):
            raise ProtocolError(CloseCode.BAD_MESSAGE, "the first message must be Hello")
        if PROTOCOL_VERSION not in message.versions:
            raise ProtocolError(CloseCode.UNSUPPORTED_VERSION, f"this daemon speaks version {PROTOCOL_VERSION}")
        self.hello = message
        self.state = ConnectionState.AWAIT_WELCOME
        return message

    def _receive_attach(self, message: Attach, number: int) -> Attach:
        if number in self._channels:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"channel {number} is open already")
        if len(self._channels) >= limits.MAX_CHANNELS:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"more than {limits.MAX_CHANNELS} channels")
        if (message.epoch is None) != (message.offset is None):
            raise ProtocolError(CloseCode.BAD_MESSAGE, "epoch and offset belong together")
        self._channels[number] = _Channel()
        self._highest_channel = max(self._highest_channel, number)
        return message

    def _receive_on_channel(self, message: _OnChannel) -> _OnChannel | None:
        channel = self._channels.get(message.channel)
        if channel is None:
            if message.channel > self._highest_channel:
                raise ProtocolError(CloseCode.BAD_MESSAGE, f"channel {message.channel} was never opened")
            return None  # it crossed our Detached or Exited
        if isinstance(message, Detach):
            return message
        if not channel.open:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"channel {message.channel} is not attached yet")
        if isinstance(message, Ack) and message.offset > channel.sent:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"Ack of {message.offset}, but only {channel.sent} was sent")
        if isinstance(message, Input):
            if message.seq > channel.next_seq:
                raise ProtocolError(CloseCode.BAD_MESSAGE, f"Input {message.seq} came where {channel.next_seq} was due")
            channel.next_seq = max(channel.next_seq, message.seq + 1)
        return message

    def begin_output(self, number: int, offset: int, length: int) -> bytes:
        """The bytes of an Output before its ``length`` bytes of data, which the caller sends right behind them."""
        channel = self._channels[number]
        assert channel.open and offset == channel.sent, (number, offset, channel.sent)
        assert channel.unfinished is None, number
        channel.sent = offset + length
        return encode_output_head(number, offset, length)

    def send(self, message: DaemonMessage) -> bytes:
        """The bytes of ``message``, which must be lawful here; sending an unlawful one is a bug (AssertionError)."""
        match message:
            case Output():
                return self.begin_output(message.channel, message.offset, len(message.data)) + message.data
            case Welcome():
                self.state = ConnectionState.OPEN
            case Reply(id=request_id) | Failure(id=request_id):
                self._pending_requests.remove(request_id)
            case Attached(channel=number, offset=offset, input_seq=input_seq):
                channel = self._channels[number]
                channel.open = True
                channel.sent = offset
                channel.next_seq = input_seq + 1
            case Snapshot():
                self._send_snapshot(message)
            case Resized(channel=number) | Live(channel=number):
                assert self._channels[number].unfinished is None, number
            case Detached(channel=number) | Exited(channel=number):
                del self._channels[number]
            case _:
                pass
        return encode(message)

    def _send_snapshot(self, message: Snapshot) -> None:
        channel = self._channels[message.channel]
        begun = channel.unfinished
        # Back is no way to go: the client may have acknowledged what lies behind.
        assert channel.open and message.offset >= channel.sent, (message.channel, message.offset, channel.sent)
        assert begun is None or continues_snapshot(begun, message), message.channel
        channel.sent = message.offset
        channel.unfinished = message if message.more else None
