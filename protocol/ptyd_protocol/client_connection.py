"""The client's end of the wire, over all its connections: messages in, messages and bytes out. No I/O.

Whoever owns one of these opens a WebSocket, calls ``begin``, sends what ``data_to_send`` returns after every
call, feeds what arrives to ``receive``, and calls ``interrupt`` when the WebSocket is gone; then all over again on
the next one. Channels go on where they were, un-acknowledged input is sent again, and so are requests that may.
"""

from enum import Enum, auto
from typing import Any, NamedTuple

import msgspec

from ptyd_protocol import limits
from ptyd_protocol.client_channel import ChannelState, ClientChannel
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import (
    Attach,
    ClientMessage,
    DaemonMessage,
    Event,
    Failure,
    Hello,
    Output,
    Pong,
    Reply,
    Request,
    Welcome,
)
from ptyd_protocol.version import PROTOCOL_VERSION

IDEMPOTENT_METHODS = frozenset(
    {
        *("list", "get", "status", "read_log", "capture", "wait", "subscribe"),
        *("file_put", "file_get"),
        *("run_list", "run_wait"),
        *("conversations", "conversation_search", "conversation_export", "cost", "kept"),
    }
)
"""Asking these twice does no harm: where a connection breaks, they are asked again on the next."""


class ClientState(Enum):
    DISCONNECTED = auto()
    AWAIT_WELCOME = auto()
    OPEN = auto()


class Loss(NamedTuple):
    """What did not survive the loss of a connection: requests whose outcome will never be known, by id, and
    channels that were being detached, by number."""

    requests: list[int]
    channels: list[int]


class _PendingRequest:
    __slots__ = ("is_abandoned", "is_sent", "message")

    def __init__(self, message: Request) -> None:
        self.message = message
        self.is_sent = False
        self.is_abandoned = False


