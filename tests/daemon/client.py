"""A plain client of the wire for tests: it does what it is told and nothing by itself, except to acknowledge."""

import contextlib
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ptyd_protocol import codec, limits
from ptyd_protocol.messages import (
    Ack,
    Attach,
    Attached,
    DaemonMessage,
    Detached,
    Event,
    Exited,
    Failure,
    Hello,
    Input,
    InputAck,
    Message,
    Output,
    Ping,
    Pong,
    Reply,
    Request,
    Snapshot,
    Welcome,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect
from websockets.sync.client import connect as tcp_connect

from tests.support.daemon import RequestFailed
from tests.support.waiting import stretch_deadline

DEADLINE_SECONDS = 20.0


def make_client_id() -> str:
    return secrets.token_hex(12)


class Client:
    """One connection. Output is collected by channel, and must be seamless."""

    def __init__(self, socket: ClientConnection, client_id: str) -> None:
        self.socket = socket
        self.client_id = client_id
        self.welcome: Welcome | None = None
        self.acknowledges = True
        self.output: defaultdict[int, bytearray] = defaultdict(bytearray)
        """What has come on each channel since its Attached or last Snapshot."""
        self.screens: dict[int, bytes] = {}
        """The last snapshot of each channel."""
        self._half_screens: set[int] = set()
        self.next_offset: dict[int, int] = {}
        self.epochs: dict[int, int] = {}
        self.events: list[Event] = []
        self._passed: list[DaemonMessage] = []
        """What has come while something else was waited for."""
        self._last_id = 0

    # --- one message

    def send(self, message: Message) -> None:
        self.socket.send(codec.encode(message))

    def receive(self) -> DaemonMessage:
        """The next message. Output is noted and need not be kept. Raises ConnectionClosed, TimeoutError."""
        data = self.socket.recv(timeout=stretch_deadline(DEADLINE_SECONDS))
        assert isinstance(data, bytes)
        message = codec.decode_daemon_message(data)
        assert message is not None
        self._note(message)
        return message

    def _note(self, message: DaemonMessage) -> None:
        match message:
            case Attached(channel=channel, offset=offset, epoch=epoch):
                self.next_offset[channel] = offset
                self.epochs[channel] = epoch
                self.output[channel].clear()
            case Snapshot(channel=channel, offset=offset, data=data, more=more):
                if channel not in self._half_screens:
                    self.screens[channel] = b""
                self.screens[channel] += data
                self._half_screens.discard(channel)
                if more:
                    self._half_screens.add(channel)
                self.next_offset[channel] = offset
                self.output[channel].clear()
                if self.acknowledges and not more:
                    self.acknowledge(channel)
            case Output(channel=channel, offset=offset, data=data):
                assert offset == self.next_offset[channel]
                self.next_offset[channel] += len(data)
                self.output[channel] += data
                if self.acknowledges:
                    self.acknowledge(channel)
            case Event():
                self.events.append(message)
            case _:
                pass

    def acknowledge(self, channel: int) -> None:
        """Everything that has come has been consumed. A daemon that has just gone need not hear it."""
        with contextlib.suppress(ConnectionClosed):
            self.send(Ack(channel, self.next_offset[channel]))

    def _pass(self, message: DaemonMessage) -> None:
        if not isinstance(message, Output):
            self._passed.append(message)

    # --- waiting

    def wait_for(self, kind: Any, where: Callable[[Any], bool] = lambda message: True) -> Any:
        """The first message of ``kind`` that fits and that nobody else has waited for; come already or to come."""
        for passed in self._passed:
            if isinstance(passed, kind) and where(passed):
                self._passed.remove(passed)
                return passed
        while True:
            message = self.receive()
            if isinstance(message, kind) and where(message):
                return message
            self._pass(message)

    def read_until(self, channel: int, wanted: bytes) -> bytes:
        """All output of the channel, at least up to and with ``wanted``."""
        while wanted not in self.output[channel]:
            message = self.receive()
            self._pass(message)
            assert not isinstance(message, Exited | Detached), (message, bytes(self.output[channel][-500:]))
        return bytes(self.output[channel])

    def wait_event(self, kind: str, session: str) -> Event:
        """The first such event, come already or to come."""
        while True:
            for event in self.events:
                if (event.kind, event.session) == (kind, session):
                    return event
            self._pass(self.receive())

    def wait_close(self) -> tuple[int, str]:
        """Close code and reason of the daemon; what it sent before is only noted."""
        try:
            while True:
                self.receive()
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                return 1006, ""
            return closed.rcvd.code, closed.rcvd.reason

    # --- conversations

    def hello(self) -> Welcome:
        self.send(Hello([1], "test/1", self.client_id))
        return self.wait_for(Welcome)

    def begin_request(self, method: str, **params: Any) -> int:
        """Ask, and do not wait for the answer. Returns the request's id."""
        self._last_id += 1
        self.send(Request(self._last_id, method, params))
        return self._last_id

    def end_request(self, request_id: int) -> Any:
        """The result. Raises RequestFailed."""
        message = self.wait_for(Reply | Failure, lambda answer: answer.id == request_id)
        if isinstance(message, Failure):
            raise RequestFailed(message.code, message.message)
        return message.result

    def request(self, method: str, **params: Any) -> Any:
        return self.end_request(self.begin_request(method, **params))

    def attach(self, channel: int, session: str, **more: Any) -> Attached:
        """As a controller at 80 x 24 that wants the log (``history=None``: the screen), unless ``more`` says otherwise.
        A refusal fails the test."""
        answer = self.try_attach(channel, session, **more)
        assert isinstance(answer, Attached), answer
        return answer

    def try_attach(self, channel: int, session: str, **more: Any) -> Attached | Detached:
        values: dict[str, Any] = {"role": "control", "cols": 80, "rows": 24, "history": limits.DEFAULT_HISTORY_BYTES}
        self.send(Attach(channel, session, **(values | more)))
        return self.wait_for(Attached | Detached, lambda answer: answer.channel == channel)

    def type(self, channel: int, seq: int, data: bytes) -> None:
        """Send one Input and wait until it is taken."""
        self.send(Input(channel, seq, data))
        self.wait_for(InputAck, lambda ack: ack.channel == channel and ack.seq >= seq)

    def ping(self) -> None:
        """Wait until everything sent before has been acted upon."""
        nonce = secrets.randbits(40)
        self.send(Ping(nonce))
        self.wait_for(Pong, lambda pong: pong.nonce == nonce)


OPTIONS: dict[str, Any] = {
    "subprotocols": ["ptyd.v1"],
    "max_size": limits.MAX_DAEMON_MESSAGE_BYTES,
    "max_queue": 64,
    "compression": None,
    "ping_interval": None,
    "close_timeout": 1,
}


@contextlib.contextmanager
def connected(socket_path: Path, client_id: str | None = None, hello: bool = True) -> Iterator[Client]:
    """A connection over the Unix socket, behind Hello and Welcome unless told otherwise."""
    with unix_connect(str(socket_path), "ws://localhost/ws", **OPTIONS) as socket:
        client = Client(socket, client_id or make_client_id())
        if hello:
            client.hello()
        yield client


@contextlib.contextmanager
def connected_by(place: str, headers: dict[str, str], client_id: str | None = None) -> Iterator[Client]:
    """A connection over TCP to ``place`` (HOST:PORT) with a credential in ``headers``, behind Welcome."""
    with tcp_connect(f"ws://{place}/ws", additional_headers=headers, proxy=None, **OPTIONS) as socket:
        client = Client(socket, client_id or make_client_id())
        client.welcome = client.hello()
        yield client