class ClientConnection:
    """One client, named by ``client_id``; one instance for all of its connections."""

    def __init__(self, client: str, client_id: str) -> None:
        self.state = ClientState.DISCONNECTED
        self.client_id = client_id
        self.welcome: Welcome | None = None
        self._client = client
        self._outbox: list[bytes] = []
        self._requests: dict[int, _PendingRequest] = {}
        self._last_request_id = 0
        self._channels: dict[int, ClientChannel] = {}
        self._last_channel = 0

    def data_to_send(self) -> list[bytes]:
        """The messages that are due since the last call, one WebSocket message each."""
        due, self._outbox = self._outbox, []
        return due

    # --- connections ---

    def begin(self) -> None:
        """A new WebSocket is open."""
        self.state = ClientState.AWAIT_WELCOME
        self._outbox = []
        self._post(Hello([PROTOCOL_VERSION], self._client, self.client_id))

    def interrupt(self) -> Loss:
        """The WebSocket is gone (or was never opened)."""
        self.state = ClientState.DISCONNECTED
        self._outbox = []
        lost_requests = []
        for request_id, pending in list(self._requests.items()):
            if pending.is_abandoned or (pending.is_sent and pending.message.method not in IDEMPOTENT_METHODS):
                del self._requests[request_id]
                if not pending.is_abandoned:
                    lost_requests.append(request_id)
            pending.is_sent = False
        for channel in self._channels.values():
            channel.interrupt()
        closed = [number for number, channel in self._channels.items() if channel.is_closed]
        for number in closed:
            del self._channels[number]
        return Loss(lost_requests, closed)

    # --- requests ---

    def send_request(self, method: str, params: dict[str, Any]) -> int:
        """Ask for ``method``, now or on the next connection.

        A Reply or Failure with the returned id will answer, or ``interrupt`` will name the id.
        """
        self._last_request_id += 1
        pending = _PendingRequest(Request(self._last_request_id, method, params))
        self._requests[self._last_request_id] = pending
        if self.state is ClientState.OPEN:
            self._send(pending)
        return self._last_request_id

    def abandon_request(self, request_id: int) -> None:
        """Nobody waits for the answer any more: it will be dropped."""
        pending = self._requests.get(request_id)
        if pending is None:
            return
        pending.is_abandoned = True
        if not pending.is_sent:
            del self._requests[request_id]

    def _send(self, pending: _PendingRequest) -> None:
        pending.is_sent = True
        self._post(pending.message)

    # --- channels ---

    def open_channel(self, request: Attach) -> ClientChannel:
        """Attach, now or on the next connection; ``request.channel`` is replaced by a number of our own.

        Raises:
            Refusal: so many are open that the daemon would take no more.
        """
        for number in [number for number, channel in self._channels.items() if channel.is_closed]:
            del self._channels[number]
        if len(self._channels) >= self._limit("max_channels", limits.MAX_CHANNELS):
            raise Refusal(
                ErrorCode.TOO_MANY_CLIENTS,
                f"one connection takes no more than {len(self._channels)} attachments",
            )
        self._last_channel += 1
        channel = ClientChannel(msgspec.structs.replace(request, channel=self._last_channel), self._post)
        self._channels[channel.number] = channel
        if self.state is ClientState.OPEN:
            self._begin_channel(channel)
        return channel

    def has_channel(self, number: int) -> bool:
        """Whether the channel is open or on its way to be."""
        return number in self._channels

    def detach_channel(self, number: int) -> None:
        """Close the channel if it is still there."""
        if (channel := self._channels.get(number)) is not None:
            channel.detach()

    def _begin_channel(self, channel: ClientChannel) -> None:
        channel.input.limit(
            self._limit("max_input_bytes", limits.MAX_INPUT_BYTES),
            self._limit("max_unacked_input_bytes", limits.MAX_UNACKED_INPUT_BYTES),
        )
        channel.begin()

    def _limit(self, name: str, default: int) -> int:
        return self.welcome.limits.get(name, default) if self.welcome else default

    # --- what the daemon says ---

    def receive(self, data: bytes) -> DaemonMessage | None:
        """What the user of this client has to know of a message; None: nothing.

        Every Output that is returned continues the one before without gap or overlap.

        Raises:
            ProtocolError: malformed, or not allowed in this state: close the WebSocket with the error's code.
        """
        message = decode_daemon_message(data)
        if type(message) is Output:
            channel = self._find_channel(message.channel)
            return channel.receive_output(message) if channel else None
        if message is None or isinstance(message, Pong):
            return None
        if self.state is ClientState.AWAIT_WELCOME:
            return self._receive_welcome(message)
        match message:
            case Reply(id=request_id) | Failure(id=request_id):
                return self._receive_answer(message, request_id)
            case Event():
                return message
            case Welcome():
                raise ProtocolError(CloseCode.BAD_MESSAGE, "a second Welcome")
            case _:
                return self._receive_on_channel(message, message.channel)

    def _receive_welcome(self, message: DaemonMessage) -> Welcome:
        if not isinstance(message, Welcome):
            raise ProtocolError(
                CloseCode.BAD_MESSAGE, f"the first message must be Welcome, not {type(message).__name__}"
            )
        if message.version != PROTOCOL_VERSION:
            raise ProtocolError(
                CloseCode.UNSUPPORTED_VERSION,
                f"the daemon chose version {message.version}, not {PROTOCOL_VERSION}",
            )
        self.welcome = message
        self.state = ClientState.OPEN
        for pending in self._requests.values():
            self._send(pending)
        for channel in self._channels.values():
            if channel.state is ChannelState.WAITING:
                self._begin_channel(channel)
        return message

    def _receive_answer(self, message: Reply | Failure, request_id: int) -> Reply | Failure | None:
        pending = self._requests.pop(request_id, None)
        if pending is None:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"an answer to request {request_id}, which is not pending")
        return None if pending.is_abandoned else message

    def _receive_on_channel(self, message: DaemonMessage, number: int) -> DaemonMessage | None:
        channel = self._find_channel(number)
        if channel is None:
            return None
        told = channel.receive(message)
        if channel.is_closed:
            del self._channels[number]
        return told

    def _find_channel(self, number: int) -> ClientChannel | None:
        """The channel; None where it has been closed.

        Raises:
            ProtocolError: there never was one.
        """
        channel = self._channels.get(number)
        if channel is None and number > self._last_channel:
            raise ProtocolError(CloseCode.BAD_MESSAGE, f"channel {number} was never opened")
        if self.state is not ClientState.OPEN:
            raise ProtocolError(CloseCode.BAD_MESSAGE, "the first message must be Welcome")
        return channel

    def _post(self, message: ClientMessage) -> None:
        self._outbox.append(encode(message))
